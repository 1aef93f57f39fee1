// Contractions at the edges of what is split: how many blocks of which width.
// RUN: gptc-opt --split-sums=target=sm_90a %s | FileCheck %s

gpt.model @m {
// A block has eight steps of 64 tokens, or the sum stays whole.
// CHECK-LABEL: kern.part @eight_steps
// CHECK: pieces %{{.*}} : memref<1024x64xf32>
kern.part @eight_steps "micro" {
  %a = kern.buffer "a" "workspace" : memref<4096x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<4096x64xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<128x64xf32>
  kern.contract "eight_steps_dw" %a transposed_a, %b transposed_b m 128 n 64 k 4096 : memref<4096x128xbf16>, memref<4096x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dw[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Seven are not worth a block.
// CHECK-LABEL: kern.part @seven_steps
// CHECK-NOT: pieces
kern.part @seven_steps "micro" {
  %a = kern.buffer "a" "workspace" : memref<3584x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<3584x64xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<128x64xf32>
  kern.contract "seven_steps_dw" %a transposed_a, %b transposed_b m 128 n 64 k 3584 : memref<3584x128xbf16>, memref<3584x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dw[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// 48 tiles of 128 x 128 columns would cost more than 32 of 128 x 192.
// CHECK-LABEL: kern.part @cheaper
// CHECK: pieces %{{.*}} : memref<16384x192xf32>
kern.part @cheaper "micro" {
  %a = kern.buffer "a" "workspace" : memref<12288x512xbf16>
  %b = kern.buffer "b" "workspace" : memref<12288x1472xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<512x1472xf32>
  kern.contract "cheaper_dw" %a transposed_a, %b transposed_b m 512 n 1472 k 12288 : memref<12288x512xbf16>, memref<12288x1472xbf16> {
  ^row(%m: index, %p: vector<1472xf32>):
    kern.store %p, %dw[%m] : vector<1472xf32>, memref<512x1472xf32>
  }
}

// Of two widths that cost the same the first is taken, which reads less.
// CHECK-LABEL: kern.part @alike
// CHECK: pieces %{{.*}} : memref<16896x192xf32>
kern.part @alike "micro" {
  %a = kern.buffer "a" "workspace" : memref<6144x1280xbf16>
  %b = kern.buffer "b" "workspace" : memref<6144x1344xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<1280x1344xf32>
  kern.contract "alike_dw" %a transposed_a, %b transposed_b m 1280 n 1344 k 6144 : memref<6144x1280xbf16>, memref<6144x1344xbf16> {
  ^row(%m: index, %p: vector<1344xf32>):
    kern.store %p, %dw[%m] : vector<1344xf32>, memref<1280x1344xf32>
  }
}

// What costs as much in pieces stays whole.
// CHECK-LABEL: kern.part @no_gain
// CHECK-NOT: pieces
kern.part @no_gain "micro" {
  %a = kern.buffer "a" "workspace" : memref<2048x896xbf16>
  %b = kern.buffer "b" "workspace" : memref<2048x1472xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<896x1472xf32>
  kern.contract "no_gain_dw" %a transposed_a, %b transposed_b m 896 n 1472 k 2048 : memref<2048x896xbf16>, memref<2048x1472xbf16> {
  ^row(%m: index, %p: vector<1472xf32>):
    kern.store %p, %dw[%m] : vector<1472xf32>, memref<896x1472xf32>
  }
}

// What is split stays as it is.
// CHECK-LABEL: kern.part @pieces
// CHECK: pieces %room : memref<256x64xf32>
kern.part @pieces "micro" {
  %a = kern.buffer "a" "workspace" : memref<4096x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<4096x64xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<128x64xf32>
  %room = kern.buffer "room" "workspace" : memref<256x64xf32>
  kern.contract "pieces_dw" %a transposed_a, %b transposed_b m 128 n 64 k 4096 : memref<4096x128xbf16>, memref<4096x64xbf16> pieces %room : memref<256x64xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dw[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Products of codes are not split.
// CHECK-LABEL: kern.part @codes
// CHECK-NOT: pieces
kern.part @codes "micro" {
  %a = kern.buffer "a" "workspace" : memref<4096x128xf8E4M3FN>
  %b = kern.buffer "b" "workspace" : memref<4096x64xf8E4M3FN>
  %dw = kern.buffer "dw" "workspace" : memref<128x64xf32>
  kern.contract "codes_dw" %a transposed_a, %b transposed_b m 128 n 64 k 4096 : memref<4096x128xf8E4M3FN>, memref<4096x64xf8E4M3FN> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dw[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

}
