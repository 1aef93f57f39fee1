// RUN: gptc-opt %s --legalize-storage="target=cpu storage=f32" | FileCheck %s
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --legalize-storage="target=sm_90a storage=record" | FileCheck %s --check-prefixes=OFF,RECORD

// Floating-point buffers, their views and what kernels say of them become f32;
// indices and f64 sums stay.
// CHECK-DAG: kern.buffer "w" "parameter" : memref<64x32xf32>
// CHECK-DAG: kern.buffer "q" "derived" : memref<64x32xf32>
// CHECK-DAG: kern.buffer "tokens" "input" : memref<96xi32>
// CHECK-DAG: kern.buffer "loss" "output" : memref<f64>
// CHECK: kern.view %{{.*}} : memref<64x32xf32> to memref<64x16xf32, strided<[32, 1], offset: 16>>
// CHECK: kern.load %{{.*}} : memref<64x16xf32, strided<[32, 1], offset: 16>> -> vector<16xf32>
// What a bf16 buffer keeps is x itself where there is none, x rounded where there are; a rounding by design stays.
// CHECK-NEXT: kern.round %{{.*}} to "bf16" : vector<16xf32>
// CHECK-NEXT: kern.store
// CHECK-NOT: xbf16
// Sums of what are no codes any more are taken in one way.
// CHECK: kern.contract "squares" {{.*}} k 32 : memref<64x32xf32>
// OFF: kern.buffer "w" "parameter" : memref<64x32xbf16>
// RECORD: kern.round %{{.*}} to "bf16" : vector<16xf32>
// RECORD-NEXT: kern.round %{{.*}} to "bf16" : vector<16xf32>
// RECORD: kern.contract "squares" {{.*}} k 32 promotion 64 : memref<64x32xf8E4M3FN>
%w = kern.buffer "w" "parameter" : memref<64x32xbf16>
%q = kern.buffer "q" "derived" : memref<64x32xf8E4M3FN>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%loss = kern.buffer "loss" "output" : memref<f64>
kern.part @prologue "prologue" {
  %v = kern.view %w : memref<64x32xbf16> to memref<64x16xbf16, strided<[32, 1], offset: 16>>
  %u = kern.view %q : memref<64x32xf8E4M3FN> to memref<64x16xf8E4M3FN, strided<[32, 1], offset: 0>>
  kern.rows "copy" 64 {
  ^row(%t: index):
    %x = kern.load %v[%t] : memref<64x16xbf16, strided<[32, 1], offset: 16>> -> vector<16xf32>
    %kept = kern.round %x to "bf16" stored : vector<16xf32>
    %grid = kern.round %kept to "bf16" : vector<16xf32>
    kern.store %grid, %u[%t] : vector<16xf32>, memref<64x16xf8E4M3FN, strided<[32, 1], offset: 0>>
  }
  %y = kern.buffer "y" "workspace" : memref<64x64xf32>
  kern.contract "squares" %q, %q m 64 n 64 k 32 promotion 64 : memref<64x32xf8E4M3FN>, memref<64x32xf8E4M3FN> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<64x64xf32>
  }
}
