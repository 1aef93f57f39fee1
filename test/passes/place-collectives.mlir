// RUN: gptc-opt %s --place-collectives --verify-collectives --split-input-file | FileCheck %s
// RUN: gptc-opt %s --place-collectives --split-input-file --remarks-filter=place-collectives 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt %s --place-collectives=small=1 --verify-collectives --split-input-file | FileCheck %s --check-prefix=ALL

// `a` is complete in the middle of the backward, and `e` in the epilogue: each begins there, in the last micro-batch's part, with its
// share of the mean in place; `s` is too small for a cut of its own and goes with the next larger one. The update waits for each
// where it is read, and for nothing else; what clears a gradient stands behind all that read its mean. The new `a` is waited for in the next step's prologue, `e` not before the micro part. One
// rank's update, and the kernels of all, are as they were.
// REMARK-DAG: [Passed] begin | Category:place-collectives | Function=micro | Remark='a_gradient', behind_kernel=2, kernels=3, ranks=2
// REMARK-DAG: [Passed] begin | Category:place-collectives | Function=epilogue | Remark='s_gradient', behind_kernel=1, kernels=1, ranks=2
// REMARK-DAG: [Passed] begin | Category:place-collectives | Function=epilogue | Remark='e_gradient', behind_kernel=1, kernels=1, ranks=2
// CHECK-LABEL: gpt.model @step
// CHECK: %a_gradient = kern.buffer "a_gradient" "gradient"
// CHECK-NEXT: %[[A:.*]] = kern.buffer "a_gradient_mean_of_2" "share" of "a_gradient" {in_place, ranks = 2 : i64, whole = "gradient"} : memref<512x64xf32>
// CHECK: kern.part @prologue
// CHECK-NEXT: kern.await %a : memref<1024x64xf32>
// CHECK-NEXT: kern.rows "derives"
// CHECK: kern.part @micro
// CHECK-NEXT: kern.await %e : memref<1024x64xf32>
// CHECK-NEXT: kern.rows "forward"
// CHECK: kern.rows "backward_a"
// CHECK: }
// CHECK-NEXT: kern.reduce_scatter %a_gradient to %[[A]] {ranks = 2 : i64}
// CHECK-NEXT: kern.rows "backward_s"
// CHECK: kern.part @epilogue
// CHECK-NEXT: kern.rows "finishes_e"
// CHECK: }
// CHECK-DAG: kern.reduce_scatter %e_gradient to %[[E:.*]] {ranks = 2 : i64}
// CHECK-DAG: kern.all_reduce %s_gradient {ranks = 2 : i64}
// CHECK: kern.part @update "update" attributes {ranks = 1
// CHECK-NOT: kern.{{reduce_scatter|all_reduce|all_gather|await}}
// CHECK: kern.part @update_of_2
// CHECK-NEXT: kern.await %a_gradient
// CHECK-NEXT: kern.rows "descends_a"
// CHECK: kern.load %[[A]]
// CHECK: }
// CHECK-NEXT: kern.all_gather %a_of_2 to %a
// CHECK-NEXT: kern.await %e_gradient
// CHECK-NEXT: kern.rows "descends_e"
// CHECK: kern.load %e_gradient_mean_of_2
// CHECK: }
// CHECK-NEXT: kern.all_gather %e_of_2 to %e
// CHECK-NEXT: kern.await %s_gradient
// CHECK-NEXT: kern.rows "descends_s"
// CHECK: kern.rows "clears_e"
// CHECK: kern.rows "clears"
// CHECK-NOT: kern.await

