// gate-attention: where it fires, and each guard alone.

// RUN: gptc-opt %s --gate-attention=target=sm_90a --remarks-filter=gate-attention -o %t 2>&1 | grep Category: | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t
// RUN: gptc-opt %s -o %t.whole
// RUN: gptc-opt %s --gate-attention | diff %t.whole -

// REMARK:      Function=sigmoid | {{.*}}"heads stores its rows times the gate of gate"
// REMARK-NEXT: Function=pairs | {{.*}}"heads stores its rows times the gate of gate"
// REMARK-NEXT: Function=sign | {{.*}}"the factor may be 0 or below"
// REMARK-NEXT: Function=unbounded | {{.*}}"the factor has no bound"
// REMARK-NEXT: Function=columns | {{.*}}"the factor is not the same for all of a head"
// REMARK-NEXT: Function=cores | {{.*}}"it runs without tensor cores"
// REMARK-NEXT: Function=kept | {{.*}}"a row is kept"
// REMARK-NEXT: Function=stands | {{.*}}"what is stored stands otherwise than its product"
// REMARK-NEXT: Function=touched | {{.*}}"another kernel touches what is multiplied"
// REMARK-NEXT: Function=shifted | {{.*}}"what is multiplied is read otherwise than by its rows"
// REMARK-NEXT: Function=twice | {{.*}}"what is multiplied has another use"
// REMARK-NEXT: Function=rows | {{.*}}"the factor is made of more than rows"
// REMARK-NEXT: Function=later | {{.*}}"the factor is not known before"
// REMARK-NEXT: Function=used | {{.*}}"the product's place is used for something else"
// REMARK-NOT:  Function

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<96x256xbf16>
%h = kern.buffer "h" "input" : memref<96x2xbf16>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%out = kern.buffer "out" "output" : memref<96x256xbf16>
%dots = kern.buffer "dots" "output" : memref<96x2xf32>

// A sigmoid: it stands in front, attention multiplies, and who read y divides what it finds. No y is kept.
// CHECK-LABEL: kern.part @sigmoid
// CHECK-NOT:     kern.buffer "y"
// CHECK:         %[[GATES:.*]] = kern.buffer "gate" "workspace" : memref<96x2xf32>
// CHECK:         kern.rows "gate" 96
// CHECK:           %[[G:.*]] = arith.divf
// CHECK-NEXT:      kern.store %[[G]], %[[GATES]][
// CHECK-NEXT:    }
// CHECK-NEXT:    kern.attention "heads" %x, %x, %x documents %docs to %z, %lse window %{{.*}} group 1 gates %[[GATES]] :
// CHECK-NOT:     kern.rows "gate"
// CHECK:         kern.rows "dot"
// CHECK:           %[[X:.*]] = kern.load %x
// CHECK-NEXT:      %[[Z:.*]] = kern.load %z[
// CHECK-NEXT:      %[[OWN:.*]] = kern.load %[[GATES]][
// CHECK-NEXT:      %[[LEAST:.*]] = arith.constant dense<7.88860905E-31>
// CHECK-NEXT:      %[[AT:.*]] = arith.maximumf %[[OWN]], %[[LEAST]]
// CHECK-NEXT:      %[[ONE:.*]] = arith.constant dense<1.0
// CHECK-NEXT:      %[[BY:.*]] = arith.divf %[[ONE]], %[[AT]]
// CHECK-NEXT:      %[[ALL:.*]] = kern.spread %[[BY]] : vector<2xf32> -> vector<256xf32>
// CHECK-NEXT:      %[[Y:.*]] = arith.mulf %[[Z]], %[[ALL]]
// CHECK-NEXT:      arith.mulf %[[X]], %[[Y]]
// CHECK:         kern.rows "use"
kern.part @sigmoid "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Rows of pairs of positions, one factor for all heads, and a row kernel that does more: what it does beside stays.
// CHECK-LABEL: kern.part @pairs
// CHECK:         %[[GATES:.*]] = kern.buffer "gate" "workspace" : memref<96x2xf32>
// CHECK:         kern.rows "gate" 96
// CHECK:           %[[G:.*]] = kern.spread %{{.*}} : vector<1xf32> -> vector<2xf32>
// CHECK-NEXT:      kern.store %[[G]], %[[GATES]][
// CHECK-NEXT:    }
// CHECK:         kern.attention "heads" {{.*}} group 2 gates %{{.*}} : memref<192x128xbf16>, {{.*}}memref<192x1xf32>, memref<192x1xf32>
// CHECK-NEXT:    kern.rows "gate" 96
// CHECK-NOT:       kern.load %y
// CHECK:           kern.store %{{.*}}, %dots[
// CHECK-NEXT:    }
// CHECK:         kern.rows "use"
kern.part @pairs "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  %one_gate = kern.view %h : memref<96x2xbf16> to memref<96x1xbf16, strided<[2, 1]>>
  %xp = kern.view %x : memref<96x256xbf16> to memref<192x128xbf16>
  %yp = kern.view %y : memref<96x256xbf16> to memref<192x128xbf16>
  %lsep = kern.view %lse : memref<96x2xf32> to memref<192x1xf32>
  kern.attention "heads" %xp, %xp, %xp documents %docs to %yp, %lsep window %window scale %scale heads 1 of 128 group 2
    : memref<192x128xbf16>, memref<192x128xbf16>, memref<192x128xbf16>, memref<96xi32>, memref<192x128xbf16>, memref<192x1xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %one_gate[%t] : memref<96x1xbf16, strided<[2, 1]>> -> vector<1xf32>
    %one = arith.constant dense<1.0> : vector<1xf32>
    %2 = math.exp %0 : vector<1xf32>
    %3 = arith.addf %one, %2 : vector<1xf32>
    %g = arith.divf %one, %3 : vector<1xf32>
    %wide = kern.spread %g : vector<1xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
    %5 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    kern.store %5, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Nothing says that what is loaded is above 0.
