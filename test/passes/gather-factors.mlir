// gather-factors: what is the same for all columns is multiplied once a row; arguments of exponentials.

// RUN: gptc-opt %s --gather-factors=columns=64 --remarks-filter=gather-factors -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

// Short rows are left alone.
// RUN: gptc-opt %s --gather-factors -o - | FileCheck %s --check-prefix=SHORT
// SHORT-NOT: math.fma

%x = kern.buffer "x" "input" : memref<96x64xf32>
%s = kern.buffer "s" "input" : memref<96x1xf32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%z = kern.buffer "z" "output" : memref<96x64xf32>

kern.part @p "micro" {
  // x · s · 3 · x / 4: one factor a row, and the product of rows once.
  // CHECK-LABEL: kern.rows "product"
  // CHECK:         %[[X:.*]] = kern.load {{.*}} vector<64xf32>
  // CHECK:         %[[S:.*]] = kern.load {{.*}} vector<1xf32>
  // CHECK:         %[[T:.*]] = arith.constant dense<3.000000e+00> : vector<1xf32>
  // CHECK:         %[[E:.*]] = arith.mulf %[[S]], %[[T]] : vector<1xf32>
  // CHECK:         %[[XX:.*]] = arith.mulf %[[X]], %[[X]] : vector<64xf32>
  // CHECK:         %[[Q:.*]] = arith.constant dense<2.500000e-01> : vector<1xf32>
  // CHECK:         %[[F:.*]] = arith.mulf %[[E]], %[[Q]] : vector<1xf32>
  // CHECK:         %[[ALL:.*]] = kern.spread %[[F]]
  // CHECK:         %[[R:.*]] = arith.mulf %[[XX]], %[[ALL]]
  // CHECK-NEXT:    kern.store %[[R]]
  // CHECK-NEXT:  }
  // REMARK: Function=product | {{.*}}"a column takes 2 operations less"
  kern.rows "product" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = kern.load %s[%t] : memref<96x1xf32> -> vector<1xf32>
    %all = kern.spread %one : vector<1xf32> -> vector<64xf32>
    %three = arith.constant dense<3.0> : vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %a = arith.mulf %v, %all : vector<64xf32>
    %b = arith.mulf %three, %a : vector<64xf32>
    %c = arith.mulf %b, %v : vector<64xf32>
    %d = arith.divf %c, %four : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // Factors that cancel go; a sign stays.
  // CHECK-LABEL: kern.rows "cancels"
  // CHECK:         %[[X:.*]] = kern.load
  // CHECK-NEXT:    kern.store %[[X]], %[[Y:.*]][
  // CHECK:         arith.constant dense<-1.500000e+00> : vector<64xf32>
  // REMARK-NEXT: Function=cancels | {{.*}}"a column takes 5 operations less"
  kern.rows "cancels" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %quarter = arith.constant dense<0.25> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %a = arith.mulf %v, %four : vector<64xf32>
    %b = arith.mulf %a, %quarter : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.negf %a : vector<64xf32>
    %d = arith.mulf %c, %six : vector<64xf32>
    %e = arith.divf %d, %four : vector<64xf32>
    %f = arith.mulf %e, %quarter : vector<64xf32>
    kern.store %f, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // A product of rows that is read elsewhere, too, is not computed twice; one factor alone stays where it is.
  // CHECK-LABEL: kern.rows "shared"
  // CHECK-COUNT-4: arith.mulf {{.*}} : vector<64xf32>
  // CHECK-NOT:     arith.mulf
  // REMARK-NOT: Function=shared
  kern.rows "shared" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %four = arith.constant dense<4.0> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %a = arith.mulf %v, %v : vector<64xf32>
    %b = arith.mulf %a, %four : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.mulf %a, %a : vector<64xf32>
    %d = arith.mulf %c, %six : vector<64xf32>
    kern.store %d, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // Two factors behind such a product meet; it stays one factor, and is computed once. A constant may be spread, too.
  // CHECK-LABEL: kern.rows "kept"
  // CHECK:         %[[X:.*]] = kern.load
  // CHECK:         %[[XX:.*]] = arith.mulf %[[X]], %[[X]]
  // CHECK:         %[[C:.*]] = arith.constant dense<1.200000e+01> : vector<64xf32>
  // CHECK:         %[[R:.*]] = arith.mulf %[[XX]], %[[C]]
  // CHECK-NEXT:    kern.store %[[R]]
  // CHECK-NOT:     arith.mulf
  // REMARK-NEXT: Function=kept | {{.*}}"a column takes 1 operations less"
  kern.rows "kept" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %two = arith.constant dense<2.0> : vector<1xf32>
    %spread = kern.spread %two : vector<1xf32> -> vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %a = arith.mulf %v, %v : vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %b = arith.mulf %a, %spread : vector<64xf32>
    %c = arith.mulf %b, %six : vector<64xf32>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // What is gathered would be no number.
  // CHECK-LABEL: kern.rows "too_large"
  // CHECK-COUNT-2: arith.mulf {{.*}} : vector<64xf32>
  // CHECK-NOT:     arith.mulf
  kern.rows "too_large" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %big = arith.constant dense<1.0e30> : vector<64xf32>
    %a = arith.mulf %v, %big : vector<64xf32>
    %b = arith.mulf %a, %big : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // −(x + 5) / 8 of a sigmoid, and 3 x − s of a softmax.
  // CHECK-LABEL: kern.rows "exponentials"
  // CHECK-DAG:     %[[X:.*]] = kern.load {{.*}} vector<64xf32>
  // CHECK-DAG:     %[[A:.*]] = arith.constant dense<-1.250000e-01> : vector<64xf32>
  // CHECK-DAG:     %[[B:.*]] = arith.constant dense<-6.250000e-01> : vector<64xf32>
  // CHECK:         %[[T:.*]] = math.fma %[[X]], %[[A]], %[[B]]
  // CHECK-NEXT:    math.exp %[[T]]
  // CHECK:         %[[N:.*]] = arith.negf %{{.*}} : vector<1xf32>
  // CHECK:         %[[O:.*]] = kern.spread %[[N]]
  // CHECK:         %[[C:.*]] = arith.constant dense<3.000000e+00> : vector<64xf32>
  // CHECK:         %[[U:.*]] = math.fma %[[X]], %[[C]], %[[O]]
  // CHECK-NEXT:    math.exp %[[U]]
  // REMARK-NEXT: Function=exponentials | {{.*}}"a column takes 3 operations less"
  kern.rows "exponentials" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = kern.load %s[%t] : memref<96x1xf32> -> vector<1xf32>
    %all = kern.spread %one : vector<1xf32> -> vector<64xf32>
    %five = arith.constant dense<5.0> : vector<64xf32>
    %eight = arith.constant dense<8.0> : vector<64xf32>
    %three = arith.constant dense<3.0> : vector<64xf32>
    %a = arith.addf %v, %five : vector<64xf32>
    %b = arith.divf %a, %eight : vector<64xf32>
    %c = arith.negf %b : vector<64xf32>
    %d = math.exp %c : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %e = arith.mulf %three, %v : vector<64xf32>
    %f = arith.subf %e, %all : vector<64xf32>
    %g = math.exp %f : vector<64xf32>
    kern.store %g, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // c − x and s + x are of the form, too; of what is loaded, of two rows, of a maximum and of a reciprocal an exponential is taken
  // as it is.
  // CHECK-LABEL: kern.rows "plain"
  // CHECK:         %[[A:.*]] = arith.constant dense<-1.000000e+00> : vector<64xf32>
  // CHECK:         math.fma %{{.*}}, %[[A]]
  // CHECK:         math.fma
  // CHECK-NOT:     math.fma
  // CHECK:         arith.addf %{{.*}} : vector<64xf32>
  // CHECK-NOT:     math.fma
  // CHECK:         arith.maximumf
  // CHECK:         arith.divf
  // CHECK-NEXT:    math.exp
  kern.rows "plain" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = kern.load %s[%t] : memref<96x1xf32> -> vector<1xf32>
    %all = kern.spread %one : vector<1xf32> -> vector<64xf32>
    %five = arith.constant dense<5.0> : vector<64xf32>
    %a = arith.subf %five, %v : vector<64xf32>
    %b = math.exp %a : vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %c = arith.addf %all, %v : vector<64xf32>
    %d = math.exp %c : vector<64xf32>
    kern.store %d, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %e = math.exp %v : vector<64xf32>
    %f = arith.addf %e, %v : vector<64xf32>
    %g = math.exp %f : vector<64xf32>
    kern.store %g, %z[%t] : vector<64xf32>, memref<96x64xf32>
    %h = arith.maximumf %v, %five : vector<64xf32>
    %i = math.exp %h : vector<64xf32>
    kern.store %i, %y[%t] : vector<64xf32>, memref<96x64xf32>
    %j = arith.divf %five, %v : vector<64xf32>
    %k = math.exp %j : vector<64xf32>
    kern.store %k, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
