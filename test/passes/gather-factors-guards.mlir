// gather-factors: each guard alone, and what is left as it is.

// RUN: gptc-opt %s --gather-factors=columns=64 | FileCheck %s

%x = kern.buffer "x" "input" : memref<96x64xf32>
%u = kern.buffer "u" "input" : memref<96x64xf32>
%s = kern.buffer "s" "input" : memref<96x1xf32>
%r = kern.buffer "r" "input" : memref<96x2xf32>
%places = kern.buffer "places" "input" : memref<96xi32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%z = kern.buffer "z" "output" : memref<96x64xf32>

kern.part @p "micro" {
  // A number for each half of a row is no factor of all columns; what is read at an index is a row like others.
  // CHECK-LABEL: kern.rows "halves"
  // CHECK:         %[[X:.*]] = kern.load {{.*}} vector<64xf32>
  // CHECK:         %[[H:.*]] = kern.spread {{.*}} : vector<2xf32> -> vector<64xf32>
  // CHECK:         %[[P:.*]] = arith.mulf %[[X]], %[[H]]
  // CHECK:         %[[C:.*]] = arith.constant dense<8.000000e+00>
  // CHECK:         arith.mulf %[[P]], %[[C]]
  kern.rows "halves" 96 {
  ^row(%t: index):
    %i = kern.load_index %places[%t] : memref<96xi32>
    %v = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    %two = kern.load %r[%t] : memref<96x2xf32> -> vector<2xf32>
    %half = kern.spread %two : vector<2xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %c2 = arith.constant dense<2.0> : vector<64xf32>
    %a = arith.mulf %v, %half : vector<64xf32>
    %b = arith.mulf %a, %four : vector<64xf32>
    %c = arith.mulf %b, %c2 : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // A product by a factor is taken apart though it is read elsewhere: behind it nothing waits for it. On either side.
  // CHECK-LABEL: kern.rows "read_twice"
  // CHECK:         %[[X:.*]] = kern.load {{.*}} vector<64xf32>
  // CHECK:         %[[A:.*]] = arith.mulf %{{.*}}, %[[X]] : vector<64xf32>
  // CHECK:         arith.mulf %[[X]], %{{.*}} : vector<64xf32>
  // CHECK:         %[[B:.*]] = arith.mulf %{{.*}}, %[[X]] : vector<64xf32>
  // CHECK:         %[[C:.*]] = arith.constant dense<2.400000e+01>
  // CHECK:         arith.mulf %[[X]], %[[C]] : vector<64xf32>
  kern.rows "read_twice" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = kern.load %s[%t] : memref<96x1xf32> -> vector<1xf32>
    %all = kern.spread %one : vector<1xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %a = arith.mulf %all, %v : vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %b = arith.mulf %a, %four : vector<64xf32>
    kern.store %b, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.mulf %four, %v : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %d = arith.mulf %c, %six : vector<64xf32>
    kern.store %d, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // But not the product of rows in it.
  // CHECK-LABEL: kern.rows "rows_in_it"
  // CHECK:         %[[X:.*]] = kern.load
  // CHECK:         %[[XX:.*]] = arith.mulf %[[X]], %[[X]]
  // CHECK:         arith.mulf %[[XX]]
  // CHECK:         arith.mulf %[[XX]]
  // CHECK-NOT:     arith.mulf
  kern.rows "rows_in_it" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %a = arith.mulf %v, %v : vector<64xf32>
    %b = arith.mulf %a, %four : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.mulf %b, %six : vector<64xf32>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // Quotients: by a constant they are products, by a row they are rows.
  // CHECK-LABEL: kern.rows "quotients"
  // CHECK:         %[[X:.*]] = kern.load
  // CHECK:         %[[U:.*]] = kern.load
  // CHECK:         arith.mulf %[[X]], %{{.*}} : vector<64xf32>
  // CHECK:         %[[Q:.*]] = arith.divf %[[X]], %[[U]]
  // CHECK:         %[[C:.*]] = arith.constant dense<2.400000e+01>
  // CHECK:         arith.mulf %[[Q]], %[[C]]
  // CHECK-NOT:     arith.mulf
  // CHECK-NOT:     arith.divf
  kern.rows "quotients" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %w = kern.load %u[%t] : memref<96x64xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %a = arith.divf %v, %four : vector<64xf32>
    %b = arith.mulf %a, %six : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.divf %v, %w : vector<64xf32>
    %d = arith.mulf %c, %six : vector<64xf32>
    %e = arith.mulf %d, %four : vector<64xf32>
    kern.store %e, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // One factor stays where it is; without a row there is no product; a factor of 1 is none.
  // CHECK-LABEL: kern.rows "few"
  // CHECK:         %[[X:.*]] = kern.load {{.*}} vector<64xf32>
  // CHECK:         %[[S:.*]] = kern.load {{.*}} vector<1xf32>
  // CHECK:         %[[ALL:.*]] = kern.spread %[[S]]
  // CHECK:         %[[C:.*]] = arith.constant dense<4.000000e+00>
  // CHECK:         arith.mulf %[[C]], %[[X]] : vector<64xf32>
  // CHECK:         arith.mulf %[[ALL]], %[[C]] : vector<64xf32>
  // CHECK:         %[[AGAIN:.*]] = kern.spread %[[S]]
  // CHECK-NEXT:    arith.mulf %[[X]], %[[AGAIN]] : vector<64xf32>
  // CHECK-NOT:     arith.mulf
  // CHECK-NOT:     arith.addf
  kern.rows "few" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = kern.load %s[%t] : memref<96x1xf32> -> vector<1xf32>
    %all = kern.spread %one : vector<1xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %unit = arith.constant dense<1.0> : vector<64xf32>
    %a = arith.mulf %four, %v : vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %b = arith.mulf %all, %four : vector<64xf32>
    kern.store %b, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.mulf %v, %all : vector<64xf32>
    %d = arith.mulf %c, %unit : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xf32>
    // Nothing reads it.
    %f = arith.addf %v, %four : vector<64xf32>
  }
  // Exponentials: multiples of single columns, several of them, a constant beside them.
  // CHECK-LABEL: kern.rows "offsets"
  // CHECK:         %[[S:.*]] = kern.load %{{.*}} vector<1xf32>
  // CHECK:         %[[N:.*]] = arith.constant dense<-3.000000e+00> : vector<1xf32>
  // CHECK:         %[[M:.*]] = arith.mulf %[[S]], %[[N]] : vector<1xf32>
  // CHECK:         %[[O:.*]] = kern.spread %[[M]]
  // CHECK:         math.fma %{{.*}}, %{{.*}}, %[[O]]
  // CHECK:         %[[SS:.*]] = arith.addf %[[S]], %[[S]] : vector<1xf32>
  // CHECK:         %[[F:.*]] = arith.constant dense<5.000000e+00> : vector<1xf32>
  // CHECK:         %[[SUM:.*]] = arith.addf %[[SS]], %[[F]] : vector<1xf32>
  // CHECK:         %[[P:.*]] = kern.spread %[[SUM]]
  // CHECK:         math.fma %{{.*}}, %{{.*}}, %[[P]]
  // CHECK-NOT:     arith.mulf
  // CHECK:         math.fma
  // CHECK-NOT:     arith.mulf
  kern.rows "offsets" 96 {
  ^row(%t: index):
    %one = kern.load %s[%t] : memref<96x1xf32> -> vector<1xf32>
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %all = kern.spread %one : vector<1xf32> -> vector<64xf32>
    %three = arith.constant dense<3.0> : vector<64xf32>
    %five = arith.constant dense<5.0> : vector<64xf32>
    %a = arith.subf %v, %all : vector<64xf32>
    %b = arith.mulf %a, %three : vector<64xf32>
    %c = math.exp %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %d = arith.addf %v, %all : vector<64xf32>
    %e = arith.addf %d, %all : vector<64xf32>
    %f = arith.addf %e, %five : vector<64xf32>
    %g = math.exp %f : vector<64xf32>
    kern.store %g, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %h = arith.mulf %v, %three : vector<64xf32>
    %i = math.exp %h : vector<64xf32>
    kern.store %i, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // Products of rows, and numbers that f32 does not have.
  // CHECK-LABEL: kern.rows "as_they_are"
  // CHECK-NOT:     math.fma
  // CHECK-LABEL: kern.contract "product"
  kern.rows "as_they_are" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %w = kern.load %u[%t] : memref<96x64xf32> -> vector<64xf32>
    %big = arith.constant dense<1.0e30> : vector<64xf32>
    %most = arith.constant dense<3.0e38> : vector<64xf32>
    %ten = arith.constant dense<10.0> : vector<64xf32>
    %a = arith.mulf %v, %w : vector<64xf32>
    %b = math.exp %a : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.mulf %v, %big : vector<64xf32>
    %d = arith.mulf %c, %big : vector<64xf32>
    %e = math.exp %d : vector<64xf32>
    kern.store %e, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %f = arith.addf %v, %most : vector<64xf32>
    %g = arith.mulf %f, %ten : vector<64xf32>
    %h = math.exp %g : vector<64xf32>
    kern.store %h, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // A product's row is nobody's result.
  // CHECK:         arith.constant dense<2.400000e+01>
  // CHECK:         arith.mulf
  // CHECK-NOT:     arith.mulf
  kern.contract "product" %x, %u m 96 n 96 k 64 : memref<96x64xf32>, memref<96x64xf32> {
  ^row(%m: index, %p: vector<96xf32>):
    %four = arith.constant dense<4.0> : vector<96xf32>
    %six = arith.constant dense<6.0> : vector<96xf32>
    %a = arith.mulf %p, %four : vector<96xf32>
    %b = arith.mulf %a, %six : vector<96xf32>
    kern.store %b, %wide[%m] : vector<96xf32>, memref<96x96xf32>
  }
}
%wide = kern.buffer "wide" "output" : memref<96x96xf32>
