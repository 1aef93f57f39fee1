// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json --remarks 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX < %t.ptx
// RUN: %python -c "import json, sys; [print(l['kernel'], *(a['value'] for a in l['arguments'] if a['kind'] == 'value')) for l in json.load(open(sys.argv[1]))]" %t.json | FileCheck %s --check-prefix=LAUNCHES

// Kernels that are equal but for f32 constants are one, and what they differ in comes with the launch, as bits: behind the rows, 8, and their
// order.
// 1/2 stands at two places of "first" and is one constant to the reader; "second" has two numbers there. What is the same in both,
// 3, stays. Zeros and ones of arithmetic stay: "one" and "none" have less to do. Stored or chosen, they are numbers as others.
// Fills of any width are one kernel already, which is told their bytes.
// CHECK: built=8, kept=6, {{.*}}shared=2

// PTX: .entry first_constants_{{[0-9]+}}(
// PTX: first_{{.*}}_param_5
// PTX-NOT: first_{{.*}}_param_6
// PTX: 0f40400000
// PTX: .entry one_constants_{{[0-9]+}}(
// PTX-NOT: mul.rn
// PTX: .entry none_constants_{{[0-9]+}}(
// PTX: .entry fill_zero_constants_{{[0-9]+}}(
// PTX-NOT: .entry

// LAUNCHES:      first_constants_{{[0-9]+}} 8 0 1056964608 1056964608
// LAUNCHES-NEXT: first_constants_{{[0-9]+}} 8 0 1061158912 1048576000
// LAUNCHES-NEXT: first_constants_{{[0-9]+}} 8 0 3204448256 1092616192
// LAUNCHES-NEXT: one_constants_{{[0-9]+}} 8 0
// LAUNCHES-NEXT: none_constants_{{[0-9]+}} 8 0
// LAUNCHES-NEXT: fill_zero_constants_{{[0-9]+}} 0 128 0
// LAUNCHES-NEXT: fill_zero_constants_{{[0-9]+}} 1065353216 128 0
// LAUNCHES-NEXT: fill_zero_constants_{{[0-9]+}} 1065353216 256 0
%x = kern.buffer "x" "workspace" : memref<8x64xf32>
%y = kern.buffer "y" "workspace" : memref<8x64xf32>
%z = kern.buffer "z" "workspace" : memref<8x128xf32>
kern.part @p "micro" {
  kern.rows "first" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %half = arith.constant dense<0.5> : vector<64xf32>
    %three = arith.constant dense<3.0> : vector<64xf32>
    %a = arith.mulf %v, %half : vector<64xf32>
    %b = arith.addf %a, %half : vector<64xf32>
    %c = arith.mulf %b, %three : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "second" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %much = arith.constant dense<0.75> : vector<64xf32>
    %less = arith.constant dense<0.25> : vector<64xf32>
    %three = arith.constant dense<3.0> : vector<64xf32>
    %a = arith.mulf %v, %much : vector<64xf32>
    %b = arith.addf %a, %less : vector<64xf32>
    %c = arith.mulf %b, %three : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "third" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %minus = arith.constant dense<-0.5> : vector<64xf32>
    %ten = arith.constant dense<10.0> : vector<64xf32>
    %three = arith.constant dense<3.0> : vector<64xf32>
    %a = arith.mulf %v, %minus : vector<64xf32>
    %b = arith.addf %a, %ten : vector<64xf32>
    %c = arith.mulf %b, %three : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "one" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %one = arith.constant dense<1.0> : vector<64xf32>
    %a = arith.mulf %v, %one : vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "none" 8 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<8x64xf32> -> vector<64xf32>
    %none = arith.constant dense<0.0> : vector<64xf32>
    %a = arith.mulf %v, %none : vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "fill_zero" 8 {
  ^row(%t: index):
    %v = arith.constant dense<0.0> : vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "fill_one" 8 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<8x64xf32>
  }
  kern.rows "long" 8 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<8x128xf32>
  }
}
