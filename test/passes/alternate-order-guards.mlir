// RUN: gptc-opt --alternate-order=target=sm_90a %s | FileCheck %s

%x = kern.buffer "x" "workspace" : memref<2048x1024xbf16>
%h = kern.buffer "h" "workspace" : memref<2048x1024xbf16>
%sums = kern.buffer "sums" "workspace" : memref<2048x1024xf32>
%w = kern.buffer "w" "workspace" : memref<1024x1024xf32>
%far = kern.buffer "far" "workspace" : memref<16384x2048xbf16>

// A view of a buffer touches none of it, and neither does what ranks exchange, which is no kernel.
// CHECK-LABEL: kern.part @nothing
// CHECK-NOT: descending
kern.part @nothing "update" attributes {ranks = 2 : i64} {
  %view = kern.view %x : memref<2048x1024xbf16> to memref<1024x1024xbf16>
  kern.rows "after_view" 2048 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<2048x1024xbf16> -> vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
  kern.all_reduce %sums : memref<2048x1024xf32>
  kern.rows "after_exchange" 2048 {
  ^row(%t: index):
    %0 = kern.load %sums[%t] : memref<2048x1024xf32> -> vector<1024xf32>
    kern.store %0, %sums[%t] : vector<1024xf32>, memref<2048x1024xf32>
  }
}

// A buffer of 4 MiB counts. Of those that touched it the last alone does: two that end at its last rows are before one that ends at its
// first.
// CHECK-LABEL: kern.part @last
kern.part @last "micro" {
  // CHECK: kern.rows "stores" 2048 {
  kern.rows "stores" 2048 {
  ^row(%t: index):
    %0 = arith.constant dense<1.0> : vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
  // CHECK: kern.contract "sums" {{.*}} memref<2048x1024xbf16> {
  kern.contract "sums" %h transposed_a, %h transposed_b m 1024 n 1024 k 2048 : memref<2048x1024xbf16>, memref<2048x1024xbf16> {
  ^row(%t: index, %v: vector<1024xf32>):
    kern.store %v, %w[%t] : vector<1024xf32>, memref<1024x1024xf32>
  }
  // CHECK: kern.rows "turns" 2048 attributes {descending}
  kern.rows "turns" 2048 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<2048x1024xbf16> -> vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
  // CHECK: kern.rows "turns_back" 2048 {
  kern.rows "turns_back" 2048 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<2048x1024xbf16> -> vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
}

// What ended at the first rows is forgotten behind 128 MB, too.
// CHECK-LABEL: kern.part @forgotten
kern.part @forgotten "micro" {
  // CHECK: kern.rows "stores" 2048 {
  kern.rows "stores" 2048 {
  ^row(%t: index):
    %0 = arith.constant dense<1.0> : vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
  // CHECK: kern.rows "turns" 2048 attributes {descending}
  kern.rows "turns" 2048 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<2048x1024xbf16> -> vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
  // CHECK: kern.rows "far" 16384 {
  kern.rows "far" 16384 {
  ^row(%t: index):
    %0 = kern.load %far[%t] : memref<16384x2048xbf16> -> vector<2048xf32>
    kern.store %0, %far[%t] : vector<2048xf32>, memref<16384x2048xbf16>
  }
  // CHECK: kern.rows "after" 2048 {
  kern.rows "after" 2048 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<2048x1024xbf16> -> vector<1024xf32>
    kern.store %0, %h[%t] : vector<1024xf32>, memref<2048x1024xbf16>
  }
}
