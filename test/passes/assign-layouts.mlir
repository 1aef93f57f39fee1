// RUN: gptc-opt %s --assign-layouts | FileCheck %s
// RUN: gptc-opt %s --assign-layouts --remarks-filter=assign-layouts 2>&1 | FileCheck %s --check-prefix=REMARK

// Three values that one kernel only lays side by side are written side by side.
// CHECK-LABEL: kern.part @fires
// CHECK: %[[ALL:.*]] = kern.buffer "all" "workspace" : memref<16x12xf32>
// CHECK: %[[A:.*]] = kern.view %[[ALL]] : memref<16x12xf32> to memref<16x4xf32, strided<[12, 1]>>
// CHECK: %[[B:.*]] = kern.view %[[ALL]] : memref<16x12xf32> to memref<16x8xf32, strided<[12, 1], offset: 4>>
// CHECK: kern.store %{{.*}}, %[[A]][
// CHECK: kern.store %{{.*}}, %[[B]][
// CHECK-NOT: kern.concat
// REMARK: [Passed] column-windows | Category:assign-layouts | Function=concat
gpt.model @m {
kern.part @fires "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  kern.rows "a" 16 {
  ^row(%t: index):
    %x = arith.constant dense<1.0> : vector<4xf32>
    kern.store %x, %a[%t] : vector<4xf32>, memref<16x4xf32>
  }
  kern.rows "b" 16 {
  ^row(%t: index):
    %x = arith.constant dense<2.0> : vector<8xf32>
    kern.store %x, %b[%t] : vector<8xf32>, memref<16x8xf32>
  }
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "concat" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A part that is also read with other rows (paired heads) has no window.
// CHECK-LABEL: kern.part @other_rows
// CHECK: kern.concat
// REMARK: [Missed] column-windows | Category:assign-layouts | Function=paired{{.*}}a part is also read with other rows
kern.part @other_rows "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %pairs = kern.view %a : memref<16x4xf32> to memref<32x2xf32>
  kern.rows "a" 32 {
  ^row(%t: index):
    %x = arith.constant dense<1.0> : vector<2xf32>
    kern.store %x, %pairs[%t] : vector<2xf32>, memref<32x2xf32>
  }
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "paired" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A kernel that computes is not a concatenation; neither is one of a state.
// CHECK-LABEL: kern.part @computes
// CHECK: kern.concat
// CHECK: kern.concat
kern.part @computes "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "scaled" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %y2 = arith.addf %y, %y : vector<8xf32>
    %z = kern.concat %x, %y2 : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "state" 16 {
  ^row(%t: index):
    %x = kern.load %weight[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A buffer that outlives the part may be read before: it is written in one go.
// CHECK-LABEL: kern.part @outlives
// CHECK: kern.concat
kern.part @outlives "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  kern.rows "concat" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %state[%t] : vector<12xf32>, memref<16x12xf32>
  }
}
%state = kern.buffer "state" "derived" : memref<16x12xf32>
%weight = kern.buffer "weight" "parameter" : memref<16x4xf32>
}
