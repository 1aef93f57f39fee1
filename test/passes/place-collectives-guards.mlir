// Which collectives begin earlier, and beside which kernels; each model has a reason or two.
// RUN: gptc-opt %s --place-collectives --split-input-file | FileCheck %s
// RUN: gptc-opt %s --place-collectives --split-input-file --remarks-filter=place-collectives -o /dev/null 2>&1 | grep Missed | FileCheck %s --check-prefix=REMARK --implicit-check-not=Missed
// RUN: gptc-opt %s --place-collectives=small=256 --split-input-file | FileCheck %s --check-prefix=EXACT

// A gradient of 256 bytes is not smaller than that, and begins on its own.
// EXACT-LABEL: gpt.model @worlds
// EXACT: kern.rows "early" 1 {
// EXACT: }
// EXACT-NEXT: kern.all_reduce %t {ranks = 2
// In each number of ranks what one kernel completes, and what is complete before, begin behind it in the order of the update;
// a view is no kernel.
// CHECK-LABEL: gpt.model @worlds
// CHECK: kern.rows "both" 1 {
// CHECK: }
// CHECK-NEXT: kern.all_reduce %a {ranks = 2 : i64}
// CHECK-NEXT: kern.all_reduce %s {ranks = 2 : i64}
// CHECK-NEXT: kern.all_reduce %t {ranks = 2 : i64}
// CHECK-NEXT: kern.all_reduce %a {ranks = 4 : i64}
// CHECK-NEXT: kern.all_reduce %s {ranks = 4 : i64}
// CHECK-NEXT: kern.all_reduce %t {ranks = 4 : i64}
// CHECK-NEXT: kern.view
// CHECK-NEXT: kern.rows "rest"
gpt.model @worlds {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  %s = kern.buffer "s" "gradient" : memref<1x64xf32>
  %t = kern.buffer "t" "gradient" : memref<1x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
    kern.rows "early" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %t[%row] : vector<64xf32>, memref<1x64xf32>
    }
    kern.rows "both" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %s[%row] : vector<64xf32>, memref<1x64xf32>
    }
    %view = kern.view %a : memref<1024x64xf32> to memref<512x64xf32, strided<[64, 1]>>
    kern.rows "rest" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    kern.all_reduce %a : memref<1024x64xf32>
    kern.all_reduce %s : memref<1x64xf32>
    kern.all_reduce %t : memref<1x64xf32>
  }
  kern.part @update_of_4 "update" attributes {ranks = 4 : i64, steps = array<i64: 0, 3>} {
    kern.all_reduce %a : memref<1024x64xf32>
    kern.all_reduce %s : memref<1x64xf32>
    kern.all_reduce %t : memref<1x64xf32>
  }
}

// -----

