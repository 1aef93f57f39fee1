// RUN: gptc-opt --split-sums=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --split-sums=target=sm_90a %s --remarks-filter=split-sums 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt --split-sums %s | FileCheck %s --check-prefix=CPU
// CPU-NOT: pieces
// RUN: gptc-opt --split-sums=target=sm_90a --plan-memory %s | FileCheck %s --check-prefix=PLAN

// What the kernel writes there is beside all that it reads.
// PLAN-LABEL: @wide
// PLAN-SAME: live_bytes = 148242432 : i64

gpt.model @m {
// A weight gradient of 96 tiles of 128 x 192: 36 blocks more, and room for
// each block's 128 rows.
// CHECK: "fc_dw"{{.*}} pieces %[[ROOM:.*]] : memref<16896x192xf32>
// REMARK: split-sums.mlir:[[#@LINE+5]]:{{.*}}the sums of fc_dw are split", blocks=132, tiles=96
kern.part @wide "micro" {
  %x = kern.buffer "x" "workspace" : memref<16384x768xbf16>
  %dy = kern.buffer "dy" "workspace" : memref<16384x3072xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<3072x768xf32>
  kern.contract "fc_dw" %dy transposed_a, %x transposed_b m 3072 n 768 k 16384 : memref<16384x3072xbf16>, memref<16384x768xbf16> {
  ^row(%m: index, %p: vector<768xf32>):
    kern.store %p, %dw[%m] : vector<768xf32>, memref<3072x768xf32>
  }
}

// 36 tiles of 128 x 128, each of three blocks: whole they would have been 72
// of 128 x 64.
// CHECK: "o_dw"{{.*}} pieces %{{.*}} : memref<13824x128xf32>
kern.part @square "micro" {
  %x = kern.buffer "x" "workspace" : memref<16384x768xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<768x768xf32>
  kern.contract "o_dw" %x transposed_a, %x transposed_b m 768 n 768 k 16384 : memref<16384x768xbf16>, memref<16384x768xbf16> {
  ^row(%m: index, %p: vector<768xf32>):
    kern.store %p, %dw[%m] : vector<768xf32>, memref<768x768xf32>
  }
}

// A tile has at most eight blocks.
// CHECK: "small_dw"{{.*}} pieces %{{.*}} : memref<1024x64xf32>
kern.part @small "micro" {
  %x = kern.buffer "x" "workspace" : memref<16384x128xbf16>
  %y = kern.buffer "y" "workspace" : memref<16384x64xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<128x64xf32>
  kern.contract "small_dw" %x transposed_a, %y transposed_b m 128 n 64 k 16384 : memref<16384x128xbf16>, memref<16384x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dw[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Whole stay: few tokens; tiles that fill the card; rows that no bulk copy
// takes; a batch; what is no sum over tokens.
// CHECK-LABEL: @whole
// CHECK-NOT: pieces
kern.part @whole "micro" {
  %x = kern.buffer "x" "workspace" : memref<1024x768xbf16>
  %dy = kern.buffer "dy" "workspace" : memref<1024x3072xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<3072x768xf32>
  kern.contract "few_tokens" %dy transposed_a, %x transposed_b m 3072 n 768 k 1024 : memref<1024x3072xbf16>, memref<1024x768xbf16> {
  ^row(%m: index, %p: vector<768xf32>):
    kern.store %p, %dw[%m] : vector<768xf32>, memref<3072x768xf32>
  }
  %h = kern.buffer "h" "workspace" : memref<16384x768xbf16>
  %dz = kern.buffer "dz" "workspace" : memref<16384x50304xbf16>
  %dhead = kern.buffer "dhead" "workspace" : memref<50304x768xf32>
  kern.contract "head_dw" %dz transposed_a, %h transposed_b m 50304 n 768 k 16384 : memref<16384x50304xbf16>, memref<16384x768xbf16> {
  ^row(%m: index, %p: vector<768xf32>):
    kern.store %p, %dhead[%m] : vector<768xf32>, memref<50304x768xf32>
  }
  %odd = kern.buffer "odd" "workspace" : memref<16384x772xbf16>
  %dodd = kern.buffer "dodd" "workspace" : memref<768x772xf32>
  kern.contract "odd_rows" %h transposed_a, %odd transposed_b m 768 n 772 k 16384 : memref<16384x768xbf16>, memref<16384x772xbf16> {
  ^row(%m: index, %p: vector<772xf32>):
    kern.store %p, %dodd[%m] : vector<772xf32>, memref<768x772xf32>
  }
  %two = kern.buffer "two" "workspace" : memref<512x768xf32>
  %h2 = kern.view %h : memref<16384x768xbf16> to memref<16384x256xbf16, strided<[768, 1], offset: 0>>
  kern.contract "batch" %h2 transposed_a, %h transposed_b batch 2 m 256 n 768 k 8192 : memref<16384x256xbf16, strided<[768, 1], offset: 0>>, memref<16384x768xbf16> {
  ^row(%m: index, %p: vector<768xf32>):
    kern.store %p, %two[%m] : vector<768xf32>, memref<512x768xf32>
  }
  %w = kern.buffer "w" "workspace" : memref<64x16384xbf16>
  %wide = kern.buffer "wide" "workspace" : memref<128x16384xbf16>
  %y = kern.buffer "y" "workspace" : memref<128x64xf32>
  kern.contract "long" %wide, %w m 128 n 64 k 16384 : memref<128x16384xbf16>, memref<64x16384xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %y[%m] : vector<64xf32>, memref<128x64xf32>
  }
}
}