// ALL-LABEL: gpt.model @step
// ALL: kern.rows "backward_s"
// ALL: }
// ALL-NEXT: kern.all_reduce %s_gradient {ranks = 2 : i64}
// ALL: kern.part @epilogue
gpt.model @step {
  %a = kern.buffer "a" "parameter" : memref<1024x64xf32>
  %a_of_2 = kern.buffer "a_of_2" "share" of "a" {ranks = 2 : i64, whole = "parameter"} : memref<512x64xf32>
  %e = kern.buffer "e" "parameter" : memref<1024x64xf32>
  %e_of_2 = kern.buffer "e_of_2" "share" of "e" {ranks = 2 : i64, whole = "parameter"} : memref<512x64xf32>
  %s = kern.buffer "s" "parameter" : memref<1x64xf32>
  %d = kern.buffer "d" "derived" : memref<1024x64xf32>
  %a_gradient = kern.buffer "a_gradient" "gradient" of "a" : memref<1024x64xf32>
  %e_gradient = kern.buffer "e_gradient" "gradient" of "e" : memref<1024x64xf32>
  %s_gradient = kern.buffer "s_gradient" "gradient" of "s" : memref<1x64xf32>
  kern.part @prologue "prologue" attributes {steps = array<i64: 0, 3>} {
    kern.rows "derives" 1024 {
    ^row(%t: index):
      %0 = kern.load %a[%t] : memref<1024x64xf32> -> vector<64xf32>
      kern.store %0, %d[%t] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
    kern.rows "forward" 1024 {
    ^row(%t: index):
      %0 = kern.load %e[%t] : memref<1024x64xf32> -> vector<64xf32>
    }
    kern.rows "backward_a" 1024 {
    ^row(%t: index):
      %0 = kern.load %a[%t] : memref<1024x64xf32> -> vector<64xf32>
      kern.store %0, %a_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "backward_s" 1 {
    ^row(%t: index):
      %0 = kern.load %s[%t] : memref<1x64xf32> -> vector<64xf32>
      kern.store %0, %s_gradient[%t] : vector<64xf32>, memref<1x64xf32>
    }
  }
  kern.part @epilogue "epilogue" attributes {steps = array<i64: 0, 3>} {
    kern.rows "finishes_e" 1024 {
    ^row(%t: index):
      %0 = kern.load %d[%t] : memref<1024x64xf32> -> vector<64xf32>
      kern.store %0, %e_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update "update" attributes {ranks = 1 : i64, steps = array<i64: 0, 3>} {
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    %x = kern.buffer "x" "workspace" : memref<512x64xf32>
    %y = kern.buffer "y" "workspace" : memref<512x64xf32>
    kern.reduce_scatter %a_gradient to %x : memref<1024x64xf32>, memref<512x64xf32>
    kern.await %x : memref<512x64xf32>
    kern.all_reduce %s_gradient : memref<1x64xf32>
    kern.await %s_gradient : memref<1x64xf32>
    kern.reduce_scatter %e_gradient to %y : memref<1024x64xf32>, memref<512x64xf32>
    kern.await %y : memref<512x64xf32>
    kern.rows "clears_e" 1024 {
    ^row(%t: index):
      %0 = arith.constant dense<0.0> : vector<64xf32>
      kern.store %0, %e_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "descends_a" 512 {
    ^row(%t: index):
      %0 = kern.load %x[%t] : memref<512x64xf32> -> vector<64xf32>
      kern.store %0, %a_of_2[%t] : vector<64xf32>, memref<512x64xf32>
    }
    kern.rows "descends_e" 512 {
    ^row(%t: index):
      %0 = kern.load %y[%t] : memref<512x64xf32> -> vector<64xf32>
      kern.store %0, %e_of_2[%t] : vector<64xf32>, memref<512x64xf32>
    }
    kern.all_gather %a_of_2 to %a : memref<512x64xf32>, memref<1024x64xf32>
    kern.await %a : memref<1024x64xf32>
    kern.all_gather %e_of_2 to %e : memref<512x64xf32>, memref<1024x64xf32>
    kern.await %e : memref<1024x64xf32>
    kern.rows "descends_s" 1 {
    ^row(%t: index):
      %0 = kern.load %s_gradient[%t] : memref<1x64xf32> -> vector<64xf32>
      kern.store %0, %s[%t] : vector<64xf32>, memref<1x64xf32>
    }
    kern.rows "clears" 1024 {
    ^row(%t: index):
      %0 = arith.constant dense<0.0> : vector<64xf32>
      kern.store %0, %a_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
    }
  }
}

// -----

// What stays at the update's beginning: `a` is exchanged at even steps alone, `b` is cleared while its mean is still read, `c` is
// changed by the update first, and no micro-batch touches `f`. There the result is waited for.
// REMARK-DAG: [Missed] begin | Category:place-collectives | Function=update_0_of_2 | Remark="'a_gradient' is not exchanged at every step", ranks=2
// REMARK-DAG: [Missed] begin | Category:place-collectives | Function=update_0_of_2 | Remark="'b_gradient' is cleared while its mean is read", ranks=2
// REMARK-DAG: [Missed] begin | Category:place-collectives | Function=update_0_of_2 | Remark="'c_gradient' is changed by the update before it is exchanged", ranks=2
// REMARK-DAG: [Missed] begin | Category:place-collectives | Function=update_0_of_2 | Remark="'f_gradient' is complete before the last micro-batch", ranks=2
// CHECK-LABEL: gpt.model @stays
// CHECK: kern.part @micro
// CHECK-NOT: kern.reduce_scatter
// CHECK: kern.part @update_0_of_2
// CHECK: kern.reduce_scatter %a_gradient
// CHECK: kern.reduce_scatter %b_gradient to %[[B:.*]] :
// CHECK: kern.await %[[B]]
// CHECK: kern.rows "reads_b"
gpt.model @stays {
  %a_gradient = kern.buffer "a_gradient" "gradient" : memref<1024x64xf32>
  %b_gradient = kern.buffer "b_gradient" "gradient" : memref<1024x64xf32>
  %c_gradient = kern.buffer "c_gradient" "gradient" : memref<1024x64xf32>
  %f_gradient = kern.buffer "f_gradient" "gradient" : memref<1024x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
    kern.rows "backward" 1024 {
    ^row(%t: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %b_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %c_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_0_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 0, 2, 2>} {
    %x = kern.buffer "x" "workspace" : memref<512x64xf32>
    %y = kern.buffer "y" "workspace" : memref<512x64xf32>
    kern.reduce_scatter %a_gradient to %x : memref<1024x64xf32>, memref<512x64xf32>
    kern.reduce_scatter %b_gradient to %y : memref<1024x64xf32>, memref<512x64xf32>
    kern.rows "changes" 1024 {
    ^row(%t: index):
      %0 = kern.load %c_gradient[%t] : memref<1024x64xf32> -> vector<64xf32>
      kern.store %0, %b_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %c_gradient[%t] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "reads_b" 512 {
    ^row(%t: index):
      %0 = kern.load %y[%t] : memref<512x64xf32> -> vector<64xf32>
    }
    kern.all_reduce %c_gradient : memref<1024x64xf32>
    kern.all_reduce %f_gradient : memref<1024x64xf32>
  }
  kern.part @update_1_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 1, 1, 3, 3>} {
    %y = kern.buffer "y" "workspace" : memref<512x64xf32>
    kern.reduce_scatter %b_gradient to %y : memref<1024x64xf32>, memref<512x64xf32>
    kern.rows "reads_b" 512 {
    ^row(%t: index):
      %0 = kern.load %y[%t] : memref<512x64xf32> -> vector<64xf32>
    }
    kern.all_reduce %c_gradient : memref<1024x64xf32>
    kern.all_reduce %f_gradient : memref<1024x64xf32>
  }
}
