// sigmoid-to-tanh: a sigmoid in the exponent of what an epilogue stores in bf16.

// RUN: gptc-opt %s --sigmoid-to-tanh=target=sm_90a --remarks-filter=sigmoid-to-tanh -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

// Elsewhere nothing changes.
// RUN: gptc-opt %s -o %t.whole
// RUN: gptc-opt %s --sigmoid-to-tanh | diff %t.whole -

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%own = kern.buffer "own" "input" : memref<96x1xf32>
%e16 = kern.buffer "e16" "output" : memref<96x128xbf16>
%e32 = kern.buffer "e32" "output" : memref<96x128xf32>
%sums = kern.buffer "sums" "output" : memref<96x2xf32>

// 20 / (1 + exp(-(p/4 + 1))) - 20: the exponent is 10 tanh(p/8 + 1/2) - 10.
// CHECK-LABEL: @capped
// CHECK:       kern.contract "capped"
// CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<128xf32>):
// CHECK-NEXT:    %[[F:.*]] = arith.constant dense<-1.250000e-01>
// CHECK-NEXT:    %[[C:.*]] = arith.constant dense<-5.000000e-01>
// CHECK-NEXT:    %[[A:.*]] = math.fma %[[P]], %[[F]], %[[C]]
// CHECK-NEXT:    %[[T:.*]] = math.tanh %[[A]] fastmath<afn>
// CHECK-NEXT:    %[[G:.*]] = arith.constant dense<-1.000000e+01>
// CHECK-NEXT:    %[[D:.*]] = arith.constant dense<-1.000000e+01>
// CHECK-NEXT:    %[[Y:.*]] = math.fma %[[T]], %[[G]], %[[D]]
// CHECK-NEXT:    %[[E:.*]] = math.exp %[[Y]]
// CHECK-NEXT:    kern.store %[[E]]
// CHECK-NEXT:    %[[R:.*]] = kern.round %[[E]] to "bf16" stored
// CHECK-NEXT:    kern.reduce "add" %[[R]]
// REMARK: Function=capped | {{.*}}"a sigmoid is a tanh"
kern.part @capped "micro" {
  kern.contract "capped" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %four = arith.constant dense<4.0> : vector<128xf32>
    %q = arith.divf %p, %four : vector<128xf32>
    %u = arith.addf %q, %one : vector<128xf32>
    %neg = arith.negf %u : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %cap = arith.mulf %s, %c : vector<128xf32>
    %d = arith.subf %cap, %c : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
    %r = kern.round %e to "bf16" stored : vector<128xf32>
    %parts = kern.reduce "add" %r : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
}

// The sum the other way round, of the product itself, and a cap that is just narrow enough: 32 moves an exponent by 2^-7.
// CHECK-LABEL: @plain
// CHECK:         %[[T:.*]] = math.tanh
// CHECK:         math.fma %[[T]], %{{.*}}, %{{.*}}
// CHECK-NOT:     arith.divf
// REMARK: Function=plain | {{.*}}"a sigmoid is a tanh"
kern.part @plain "micro" {
  kern.contract "plain" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %exp, %one : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<32.0> : vector<128xf32>
    %cap = arith.mulf %s, %c : vector<128xf32>
    %e = math.exp %cap : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
}

// What stays: an exponential that is needed in f32, stored or summed as it is or rounded to another grid; a cap so wide that the
// unit's error shows in bf16; a row's own offset, before the sigmoid or behind it.
// CHECK-LABEL: @stays
// CHECK-NOT:   math.tanh
// REMARK: Function=stored | {{.*}}"more than what bf16 keeps of its exponential is needed"
// REMARK: Function=summed | {{.*}}"more than what bf16 keeps of its exponential is needed"
// REMARK: Function=grid | {{.*}}"more than what bf16 keeps of its exponential is needed"
// REMARK: Function=wide | {{.*}}"the exponent would move by more than bf16's last place"
// REMARK: Function=before | {{.*}}"a row has its own offset"
// REMARK: Function=behind | {{.*}}"a row has its own offset"
kern.part @stays "micro" {
  kern.contract "stored" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
    kern.store %e, %e32[%m] : vector<128xf32>, memref<96x128xf32>
  }
  kern.contract "summed" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.contract "grid" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    %r = kern.round %e to "e4m3" : vector<128xf32>
    kern.store %r, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "wide" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<-33.0> : vector<128xf32>
    %cap = arith.mulf %s, %c : vector<128xf32>
    %e = math.exp %cap : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "before" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %o = kern.load %own[%m] : memref<96x1xf32> -> vector<1xf32>
    %os = kern.spread %o : vector<1xf32> -> vector<128xf32>
    %u = arith.addf %p, %os : vector<128xf32>
    %exp = math.exp %u : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "behind" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %o = kern.load %own[%m] : memref<96x1xf32> -> vector<1xf32>
    %os = kern.spread %o : vector<1xf32> -> vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %u = arith.subf %s, %os : vector<128xf32>
    %e = math.exp %u : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
}

// What is no such thing, without a word: another numerator, another sum, a product, no exponential, and a row program.
// CHECK-LABEL: @others
// CHECK-NOT:   math.tanh
// REMARK-NOT:  Function=
kern.part @others "micro" {
  kern.contract "numerator" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %two = arith.constant dense<2.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %two, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "sum" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %two = arith.constant dense<2.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %two, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.mulf %exp, %p : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "sine" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %one = arith.constant dense<1.0> : vector<128xf32>
    %more = arith.addf %one, %p : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "rows" 96 {
  ^row(%m: index):
    %p = kern.load %e32[%m] : memref<96x128xf32> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %exp = math.exp %p : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %e = math.exp %s : vector<128xf32>
    kern.store %e, %e16[%m] : vector<128xf32>, memref<96x128xbf16>
  }
}