// What an epilogue does not touch is there at its beginning; what is small begins with the first larger one that is complete then in
// every part.
// CHECK-LABEL: gpt.model @epilogues
// CHECK: kern.part @epilogue_0
// CHECK: kern.rows "b0"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %b
// CHECK-NEXT: kern.all_reduce %s
// CHECK: kern.rows "a0"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %a
// CHECK-NEXT: kern.all_reduce %c
// CHECK-NEXT: kern.await %d
// CHECK-NEXT: kern.rows "d0"
// CHECK: kern.part @epilogue_1
// CHECK-DAG: kern.all_reduce %b
// CHECK-DAG: kern.all_reduce %s
// CHECK: kern.rows "a1"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %a
// CHECK-NEXT: kern.all_reduce %c
// CHECK-NEXT: kern.await %d
// CHECK-NEXT: kern.rows "d1"
gpt.model @epilogues {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  %b = kern.buffer "b" "gradient" : memref<1024x64xf32>
  %d = kern.buffer "d" "gradient" : memref<1024x64xf32>
  %s = kern.buffer "s" "gradient" : memref<1x64xf32>
  %c = kern.buffer "c" "gradient" : memref<1x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "forward" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
  }
  kern.part @epilogue_0 "epilogue" attributes {steps = array<i64: 0, 0>} {
    kern.rows "s0" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %s[%row] : vector<64xf32>, memref<1x64xf32>
    }
    kern.rows "b0" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %b[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "a0" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "d0" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %d[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @epilogue_1 "epilogue" attributes {steps = array<i64: 1, 1>} {
    kern.rows "c1" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %c[%row] : vector<64xf32>, memref<1x64xf32>
    }
    kern.rows "a1" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "d1" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %d[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 1>} {
    kern.all_reduce %a : memref<1024x64xf32>
    kern.all_reduce %b : memref<1024x64xf32>
    kern.all_reduce %d : memref<1024x64xf32>
    kern.all_reduce %s : memref<1x64xf32>
    kern.all_reduce %c : memref<1x64xf32>
  }
}

// -----

// An epilogue that some steps have completes it, and others have none.
// CHECK-LABEL: gpt.model @some_epilogue
// CHECK: kern.part @update_of_2
// CHECK-NEXT: kern.all_reduce %a
// REMARK: {{.*}}Missed{{.*}}Function=update_of_2 | Remark="'a' is complete before the last micro-batch", ranks=2
gpt.model @some_epilogue {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "backward" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @epilogue "epilogue" attributes {steps = array<i64: 0, 0>} {
    kern.rows "finishes" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 1>} {
    kern.all_reduce %a : memref<1024x64xf32>
  }
}

// -----

// What the micro part completes is there in the epilogue, and not the other way around.
// CHECK-LABEL: gpt.model @both
// CHECK: kern.part @micro
// CHECK: kern.rows "backward_a"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %a
// CHECK-NEXT: kern.rows "rest"
// CHECK: kern.part @epilogue
// CHECK: kern.rows "finishes_e"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %e
// CHECK-NEXT: kern.all_reduce %t
// CHECK-NEXT: kern.await %s
// CHECK-NEXT: kern.rows "finishes_s"
// CHECK: kern.part @update_of_2
// CHECK-NEXT: kern.all_reduce %s
gpt.model @both {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  %e = kern.buffer "e" "gradient" : memref<1024x64xf32>
  %s = kern.buffer "s" "gradient" : memref<1x64xf32>
  %t = kern.buffer "t" "gradient" : memref<1x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "backward_a" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "rest" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
    kern.rows "more" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
    kern.rows "backward_t" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %t[%row] : vector<64xf32>, memref<1x64xf32>
    }
  }
  kern.part @epilogue "epilogue" attributes {steps = array<i64: 0, 1>} {
    kern.rows "finishes_e" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %e[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "finishes_s" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %s[%row] : vector<64xf32>, memref<1x64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 1>} {
    kern.all_reduce %a : memref<1024x64xf32>
    kern.all_reduce %e : memref<1024x64xf32>
    kern.all_reduce %s : memref<1x64xf32>
    kern.all_reduce %t : memref<1x64xf32>
  }
}

// -----

// Steps that have no part in common are apart, also where a step has no micro-batch, or no update.
// CHECK-LABEL: gpt.model @apart
// CHECK: kern.rows "backward_a"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %a
// CHECK: kern.rows "backward_b"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %b
gpt.model @apart {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  %b = kern.buffer "b" "gradient" : memref<1024x64xf32>
  kern.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "backward_a" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @micro_1 "micro" attributes {steps = array<i64: 3, 4>} {
    kern.rows "backward_b" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %b[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_0_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 1, 2>} {
    kern.all_reduce %a : memref<1024x64xf32>
  }
  kern.part @update_1_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 4, 5>} {
    kern.all_reduce %b : memref<1024x64xf32>
  }
}

// -----

// Steps that have an epilogue in common belong together.
// CHECK-LABEL: gpt.model @shared_epilogue
// CHECK: kern.rows "finishes"
// CHECK: }
// CHECK-NEXT: kern.all_reduce %a
// CHECK-NOT: kern.all_reduce
gpt.model @shared_epilogue {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  kern.part @micro_0 "micro" attributes {steps = array<i64: 0, 0>} {
    kern.rows "zero" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
  }
  kern.part @micro_1 "micro" attributes {steps = array<i64: 1, 1>} {
    kern.rows "one" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
  }
  kern.part @epilogue "epilogue" attributes {steps = array<i64: 0, 1>} {
    kern.rows "finishes" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_0_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 0>} {
    kern.all_reduce %a : memref<1024x64xf32>
  }
  kern.part @update_1_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 1, 1>} {
    kern.all_reduce %a : memref<1024x64xf32>
  }
}

