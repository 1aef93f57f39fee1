// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json --remarks 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX < %t.ptx

// Where an epilogue has at most two tiles, or copies bring what it loads, a warpgroup's epilogue runs beside the other's products;
// not where tiles of 192 columns do not fit n, where the epilogue loads more than two tiles, in a batch and over tokens.
// CHECK: contract-turns.mlir:[[#@LINE+27]]:3: remark:{{.*}}"short has one warpgroup's epilogue beside the other's products"
// CHECK: remark:{{.*}}"copied has one warpgroup's epilogue beside the other's products"
// CHECK: remark:{{.*}}"long has one warpgroup's epilogue beside the other's products"
// CHECK-NOT: epilogue beside
// PTX: .entry short
// PTX: m64n192k16
// PTX: bar.arrive
// PTX: .entry copied
// A slot with an odd number of phases a tile gets one more, which its leader waits for before the next begins.
// PTX: mbarrier.arrive.shared.b64 %rd{{[0-9]+}}, [[SLOT:.%rd[0-9]+.]];
// PTX-NOT: mbarrier.arrive
// PTX: mbarrier.try_wait.parity
// PTX-NOT: mbarrier.arrive.shared
// PTX: mbarrier.arrive.expect_tx.shared.b64 %rd{{[0-9]+}}, [[SLOT]],
// PTX: m64n192k16
// PTX: bar.arrive
// PTX: .entry long
// PTX: bar.arrive
// PTX: .entry {{wide|many|batch|tokens}}
// PTX-NOT: bar.arrive
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%x = kern.buffer "x" "workspace" : memref<256x384xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
%z = kern.buffer "z" "workspace" : memref<256x384xbf16>
%u = kern.buffer "u" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  kern.contract "short" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    %v = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %s = arith.addf %p, %v : vector<384xf32>
    kern.store %s, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  %along = kern.buffer "along" "workspace" : memref<256x776xbf16>
  %blong = kern.buffer "blong" "workspace" : memref<384x776xbf16>
  kern.contract "copied" %along, %blong m 256 n 384 k 776 : memref<256x776xbf16>, memref<384x776xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    %v = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %s = arith.addf %p, %v : vector<384xf32>
    kern.store %s, %y[%m] : vector<384xf32>, memref<256x384xbf16>
    %v1 = kern.load %u[%m] : memref<256x384xbf16> -> vector<384xf32>
    %t = arith.addf %s, %v1 : vector<384xf32>
    kern.store %t, %z[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "long" %along, %blong m 256 n 384 k 776 : memref<256x776xbf16>, memref<384x776xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  %w = kern.buffer "w" "workspace" : memref<256x768xbf16>
  %v = kern.buffer "v" "workspace" : memref<256x256xbf16>
  kern.contract "wide" %a, %w m 256 n 256 k 768 : memref<256x768xbf16>, memref<256x768xbf16> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %v[%m] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "many" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    %l = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %t = kern.load %y[%m] : memref<256x384xbf16> -> vector<384xf32>
    %v2 = kern.load %u[%m] : memref<256x384xbf16> -> vector<384xf32>
    %s = arith.addf %p, %l : vector<384xf32>
    %q = arith.addf %s, %t : vector<384xf32>
    %r = arith.addf %q, %v2 : vector<384xf32>
    kern.store %r, %z[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  %b2 = kern.buffer "b2" "workspace" : memref<768x768xbf16>
  kern.contract "batch" %a, %b2 batch 2 m 128 n 384 k 768 : memref<256x768xbf16>, memref<768x768xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  %dy = kern.buffer "dy" "workspace" : memref<768x256xbf16>
  %xt = kern.buffer "xt" "workspace" : memref<768x384xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<256x384xf32>
  kern.contract "tokens" %dy transposed_a, %xt transposed_b m 256 n 384 k 768 : memref<768x256xbf16>, memref<768x384xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %dw[%m] : vector<384xf32>, memref<256x384xf32>
  }
}
