// RUN: gptc-opt --promote-sums=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --promote-sums=target=sm_90a %s --remarks-filter=promote-sums 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt --promote-sums %s | FileCheck %s --check-prefix=CPU
// CPU-NOT: promotion 64

gpt.model @m {
%gradient = kern.buffer "gradient" "workspace" : memref<256x2048xf8E5M2>
%weight = kern.buffer "weight" "workspace" : memref<384x2048xf8E4M3FN>
%x = kern.buffer "x" "workspace" : memref<384x256xf8E4M3FN>
%bf16 = kern.buffer "bf16" "workspace" : memref<384x2048xbf16>
%dx = kern.buffer "dx" "output" : memref<256x384xbf16>
%dw = kern.buffer "dw" "output" : memref<2048x384xf32>

// The gradient that goes on.
// CHECK-LABEL: @on
// CHECK: "dx" {{.*}} k 2048 promotion 64 :
// REMARK: promote-sums.mlir:[[#@LINE+2]]:{{.*}}"f32 takes the sums of dx every 64 codes"
kern.part @on "micro" {
  kern.contract "dx" %gradient, %weight m 256 n 384 k 2048 : memref<256x2048xf8E5M2>, memref<384x2048xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<256x384xbf16>
  }
}

// What stays as it is: a weight's gradient, along the columns of the codes; an activation's codes; values; a sum that is taken once
// anyway; and one that says itself how often.
// REMARK-NOT: remark
// CHECK-LABEL: @others
// CHECK: "dw" {{.*}} k 256 :
// CHECK: "forward" {{.*}} k 2048 :
// CHECK: "values" {{.*}} k 2048 :
// CHECK: "short" {{.*}} k 64 :
// CHECK: "given" {{.*}} k 2048 promotion 128 :
kern.part @others "micro" {
  kern.contract "dw" %gradient transposed_a, %x m 2048 n 384 k 256 : memref<256x2048xf8E5M2>, memref<384x256xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dw[%t] : vector<384xf32>, memref<2048x384xf32>
  }
  %a = kern.buffer "a" "workspace" : memref<256x2048xf8E4M3FN>
  kern.contract "forward" %a, %weight m 256 n 384 k 2048 : memref<256x2048xf8E4M3FN>, memref<384x2048xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<256x384xbf16>
  }
  %v = kern.buffer "v" "workspace" : memref<256x2048xbf16>
  kern.contract "values" %v, %bf16 m 256 n 384 k 2048 : memref<256x2048xbf16>, memref<384x2048xbf16> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<256x384xbf16>
  }
  %few = kern.buffer "few" "workspace" : memref<256x64xf8E5M2>
  %w = kern.buffer "w" "workspace" : memref<384x64xf8E4M3FN>
  kern.contract "short" %few, %w m 256 n 384 k 64 : memref<256x64xf8E5M2>, memref<384x64xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "given" %gradient, %weight m 256 n 384 k 2048 promotion 128 : memref<256x2048xf8E5M2>, memref<384x2048xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<256x384xbf16>
  }
}
}