// -----

// `q` is changed before the exchange, and after; the mean of `k` is kept, that of `h` is stored in other elements. Those of `u`,
// which nothing clears, and of `v`, which nothing reads, stand in place; a view of `w` changes nothing. What the update itself
// computes, and what it gathers, is no gradient.
// CHECK-LABEL: gpt.model @means
// CHECK: kern.part @micro
// CHECK: }
// CHECK-DAG: kern.reduce_scatter %u to
// CHECK-DAG: kern.reduce_scatter %v to
// CHECK-DAG: kern.all_reduce %w
// CHECK-NOT: kern.{{reduce_scatter|all_reduce}}
// CHECK: kern.part @update_of_2
// CHECK: kern.reduce_scatter %k to %kept
// REMARK: {{.*}}Missed{{.*}}Function=update_of_2 | Remark="'q' is changed by the update before it is exchanged", ranks=2
// REMARK: {{.*}}Missed{{.*}}Function=update_of_2 | Remark="'k' is cleared while its mean is read", ranks=2
// REMARK: {{.*}}Missed{{.*}}Function=update_of_2 | Remark="'h' is cleared while its mean is read", ranks=2
gpt.model @means {
  %q = kern.buffer "q" "gradient" : memref<1024x64xf32>
  %k = kern.buffer "k" "gradient" : memref<1024x64xf32>
  %h = kern.buffer "h" "gradient" : memref<1024x64xf32>
  %u = kern.buffer "u" "gradient" : memref<1024x64xf32>
  %v = kern.buffer "v" "gradient" : memref<1024x64xf32>
  %w = kern.buffer "w" "gradient" : memref<1024x64xf32>
  %p = kern.buffer "p" "parameter" : memref<1024x64xf32>
  %p_of_2 = kern.buffer "p_of_2" "share" of "p" {ranks = 2 : i64, whole = "parameter"} : memref<512x64xf32>
  %kept = kern.buffer "kept" "derived" : memref<512x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "backward" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %q[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %k[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %h[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %u[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %v[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %w[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 1>} {
    %mh = kern.buffer "mh" "workspace" : memref<512x64xbf16>
    %mu = kern.buffer "mu" "workspace" : memref<512x64xf32>
    %mv = kern.buffer "mv" "workspace" : memref<512x64xf32>
    %norm = kern.buffer "norm" "workspace" : memref<1x64xf32>
    %view = kern.view %w : memref<1024x64xf32> to memref<512x64xf32, strided<[64, 1]>>
    kern.rows "changes" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %q[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.all_reduce %q : memref<1024x64xf32>
    kern.reduce_scatter %k to %kept : memref<1024x64xf32>, memref<512x64xf32>
    kern.reduce_scatter %h to %mh : memref<1024x64xf32>, memref<512x64xbf16>
    kern.reduce_scatter %u to %mu : memref<1024x64xf32>, memref<512x64xf32>
    kern.reduce_scatter %v to %mv : memref<1024x64xf32>, memref<512x64xf32>
    kern.all_reduce %w : memref<1024x64xf32>
    kern.rows "reads_k" 1 {
    ^row(%row: index):
      %0 = kern.load %kept[%row] : memref<512x64xf32> -> vector<64xf32>
    }
    kern.rows "reads_h" 1 {
    ^row(%row: index):
      %0 = kern.load %mh[%row] : memref<512x64xbf16> -> vector<64xf32>
    }
    kern.rows "reads_u" 1 {
    ^row(%row: index):
      %0 = kern.load %mu[%row] : memref<512x64xf32> -> vector<64xf32>
    }
    kern.rows "norms" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %norm[%row] : vector<64xf32>, memref<1x64xf32>
    }
    kern.all_reduce %norm : memref<1x64xf32>
    kern.rows "clears" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %q[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %k[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %h[%row] : vector<64xf32>, memref<1024x64xf32>
      kern.store %0, %v[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.all_gather %p_of_2 to %p : memref<512x64xf32>, memref<1024x64xf32>
  }
}

// -----

// Gathers begin behind the kernel that completes their parameter, in their order. A part may begin with one.
// CHECK-LABEL: gpt.model @gathers
// CHECK: kern.part @update_of_2
// CHECK-NEXT: kern.all_gather %p_of_2 to %p
// CHECK: kern.rows "descends_e"
// CHECK: kern.rows "descends_a"
// CHECK: }
// CHECK-NEXT: kern.all_gather %a_of_2 to %a
// CHECK-NEXT: kern.all_gather %e_of_2 to %e
// CHECK-NEXT: kern.view
// CHECK-NEXT: kern.rows "rest"
gpt.model @gathers {
  %p = kern.buffer "p" "parameter" : memref<1024x64xf32>
  %p_of_2 = kern.buffer "p_of_2" "share" of "p" {ranks = 2 : i64, whole = "parameter"} : memref<512x64xf32>
  %a = kern.buffer "a" "parameter" : memref<1024x64xf32>
  %a_of_2 = kern.buffer "a_of_2" "share" of "a" {ranks = 2 : i64, whole = "parameter"} : memref<512x64xf32>
  %e = kern.buffer "e" "parameter" : memref<1024x64xf32>
  %e_of_2 = kern.buffer "e_of_2" "share" of "e" {ranks = 2 : i64, whole = "parameter"} : memref<512x64xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "forward" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 1>} {
    kern.all_gather %p_of_2 to %p : memref<512x64xf32>, memref<1024x64xf32>
    kern.rows "descends_e" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %e_of_2[%row] : vector<64xf32>, memref<512x64xf32>
      kern.store %0, %e[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "descends_a" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a_of_2[%row] : vector<64xf32>, memref<512x64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    %view = kern.view %a : memref<1024x64xf32> to memref<512x64xf32, strided<[64, 1]>>
    kern.rows "rest" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
    }
    kern.all_gather %a_of_2 to %a : memref<512x64xf32>, memref<1024x64xf32>
    kern.all_gather %e_of_2 to %e : memref<512x64xf32>, memref<1024x64xf32>
  }
}

// -----

// An update of several ranks clears a gradient as late as what touches it next allows, and nothing else moves; other parts, and one
// rank's update, stay as they are.
// CHECK-LABEL: gpt.model @clears
// CHECK: kern.part @init_of_2
// CHECK: kern.rows "clears"
// CHECK: kern.rows "other"
// CHECK: kern.part @update 
// CHECK: kern.rows "clears"
// CHECK: kern.rows "other"
// CHECK: kern.part @update_of_2
// CHECK: kern.rows "sets"
// CHECK: kern.rows "other"
// CHECK: kern.rows "clears"
// CHECK: kern.rows "adds"
// CHECK: kern.rows "last"
gpt.model @clears {
  %a = kern.buffer "a" "gradient" : memref<1024x64xf32>
  %o = kern.buffer "o" "output" : memref<1024x64xf32>
  kern.part @init_of_2 "init" attributes {ranks = 2 : i64, steps = array<i64: 0, 0>} {
    kern.rows "clears" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "other" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %o[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.rows "backward" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update "update" attributes {ranks = 1 : i64, steps = array<i64: 0, 1>} {
    kern.rows "clears" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "other" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %o[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 1>} {
    kern.rows "clears" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "sets" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %o[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "other" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %o[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "adds" 1 {
    ^row(%row: index):
      %0 = kern.load %a[%row] : memref<1024x64xf32> -> vector<64xf32>
      kern.store %0, %a[%row] : vector<64xf32>, memref<1024x64xf32>
    }
    kern.rows "last" 1 {
    ^row(%row: index):
      %0 = arith.constant dense<1.0> : vector<64xf32>
      kern.store %0, %o[%row] : vector<64xf32>, memref<1024x64xf32>
    }
  }
}
