// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json
// RUN: FileCheck %s < %t.ptx

// Of a symmetric product tiles of 128 x 128 on and below the diagonal, in turns, and what is mirrored turned; of one over rows not in turns, for it
// has two accumulators, nor where a tile is asked for.
// CHECK: .entry rows
// CHECK: m64n128k16
// CHECK: bar.arrive
// CHECK: stmatrix{{.*}}.trans
// CHECK: .entry columns
// CHECK-NOT: bar.arrive
// CHECK: m64n128k16
// CHECK-NOT: bar.arrive
// CHECK: stmatrix{{.*}}.trans
// CHECK-NOT: bar.arrive
// CHECK: .entry asked
// CHECK-NOT: bar.arrive
// CHECK: m64n128k16
// CHECK-NOT: bar.arrive
// CHECK: stmatrix{{.*}}.trans
// CHECK-NOT: bar.arrive
// Whole with another tile, and where it stores what cannot be mirrored.
// CHECK: .entry other
// CHECK: m64n256k16
// CHECK-NOT: .trans
// CHECK: .entry floats
// CHECK-NOT: .trans
%x = kern.buffer "x" "workspace" : memref<1536x768xbf16>
%y = kern.buffer "y" "workspace" : memref<1536x768xbf16>
%f = kern.buffer "f" "workspace" : memref<1536x768xf32>
kern.part @p "micro" {
  kern.contract "rows" %x, %x batch 2 m 768 n 768 k 768 symmetric : memref<1536x768xbf16>, memref<1536x768xbf16> {
  ^row(%t: index, %p: vector<768xf32>):
    kern.store %p, %y[%t] : vector<768xf32>, memref<1536x768xbf16>
  }
  kern.contract "columns" %x transposed_a, %x transposed_b batch 2 m 768 n 768 k 768 symmetric : memref<1536x768xbf16>, memref<1536x768xbf16> {
  ^row(%t: index, %p: vector<768xf32>):
    kern.store %p, %y[%t] : vector<768xf32>, memref<1536x768xbf16>
  }
  kern.contract "asked" %x, %x batch 2 m 768 n 768 k 768 symmetric : memref<1536x768xbf16>, memref<1536x768xbf16> attributes {tile = {columns = 128 : i64}} {
  ^row(%t: index, %p: vector<768xf32>):
    kern.store %p, %y[%t] : vector<768xf32>, memref<1536x768xbf16>
  }
  kern.contract "other" %x, %x batch 2 m 768 n 768 k 768 symmetric : memref<1536x768xbf16>, memref<1536x768xbf16> attributes {tile = {columns = 256 : i64}} {
  ^row(%t: index, %p: vector<768xf32>):
    kern.store %p, %y[%t] : vector<768xf32>, memref<1536x768xbf16>
  }
  kern.contract "floats" %x, %x batch 2 m 768 n 768 k 768 symmetric : memref<1536x768xbf16>, memref<1536x768xbf16> {
  ^row(%t: index, %p: vector<768xf32>):
    kern.store %p, %f[%t] : vector<768xf32>, memref<1536x768xf32>
  }
}
