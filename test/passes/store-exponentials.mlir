// store-exponentials: an epilogue stores the exponentials that it sums; what its readers make of them.

// RUN: gptc-opt %s --store-exponentials=target=sm_90a --remarks-filter=store-exponentials -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

// Elsewhere nothing changes.
// RUN: gptc-opt %s -o %t.whole
// RUN: gptc-opt %s --store-exponentials | diff %t.whole -

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%targets = kern.buffer "targets" "input" : memref<96xi32>
%loss = kern.buffer "loss" "output" : memref<96x1xf32>
%g = kern.buffer "g" "output" : memref<96x128xbf16>
%caps = kern.buffer "caps" "output" : memref<96x128xbf16>

// A soft cap of 20, its sum of exponentials about 20, and a loss behind it.
kern.part @does "micro" {
  // CHECK:       kern.contract "logits"
  // CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<128xf32>):
  // CHECK-NEXT:    %[[ONE:.*]] = arith.constant dense<1.000000e+00>
  // CHECK-NEXT:    %[[NEG:.*]] = arith.negf %[[P]]
  // CHECK-NEXT:    %[[EXP:.*]] = math.exp %[[NEG]]
  // CHECK-NEXT:    %[[MORE:.*]] = arith.addf %[[ONE]], %[[EXP]]
  // CHECK-NEXT:    %[[S:.*]] = arith.divf %[[ONE]], %[[MORE]]
  // CHECK-NEXT:    %[[C:.*]] = arith.constant dense<2.000000e+01>
  // CHECK-NEXT:    %[[CAPPED:.*]] = arith.mulf %[[S]], %[[C]]
  // CHECK-NEXT:    %[[D:.*]] = arith.subf %[[CAPPED]], %[[C]]
  // CHECK-NEXT:    %[[E:.*]] = math.exp %[[D]]
  // CHECK-NEXT:    kern.store %[[E]], %{{.*}}[%[[M]]] : vector<128xf32>, memref<96x128xbf16>
  // CHECK-NEXT:    %[[STORED:.*]] = kern.round %[[E]] to "bf16" stored
  // CHECK-NEXT:    kern.reduce "add" %[[STORED]]
  // REMARK: Function=logits | {{.*}}"exponentials are stored in the place of z"
  %z = kern.buffer "z" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "logits" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %d = arith.subf %capped, %c : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  // Exponentials about another number are a multiple; about a constant, by a constant. By another factor they stay.
  // CHECK:       kern.rows "loss"
  // CHECK:         %[[L:.*]] = kern.load {{.*}} memref<96x128xbf16>
  // CHECK-NEXT:    %[[LOG:.*]] = math.log %[[L]] fastmath<afn>
  // CHECK-NEXT:    %[[F:.*]] = arith.constant dense<5.000000e-02>
  // CHECK-NEXT:    %[[O:.*]] = arith.constant dense<1.000000e+00>
  // CHECK-NEXT:    %[[Y:.*]] = math.fma %[[LOG]], %[[F]], %[[O]]
  // CHECK-NOT:     arith.divf
  // CHECK:         arith.mulf %[[Y]]
  // CHECK:         %[[LSE:.*]] = math.log %{{.*}} : vector<1xf32>
  // CHECK:         kern.pick
  // CHECK:         %[[NLSE:.*]] = arith.negf %[[LSE]] : vector<1xf32>
  // CHECK-NEXT:    %[[B:.*]] = arith.constant dense<2.000000e+01> : vector<1xf32>
  // CHECK-NEXT:    %[[REST:.*]] = arith.addf %[[NLSE]], %[[B]]
  // CHECK-NEXT:    %[[K:.*]] = math.exp %[[REST]] : vector<1xf32>
  // CHECK-NEXT:    %[[ALL:.*]] = kern.spread %[[K]]
  // CHECK-NEXT:    %[[Q:.*]] = arith.mulf %[[L]], %[[ALL]]
  // CHECK:         arith.constant dense<7.38905{{.*}}>
  // CHECK-NEXT:    arith.mulf %[[L]]
  // CHECK:         %[[HALF:.*]] = arith.mulf %[[Y]]
  // CHECK-NEXT:    math.exp %[[HALF]] : vector<128xf32>
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %i = kern.load_index %targets[%t] : memref<96xi32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %lse = math.log %sum : vector<1xf32>
    %own = kern.pick %capped[%i] : vector<128xf32> -> vector<1xf32>
    %l = arith.subf %lse, %own : vector<1xf32>
    kern.store %l, %loss[%t] : vector<1xf32>, memref<96x1xf32>
    %all = kern.spread %lse : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %eighteen = arith.constant dense<18.0> : vector<128xf32>
    %near = arith.subf %capped, %eighteen : vector<128xf32>
    %q2 = math.exp %near : vector<128xf32>
    %ten = arith.constant dense<10.0> : vector<128xf32>
    %half = arith.mulf %s, %ten : vector<128xf32>
    %q3 = math.exp %half : vector<128xf32>
    %a = arith.addf %q, %q2 : vector<128xf32>
    %b = arith.addf %a, %q3 : vector<128xf32>
    kern.store %b, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
  // Another that needs what is capped alone.
  // CHECK:       kern.rows "caps"
  // CHECK:         %[[LOG:.*]] = math.log %{{.*}} fastmath<afn>
  // CHECK:         %[[Y:.*]] = math.fma %[[LOG]]
  // CHECK-NEXT:    kern.store %[[Y]]
  kern.rows "caps" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    kern.store %s, %caps[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}
