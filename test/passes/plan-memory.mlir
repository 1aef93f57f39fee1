// RUN: gptc-opt %s --plan-memory | FileCheck %s
// RUN: gptc-opt %s --plan-memory --remarks-filter=plan-memory 2>&1 | FileCheck %s --check-prefix=REMARK

// Persistent buffers by kind, whatever their order here, each on its own 256
// bytes: TMA rows of 128 bytes lie in one line of L2.
// CHECK: gpt.model @m attributes {arena_bytes = 51200 : i64, persistent_bytes = 2048 : i64}
// CHECK-DAG: kern.buffer "loss" "output" at 1792 : memref<f64>
// CHECK-DAG: kern.buffer "w" "parameter" at 0 : memref<4x4xf32>
// CHECK-DAG: kern.buffer "b" "parameter" at 256 : memref<3xf32>
// CHECK-DAG: kern.buffer "g" "gradient" of "w" at 512 : memref<4x4xf32>
// CHECK-DAG: kern.buffer "x" "input" at 768 : memref<16x16xf32>
// REMARK-DAG: [Analysis] arena | Category:plan-memory | arena_bytes=51200, persistent_bytes=2048
// REMARK-DAG: [Analysis] workspace | Category:plan-memory | Function=micro | buffers=3, live_bytes=49152, workspace_bytes=49152
// REMARK-DAG: [Analysis] peak | Category:plan-memory | Function=micro | Remark="most is live at copy: 1 x 24576 a, 1 x 24576 b"
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
// CHECK: kern.part @validate "validate" attributes {live_bytes = 256 : i64, workspace_bytes = 256 : i64}
// CHECK: kern.buffer "v" "workspace" at 2048 : memref<4xf32>
kern.part @validate "validate" {
  %v = kern.buffer "v" "workspace" : memref<4xf32>
  kern.rows "fill" 4 {
  ^row(%t: index):
    %one = arith.constant dense<1.0> : vector<1xf32>
    kern.store %one, %v[%t] : vector<1xf32>, memref<4xf32>
  }
}
}

// What runs of two or of four ranks have begins where the states of one rank do, and a parameter's share is in the parameter. A
// buffer has the room of all shares.
// CHECK: gpt.model @ranks attributes {arena_bytes = 1536 : i64, persistent_bytes = 1536 : i64}
// CHECK-DAG: kern.buffer "w" "parameter" at 0 {room = 6 : i64} : memref<5x16xf32>
// CHECK-DAG: kern.buffer "loss" "output" at 512 : memref<f64>
// CHECK-DAG: kern.buffer "w_m" "optimizer" of "w" at 768 {ranks = 1 : i64} : memref<5x16xf32>
// CHECK-DAG: kern.buffer "w_v" "optimizer" of "w" at 1280 {ranks = 1 : i64} : memref<3x16xf32>
// CHECK-DAG: kern.buffer "w_of_2" "share" of "w" at 768
// CHECK-DAG: kern.buffer "w_m_of_2" "share" of "w_m" at 768
// CHECK-DAG: kern.buffer "w_v_of_2" "share" of "w_v" at 1024
// CHECK-DAG: kern.buffer "w_m_of_4" "share" of "w_m" at 768
gpt.model @ranks {
%w = kern.buffer "w" "parameter" {room = 6 : i64} : memref<5x16xf32>
%w_of_2 = kern.buffer "w_of_2" "share" of "w" {ranks = 2 : i64, whole = "parameter"} : memref<3x16xf32>
%m = kern.buffer "w_m" "optimizer" of "w" {ranks = 1 : i64} : memref<5x16xf32>
%m_of_2 = kern.buffer "w_m_of_2" "share" of "w_m" {ranks = 2 : i64, whole = "optimizer"} : memref<3x16xf32>
%m_of_4 = kern.buffer "w_m_of_4" "share" of "w_m" {ranks = 4 : i64, whole = "optimizer"} : memref<2x16xf32>
%v = kern.buffer "w_v" "optimizer" of "w" {ranks = 1 : i64} : memref<3x16xf32>
%v_of_2 = kern.buffer "w_v_of_2" "share" of "w_v" {ranks = 2 : i64, whole = "optimizer"} : memref<2x16xf32>
%loss = kern.buffer "loss" "output" : memref<f64>
kern.part @update "update" {
}
}
