// How many columns two kernels hold and share, and what is said of those that stay apart.
// RUN: gptc-opt %s --form-row-kernels=budget=128 | FileCheck %s
// RUN: gptc-opt %s --form-row-kernels=budget=128 --remarks-filter=form-row-kernels 2>&1 | FileCheck %s --check-prefix=REMARK --implicit-check-not=apart
// RUN: gptc-opt %s --form-row-kernels=budget=127 | FileCheck %s --check-prefix=LESS

%x = kern.buffer "x" "input" : memref<96x64xf32>
%u = kern.buffer "u" "input" : memref<96x64xf32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%z = kern.buffer "z" "output" : memref<96x64xf32>
%small = kern.buffer "small" "input" : memref<96x1xf32>
%tall = kern.buffer "tall" "input" : memref<192x64xf32>
%long = kern.buffer "long" "input" : memref<96x16384xf32>
%last = kern.buffer "last" "output" : memref<96x64xf32>
%small2 = kern.buffer "small2" "output" : memref<96x1xf32>
%o = kern.buffer "o" "output" : memref<96x1xf32>

// A row that is read and written is held once: 64 columns, and 64 that only the second touches.
// LESS-LABEL: kern.part @in_place
// LESS-NEXT: kern.rows "one" 96
// LESS: kern.rows "two" 96
// CHECK-LABEL: kern.part @in_place
// CHECK: kern.rows "one+two" 96
// REMARK: Remark="two runs with one"
kern.part @in_place "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %a = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    %b = arith.addf %a, %a : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %a = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %a, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Kernels over other columns of a row have nothing in common, and nothing is said.
// CHECK-LABEL: kern.part @other_columns
// CHECK: kern.rows "one" 96
// CHECK: kern.rows "two" 96
kern.part @other_columns "micro" {
  %a = kern.view %x : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  %b = kern.view %x : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1], offset: 32>>
  %c = kern.view %y : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  %d = kern.view %z : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<96x16xf32, strided<[64, 1]>> -> vector<16xf32>
    kern.store %v, %c[%t] : vector<16xf32>, memref<96x16xf32, strided<[64, 1]>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %b[%t] : memref<96x16xf32, strided<[64, 1], offset: 32>> -> vector<16xf32>
    kern.store %v, %d[%t] : vector<16xf32>, memref<96x16xf32, strided<[64, 1]>>
  }
}

// Nor are rows of another length columns in common: a number alone is not enough.
// CHECK-LABEL: kern.part @other_rows
// CHECK: kern.rows "one" 96
// CHECK: kern.rows "two" 96
// REMARK: Reason="they share few of their columns", Remark="two stays apart from one"
kern.part @other_rows "micro" {
  %z0 = kern.view %z : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %h = kern.view %tall : memref<192x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %e = kern.view %tall : memref<192x64xf32> to memref<96x32xf32, strided<[128, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %h[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    %n = kern.load %small[%t] : memref<96x1xf32> -> vector<1xf32>
    %r = kern.reduce "add" %v : vector<32xf32> -> vector<1xf32>
    %q = arith.addf %r, %n : vector<1xf32>
    kern.store %q, %o[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %e[%t] : memref<96x32xf32, strided<[128, 1]>> -> vector<32xf32>
    %n = kern.load %small[%t] : memref<96x1xf32> -> vector<1xf32>
    %s = kern.spread %n : vector<1xf32> -> vector<32xf32>
    %q = arith.addf %v, %s : vector<32xf32>
    kern.store %q, %z0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// Readers of one row with a kernel between them, which write and read other columns of another: no word is lost.
// CHECK-LABEL: kern.part @far
// CHECK: kern.rows "one" 96
// CHECK: kern.finish
// CHECK: kern.rows "two" 96
kern.part @far "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  %p = kern.buffer "p" "workspace" : memref<2x16xf32>
  %g = kern.buffer "g" "workspace" : memref<1x16xf32>
  %a = kern.view %s : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  %b = kern.view %s : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1], offset: 32>>
  %xa = kern.view %x : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  %za = kern.view %z : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %w = kern.load %xa[%t] : memref<96x16xf32, strided<[64, 1]>> -> vector<16xf32>
    kern.store %w, %a[%t] : vector<16xf32>, memref<96x16xf32, strided<[64, 1]>>
    kern.partial %w, %p[%t] : vector<16xf32>, memref<2x16xf32>
  }
  kern.finish "sum" %p to %g : memref<2x16xf32> to memref<1x16xf32>
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %xa[%t] : memref<96x16xf32, strided<[64, 1]>> -> vector<16xf32>
    %q = kern.load %b[%t] : memref<96x16xf32, strided<[64, 1], offset: 32>> -> vector<16xf32>
    %k = kern.load %g[] : memref<1x16xf32> -> vector<16xf32>
    %m = kern.reduce "max" %k : vector<16xf32> -> vector<1xf32>
    %n = kern.spread %m : vector<1xf32> -> vector<16xf32>
    %e = arith.addf %v, %q : vector<16xf32>
    %h = arith.addf %e, %n : vector<16xf32>
    kern.store %h, %za[%t] : vector<16xf32>, memref<96x16xf32, strided<[64, 1]>>
  }
}

// The first reason is what is said.
// CHECK-LABEL: kern.part @two_reasons
// CHECK: kern.rows "one" 96
// CHECK: kern.rows "two" 96
// REMARK: Reason="one reads other rows of what the other stores", Remark="two stays apart from one"
kern.part @two_reasons "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %a, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %a = kern.load %u[%t] : memref<96x64xf32> -> vector<64xf32>
    %b = kern.load %y[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    %d = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    %e = arith.addf %c, %d : vector<64xf32>
    kern.store %e, %last[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// They hold too much, and share little: the first reason is what is said.
// CHECK-LABEL: kern.part @too_many
// CHECK: kern.rows "one" 96
// CHECK: kern.rows "two" 96
// REMARK: Reason="the row would hold too many columns", Remark="two stays apart from one"
kern.part @too_many "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %n = kern.load %small[%t] : memref<96x1xf32> -> vector<1xf32>
    kern.store %n, %o[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %a = kern.load %u[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %a, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %n = kern.load %small[%t] : memref<96x1xf32> -> vector<1xf32>
    kern.store %n, %small2[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// What holds a wide row joins only what holds it, too.
// CHECK-LABEL: kern.part @wide
// CHECK: kern.rows "one" 96
// CHECK: kern.rows "two" 96
// REMARK: Reason="the row would hold too many columns", Remark="two stays apart from one"
kern.part @wide "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %w = kern.load %long[%t] : memref<96x16384xf32> -> vector<16384xf32>
    %m = kern.reduce "max" %w : vector<16384xf32> -> vector<1xf32>
    %n = kern.load %small[%t] : memref<96x1xf32> -> vector<1xf32>
    %q = arith.addf %m, %n : vector<1xf32>
    kern.store %q, %o[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %n = kern.load %small[%t] : memref<96x1xf32> -> vector<1xf32>
    %q = arith.addf %n, %n : vector<1xf32>
    kern.store %q, %small2[%t] : vector<1xf32>, memref<96x1xf32>
  }
}
