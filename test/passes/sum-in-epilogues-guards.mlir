// sum-in-epilogues: guards that sum-in-epilogues.mlir leaves, each alone. No contraction gets a sum but the last.

// RUN: gptc-opt %s --sum-in-epilogues=columns=64 --remarks-filter=sum-in-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%more = kern.buffer "more" "parameter" : memref<192x64xbf16>
%narrow = kern.buffer "narrow" "parameter" : memref<64x64xbf16>
%given = kern.buffer "given" "input" : memref<96x1xf32>
%y = kern.buffer "y" "output" : memref<96x1xf32>
%y2 = kern.buffer "y2" "output" : memref<96x2xf32>
%told = kern.buffer "told" "output" : memref<96x128xbf16>
%before = kern.buffer "before" "workspace" : memref<96x128xbf16>

// CHECK:     kern.part @p
// CHECK:     kern.contract "small"
// CHECK-NOT: kern.store {{.*}} memref<96x2xf32>
// CHECK:     kern.rows "heads"
// CHECK:     kern.store {{.*}} memref<96x2xf32>
// CHECK-NOT: kern.store {{.*}} memref<96x2xf32>
// CHECK:     kern.contract "late"
// CHECK:     kern.store {{.*}} memref<96x2xf32>
// CHECK-NOT: kern.store {{.*}} memref<96x2xf32>
kern.part @other "prologue" {
  kern.contract "earlier" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %before[%m] : vector<128xf32>, memref<96x128xbf16>
  }
}
kern.part @p "micro" {
  %small = kern.buffer "small" "workspace" : memref<96x64xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x128xbf16>
  %late = kern.buffer "late" "workspace" : memref<96x128xbf16>
  %whole = kern.buffer "whole" "workspace" : memref<96x128xbf16>
  %part = kern.view %whole : memref<96x128xbf16> to memref<96x64xbf16, strided<[128, 1]>>
  %wide = kern.buffer "wide" "workspace" : memref<96x192xbf16>
  %window = kern.view %wide : memref<96x192xbf16> to memref<96x128xbf16, strided<[192, 1]>>
  %sums = kern.buffer "sums" "workspace" : memref<96x128xf32>
  kern.contract "small" %x, %narrow m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %small[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "logits" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    kern.store %p, %told[%m] : vector<128xf32>, memref<96x128xbf16>
    kern.store %p, %whole[%m] : vector<128xf32>, memref<96x128xbf16>
    // Not a row program's: a kernel of rows alone has sums that are looked at.
    %sum = kern.reduce "add" %p : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%m] : vector<1xf32>, memref<96x1xf32>
  }
  kern.contract "wide" %x, %more m 96 n 192 k 64 : memref<96x64xbf16>, memref<192x64xbf16> {
  ^row(%m: index, %p: vector<192xf32>):
    kern.store %p, %wide[%m] : vector<192xf32>, memref<96x192xbf16>
  }
  kern.rows "writes_a_part" 96 {
  ^row(%t: index):
    %v = kern.load %small[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %part[%t] : vector<64xf32>, memref<96x64xbf16, strided<[128, 1]>>
  }
  // REMARK: Function=one_window | {{.*}}Reason="its columns are not several whole windows"
  kern.rows "one_window" 96 {
  ^row(%t: index):
    %v = kern.load %small[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sum = kern.reduce "add" %v : vector<64xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // Heads of one short row, which is read once.
  // REMARK-NOT: Function=heads
  kern.rows "heads" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %e = kern.reduce "add" %v : vector<128xf32> -> vector<2xf32>
    kern.store %e, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
  // A number a row is no row.
  // REMARK-NEXT: Function=numbers | {{.*}}Reason="its terms are made of no row of a product"
  kern.rows "numbers" 96 {
  ^row(%t: index):
    %v = kern.load %given[%t] : memref<96x1xf32> -> vector<1xf32>
    %all = kern.spread %v : vector<1xf32> -> vector<128xf32>
    %sum = kern.reduce "add" %all : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // What the host may write between, what an earlier part makes, what is made afterwards.
  // REMARK-NEXT: Function=told | {{.*}}Reason="no contraction stores the row"
  kern.rows "told" 96 {
  ^row(%t: index):
    %v = kern.load %told[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=of_another_part | {{.*}}Reason="no contraction stores the row"
  kern.rows "of_another_part" 96 {
  ^row(%t: index):
    %v = kern.load %before[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // REMARK-NEXT: Function=too_early | {{.*}}Reason="no contraction stores the row"
  kern.rows "too_early" 96 {
  ^row(%t: index):
    %v = kern.load %late[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.contract "late" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %late[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  // What another kernel has written in a window of the row.
  // REMARK-NEXT: Function=in_part | {{.*}}Reason="more than one kernel stores the row"
  kern.rows "in_part" 96 {
  ^row(%t: index):
    %v = kern.load %whole[%t] : memref<96x128xbf16> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // A window of what is stored.
  // REMARK-NEXT: Function=elsewhere | {{.*}}Reason="the contraction stores other rows"
  kern.rows "elsewhere" 96 {
  ^row(%t: index):
    %v = kern.load %window[%t] : memref<96x128xbf16, strided<[192, 1]>> -> vector<128xf32>
    %sum = kern.reduce "add" %v : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // A term that is read twice is made once, and stays where its row is stored.
  // CHECK: kern.rows "squares"
  // CHECK:   kern.load %{{.*}} memref<96x2xf32> -> vector<2xf32>
  // CHECK:   kern.store {{.*}} memref<96x128xf32>
  // REMARK-NEXT: Function=squares | {{.*}}"windows of a sum are made in the epilogue of late"
  kern.rows "squares" 96 {
  ^row(%t: index):
    %v = kern.load %late[%t] : memref<96x128xbf16> -> vector<128xf32>
    %e = arith.mulf %v, %v : vector<128xf32>
    %f = arith.addf %e, %e : vector<128xf32>
    %sum = kern.reduce "add" %f : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
    kern.store %e, %sums[%t] : vector<128xf32>, memref<96x128xf32>
  }
}
