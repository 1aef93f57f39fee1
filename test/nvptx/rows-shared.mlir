// RUN: gptc-opt %s --lower-to-nvvm | FileCheck %s
// RUN: gptc-nvptx-emit %s --ptx - | FileCheck %s --check-prefix=PTX

// Windows that are fewer than multiprocessors are shared by clusters of eight blocks, whose warps have a row each and read it once: 131 are
// 1048 blocks. Their terms go to the first block, which adds them up behind a barrier that releases and acquires. From 132 windows on a block
// has one, and so it has if there is no whole one.
%x = kern.buffer "x" "input" : memref<8384x512xbf16>
%y = kern.buffer "y" "output" : memref<8384x512xbf16>
%sums = kern.buffer "sums" "workspace" {partials} : memref<131x1xf32>
%many_x = kern.buffer "many_x" "input" : memref<8448x512xbf16>
%many_sums = kern.buffer "many_sums" "workspace" {partials} : memref<132x1xf32>
%short_x = kern.buffer "short_x" "input" : memref<63x448xbf16>
%short_sums = kern.buffer "short_sums" "workspace" {partials} : memref<1x1xf32>

// CHECK-LABEL: llvm.func @few
// CHECK-SAME:    nvvm.cluster_dim = array<i32: 8, 1, 1>
// CHECK-SAME:    nvvm.reqntid = array<i32: 256,
// CHECK:         nvvm.cluster.arrive
// CHECK-NEXT:    nvvm.cluster.wait
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-NOT:     llvm.load %{{.*}} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK:         nvvm.mapa
// CHECK:         nvvm.cluster.arrive
// CHECK-NEXT:    nvvm.cluster.wait
// CHECK-LABEL: llvm.func @many
// CHECK-NOT:     nvvm.cluster
// CHECK:         nvvm.reqntid = array<i32: 512,
// CHECK-NOT:     nvvm.cluster
// CHECK-LABEL: llvm.func @short
// CHECK-NOT:     nvvm.cluster

// PTX-LABEL: .entry few
// PTX:       .reqnctapercluster 8, 1, 1
// PTX:       barrier.cluster.arrive;
// PTX:       barrier.cluster.wait;
// PTX:       mapa.shared::cluster
// PTX:       st.shared::cluster
// PTX:       barrier.cluster.arrive;
// PTX:       barrier.cluster.wait;
kern.part @p "micro" {
  kern.rows "few" 8384 {
  ^row(%t: index):
    %l = kern.load %x[%t] : memref<8384x512xbf16> -> vector<512xf32>
    %s = kern.reduce "add" %l : vector<512xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<512xf32>
    %d = arith.subf %l, %r : vector<512xf32>
    kern.store %d, %y[%t] : vector<512xf32>, memref<8384x512xbf16>
    kern.partial %s, %sums[%t] : vector<1xf32>, memref<131x1xf32>
  }
  kern.rows "many" 8448 {
  ^row(%t: index):
    %l = kern.load %many_x[%t] : memref<8448x512xbf16> -> vector<512xf32>
    %s = kern.reduce "add" %l : vector<512xf32> -> vector<1xf32>
    kern.partial %s, %many_sums[%t] : vector<1xf32>, memref<132x1xf32>
  }
  kern.rows "short" 63 {
  ^row(%t: index):
    %l = kern.load %short_x[%t] : memref<63x448xbf16> -> vector<448xf32>
    %s = kern.reduce "add" %l : vector<448xf32> -> vector<1xf32>
    kern.partial %s, %short_sums[%t] : vector<1xf32>, memref<1x1xf32>
  }
}
