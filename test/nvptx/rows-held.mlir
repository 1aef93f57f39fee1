// RUN: gptc-opt %s --lower-to-nvvm | FileCheck %s

// Row programs with terms of sums that load 96 to 200 columns a lane hold them, in half as many threads: no loop over columns stands between
// the loads and what is stored, each of which is there once. What is less, or more than registers hold, is walked: read for the sum, and again.
%x0 = kern.buffer "x0" "input" : memref<16384x768xbf16>
%x1 = kern.buffer "x1" "input" : memref<16384x768xbf16>
%x2 = kern.buffer "x2" "input" : memref<16384x768xbf16>
%x3 = kern.buffer "x3" "input" : memref<16384x768xbf16>
%w0 = kern.buffer "w0" "input" : memref<16384x2304xbf16>
%w1 = kern.buffer "w1" "input" : memref<16384x2304xbf16>
%w2 = kern.buffer "w2" "input" : memref<16384x2304xbf16>
%out768 = kern.buffer "out" "output" : memref<16384x768xbf16>
%out2304 = kern.buffer "wide" "output" : memref<16384x2304xbf16>
%sums = kern.buffer "sums" "workspace" {partials} : memref<256x1xf32>

// CHECK-LABEL: llvm.func @held
// CHECK-SAME:    nvvm.reqntid = array<i32: 256,
// CHECK-COUNT-12: llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-NOT:     llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-LABEL: llvm.func @less
// CHECK-SAME:    nvvm.reqntid = array<i32: 512,
// CHECK-COUNT-6: llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-NOT:     llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-LABEL: llvm.func @more
// CHECK-SAME:    nvvm.reqntid = array<i32: 512,
// CHECK-COUNT-6: llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-NOT:     llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
kern.part @p "micro" {
  kern.rows "held" 16384 {
  ^row(%t: index):
    %l0 = kern.load %x0[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %l1 = kern.load %x1[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %l2 = kern.load %x2[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %l3 = kern.load %x3[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %a1 = arith.addf %l0, %l1 : vector<768xf32>
    %a2 = arith.addf %a1, %l2 : vector<768xf32>
    %a3 = arith.addf %a2, %l3 : vector<768xf32>
    %s = kern.reduce "add" %a3 : vector<768xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<768xf32>
    %d = arith.subf %a3, %r : vector<768xf32>
    kern.store %d, %out768[%t] : vector<768xf32>, memref<16384x768xbf16>
    kern.partial %s, %sums[%t] : vector<1xf32>, memref<256x1xf32>
  }
  kern.rows "less" 16384 {
  ^row(%t: index):
    %l0 = kern.load %x0[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %l1 = kern.load %x1[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %l2 = kern.load %x2[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %a1 = arith.addf %l0, %l1 : vector<768xf32>
    %a2 = arith.addf %a1, %l2 : vector<768xf32>
    %s = kern.reduce "add" %a2 : vector<768xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<768xf32>
    %d = arith.subf %a2, %r : vector<768xf32>
    kern.store %d, %out768[%t] : vector<768xf32>, memref<16384x768xbf16>
    kern.partial %s, %sums[%t] : vector<1xf32>, memref<256x1xf32>
  }
  kern.rows "more" 16384 {
  ^row(%t: index):
    %l0 = kern.load %w0[%t] : memref<16384x2304xbf16> -> vector<2304xf32>
    %l1 = kern.load %w1[%t] : memref<16384x2304xbf16> -> vector<2304xf32>
    %l2 = kern.load %w2[%t] : memref<16384x2304xbf16> -> vector<2304xf32>
    %a1 = arith.addf %l0, %l1 : vector<2304xf32>
    %a2 = arith.addf %a1, %l2 : vector<2304xf32>
    %s = kern.reduce "add" %a2 : vector<2304xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<2304xf32>
    %d = arith.subf %a2, %r : vector<2304xf32>
    kern.store %d, %out2304[%t] : vector<2304xf32>, memref<16384x2304xbf16>
    kern.partial %s, %sums[%t] : vector<1xf32>, memref<256x1xf32>
  }
}
