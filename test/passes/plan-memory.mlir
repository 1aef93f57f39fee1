// RUN: gptc-opt %s --plan-memory | FileCheck %s
// RUN: gptc-opt %s --plan-memory --remarks-filter=plan-memory 2>&1 | FileCheck %s --check-prefix=REMARK

// Persistent buffers by kind, whatever their order here, each on its own 64
// bytes.
// CHECK: gpt.model @m attributes {arena_bytes = 50432 : i64, persistent_bytes = 1280 : i64}
// CHECK-DAG: kern.buffer "loss" "output" at 1216 : memref<f64>
// CHECK-DAG: kern.buffer "w" "parameter" at 0 : memref<4x4xf32>
// CHECK-DAG: kern.buffer "b" "parameter" at 64 : memref<3xf32>
// CHECK-DAG: kern.buffer "g" "gradient" of "w" at 128 : memref<4x4xf32>
// CHECK-DAG: kern.buffer "x" "input" at 192 : memref<16x16xf32>
// REMARK-DAG: [Analysis] arena | Category:plan-memory | arena_bytes=50432, persistent_bytes=1280
// REMARK-DAG: [Analysis] workspace | Category:plan-memory | Function=micro | buffers=3, live_bytes=49152, workspace_bytes=49152
gpt.model @m {
%loss = kern.buffer "loss" "output" : memref<f64>
%x = kern.buffer "x" "input" : memref<16x16xf32>
%g = kern.buffer "g" "gradient" of "w" : memref<4x4xf32>
%w = kern.buffer "w" "parameter" : memref<4x4xf32>
%b = kern.buffer "b" "parameter" : memref<3xf32>

// c takes a's place, once a has been read; b lives beside both.
// CHECK: kern.part @micro "micro" attributes {live_bytes = 49152 : i64, workspace_bytes = 49152 : i64}
// CHECK-DAG: kern.buffer "a" "workspace" at [[A:[0-9]+]] : memref<96x64xf32>
// CHECK-DAG: kern.buffer "c" "workspace" at [[A]] : memref<96x64xf32>
// CHECK-DAG: kern.buffer "b" "workspace" at {{[0-9]+}} : memref<96x64xf32>
kern.part @micro "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x64xf32>
  %bb = kern.buffer "b" "workspace" : memref<96x64xf32>
  %c = kern.buffer "c" "workspace" : memref<96x64xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<64xf32>
    kern.store %v, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "copy" 96 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %bb[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "copy" 96 {
  ^row(%t: index):
    %v = kern.load %bb[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Another part uses the same workspace.
// CHECK: kern.part @validate "validate" attributes {live_bytes = 64 : i64, workspace_bytes = 64 : i64}
// CHECK: kern.buffer "v" "workspace" at 1280 : memref<4xf32>
kern.part @validate "validate" {
  %v = kern.buffer "v" "workspace" : memref<4xf32>
  kern.rows "fill" 4 {
  ^row(%t: index):
    %one = arith.constant dense<1.0> : vector<1xf32>
    kern.store %one, %v[%t] : vector<1xf32>, memref<4xf32>
  }
}
}
