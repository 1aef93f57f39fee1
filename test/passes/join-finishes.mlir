// RUN: gptc-opt %s --join-finishes | FileCheck %s
// RUN: gptc-opt %s --join-finishes=budget=200 | FileCheck %s --check-prefix=TIGHT
// RUN: gptc-opt %s --join-finishes=budget=256 | FileCheck %s --check-prefix=EXACT
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --join-finishes --remarks-filter=join-finishes 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x64xf32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%g = kern.buffer "g" "gradient" : memref<64xf32>
%h = kern.buffer "h" "gradient" : memref<64xf32>
%loss = kern.buffer "loss" "output" : memref<f64>
%next = kern.buffer "next" "output" : memref<f64>

// Sums of one kind are finished where the last of them was; those of f64 and
// those that are not accumulated by kernels of their own. What reads rows in
// between goes before them.
// CHECK-LABEL: kern.part @two_kinds
// CHECK:         kern.finish "first" %a to %loss : memref<2x1xf32> to memref<f64>
// CHECK-NEXT:    kern.rows "between"
// CHECK:         kern.finish "second+third.m_7" %b, %c to %g, %h accumulate : memref<2x64xf32>, memref<2x64xf32> to memref<64xf32>, memref<64xf32>
// CHECK-NEXT:  }
// TIGHT-LABEL: kern.part @two_kinds
// TIGHT:         kern.finish "second.m_5" %b to %g accumulate
// TIGHT:         kern.rows "between"
// TIGHT:         kern.finish "third.m_7" %c to %h accumulate
// A budget may be used up.
// EXACT-LABEL: kern.part @two_kinds
// EXACT:         kern.finish "second+third.m_7"
// OFF-LABEL: kern.part @two_kinds
// OFF:         kern.finish "first"
// OFF-NEXT:    kern.finish "second.m_5"
// OFF-NEXT:    kern.rows "between"
// REMARK: [Passed] finish | Category:join-finishes | Function=two_kinds | {{.*}}"third.m_7 runs with second.m_5"
kern.part @two_kinds "micro" {
  %a = kern.buffer "a" "workspace" : memref<2x1xf32>
  %b = kern.buffer "b" "workspace" : memref<2x64xf32>
  %c = kern.buffer "c" "workspace" : memref<2x64xf32>
  kern.finish "first" %a to %loss : memref<2x1xf32> to memref<f64>
  kern.finish "second.m_5" %b to %g accumulate : memref<2x64xf32> to memref<64xf32>
  kern.rows "between" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.finish "third.m_7" %c to %h accumulate : memref<2x64xf32> to memref<64xf32>
}

// A kernel reads the first sum, and the second is of what it makes.
// CHECK-LABEL: kern.part @between
// CHECK:         kern.finish "first" %{{.*}} to %{{.*}} : memref<2x64xf32> to
// CHECK:         kern.rows "use"
// CHECK:         kern.finish "second" %{{.*}} to %{{.*}} : memref<2x64xf32> to
// REMARK: [Missed] finish | Category:join-finishes | Function=between | Reason="another kernel has to run between them", Remark="second stays apart from first"
kern.part @between "micro" {
  %a = kern.buffer "a" "workspace" : memref<2x64xf32>
  %s = kern.buffer "s" "workspace" : memref<1x64xf32>
  %b = kern.buffer "b" "workspace" : memref<2x64xf32>
  kern.finish "first" %a to %s : memref<2x64xf32> to memref<1x64xf32>
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.load %s[] : memref<1x64xf32> -> vector<64xf32>
    %d = arith.mulf %v, %m : vector<64xf32>
    kern.partial %d, %b[%t] : vector<64xf32>, memref<2x64xf32>
  }
  kern.finish "second" %b to %g : memref<2x64xf32> to memref<64xf32>
}

// What reads a sum runs behind all of them.
// CHECK-LABEL: kern.part @reader
// CHECK:         kern.finish "first+second" %a, %b to %s, %g :
// CHECK-NEXT:    kern.rows "use"
kern.part @reader "micro" {
  %a = kern.buffer "a" "workspace" : memref<2x64xf32>
  %s = kern.buffer "s" "workspace" : memref<1x64xf32>
  %b = kern.buffer "b" "workspace" : memref<2x64xf32>
  kern.finish "first" %a to %s : memref<2x64xf32> to memref<1x64xf32>
  kern.rows "use" 96 {
  ^row(%t: index):
    %m = kern.load %s[] : memref<1x64xf32> -> vector<64xf32>
    kern.store %m, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.finish "second" %b to %g : memref<2x64xf32> to memref<64xf32>
}

// Both add to one target: one after the other. They may share their partials.
// CHECK-LABEL: kern.part @one_target
// CHECK:         kern.finish "first" %{{.*}} to %g accumulate
// CHECK-NEXT:    kern.finish "second+third" %{{.*}}, %{{.*}} to %g, %h accumulate
// REMARK: [Missed] finish | Category:join-finishes | Function=one_target | Reason="both add to the same elements", Remark="second stays apart from first"
kern.part @one_target "micro" {
  %a = kern.buffer "a" "workspace" : memref<2x64xf32>
  kern.finish "first" %a to %g accumulate : memref<2x64xf32> to memref<64xf32>
  kern.finish "second" %a to %g accumulate : memref<2x64xf32> to memref<64xf32>
  kern.finish "third" %a to %h accumulate : memref<2x64xf32> to memref<64xf32>
}

// TIGHT-LABEL: kern.part @one_target
