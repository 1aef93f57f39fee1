// RUN: gptc-opt --promote-sums=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --promote-sums=target=sm_90a %s --remarks-filter=promote-sums 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt --promote-sums %s | FileCheck %s --check-prefix=CPU
// CPU-NOT: promotion {{64|256}}

gpt.model @m {
%gradient = kern.buffer "gradient" "workspace" : memref<512x2048xf8E5M2>
%weight = kern.buffer "weight" "workspace" : memref<384x2048xf8E4M3FN>
%x = kern.buffer "x" "workspace" : memref<384x512xf8E4M3FN>
%bf16 = kern.buffer "bf16" "workspace" : memref<384x2048xbf16>
%dx = kern.buffer "dx" "output" : memref<512x384xbf16>
%dw = kern.buffer "dw" "output" : memref<2048x384xf32>

// The gradient that goes on, and the one that ends.
// CHECK-LABEL: @both
// CHECK: "dx" {{.*}} k 2048 promotion 64 :
// CHECK: "dw" {{.*}} k 512 promotion 256 :
// REMARK: promote-sums.mlir:[[#@LINE+2]]:{{.*}}"f32 takes the sums of dx every 64 codes"
kern.part @both "micro" {
  kern.contract "dx" %gradient, %weight m 512 n 384 k 2048 : memref<512x2048xf8E5M2>, memref<384x2048xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<512x384xbf16>
  }
  // REMARK: promote-sums.mlir:[[#@LINE+1]]:{{.*}}"f32 takes the sums of dw every 256 codes"
  kern.contract "dw" %gradient transposed_a, %x m 2048 n 384 k 512 : memref<512x2048xf8E5M2>, memref<384x512xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dw[%t] : vector<384xf32>, memref<2048x384xf32>
  }
}

// What stays as it is: an activation's codes; values; sums that are taken once anyway; and one that says itself how often.
// REMARK-NOT: remark
// CHECK-LABEL: @others
// CHECK: "forward" {{.*}} k 2048 :
// CHECK: "values" {{.*}} k 2048 :
// CHECK: "short" {{.*}} k 64 :
// CHECK: "few" {{.*}} k 256 :
// CHECK: "given" {{.*}} k 2048 promotion 128 :
kern.part @others "micro" {
  %a = kern.buffer "a" "workspace" : memref<512x2048xf8E4M3FN>
  kern.contract "forward" %a, %weight m 512 n 384 k 2048 : memref<512x2048xf8E4M3FN>, memref<384x2048xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<512x384xbf16>
  }
  %v = kern.buffer "v" "workspace" : memref<512x2048xbf16>
  kern.contract "values" %v, %bf16 m 512 n 384 k 2048 : memref<512x2048xbf16>, memref<384x2048xbf16> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<512x384xbf16>
  }
  %narrow = kern.buffer "narrow" "workspace" : memref<512x64xf8E5M2>
  %w = kern.buffer "w" "workspace" : memref<384x64xf8E4M3FN>
  kern.contract "short" %narrow, %w m 512 n 384 k 64 : memref<512x64xf8E5M2>, memref<384x64xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<512x384xbf16>
  }
  %low = kern.buffer "low" "workspace" : memref<256x2048xf8E5M2>
  %y = kern.buffer "y" "workspace" : memref<384x256xf8E4M3FN>
  kern.contract "few" %low transposed_a, %y m 2048 n 384 k 256 : memref<256x2048xf8E5M2>, memref<384x256xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dw[%t] : vector<384xf32>, memref<2048x384xf32>
  }
  kern.contract "given" %gradient, %weight m 512 n 384 k 2048 promotion 128 : memref<512x2048xf8E5M2>, memref<384x2048xf8E4M3FN> {
  ^row(%t: index, %p: vector<384xf32>):
    kern.store %p, %dx[%t] : vector<384xf32>, memref<512x384xbf16>
  }
}
}
