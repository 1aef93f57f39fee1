// sum-in-epilogues: a sum over a product's row begins where the product is made, and where it does not.

// RUN: gptc-opt %s --sum-in-epilogues=columns=128 --remarks-filter=sum-in-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

// Shorter rows than a register file holds are left alone, but where a sum is all that is made of several (sum-in-epilogues-heads.mlir).
// RUN: gptc-opt %s --sum-in-epilogues | FileCheck %s --check-prefix=SHORT
// SHORT-NOT: vector<2xf32>

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%y = kern.buffer "y" "output" : memref<96x1xf32>
%g = kern.buffer "g" "output" : memref<96x128xbf16>
%seed = arith.constant 0.5 : f64

// The terms are made of what is stored, in bf16, beside the row kernel that still needs the row.
kern.part @does "micro" {
  // CHECK:       kern.part @does
  // CHECK:       %[[SUMS:.*]] = kern.buffer "sums" "workspace" : memref<96x2xf32>
  // CHECK:       kern.contract "logits"
  // CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<128xf32>):
  // CHECK-NEXT:    kern.store %[[P]], %{{.*}}[%[[M]]]
  // CHECK-NEXT:    %[[Z:.*]] = kern.round %[[P]] to "bf16" stored
  // CHECK-NEXT:    %[[C:.*]] = arith.constant dense<2.000000e+00>
  // CHECK-NEXT:    %[[S:.*]] = arith.subf %[[Z]], %[[C]]
  // CHECK-NEXT:    %[[E:.*]] = math.exp %[[S]]
  // CHECK-NEXT:    %[[T:.*]] = kern.reduce "add" %[[E]] : vector<128xf32> -> vector<2xf32>
  // CHECK-NEXT:    kern.store %[[T]], %[[SUMS]][%[[M]]]
  // CHECK-NEXT:  }
  // CHECK:       kern.rows "loss"
  // CHECK:         %[[ROW:.*]] = kern.load {{.*}} memref<96x128xbf16>
  // CHECK:         %[[PARTS:.*]] = kern.load %[[SUMS]][%{{.*}}] : memref<96x2xf32> -> vector<2xf32>
  // CHECK-NEXT:    %[[SUM:.*]] = kern.reduce "add" %[[PARTS]] : vector<2xf32> -> vector<1xf32>
  // CHECK-NEXT:    kern.store %[[SUM]]
  // CHECK:         arith.subf %[[ROW]]
  // REMARK: Function=loss | {{.*}}"windows of a sum are made in the epilogue of logits"
  %z = kern.buffer "z" "workspace" : memref<96x128xbf16>
  kern.contract "logits" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %c = arith.constant dense<2.0> : vector<128xf32>
    %s = arith.subf %v, %c : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    %sum = kern.reduce "add" %e : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %d = arith.subf %v, %all : vector<128xf32>
    kern.store %d, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// f32 is not rounded; a number of the step may stand in the terms; nothing else reads the row, which is not stored then.
kern.part @f32 "micro" {
  // CHECK:       kern.part @f32
  // CHECK:       kern.contract "logits"
  // CHECK-NOT:     kern.round
  // CHECK-NOT:     kern.store
  // CHECK:         kern.number
  // CHECK:         kern.reduce "add" {{.*}} -> vector<2xf32>
  // CHECK:       kern.rows "loss"
  // CHECK-NOT:     vector<128xf32>
  // CHECK:       kern.part @guards
  // REMARK-NEXT: Function=loss | {{.*}}"windows of a sum are made in the epilogue of logits"
  %z = kern.buffer "z" "workspace" : memref<96x128xf32>
  kern.contract "logits" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xf32> -> vector<128xf32>
    %n = kern.number %seed : vector<1xf32>
    %all = kern.spread %n : vector<1xf32> -> vector<128xf32>
    %s = arith.addf %v, %all : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// Each guard. None of these contractions gets a sum.
kern.part @guards "micro" {
  // CHECK-NOT: vector<2xf32>
  %z = kern.buffer "z" "workspace" : memref<96x128xbf16>
  %tall = kern.buffer "tall" "workspace" : memref<192x128xbf16>
  %twice = kern.buffer "twice" "workspace" : memref<96x128xbf16>
  %made = kern.buffer "made" "workspace" : memref<96x128xf32>
  %odd = kern.buffer "odd" "workspace" : memref<96x136xbf16>
  %xt = kern.buffer "xt" "workspace" : memref<64x96xbf16>
  %turned = kern.buffer "turned" "workspace" : memref<96x128xbf16>
  %sum_y = kern.buffer "sum_y" "workspace" : memref<96x1xf32>
  kern.contract "logits" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    kern.store %p, %twice[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "over_tokens" %xt transposed_a, %w m 96 n 128 k 64 : memref<64x96xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %turned[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "writes" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    kern.store %v, %twice[%t] : vector<128xf32>, memref<96x128xbf16>
    kern.store %v, %made[%t] : vector<128xf32>, memref<96x128xf32>
  }
  // REMARK-NEXT: Function=windows | {{.*}}Reason="its columns are not several whole windows"
  kern.rows "windows" 96 {
  ^row(%t: index):
    %v = kern.load %odd[%t] : memref<96x136xbf16> -> vector<136xf32>
    %sum = kern.reduce "add" %v : vector<136xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=two_rows | {{.*}}Reason="a row that its terms are made of is not there before the product"
  kern.rows "two_rows" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %u = kern.load %made[%t] : memref<96x128xf32> -> vector<128xf32>
    %s = arith.mulf %v, %u : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=neighbour | {{.*}}Reason="its terms are made of another row than the product's"
  kern.rows "neighbour" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t by 1] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=about_a_maximum | {{.*}}Reason="its terms are not made element by element"
  kern.rows "about_a_maximum" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %m = kern.reduce "max" %v : vector<128xf32> -> vector<1xf32>
    %all = kern.spread %m : vector<1xf32> -> vector<128xf32>
    %s = arith.subf %v, %all : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=of_nothing | {{.*}}Reason="its terms are made of no row of a product"
  kern.rows "of_nothing" 96 {
  ^row(%t: index):
    %c = arith.constant dense<2.0> : vector<128xf32>
    %sum = kern.reduce "add" %c : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=stored_twice | {{.*}}Reason="more than one kernel stores the row"
  kern.rows "stored_twice" 96 {
  ^row(%t: index):
    %v = kern.load %twice[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=of_rows | {{.*}}Reason="no contraction stores the row"
  kern.rows "of_rows" 96 {
  ^row(%t: index):
    %v = kern.load %made[%t] : memref<96x128xf32> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=of_tokens | {{.*}}Reason="the contraction stores other rows"
  kern.rows "of_tokens" 96 {
  ^row(%t: index):
    %v = kern.load %turned[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=fewer_rows | {{.*}}Reason="the contraction stores other rows"
  kern.rows "fewer_rows" 48 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %sum_y[%t] : vector<1xf32>, memref<96x1xf32>
  }
}
