// RUN: gptc-nvptx-emit %s --ptx - --launches %t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=TABLE < %t.json

// Rows are taken from the last to the first where an op says `descending`: an argument, so that both orders have one kernel.
// rows.py interprets these.

%x = kern.buffer "x" "input" : memref<130x256xf32>
%y = kern.buffer "y" "workspace" : memref<130x256xf32>
%z = kern.buffer "z" "workspace" : memref<130x256xf32>
%sums = kern.buffer "sums" "workspace" {partials} : memref<3x256xf32>
%few = kern.buffer "few" "workspace" {partials} : memref<3x1xf32>

kern.part @order "micro" {
  // CHECK: .entry ascending_
  // CHECK: ld.param.b32 [[FIRST:%r[0-9]+]], [{{.*}}_param_1]
  // CHECK: sub.s32 [[AWAY:%r[0-9]+]], {{%r[0-9]+}}, [[FIRST]]
  // CHECK: abs.s32 {{%r[0-9]+}}, [[AWAY]]
  // CHECK-NOT: .entry descending_
  // TABLE: "kernel": "ascending_
  // TABLE-NEXT: "blocks": 17
  // TABLE: "kind": "value"
  // TABLE-NEXT: "value": 130
  // TABLE: "kind": "value"
  // TABLE-NEXT: "value": 0
  kern.rows "ascending" 130 {
  ^row(%i: index):
    %0 = kern.load %x[%i] : memref<130x256xf32> -> vector<256xf32>
    %1 = arith.addf %0, %0 : vector<256xf32>
    kern.store %1, %y[%i] : vector<256xf32>, memref<130x256xf32>
  }
  // TABLE: "kernel": "ascending_
  // TABLE-NEXT: "blocks": 17
  // TABLE: "kind": "value"
  // TABLE-NEXT: "value": 130
  // TABLE: "kind": "value"
  // TABLE-NEXT: "value": 16
  kern.rows "descending" 130 attributes {descending} {
  ^row(%i: index):
    %0 = kern.load %x[%i] : memref<130x256xf32> -> vector<256xf32>
    %1 = arith.addf %0, %0 : vector<256xf32>
    kern.store %1, %z[%i] : vector<256xf32>, memref<130x256xf32>
  }
  // Windows of 64 rows, each of which a block walks from its first.
  // CHECK: .entry windows_
  // CHECK: abs.s32
  // TABLE: "kernel": "windows_
  // TABLE-NEXT: "blocks": 3
  // TABLE: "kind": "value"
  // TABLE: "kind": "value"
  // TABLE-NEXT: "value": 2
  kern.rows "windows" 130 attributes {descending} {
  ^row(%i: index):
    %0 = kern.load %x[%i] : memref<130x256xf32> -> vector<256xf32>
    kern.partial %0, %sums[%i] : vector<256xf32>, memref<3x256xf32>
  }
  // Windows that eight blocks share are under way at once: they have no order.
  // CHECK: .entry shared_
  // CHECK-NOT: abs.s32
  kern.rows "shared" 130 attributes {descending} {
  ^row(%i: index):
    %0 = kern.load %x[%i] : memref<130x256xf32> -> vector<256xf32>
    %1 = kern.reduce "add" %0 : vector<256xf32> -> vector<1xf32>
    kern.partial %1, %few[%i] : vector<1xf32>, memref<3x1xf32>
  }
}
