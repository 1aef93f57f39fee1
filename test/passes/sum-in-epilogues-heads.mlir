// sum-in-epilogues: sums over heads, of a product's row and another one, of which nothing else is made.

// RUN: gptc-opt %s --sum-in-epilogues --remarks-filter=sum-in-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<256x64xbf16>
%given = kern.buffer "given" "input" : memref<96x256xbf16>
%out = kern.buffer "out" "output" : memref<96x2xf32>
%out8 = kern.buffer "out8" "output" : memref<96x8xf32>
%row = kern.buffer "row" "output" : memref<96x256xbf16>

// As attention's delta: the product as it is stored, under another shape, by a row that is there before it, and a factor a head, which
// stands before the row kernel's sum no more. Another kernel reads the product, so that it stays stored.
kern.part @delta "micro" {
  // CHECK:       kern.part @delta
  // CHECK:       %[[SUMS:.*]] = kern.buffer "sums" "workspace" : memref<96x4xf32>
  // CHECK:       kern.contract "dy"
  // CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<256xf32>):
  // CHECK-NEXT:    kern.store %[[P]], %dy[%[[M]]]
  // CHECK-NEXT:    %[[Y:.*]] = kern.load %y[%[[M]]] : memref<96x2x128xbf16> -> vector<256xf32>
  // CHECK-NEXT:    %[[R:.*]] = kern.round %[[P]] to "bf16" stored
  // CHECK-NEXT:    %[[T:.*]] = arith.mulf %[[R]], %[[Y]]
  // CHECK-NEXT:    %[[S:.*]] = kern.reduce "add" %[[T]] : vector<256xf32> -> vector<4xf32>
  // CHECK-NEXT:    kern.store %[[S]], %[[SUMS]][%[[M]]]
  // CHECK-NEXT:  }
  // CHECK:       kern.rows "delta"
  // CHECK-NOT:     vector<256xf32>
  // CHECK:         %[[F:.*]] = arith.divf
  // CHECK:         %[[W:.*]] = kern.load %[[SUMS]][%{{.*}}] : memref<96x4xf32> -> vector<4xf32>
  // CHECK-NEXT:    %[[H:.*]] = kern.reduce "add" %[[W]] : vector<4xf32> -> vector<2xf32>
  // CHECK-NEXT:    %[[D:.*]] = arith.mulf %[[H]], %[[F]]
  // CHECK-NEXT:    kern.store %[[D]]
  // CHECK-NEXT:  }
  // REMARK: Function=delta | {{.*}}"windows of a sum are made in the epilogue of dy"
  %y = kern.buffer "y" "workspace" : memref<96x2x128xbf16>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %by_heads = kern.view %dy : memref<96x256xbf16> to memref<96x2x128xbf16>
  %gates = kern.buffer "gates" "workspace" : memref<96x2xf32>
  kern.rows "before" 96 {
  ^row(%t: index):
    %v = kern.load %given[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %v, %y[%t] : vector<256xf32>, memref<96x2x128xbf16>
  }
  kern.contract "dy" %x, %w m 96 n 256 k 64 : memref<96x64xbf16>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %dy[%m] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "delta" 96 {
  ^row(%t: index):
    %d = kern.load %by_heads[%t] : memref<96x2x128xbf16> -> vector<256xf32>
    %v = kern.load %y[%t] : memref<96x2x128xbf16> -> vector<256xf32>
    %g = kern.load %gates[%t] : memref<96x2xf32> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %f = arith.divf %one, %g : vector<2xf32>
    %all = kern.spread %f : vector<2xf32> -> vector<256xf32>
    %u = arith.mulf %v, %all : vector<256xf32>
    %s = arith.mulf %d, %u : vector<256xf32>
    %sum = kern.reduce "add" %s : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "reads" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %d, %row[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// What the contraction itself loads is loaded once; and what it stored for the sum alone is not stored.
kern.part @own "micro" {
  // CHECK:       kern.part @own
  // CHECK:       kern.contract "product"
  // CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<256xf32>):
  // CHECK-NEXT:    kern.store %[[P]], %dy[%[[M]]]
  // CHECK-NEXT:    %[[Y:.*]] = kern.load %y[%[[M]]]
  // CHECK-NEXT:    %[[T:.*]] = arith.mulf %[[P]], %[[Y]]
  // CHECK-NEXT:    %[[R:.*]] = kern.round %[[T]] to "bf16" stored
  // CHECK-NEXT:    %[[U:.*]] = arith.mulf %[[R]], %[[Y]]
  // CHECK-NEXT:    %[[S:.*]] = kern.reduce "add" %[[U]] : vector<256xf32> -> vector<4xf32>
  // CHECK-NEXT:    kern.store %[[S]], %{{.*}}[%[[M]]] : vector<4xf32>, memref<96x4xf32>
  // CHECK-NEXT:  }
  // CHECK:       kern.rows "sums"
  // CHECK-NOT:     vector<256xf32>
  // CHECK:       kern.rows "reads"
  // CHECK:       kern.part @guards
  // REMARK-NEXT: Function=sums | {{.*}}"windows of a sum are made in the epilogue of product"
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %terms = kern.buffer "terms" "workspace" : memref<96x256xbf16>
  kern.contract "product" %x, %w m 96 n 256 k 64 : memref<96x64xbf16>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %dy[%m] : vector<256xf32>, memref<96x256xbf16>
    %v = kern.load %y[%m] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %p, %v : vector<256xf32>
    kern.store %s, %terms[%m] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "sums" 96 {
  ^row(%t: index):
    %s = kern.load %terms[%t] : memref<96x256xbf16> -> vector<256xf32>
    %v = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %u = arith.mulf %s, %v : vector<256xf32>
    %sum = kern.reduce "add" %u : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "reads" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %d, %row[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Each guard. None of these contractions gets a sum.
kern.part @guards "micro" {
  // CHECK-NOT: vector<4xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  %late = kern.buffer "late" "workspace" : memref<96x256xbf16>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %of_two = kern.buffer "of_two" "workspace" : memref<96x256xbf16>
  kern.contract "dy" %x, %w m 96 n 256 k 64 : memref<96x64xbf16>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %dy[%m] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.contract "of_two" %x, %w m 96 n 256 k 64 : memref<96x64xbf16>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<256xf32>):
    %v = kern.load %y[%m] : memref<96x256xbf16> -> vector<256xf32>
    %u = kern.load %z[%m] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    %q = arith.addf %s, %u : vector<256xf32>
    kern.store %q, %of_two[%m] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "behind" 96 {
  ^row(%t: index):
    %v = kern.load %given[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %v, %late[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  // The row is read besides: nothing would be gained, and nothing is said.
  // REMARK-NOT: Function=goes_on
  kern.rows "goes_on" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %d, %d : vector<256xf32>
    %sum = kern.reduce "add" %s : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
    kern.store %s, %row[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  // Heads of half a window.
  // REMARK-NOT: Function=small
  kern.rows "small" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    %sum = kern.reduce "add" %d : vector<256xf32> -> vector<8xf32>
    kern.store %sum, %out8[%t] : vector<8xf32>, memref<96x8xf32>
  }
  // REMARK: Function=too_late | {{.*}}Reason="a row that its terms are made of is not there before the product"
  kern.rows "too_late" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    %v = kern.load %late[%t] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %d, %v : vector<256xf32>
    %sum = kern.reduce "add" %s : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
  // What is no part's own may be anything between.
  // REMARK-NEXT: Function=of_an_input | {{.*}}Reason="a row that its terms are made of is not there before the product"
  kern.rows "of_an_input" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    %v = kern.load %given[%t] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %d, %v : vector<256xf32>
    %sum = kern.reduce "add" %s : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
  // REMARK-NEXT: Function=of_three | {{.*}}Reason="the epilogue would read too many tiles beside a sum"
  kern.rows "of_three" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    %v = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %u = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %d, %v : vector<256xf32>
    %q = arith.addf %s, %u : vector<256xf32>
    %sum = kern.reduce "add" %q : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
  // REMARK-NEXT: Function=beside_two | {{.*}}Reason="the epilogue would read too many tiles beside a sum"
  kern.rows "beside_two" 96 {
  ^row(%t: index):
    %d = kern.load %of_two[%t] : memref<96x256xbf16> -> vector<256xf32>
    %v = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %d, %v : vector<256xf32>
    %sum = kern.reduce "add" %s : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
  // One short row is read once: little would be gained, and nothing is said.
  // REMARK-NOT: Function=alone
  kern.rows "alone" 96 {
  ^row(%t: index):
    %d = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    %s = arith.mulf %d, %d : vector<256xf32>
    %sum = kern.reduce "add" %s : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %out[%t] : vector<2xf32>, memref<96x2xf32>
  }
}
