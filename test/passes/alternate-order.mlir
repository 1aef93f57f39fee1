// RUN: gptc-opt --alternate-order=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --alternate-order %s | FileCheck %s --check-prefix=CPU
// RUN: gptc-opt --alternate-order=target=sm_90a %s --remarks-filter=alternate-order 2>&1 | FileCheck %s --check-prefix=REMARK
// CPU-NOT: descending

// REMARK: {{.*}}:[[#@LINE+24]]:3: remark: [Passed] launch | Category:alternate-order | Remark="takes its rows from the last to the first", bytes=25165824
%x = kern.buffer "x" "input" : memref<16384x768xbf16>
%w = kern.buffer "w" "input" : memref<768x768xbf16>
%tokens = kern.buffer "tokens" "input" : memref<16384xi32>
%order = kern.buffer "order" "input" : memref<16384xi32>
%h = kern.buffer "h" "workspace" : memref<16384x768xbf16>
%p = kern.buffer "p" "workspace" : memref<16384x768xbf16>
%q = kern.buffer "q" "workspace" : memref<16384x768xbf16>
%dw = kern.buffer "dw" "workspace" : memref<768x768xf32>
%table = kern.buffer "table" "workspace" : memref<512x768xf32>
%pieces = kern.buffer "pieces" "workspace" : memref<512x768xf32>
%f = kern.buffer "f" "input" : memref<16384x768xf32>
%small = kern.buffer "small" "workspace" : memref<128x768xbf16>

// What a launch has stored at its end the next one begins with, and so on; of the first nothing is known.
// CHECK-LABEL: kern.part @chain
kern.part @chain "micro" {
  // CHECK: kern.rows "first" 16384 {
  kern.rows "first" 16384 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %h[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // CHECK: kern.contract "second" {{.*}} attributes {descending}
  kern.contract "second" %h, %w m 16384 n 768 k 768 : memref<16384x768xbf16>, memref<768x768xbf16> {
  ^row(%t: index, %v: vector<768xf32>):
    kern.store %v, %p[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // CHECK: kern.rows "third" 16384 {
  kern.rows "third" 16384 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %q[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
}

// The gradient of weights walks its sum from the first row to the last, whatever an attribute says: it has no choice, but an end,
// at which the next launch begins. Between that one and the last, which reads what was stored before all, 75 MB are touched: of
// them nothing is left.
// CHECK-LABEL: kern.part @fixed
kern.part @fixed "micro" {
  // CHECK: kern.rows "stores" 16384 {
  kern.rows "stores" 16384 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %h[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // CHECK: kern.contract "weights" {{.*}} memref<16384x768xbf16> {
  kern.contract "weights" %h transposed_a, %x transposed_b m 768 n 768 k 16384 : memref<16384x768xbf16>, memref<16384x768xbf16> {
  ^row(%t: index, %v: vector<768xf32>):
    kern.store %v, %dw[%t] : vector<768xf32>, memref<768x768xf32>
  }
  // CHECK: kern.rows "turns" 16384 attributes {descending}
  kern.rows "turns" 16384 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %1 = kern.load %p[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %2 = arith.addf %0, %1 : vector<768xf32>
    kern.store %2, %q[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // CHECK: kern.rows "forgotten" 16384 {
  kern.rows "forgotten" 16384 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %h[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
}

// A launch that goes by the order of tokens ends nowhere; what is small is there whole; and of two buffers the larger one decides.
// CHECK-LABEL: kern.part @ends
kern.part @ends "micro" {
  // CHECK: kern.segments
  kern.segments "segments" %x at %tokens by %order to %table, %pieces : memref<16384x768xbf16>, memref<16384xi32>, memref<16384xi32>, memref<512x768xf32>, memref<512x768xf32>
  // CHECK: kern.rows "after" 16384 {
  kern.rows "after" 16384 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %h[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // CHECK: kern.rows "small" 128 {
  kern.rows "small" 128 {
  ^row(%t: index):
    %0 = kern.load %small[%t] : memref<128x768xbf16> -> vector<768xf32>
    kern.store %0, %small[%t] : vector<768xf32>, memref<128x768xbf16>
  }
  // CHECK: kern.rows "smaller" 128 {
  kern.rows "smaller" 128 {
  ^row(%t: index):
    %0 = kern.load %small[%t] : memref<128x768xbf16> -> vector<768xf32>
    kern.store %0, %small[%t] : vector<768xf32>, memref<128x768xbf16>
  }
  // CHECK: kern.rows "beyond" 16384 attributes {descending}
  kern.rows "beyond" 16384 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %q[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // A product without tensor cores, of f32, has no order.
  // CHECK: kern.contract "simt" {{.*}} memref<768x768xf32> {
  kern.contract "simt" %f, %dw m 16384 n 768 k 768 : memref<16384x768xf32>, memref<768x768xf32> {
  ^row(%t: index, %v: vector<768xf32>):
    %0 = kern.load %q[%t] : memref<16384x768xbf16> -> vector<768xf32>
    %1 = arith.addf %0, %v : vector<768xf32>
    kern.store %1, %q[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
  // CHECK: kern.rows "last" 16384 attributes {descending}
  kern.rows "last" 16384 {
  ^row(%t: index):
    %0 = kern.load %q[%t] : memref<16384x768xbf16> -> vector<768xf32>
    kern.store %0, %q[%t] : vector<768xf32>, memref<16384x768xbf16>
  }
}
