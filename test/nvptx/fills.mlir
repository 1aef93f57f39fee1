// RUN: gptc-opt %s --lower-to-nvvm | FileCheck %s --implicit-check-not=llvm.func

// Matrices of any shape are filled by rows of 768 columns, or column by column where these do not divide them and columns are few: one kernel each. Rows
// that lie apart keep their columns, and so do many that 768 does not divide.
// CHECK-LABEL: kern.part @micro_0 "micro"
// CHECK:         kern.rows "small" 72
// CHECK:           kern.store {{.*}} : vector<1xf32>, memref<72x1xf32>
// CHECK:         kern.rows "other" 50
// CHECK:           kern.store {{.*}} : vector<1xf32>, memref<50x1xf32, strided<[1, 1], offset: 22>>
// CHECK:         kern.rows "long" 8
// CHECK:           kern.store {{.*}} : vector<768xf32>, memref<8x768xf32>
// CHECK:         kern.rows "usual" 4
// CHECK:           kern.store {{.*}} : vector<768xf32>, memref<4x768xf32>
// CHECK:         kern.rows "apart" 8
// CHECK:           kern.store {{.*}} : vector<64xf32>, memref<8x64xf32, strided<[192, 1]>>
// CHECK:         kern.rows "many" 8192
// CHECK:           kern.store {{.*}} : vector<2xf32>, memref<8192x2xf32>
// CHECK:       llvm.func @small_{{.*}} attributes {nvvm.kernel
// CHECK:       llvm.func @long_{{.*}} attributes {nvvm.kernel
// CHECK:       llvm.func @apart_{{.*}} attributes {nvvm.kernel
// CHECK:       llvm.func @many_{{.*}} attributes {nvvm.kernel
%a = kern.buffer "a" "state" : memref<6x12xf32>
%b = kern.buffer "b" "state" : memref<72xf32>
%c = kern.buffer "c" "state" : memref<2x3072xf32>
%d = kern.buffer "d" "state" : memref<4x768xf32>
%e = kern.buffer "e" "state" : memref<8x192xf32>
%f = kern.buffer "f" "state" : memref<8192x2xf32>
kern.part @micro_0 "micro" {
  kern.rows "small" 6 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<12xf32>
    kern.store %0, %a[%t] : vector<12xf32>, memref<6x12xf32>
  }
  %end = kern.view %b : memref<72xf32> to memref<10x5xf32, strided<[5, 1], offset: 22>>
  kern.rows "other" 10 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<5xf32>
    kern.store %0, %end[%t] : vector<5xf32>, memref<10x5xf32, strided<[5, 1], offset: 22>>
  }
  kern.rows "long" 2 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<3072xf32>
    kern.store %0, %c[%t] : vector<3072xf32>, memref<2x3072xf32>
  }
  kern.rows "usual" 4 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<768xf32>
    kern.store %0, %d[%t] : vector<768xf32>, memref<4x768xf32>
  }
  %left = kern.view %e : memref<8x192xf32> to memref<8x64xf32, strided<[192, 1]>>
  kern.rows "apart" 8 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<64xf32>
    kern.store %0, %left[%t] : vector<64xf32>, memref<8x64xf32, strided<[192, 1]>>
  }
  kern.rows "many" 8192 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<2xf32>
    kern.store %0, %f[%t] : vector<2xf32>, memref<8192x2xf32>
  }
}
