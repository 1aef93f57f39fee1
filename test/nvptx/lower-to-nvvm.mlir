// RUN: gptc-opt %s --split-input-file --verify-diagnostics --lower-to-nvvm | FileCheck %s --implicit-check-not=llvm.func

// The first two differ in buffers, the third in how many rows it has, the fourth in a constant: one function, whose arguments are
// rows, a buffer and the constant. Of another width is another. A value between kernels is none.
// CHECK-LABEL: kern.part @micro_0 "micro"
// CHECK: kern.rows "first" 8
// CHECK: kern.rows "second" 8
// CHECK: kern.rows "more_rows" 40
// CHECK: kern.rows "other_constant" 8
// CHECK-LABEL: kern.part @update_0_0 "update"
// CHECK: kern.rows "wider" 8
// CHECK: module @sm_90a {
// CHECK: llvm.func @first_lower_to_nvvm_{{[0-9]+}}(%{{.*}}: i32, %{{.*}}: !llvm.ptr<1>, %{{.*}}: f32) attributes {nvvm.kernel
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: llvm.func @wider_lower_to_nvvm_{{[0-9]+}}(%{{.*}}: i32, %{{.*}}: !llvm.ptr<1>) attributes {nvvm.kernel
%x = kern.buffer "x" "workspace" : memref<8x64xf32>
%y = kern.buffer "y" "workspace" : memref<8x64xf32>
%z = kern.buffer "z" "workspace" : memref<40x64xf32>
%w = kern.buffer "w" "workspace" : memref<8x192xf32>
kern.part @micro_0 "micro" {
  kern.rows "first" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %c = arith.constant dense<0.5> : vector<64xf32>
    %p = arith.mulf %v, %c : vector<64xf32>
    kern.store %p, %x[%t] : vector<64xf32>, memref<8x64xf32>
  }
  %view = kern.view %y : memref<8x64xf32> to memref<8x64xf32>
  kern.rows "second" 8 {
  ^row(%t: index):
    %v = kern.load %view[%t] : memref<8x64xf32> -> vector<64xf32>
    %c = arith.constant dense<0.5> : vector<64xf32>
    %p = arith.mulf %v, %c : vector<64xf32>
    kern.store %p, %view[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "more_rows" 40 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<40x64xf32> -> vector<64xf32>
    %c = arith.constant dense<0.5> : vector<64xf32>
    %p = arith.mulf %v, %c : vector<64xf32>
    kern.store %p, %z[%t] : vector<64xf32>, memref<40x64xf32>
  }
  kern.rows "other_constant" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %c = arith.constant dense<0.25> : vector<64xf32>
    %p = arith.mulf %v, %c : vector<64xf32>
    kern.store %p, %x[%t] : vector<64xf32>, memref<8x64xf32>
  }
}
kern.part @update_0_0 "update" {
  kern.rows "wider" 8 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<8x192xf32> -> vector<192xf32>
    %c = arith.constant dense<0.5> : vector<192xf32>
    %p = arith.mulf %v, %c : vector<192xf32>
    kern.store %p, %w[%t] : vector<192xf32>, memref<8x192xf32>
  }
}

// -----

// What cannot be built is an error at its op, and all such ops of a module are named.
%a = kern.buffer "a" "workspace" : memref<8x64xf16>
%b = kern.buffer "b" "workspace" : memref<8x32xf16>
kern.part @micro_0 "micro" {
  kern.rows "narrow" 8 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<8x64xf16> -> vector<64xf32> // expected-error {{on sm_90a stored are bf16, f32, f64, i32 and FP8}}
    kern.store %v, %a[%t] : vector<64xf32>, memref<8x64xf16>
  }
  kern.rows "narrower" 8 {
  ^row(%t: index):
    %v = kern.load %b[%t] : memref<8x32xf16> -> vector<32xf32> // expected-error {{on sm_90a stored are bf16, f32, f64, i32 and FP8}}
    kern.store %v, %b[%t] : vector<32xf32>, memref<8x32xf16>
  }
}
