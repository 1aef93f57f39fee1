// RUN: gptc-opt %s --lower-to-nvvm | FileCheck %s
// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json
// RUN: FileCheck %s --check-prefix=TABLE < %t.json

// A row of up to 128 columns is eight lanes' work, four of them a warp's: 70 rows are three blocks of 32, or two windows, each of which a block
// takes at once. Teams beyond the last row compute it and store nothing. A longer row is a warp's; one of which a program reads few columns is short.
// Sums of groups of up to eight columns are each a lane's. rows.py interprets these.
%x = kern.buffer "x" "input" : memref<70x128xf32>
%long = kern.buffer "long" "input" : memref<70x136xf32>
%w = kern.buffer "w" "parameter" : memref<1x72xf32>
%y = kern.buffer "y" "output" : memref<70x128xf32>
%z = kern.buffer "z" "output" : memref<70x136xf32>
%gate = kern.buffer "gate" "output" : memref<70x6xf32>
%back = kern.buffer "back" "output" : memref<70x12xf32>
%sixteen = kern.buffer "sixteen" "output" : memref<70x16xf32>
%most = kern.buffer "most" "output" : memref<70x4xf32>
%sums = kern.buffer "sums" "workspace" {partials} : memref<2x72xf32>

// CHECK-LABEL: llvm.func @norm
// CHECK-SAME:    nvvm.reqntid = array<i32: 256,
// CHECK-COUNT-3: nvvm.shfl.sync bfly
// CHECK-COUNT-3: nvvm.shfl.sync bfly
// CHECK-NOT:     nvvm.shfl
// CHECK-LABEL: llvm.func @longer
// CHECK:         nvvm.shfl.sync idx
// CHECK-LABEL: llvm.func @gates
// CHECK-SAME:    nvvm.reqntid = array<i32: 512,
// CHECK-NOT:     nvvm.shfl
// CHECK-LABEL: llvm.func @groups
// CHECK-NOT:     nvvm.shfl

// TABLE:      "kernel": "norm_
// TABLE-NEXT: "blocks": 3,
// TABLE:      "kernel": "longer_
// TABLE-NEXT: "blocks": 9,
// TABLE:      "kernel": "gates_
// TABLE-NEXT: "blocks": 2,
kern.part @p "micro" {
  kern.rows "norm" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x128xf32> -> vector<128xf32>
    %s = kern.reduce "add" %a : vector<128xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<128xf32>
    %d = arith.mulf %a, %r : vector<128xf32>
    kern.store %d, %y[%t] : vector<128xf32>, memref<70x128xf32>
  }
  kern.rows "longer" 70 {
  ^row(%t: index):
    %a = kern.load %long[%t] : memref<70x136xf32> -> vector<136xf32>
    %s = kern.reduce "add" %a : vector<136xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<136xf32>
    %d = arith.mulf %a, %r : vector<136xf32>
    kern.store %d, %z[%t] : vector<136xf32>, memref<70x136xf32>
  }
  kern.rows "gates" 70 {
  ^row(%t: index):
    %m = kern.load %w[] : memref<1x72xf32> -> vector<72xf32>
    %a = kern.load %long[%t] : memref<70x136xf32> -> vector<136xf32>
    %b = kern.slice %a at 18 : vector<136xf32> -> vector<12xf32>
    %g = kern.matvec %m, %b : vector<72xf32>, vector<12xf32> -> vector<6xf32>
    %p = kern.reduce "add" %b : vector<12xf32> -> vector<6xf32>
    %h = arith.mulf %g, %p : vector<6xf32>
    kern.store %h, %gate[%t] : vector<6xf32>, memref<70x6xf32>
    %v = kern.matvec %m, %h transposed : vector<72xf32>, vector<6xf32> -> vector<12xf32>
    kern.store %v, %back[%t] : vector<12xf32>, memref<70x12xf32>
    %o = kern.outer %h, %b : vector<6xf32>, vector<12xf32> -> vector<72xf32>
    kern.partial %o, %sums[%t] : vector<72xf32>, memref<2x72xf32>
  }
  kern.rows "groups" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x128xf32> -> vector<128xf32>
    %s = kern.reduce "add" %a : vector<128xf32> -> vector<16xf32>
    kern.store %s, %sixteen[%t] : vector<16xf32>, memref<70x16xf32>
    %b = kern.slice %a at 7 : vector<128xf32> -> vector<12xf32>
    %m = kern.reduce "max" %b : vector<12xf32> -> vector<4xf32>
    kern.store %m, %most[%t] : vector<4xf32>, memref<70x4xf32>
  }
}
