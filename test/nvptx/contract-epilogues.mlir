// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json
// RUN: FileCheck %s < %t.ptx
// RUN: FileCheck %s --check-prefix=STAGES < %t.json

// What is stored and what a sum is taken of are one conversion of two.
// CHECK: .entry sums
// CHECK-NOT: cvt.rn.bf16.f32
// CHECK: cvt.rn.bf16x2.f32
// CHECK-NOT: cvt.rn.bf16.f32
// CHECK: stmatrix
// Loads of the second of two chunks, of both tiles, are issued before the first is stored: what is stored is another buffer's.
// CHECK: .entry ahead
// CHECK-COUNT-8: ld.global.v4.b32
// CHECK: stmatrix
// What is stored is loaded again behind it, and not before.
// CHECK: .entry again
// CHECK-COUNT-4: ld.global.v4.b32
// CHECK-NOT: ld.global.v4.b32
// CHECK: st.global.v4.b32
// CHECK: ld.global.v4.b32
// A tile whose rows are whole boxes comes by copies: the first of its blocks before the products, others behind those that are stored
// and have been read. No thread loads of it.
// CHECK: .entry added
// CHECK-NOT: ld.global
// CHECK: mbarrier.arrive.expect_tx.shared.b64
// CHECK: cp.async.bulk.tensor.2d.shared::cluster
// CHECK: wgmma.mma_async
// CHECK-NOT: ld.global
// CHECK: ldmatrix
// CHECK: stmatrix
// CHECK: fence.proxy.async.shared::cta
// CHECK: cp.async.bulk.tensor.2d.global.shared::cta
// CHECK: cp.async.bulk.wait_group.read 0
// CHECK: mbarrier.arrive.expect_tx.shared.b64
// CHECK: cp.async.bulk.tensor.2d.shared::cluster
// Beside sums of windows too: none of a window's chunks is asked for before its turn.
// CHECK: .entry masked
// CHECK-NOT: ld.global
// CHECK: cp.async.bulk.tensor.2d.shared::cluster
// CHECK: wgmma.mma_async
// CHECK-NOT: ld.global
// CHECK: ldmatrix
// CHECK-NOT: ldmatrix
// CHECK: stmatrix
// CHECK: shfl.sync.bfly
// CHECK: st.global.b32
// Not what is stored itself.
// CHECK: .entry updated
// CHECK: ld.global.v4.b32

// In turns, one that stores a tile has five stages of 40 KiB; one that loads another beside it four, and three blocks a warpgroup.
// STAGES: "kernel": "plain_
// STAGES: "sharedBytes": 221264
// STAGES: "kernel": "added_
// STAGES: "sharedBytes": 213104
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%c = kern.buffer "c" "workspace" : memref<64x768xbf16>
%x = kern.buffer "x" "workspace" : memref<256x384xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
%p = kern.buffer "p" "workspace" : memref<256x64xbf16>
%q = kern.buffer "q" "workspace" : memref<256x64xbf16>
%r = kern.buffer "r" "workspace" : memref<256x64xbf16>
%s = kern.buffer "s" "workspace" : memref<256x64xbf16>
%w = kern.buffer "w" "workspace" : memref<256x6xf32>
kern.part @part "micro" {
  kern.contract "sums" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %v: vector<384xf32>):
    kern.store %v, %y[%m] : vector<384xf32>, memref<256x384xbf16>
    %v1 = kern.round %v to "bf16" : vector<384xf32>
    %v2 = arith.mulf %v1, %v1 : vector<384xf32>
    %v3 = kern.reduce "add" %v2 : vector<384xf32> -> vector<6xf32>
    kern.store %v3, %w[%m] : vector<6xf32>, memref<256x6xf32>
  }
  kern.contract "ahead" %a, %c m 256 n 64 k 768 : memref<256x768xbf16>, memref<64x768xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    %l1 = kern.load %p[%m] : memref<256x64xbf16> -> vector<64xf32>
    %v1 = arith.addf %v, %l1 : vector<64xf32>
    kern.store %v1, %r[%m] : vector<64xf32>, memref<256x64xbf16>
    %l2 = kern.load %q[%m] : memref<256x64xbf16> -> vector<64xf32>
    %v2 = arith.addf %v1, %l2 : vector<64xf32>
    kern.store %v2, %s[%m] : vector<64xf32>, memref<256x64xbf16>
  }
  kern.contract "again" %a, %c m 256 n 64 k 768 : memref<256x768xbf16>, memref<64x768xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    %l1 = kern.load %p[%m] : memref<256x64xbf16> -> vector<64xf32>
    %v1 = arith.addf %v, %l1 : vector<64xf32>
    kern.store %v1, %r[%m] : vector<64xf32>, memref<256x64xbf16>
    %l2 = kern.load %r[%m] : memref<256x64xbf16> -> vector<64xf32>
    %v2 = arith.addf %v1, %l2 : vector<64xf32>
    kern.store %v2, %s[%m] : vector<64xf32>, memref<256x64xbf16>
  }
  kern.contract "plain" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %v: vector<384xf32>):
    kern.store %v, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "added" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %v: vector<384xf32>):
    %l1 = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %v1 = arith.addf %v, %l1 : vector<384xf32>
    kern.store %v1, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "masked" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %v: vector<384xf32>):
    %l1 = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %v1 = arith.mulf %v, %l1 : vector<384xf32>
    kern.store %v1, %y[%m] : vector<384xf32>, memref<256x384xbf16>
    %v3 = kern.reduce "add" %v1 : vector<384xf32> -> vector<6xf32>
    kern.store %v3, %w[%m] : vector<6xf32>, memref<256x6xf32>
  }
  kern.contract "updated" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %v: vector<384xf32>):
    %l1 = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %v1 = arith.addf %v, %l1 : vector<384xf32>
    kern.store %v1, %x[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}