// CHECK-LABEL: kern.part @sign
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @sign "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %g = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// An exponential may be infinite.
// CHECK-LABEL: kern.part @unbounded
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @unbounded "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %g = math.exp %0 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Four factors for two heads.
// CHECK-LABEL: kern.part @columns
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @columns "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %four = kern.spread %0 : vector<2xf32> -> vector<4xf32>
    %one = arith.constant dense<1.0> : vector<4xf32>
    %2 = math.exp %four : vector<4xf32>
    %3 = arith.addf %one, %2 : vector<4xf32>
    %g = arith.divf %one, %3 : vector<4xf32>
    %wide = kern.spread %g : vector<4xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Heads of 32.
// CHECK-LABEL: kern.part @cores
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse8 window
kern.part @cores "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  %lse8 = kern.buffer "lse8" "workspace" : memref<96x8xf32>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse8 window %window scale %scale heads 8 of 32 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x8xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// What attention makes is a result.
// CHECK-LABEL: kern.part @kept
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @kept "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "output" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// The product stands in a part of a larger buffer.
// CHECK-LABEL: kern.part @stands
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @stands "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %two = kern.buffer "two" "workspace" : memref<96x512xbf16>
  %zs = kern.view %two : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %z = kern.buffer "z" "input" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %zs[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "wide" 96 {
  ^row(%t: index):
    %0 = kern.load %zs[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// A product reads y, too.
// CHECK-LABEL: kern.part @touched
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @touched "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  %square = kern.buffer "square" "output" : memref<96x96xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.contract "product" %y, %x m 96 n 96 k 256 : memref<96x256xbf16>, memref<96x256xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %square[%m] : vector<96xf32>, memref<96x96xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// A row program reads y's row before.
// CHECK-LABEL: kern.part @shifted
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @shifted "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %1 = kern.load %y[%t by -1] : memref<96x256xbf16> -> vector<256xf32>
    %3 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// The row kernel loads y for something else.
// CHECK-LABEL: kern.part @twice
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @twice "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
    %again = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %sum = kern.reduce "add" %again : vector<256xf32> -> vector<2xf32>
    kern.store %sum, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Which row the factor is made of is looked up.
// CHECK-LABEL: kern.part @rows
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @rows "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %i = kern.load_index %docs[%t] : memref<96xi32>
    %0 = kern.load %h[%i] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %2 = math.exp %0 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// The factor is made of log-sum-exps.
// CHECK-LABEL: kern.part @later
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @later "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %lse[%t] : memref<96x2xf32> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %2 = math.exp %0 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// The product's place has held something else.
// CHECK-LABEL: kern.part @used
// CHECK:         kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %{{.*}} group 1 :
kern.part @used "micro" {
  %lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
  %y = kern.buffer "y" "workspace" : memref<96x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<96x256xbf16>
  kern.rows "other" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention "heads" %x, %x, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  kern.rows "gate" 96 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<96x2xbf16> -> vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %1 = arith.negf %0 : vector<2xf32>
    %2 = math.exp %1 : vector<2xf32>
    %3 = arith.addf %one, %2 : vector<2xf32>
    %g = arith.divf %one, %3 : vector<2xf32>
    %wide = kern.spread %g : vector<2xf32> -> vector<256xf32>
    %row = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %z_row = arith.mulf %row, %wide : vector<256xf32>
    kern.store %z_row, %z[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "dot" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %y[%t] : memref<96x256xbf16> -> vector<256xf32>
    %2 = arith.mulf %0, %1 : vector<256xf32>
    %3 = kern.reduce "add" %2 : vector<256xf32> -> vector<2xf32>
    kern.store %3, %dots[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %out[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}
