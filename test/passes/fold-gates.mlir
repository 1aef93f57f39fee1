// fold-gates: where it fires, and each guard alone.

// RUN: gptc-opt %s --fold-gates=target=sm_90a --remarks-filter=fold-gates -o %t 2>&1 | grep Category: | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t
// RUN: gptc-opt %s -o %t.whole
// RUN: gptc-opt %s --fold-gates | diff %t.whole -

// REMARK:      Function=sigmoid | {{.*}}"heads has the gate in its weights: gate stores no gradient times it"
// REMARK-NEXT: Function=pairs | {{.*}}"heads has the gate in its weights: gate stores no gradient times it"
// REMARK-NEXT: Function=sign | {{.*}}"the factor may be 0 or below"
// REMARK-NEXT: Function=columns | {{.*}}"the factor is not the same for all of a head"
// REMARK-NEXT: Function=elsewhere | {{.*}}"δ is made elsewhere"
// REMARK-NEXT: Function=other | {{.*}}"δ is no sum of what is multiplied"
// REMARK-NEXT: Function=overwritten | {{.*}}"what is read instead is overwritten before"
// REMARK-NEXT: Function=stands | {{.*}}"what is multiplied stands otherwise than the product"
// REMARK-NOT:  Function

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<96x256xbf16>
%y = kern.buffer "y" "input" : memref<96x256xbf16>
%dz = kern.buffer "dz" "input" : memref<96x256xbf16>
%gates = kern.buffer "gates" "input" : memref<96x2xbf16>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%dq = kern.buffer "dq" "output" : memref<96x256xbf16>
%dk = kern.buffer "dk" "output" : memref<96x256xbf16>
%dv = kern.buffer "dv" "output" : memref<96x256xbf16>

// A sigmoid: ln of 1/(1 + e^-x) is 0 less ln (1 + e^-x). The sum dz·y is there; dy is not stored.
// CHECK-LABEL: kern.part @sigmoid
// CHECK:         kern.buffer "lse"
// CHECK-NOT:     kern.buffer "dy"
// CHECK:         %[[LSE:.*]] = kern.buffer "lse" "workspace" : memref<96x2xf32>
// CHECK:         kern.rows "gate"
// CHECK:           %[[ONE:.*]] = arith.constant dense<1.0
// CHECK:           %[[D:.*]] = arith.addf %[[ONE]], %{{.*}} : vector<2xf32>
// CHECK:           %[[DOT:.*]] = kern.reduce "add"
// CHECK:           kern.store {{.*}}%dg
// CHECK-NEXT:      %[[ZERO:.*]] = arith.constant dense<0.0
// CHECK-NEXT:      %[[LN:.*]] = math.log %[[D]]
// CHECK-NEXT:      %[[LNG:.*]] = arith.subf %[[ZERO]], %[[LN]]
// CHECK-NEXT:      %[[OLD:.*]] = kern.load
// CHECK-NEXT:      %[[NEW:.*]] = arith.subf %[[OLD]], %[[LNG]]
// CHECK-NEXT:      kern.store %[[NEW]], %[[LSE]][
// CHECK-NEXT:      kern.store %[[DOT]], %delta[
// CHECK-NEXT:    }
// CHECK-NEXT:    kern.attention_backward "heads" %dz, %x, %x, %x, %[[LSE]], %delta documents
kern.part @sigmoid "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  %dg = kern.buffer "dg" "workspace" : memref<96x2xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %4 = arith.negf %3 : vector<2xf32>
    %5 = math.exp %4 : vector<2xf32>
    %6 = arith.addf %one, %5 : vector<2xf32>
    %7 = arith.divf %one, %6 : vector<2xf32>
    %8 = kern.spread %7 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %10 = arith.mulf %2, %1 : vector<256xf32>
    %11 = kern.reduce "add" %10 : vector<256xf32> -> vector<2xf32>
    kern.store %11, %dg[%t] : vector<2xf32>, memref<96x2xf32>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// One factor for all heads, a constant times an exponential, rows of pairs of positions: all is seen by the program as rows, by attention
