// RUN: gptc-nvptx-emit %s --ptx - | FileCheck %s

// Sums in pieces whose tiles have several blocks each are multiplied by clusters of two blocks, which copy halves of their column
// tile into both and tell each other of what they have read without a release. Not where tiles have one block and helpers are
// fewer, where rows of tiles are odd, or blocks.
// CHECK: .entry several
// CHECK: .reqnctapercluster 2, 1, 1
// CHECK: barrier.cluster.arrive.relaxed;
// CHECK: mapa.shared::cluster
// CHECK: mbarrier.arrive.relaxed.cluster.shared::cluster.b64 _,
// CHECK: .multicast::cluster
// CHECK: barrier.cluster.wait;
// CHECK: ret;
// CHECK: .entry few
// CHECK-NOT: cluster 2
// CHECK-NOT: mapa
// CHECK-NOT: multicast::cluster
%dy = kern.buffer "dy" "workspace" : memref<4096x256xbf16>
%odd = kern.buffer "odd" "workspace" : memref<4096x128xbf16>
%x = kern.buffer "x" "workspace" : memref<4096x128xbf16>
%dw = kern.buffer "dw" "workspace" : memref<256x128xf32>
%four = kern.buffer "four" "workspace" : memref<512x128xf32>
%three = kern.buffer "three" "workspace" : memref<384x128xf32>
%five = kern.buffer "five" "workspace" : memref<640x128xf32>
kern.part @p "micro" {
  kern.contract "several" %dy transposed_a, %x transposed_b m 256 n 128 k 4096 : memref<4096x256xbf16>, memref<4096x128xbf16> pieces %four : memref<512x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %dw[%m] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "few" %dy transposed_a, %x transposed_b m 256 n 128 k 4096 : memref<4096x256xbf16>, memref<4096x128xbf16> pieces %three : memref<384x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %dw[%m] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "odd_tiles" %odd transposed_a, %x transposed_b m 128 n 128 k 4096 : memref<4096x128xbf16>, memref<4096x128xbf16> pieces %four : memref<512x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %dw[%m] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "odd_blocks" %dy transposed_a, %x transposed_b m 256 n 128 k 4096 : memref<4096x256xbf16>, memref<4096x128xbf16> pieces %five : memref<640x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %dw[%m] : vector<128xf32>, memref<256x128xf32>
  }
}
