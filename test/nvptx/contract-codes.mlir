// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json
// RUN: FileCheck %s < %t.ptx

// Of a gradient's codes tensor cores add four products of 32 of k, a tile of 128, before f32 takes the sum; two where the op says so, also
// of codes of e4m3, which otherwise stay in the accumulators to the end.
// CHECK: .entry whole
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK-SAME: wgmma.commit_group
// CHECK-NOT: wgmma.mma_async
// CHECK: .entry halves
// CHECK-COUNT-2: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK: wgmma.commit_group
// CHECK: wgmma.wait_group.sync.aligned 0
// CHECK-COUNT-96: add.rn.f32
// CHECK-COUNT-2: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK: wgmma.commit_group
// CHECK: wgmma.wait_group.sync.aligned 0
// CHECK: .entry turned
// CHECK: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3 {{[{][^}]*[}]}}, {{[{]}}
// CHECK-SAME: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3 {{[{][^}]*[}]}}, {{[{]}}
// CHECK-SAME: wgmma.commit_group
// CHECK: .entry asked
// CHECK: add.rn.f32

// Two tiles: four groups, of which each but the last leaves one under way.
// CHECK: .entry twos
// CHECK-COUNT-2: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK-SAME: wgmma.wait_group.sync.aligned 1
// CHECK-COUNT-2: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK-SAME: wgmma.wait_group.sync.aligned 1
// CHECK-COUNT-2: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK-SAME: wgmma.wait_group.sync.aligned 1
// CHECK-COUNT-2: wgmma.mma_async.sync.aligned.m64n192k32.f32.e5m2.e4m3
// CHECK-SAME: wgmma.wait_group.sync.aligned 0
// CHECK-NOT: wgmma.mma_async
%a = kern.buffer "a" "workspace" : memref<256x2048xf8E5M2>
%c = kern.buffer "c" "workspace" : memref<256x2048xf8E4M3FN>
%b = kern.buffer "b" "workspace" : memref<384x2048xf8E4M3FN>
%x = kern.buffer "x" "workspace" : memref<384x256xf8E4M3FN>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
%z = kern.buffer "z" "workspace" : memref<2048x384xf32>
kern.part @p "micro" {
  kern.contract "whole" %a, %b m 256 n 384 k 2048 : memref<256x2048xf8E5M2>, memref<384x2048xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "halves" %a, %b m 256 n 384 k 2048 promotion 64 : memref<256x2048xf8E5M2>, memref<384x2048xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "turned" %a transposed_a, %x m 2048 n 384 k 256 promotion 64 : memref<256x2048xf8E5M2>, memref<384x256xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %z[%m] : vector<384xf32>, memref<2048x384xf32>
  }
  kern.contract "asked" %c, %b m 256 n 384 k 2048 promotion 64 : memref<256x2048xf8E4M3FN>, memref<384x2048xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "twos" %a transposed_a, %x m 2048 n 384 k 256 promotion 256 : memref<256x2048xf8E5M2>, memref<384x256xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %z[%m] : vector<384xf32>, memref<2048x384xf32>
  }
}