// as positions. No sum is there.
// CHECK-LABEL: kern.part @pairs
// CHECK:         %[[LSE:.*]] = kern.buffer "lse" "workspace" : memref<96x2xf32>
// CHECK:         kern.rows "gate"
// CHECK:           %[[G:.*]] = kern.load %{{.*}} -> vector<1xf32>
// CHECK:           %[[LN2:.*]] = arith.constant dense<0.693147{{.*}}> : vector<1xf32>
// CHECK-NEXT:      %[[LN:.*]] = arith.addf %[[G]], %[[LN2]]
// CHECK-NEXT:      %[[ALL:.*]] = kern.spread %[[LN]] : vector<1xf32> -> vector<2xf32>
// CHECK-NEXT:      %[[OLD:.*]] = kern.load %{{.*}} : memref<96x2xf32>
// CHECK-NEXT:      %[[NEW:.*]] = arith.subf %[[OLD]], %[[ALL]]
// CHECK-NEXT:      kern.store %[[NEW]], %[[LSE]][
// CHECK-NEXT:      %[[T:.*]] = arith.mulf
// CHECK-NEXT:      %[[S:.*]] = kern.reduce "add" %[[T]] : vector<256xf32> -> vector<2xf32>
// CHECK-NEXT:      kern.store %[[S]], %delta[
// CHECK-NEXT:    }
// CHECK:         kern.attention_backward "heads" %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} documents {{.*}} group 2 : memref<192x128xbf16>
kern.part @pairs "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<192x1xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  %dyp = kern.view %dy : memref<96x256xbf16> to memref<192x128xbf16>
  %xp = kern.view %x : memref<96x256xbf16> to memref<192x128xbf16>
  %deltap = kern.view %delta : memref<96x2xf32> to memref<192x1xf32>
  %dqp = kern.view %dq : memref<96x256xbf16> to memref<192x128xbf16>
  %dkp = kern.view %dk : memref<96x256xbf16> to memref<192x128xbf16>
  %dvp = kern.view %dv : memref<96x256xbf16> to memref<192x128xbf16>
  %one_gate = kern.view %gates : memref<96x2xbf16> to memref<96x1xbf16, strided<[2, 1]>>
  kern.attention "forward" %xp, %xp, %xp documents %docs to %dqp, %forward window %window scale %scale heads 1 of 128 group 2
    : memref<192x128xbf16>, memref<192x128xbf16>, memref<192x128xbf16>, memref<96xi32>, memref<192x128xbf16>, memref<192x1xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %one_gate[%t] : memref<96x1xbf16, strided<[2, 1]>> -> vector<1xf32>
    %two = arith.constant dense<2.0> : vector<1xf32>
    %4 = math.exp %3 : vector<1xf32>
    %5 = arith.mulf %4, %two : vector<1xf32>
    %8 = kern.spread %5 : vector<1xf32> -> vector<256xf32>
    %9 = arith.mulf %8, %1 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %2, %9 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dyp, %xp, %xp, %xp, %forward, %deltap documents %docs to %dqp, %dkp, %dvp window %window scale %scale heads 1 of 128 group 2
    : memref<192x128xbf16>, memref<192x128xbf16>, memref<192x128xbf16>, memref<192x128xbf16>, memref<192x1xf32>, memref<192x1xf32>, memref<96xi32>, memref<192x128xbf16>, memref<192x128xbf16>, memref<192x128xbf16>
}

// Nothing says that what is loaded is above 0.
// CHECK-LABEL: kern.part @sign
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @sign "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %8 = kern.spread %3 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// Four factors for two heads.
// CHECK-LABEL: kern.part @columns
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @columns "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  %four = kern.view %x : memref<96x256xbf16> to memref<96x4xbf16, strided<[256, 1]>>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %four[%t] : memref<96x4xbf16, strided<[256, 1]>> -> vector<4xf32>
    %4 = math.exp %3 : vector<4xf32>
    %8 = kern.spread %4 : vector<4xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// δ has a kernel of its own, which reads dy.
// CHECK-LABEL: kern.part @elsewhere
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @elsewhere "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %4 = math.exp %3 : vector<2xf32>
    %8 = kern.spread %4 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "delta" 96 {
  ^row(%t: index):
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = arith.mulf %1, %2 : vector<256xf32>
    %4 = kern.reduce "add" %3 : vector<256xf32> -> vector<2xf32>
    kern.store %4, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// δ is a sum of something else.
// CHECK-LABEL: kern.part @other
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @other "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %4 = math.exp %3 : vector<2xf32>
    %8 = kern.spread %4 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %1, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// dz is no more when attention runs.
// CHECK-LABEL: kern.part @overwritten
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @overwritten "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  %own = kern.buffer "own" "workspace" : memref<96x256xbf16>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %own[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %4 = math.exp %3 : vector<2xf32>
    %8 = kern.spread %4 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "over" 96 {
  ^row(%t: index):
    %1 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %1, %own[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// dz is f32.
// CHECK-LABEL: kern.part @stands
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @stands "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  %own = kern.buffer "own" "workspace" : memref<96x256xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %own[%t] : memref<96x256xf32> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %4 = math.exp %3 : vector<2xf32>
    %8 = kern.spread %4 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// Another kernel reads dy, so it is stored: nothing is said, for nothing would be saved.
// CHECK-LABEL: kern.part @read
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @read "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %4 = math.exp %3 : vector<2xf32>
    %8 = kern.spread %4 : vector<2xf32> -> vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %1 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %1, %dv[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}

// dy is no product.
// CHECK-LABEL: kern.part @sum
// CHECK:         kern.attention_backward "heads" %dy,
kern.part @sum "micro" {
  %forward = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %dy = kern.buffer "dy" "workspace" : memref<96x256xbf16>
  %delta = kern.buffer "delta" "workspace" : memref<96x2xf32>
  kern.attention "forward" %x, %x, %x documents %docs to %dq, %forward window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %1 = kern.load %dz[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.load %gates[%t] : memref<96x2xbf16> -> vector<2xf32>
    %4 = math.exp %3 : vector<2xf32>
    %80 = kern.spread %4 : vector<2xf32> -> vector<256xf32>
    %8 = arith.negf %80 : vector<256xf32>
    %9 = arith.mulf %1, %8 : vector<256xf32>
    kern.store %9, %dy[%t] : vector<256xf32>, memref<96x256xbf16>
    %12 = arith.mulf %9, %2 : vector<256xf32>
    %13 = kern.reduce "add" %12 : vector<256xf32> -> vector<2xf32>
    kern.store %13, %delta[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.attention_backward "heads" %dy, %x, %x, %x, %forward, %delta documents %docs to %dq, %dk, %dv window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>
}
