// RUN: gptc-opt %s --shard --split-input-file | FileCheck %s
// RUN: gptc-opt %s --shard --split-input-file --remarks-filter=shard 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt %s --shard --verify-step --flatten-stacks --lower-to-kernels --legalize-storage --plan-memory --split-input-file | FileCheck %s --check-prefix=KERN

// Rows: a parameter of 1024 elements that its optimizer takes every second step. One rank's parts are as they were. A rank of
// two gets its rows of the mean, and updates them with its rows of the state; a smaller parameter and the mark of a loss that
// was not finite are averaged, in the order of the states. The norm is that of the shares, summed over the ranks once, and of
// what every rank has. A gradient of a derived value is no parameter's, one that is only cleared is not read; the micro part
// knows of no ranks.
// REMARK-DAG: [Passed] share | Category:shard | Function=w | units=64
// REMARK-DAG: [Passed] exchange | Category:shard | Function=update_0_0_of_2 | all_gathers=0, all_reduces=3, bytes=4120, reduce_scatters=1
// REMARK-DAG: [Passed] exchange | Category:shard | Function=update_0_1_of_2 | all_gathers=1, all_reduces=0, bytes=8192, reduce_scatters=1
// CHECK-LABEL: gpt.model @rows
// CHECK: %w_of_2 = gpt.state "share" of "w" {ranks = 2 : i64, whole = "parameter"} -> [32, 16] f32
// CHECK: %w_m = gpt.state "optimizer" of "w" {ranks = 1 : i64} -> [64, 16] f32
// CHECK: %w_m_of_2 = gpt.state "share" of "w_m" {ranks = 2 : i64, whole = "optimizer"} -> [32, 16] f32
// CHECK-NEXT: %b = gpt.param
// CHECK-NEXT: %b_m = gpt.state "optimizer" of "b" -> [4] f32
// CHECK-NEXT: %w_gradient = gpt.state "gradient" of "w" -> [64, 16] f32
// CHECK-NEXT: %w_gradient_of_2 = gpt.state "share" of "w_gradient" {ranks = 2 : i64, whole = "gradient"} -> [32, 16] f32
// CHECK: gpt.part @micro_0 "micro" attributes {steps
// CHECK-NOT: gpt.reduce_scatter
// CHECK: gpt.part @update_0_0 "update" attributes {ranks = 1 : i64, steps
// CHECK-NOT: gpt.{{reduce_scatter|all_reduce|sum_ranks|all_gather}}
// CHECK: gpt.part @update_0_0_of_2 "update" attributes {ranks = 2 : i64, steps
// CHECK-NEXT: %[[MEAN:.*]] = gpt.reduce_scatter %w_gradient : [64, 16] f32 -> [32, 16] f32
// CHECK-NEXT: %[[SUM:.*]] = gpt.add %w_gradient_of_2, %[[MEAN]]
// CHECK-NEXT: gpt.all_reduce %b_gradient : [4] f32
// CHECK-NEXT: gpt.all_reduce %nonfinite : [] f32
// CHECK-NEXT: %[[OWN:.*]] = gpt.dot %[[SUM]], %[[SUM]]
// CHECK-NEXT: %[[REST:.*]] = gpt.dot %b_gradient, %b_gradient
// CHECK-NEXT: %[[ALL:.*]] = gpt.sum_ranks %[[OWN]]
// CHECK-NEXT: %[[SQUARES:.*]] = gpt.add %[[REST]], %[[ALL]]
// CHECK-NEXT: %[[NORM:.*]] = gpt.sqrt %[[SQUARES]]
// CHECK-NEXT: gpt.update %norm with %[[NORM]]
// CHECK: gpt.update %nonfinite with
// What waits is kept by shares, and each rank begins anew.
// CHECK-NEXT: gpt.update %w_gradient_of_2 with %[[SUM]]
// CHECK-NEXT: %[[NONE:.*]] = gpt.fill 0
// CHECK-NEXT: gpt.update %w_gradient with %[[NONE]]
// CHECK-NEXT: }
// CHECK: gpt.part @update_0_1 "update" attributes {ranks = 1 : i64, steps
// CHECK: gpt.part @update_0_1_of_2 "update" attributes {ranks = 2 : i64, steps
// CHECK-NEXT: %[[MEAN:.*]] = gpt.reduce_scatter %w_gradient
// CHECK-NEXT: %[[G:.*]] = gpt.add %w_gradient_of_2, %[[MEAN]]
// CHECK-NEXT: %[[M:.*]] = gpt.add %w_m_of_2, %[[G]] : [32, 16] f32, [32, 16] f32 -> [32, 16] f32
// CHECK-NEXT: %[[P:.*]] = gpt.sub %w_of_2, %[[M]]
// CHECK-NEXT: gpt.update %w_of_2 with %[[P]] : [32, 16] f32, [32, 16] f32
// CHECK-NEXT: gpt.all_gather %w from %w_of_2 : [64, 16] f32, [32, 16] f32
// CHECK-NEXT: gpt.update %w_m_of_2 with %[[M]]
// CHECK: gpt.update %w_gradient with
// CHECK: gpt.update %w_gradient_of_2 with
// CHECK-NEXT: gpt.fill
// CHECK-NEXT: gpt.update %b_gradient with
// CHECK: gpt.part @init "init" attributes {ranks = 1 : i64}
// CHECK: gpt.part @init_of_2 "init" attributes {ranks = 2 : i64}
// CHECK: gpt.update %w with %[[ZERO:.*]] : [64, 16] f32, [64, 16] f32
// CHECK-NOT: gpt.update %w_of_2
// CHECK: gpt.update %w_m_of_2 with %{{.*}} : [32, 16] f32, [32, 16] f32
// CHECK: gpt.update %w_gradient with %[[ZERO]]
// CHECK: gpt.update %w_gradient_of_2 with

// Collectives stand between kernels; shares of one number of ranks begin where those of another do.
// KERN-LABEL: gpt.model @rows
// KERN-SAME: persistent_bytes = [[ONE:[0-9]+]]
// KERN-DAG: kern.buffer "w_m" "optimizer" of "w" at [[AT:[0-9]+]] {ranks = 1 : i64}
// KERN-DAG: kern.buffer "w_of_2" "share" of "w" at [[AT]] {ranks = 2 : i64, whole = "parameter"}
// KERN-DAG: kern.buffer "w_m_of_2" "share" of "w_m" at [[AT]] {ranks = 2 : i64, whole = "optimizer"}
// KERN-LABEL: kern.part @update_0_0_of_2
// KERN-SAME: ranks = 2 : i64
// KERN-DAG: kern.reduce_scatter %w_gradient to %[[X:[a-z_0-9]+]] : memref<64x16xf32>, memref<32x16xf32>
// KERN-DAG: kern.all_reduce %b_gradient : memref<4xf32>
// KERN-DAG: kern.all_reduce %{{.*}} sum : memref<f32>
// The new parameter is written in its place.
// KERN-LABEL: kern.part @update_0_1_of_2
// KERN: kern.rows "sub
// KERN: kern.store %{{.*}}, %w_of_2[
// KERN: kern.all_gather %w_of_2 to %w : memref<32x16xf32>, memref<64x16xf32>
gpt.model @rows {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) states(%m) {
    gpt.return %p, %m
  }
  %w = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %w_m = gpt.state "optimizer" of "w" -> [64, 16] f32
  %b = gpt.param [4] f32 init 0 by %sgd -> [4] f32
  %b_m = gpt.state "optimizer" of "b" -> [4] f32
  %w_gradient = gpt.state "gradient" of "w" -> [64, 16] f32
  %b_gradient = gpt.state "gradient" of "b" -> [4] f32
  %d_gradient = gpt.state "gradient" -> [64, 16] f32
  %norm = gpt.state "output" -> [] f64
  %nonfinite = gpt.state "output" -> [] f32
  gpt.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>} {
    %one = gpt.fill 1 -> [64, 16] f32
    gpt.accumulate %w_gradient += %one : [64, 16] f32, [64, 16] f32
  }
  gpt.part @update_0_0 "update" attributes {steps = array<i64: 0, 0>} {
    %x = gpt.dot %w_gradient, %w_gradient : [64, 16] f32, [64, 16] f32 -> [] f32
    %y = gpt.dot %b_gradient, %b_gradient : [4] f32, [4] f32 -> [] f32
    %z = gpt.add %x, %y : [] f32, [] f32 -> [] f32
    %n = gpt.sqrt %z : [] f32 -> [] f32
    gpt.update %norm with %n : [] f64, [] f32
    %k = gpt.if_finite %n then %nonfinite else %n : [] f32, [] f32, [] f32 -> [] f32
    gpt.update %nonfinite with %k : [] f32, [] f32
  }
  gpt.part @update_0_1 "update" attributes {steps = array<i64: 1, 1>} {
    %mn = gpt.add %w_m, %w_gradient : [64, 16] f32, [64, 16] f32 -> [64, 16] f32
    %pn = gpt.sub %w, %mn : [64, 16] f32, [64, 16] f32 -> [64, 16] f32
    gpt.update %w with %pn : [64, 16] f32, [64, 16] f32
    gpt.update %w_m with %mn : [64, 16] f32, [64, 16] f32
    %zero = gpt.fill 0 -> [64, 16] f32
    gpt.update %w_gradient with %zero : [64, 16] f32, [64, 16] f32
    %none = gpt.fill 0 -> [4] f32
    gpt.update %b_gradient with %none : [4] f32, [4] f32
  }
  gpt.part @init "init" {
    %zero = gpt.fill 0 -> [64, 16] f32
    gpt.update %w with %zero : [64, 16] f32, [64, 16] f32
    gpt.update %w_m with %zero : [64, 16] f32, [64, 16] f32
    gpt.update %w_gradient with %zero : [64, 16] f32, [64, 16] f32
  }
}

// -----
// A stack of five matrices: ranks own whole ones, three each of two, two each of four, and none has part of one. There is room
// for eight; the numbers that differ from matrix to matrix are those of the rank's own. What never waits has no share that is
// kept. An event copies shares.
// REMARK-DAG: [Passed] share | Category:shard | Function=w | units=5
// CHECK-LABEL: gpt.model @stack
// CHECK: %w = gpt.param {{.*}} {room = 128 : i64} -> [80, 16]
// CHECK-NEXT: %w_of_2 = gpt.state "share" of "w" {ranks = 2 : i64, whole = "parameter"} -> [48, 16]
// CHECK-NEXT: %w_of_4 = gpt.state "share" of "w" {ranks = 4 : i64, whole = "parameter"} -> [32, 16]
// CHECK: %w_gradient = gpt.state "gradient" of "w" {room = 128 : i64} -> [80, 16] f32
// CHECK-NEXT: %v_gradient
// CHECK-NEXT: %w_s =
// CHECK-NEXT: %w_s_of_2 = gpt.state "share" of "w_s" {ranks = 2 : i64, whole = "optimizer"} -> [3, 16] f32
// CHECK-NEXT: %w_s_of_4 = gpt.state "share" of "w_s" {ranks = 4 : i64, whole = "optimizer"} -> [2, 16] f32
// CHECK: gpt.part @update_0_0 "update" attributes {ranks = 1
// CHECK: gpt.part @update_0_0_of_2 "update" attributes {ranks = 2
// CHECK: gpt.part @update_0_0_of_4 "update" attributes {ranks = 4
// CHECK-NEXT: %[[G:.*]] = gpt.reduce_scatter %w_gradient : [80, 16] f32 -> [32, 16] f32
// CHECK-NEXT: gpt.reduce_scatter %v_gradient
// CHECK-NEXT: %[[G3:.*]] = gpt.reshape %[[G]] to [2, 16, 16]
// CHECK-NEXT: %[[P3:.*]] = gpt.reshape %w_of_4 to [2, 16, 16]
// CHECK-NEXT: %[[X:.*]] = gpt.gram %[[G3]] : [2, 16, 16] f32 -> [2, 16, 16] f32
// CHECK-NEXT: gpt.reduce %[[X]] to [2, 16]
// CHECK: %[[RATES:.*]] = gpt.numbers 3 x 1, 2 x 2 {ranks = 4 : i64} -> [2] f32
// CHECK-NEXT: gpt.mul %[[X]], %[[RATES]] : [2, 16, 16] f32, [2] f32 -> [2, 16, 16] f32
// CHECK: gpt.update %w_of_4 with
// CHECK-NEXT: gpt.all_gather %w from %w_of_4 : [80, 16], [32, 16]
// CHECK: gpt.update %w_s_of_4 with
// CHECK-NEXT: gpt.fill 0 -> [80, 16] f32
// CHECK-NEXT: gpt.update %w_gradient with
// CHECK: gpt.part @event_0 "event" attributes {ranks = 1
// CHECK: gpt.part @event_0_of_2 "event" attributes {ranks = 2
// CHECK: gpt.part @event_0_of_4 "event" attributes {ranks = 4
// CHECK-NEXT: gpt.update %w_s_of_4 with %v_s_of_4 : [2, 16] f32, [2, 16] f32
// CHECK-NEXT: gpt.update %w with %v : [80, 16], [80, 16]
// CHECK-NEXT: }
// KERN-LABEL: gpt.model @stack
gpt.model @stack {
  gpt.recipe (steps = 4, micro_batches = 4, T = 6, document_token = 0, max_document = 6)
  %muon = gpt.optimizer(%p : [B, M, N], %g) states(%s : [B, M]) {
    gpt.return %p, %s
  }
  %w = gpt.param [80, 16] init 0 by %muon -> [80, 16]
  %v = gpt.param [80, 16] init 0 by %muon -> [80, 16]
  %w_gradient = gpt.state "gradient" of "w" -> [80, 16] f32
  %v_gradient = gpt.state "gradient" of "v" -> [80, 16] f32
  %w_s = gpt.state "optimizer" of "w" -> [5, 16] f32
  %v_s = gpt.state "optimizer" of "v" -> [5, 16] f32
  gpt.part @update_0_0 "update" attributes {steps = array<i64: 0, 0>} {
    %g = gpt.reshape %w_gradient to [5, 16, 16] : [80, 16] f32 -> [5, 16, 16] f32
    %p = gpt.reshape %w to [5, 16, 16] : [80, 16] -> [5, 16, 16]
    %x = gpt.gram %g : [5, 16, 16] f32 -> [5, 16, 16] f32
    %s = gpt.reduce %x to [5, 16] : [5, 16, 16] f32 -> [5, 16] f32
    %rates = gpt.numbers 3 x 1, 2 x 2 -> [5] f32
    %y = gpt.mul %x, %rates : [5, 16, 16] f32, [5] f32 -> [5, 16, 16] f32
    %q = gpt.sub %p, %y : [5, 16, 16], [5, 16, 16] f32 -> [5, 16, 16] f32
    %n = gpt.reshape %q to [80, 16] : [5, 16, 16] f32 -> [80, 16] f32
    gpt.update %w with %n : [80, 16], [80, 16] f32
    gpt.update %w_s with %s : [5, 16] f32, [5, 16] f32
    %zero = gpt.fill 0 -> [80, 16] f32
    gpt.update %w_gradient with %zero : [80, 16] f32, [80, 16] f32
    %vg = gpt.reshape %v_gradient to [5, 16, 16] : [80, 16] f32 -> [5, 16, 16] f32
    %vp = gpt.reshape %v to [5, 16, 16] : [80, 16] -> [5, 16, 16]
    %vq = gpt.sub %vp, %vg : [5, 16, 16], [5, 16, 16] f32 -> [5, 16, 16] f32
    %vn = gpt.reshape %vq to [80, 16] : [5, 16, 16] f32 -> [80, 16] f32
    gpt.update %v with %vn : [80, 16], [80, 16] f32
    gpt.update %v_gradient with %zero : [80, 16] f32, [80, 16] f32
  }
  gpt.part @event_0 "event" attributes {steps = array<i64: 0, 0>} {
    gpt.update %w_s with %v_s : [5, 16] f32, [5, 16] f32
    gpt.update %w with %v : [80, 16], [80, 16]
  }
}

// -----
// What stays whole on every rank, with the reason: sums over rows, another parameter's rows, a new value or state that no rank
// has a share of, states of other rows, too few rows, and what is copied to or from such a one.
// REMARK-DAG: [Missed] share | Category:shard | Function=sums | Remark="it is mixed with other rows by 'reduce'"
// REMARK-DAG: [Missed] share | Category:shard | Function=norm | Remark="it is mixed with other rows by 'dot'"
// REMARK-DAG: [Missed] share | Category:shard | Function=a | Remark="it is computed with another parameter"
// REMARK-DAG: [Missed] share | Category:shard | Function=b | Remark="it is computed with another parameter"
// REMARK-DAG: [Missed] share | Category:shard | Function=filled | Remark="it is updated by what no rank has a share of"
// REMARK-DAG: [Missed] share | Category:shard | Function=scalar | Remark="it has a state of another number of rows"
// REMARK-DAG: [Missed] share | Category:shard | Function=wide | Remark="it has too few rows or matrices for so many ranks"
// REMARK-DAG: [Missed] share | Category:shard | Function=copied | Remark="it is updated by what no rank has a share of"
// REMARK-DAG: [Missed] share | Category:shard | Function=other | Remark="it is computed with what no rank has a share of, by 'add'"
// REMARK-DAG: [Missed] share | Category:shard | Function=kept | Remark="it is stored where each rank has all"
// REMARK-DAG: [Missed] share | Category:shard | Function=full | Remark="it has a gradient that is not cleared"
// REMARK-DAG: [Passed] share | Category:shard | Function=well | units=32
// CHECK-LABEL: gpt.model @whole
// CHECK-NOT: gpt.state "share" of "{{[^w]}}
// CHECK: %scalar_m = gpt.state "optimizer" of "scalar" -> [] f32
// CHECK: gpt.part @update_0_0_of_2
// CHECK-NEXT: gpt.all_reduce %other_gradient
// CHECK-NEXT: gpt.all_reduce %kept_gradient
// CHECK-NEXT: gpt.all_reduce %sums_gradient
// CHECK-NEXT: gpt.all_reduce %norm_gradient
// CHECK-NEXT: gpt.all_reduce %a_gradient
// CHECK-NEXT: gpt.all_reduce %b_gradient
// CHECK-NEXT: gpt.all_reduce %scalar_gradient
// CHECK-NEXT: gpt.all_reduce %wide_gradient
// CHECK-NEXT: gpt.reduce_scatter %well_gradient
// CHECK: gpt.part @event_0 "event" attributes {steps
// CHECK-NOT: event_0_of_2
// KERN-LABEL: gpt.model @whole
gpt.model @whole {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %sums = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %norm = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %a = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %b = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %filled = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %scalar = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %wide = gpt.param [1, 1024] f32 init 0 by %sgd -> [1, 1024] f32
  %copied = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %other = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %kept = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %full = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %well = gpt.param [32, 32] f32 init 0 by %sgd -> [32, 32] f32
  %derived = gpt.state "derived" -> [32, 32] f32
  %other_gradient = gpt.state "gradient" of "other" -> [32, 32] f32
  %kept_gradient = gpt.state "gradient" of "kept" -> [32, 32] f32
  %full_gradient = gpt.state "gradient" of "full" -> [32, 32] f32
  %sums_gradient = gpt.state "gradient" of "sums" -> [32, 32] f32
  %norm_gradient = gpt.state "gradient" of "norm" -> [32, 32] f32
  %a_gradient = gpt.state "gradient" of "a" -> [32, 32] f32
  %b_gradient = gpt.state "gradient" of "b" -> [32, 32] f32
  %filled_gradient = gpt.state "gradient" of "filled" -> [32, 32] f32
  %scalar_gradient = gpt.state "gradient" of "scalar" -> [32, 32] f32
  %wide_gradient = gpt.state "gradient" of "wide" -> [1, 1024] f32
  %copied_gradient = gpt.state "gradient" of "copied" -> [32, 32] f32
  %well_gradient = gpt.state "gradient" of "well" -> [32, 32] f32
  %scalar_m = gpt.state "optimizer" of "scalar" -> [] f32
  %norm_m = gpt.state "optimizer" of "norm" -> [32, 32] f32
  %copied_m = gpt.state "optimizer" of "copied" -> [32, 32] f32
  gpt.part @update_0_0 "update" attributes {steps = array<i64: 0, 0>} {
    %c = gpt.reduce %sums_gradient to [1, 32] : [32, 32] f32 -> [1, 32] f32
    %s = gpt.sub %sums, %c : [32, 32] f32, [1, 32] f32 -> [32, 32] f32
    gpt.update %sums with %s : [32, 32] f32, [32, 32] f32
    %d = gpt.dot %norm, %norm : [32, 32] f32, [32, 32] f32 -> [] f32
    %n = gpt.mul %d, %norm_gradient : [] f32, [32, 32] f32 -> [32, 32] f32
    gpt.update %norm with %n : [32, 32] f32, [32, 32] f32
    %ab = gpt.add %a_gradient, %b_gradient : [32, 32] f32, [32, 32] f32 -> [32, 32] f32
    gpt.update %a with %ab : [32, 32] f32, [32, 32] f32
    %zero = gpt.fill 0 -> [32, 32] f32
    gpt.update %filled with %zero : [32, 32] f32, [32, 32] f32
    %m = gpt.scale %scalar_gradient by 2 : [32, 32] f32 -> [32, 32] f32
    gpt.update %scalar with %m : [32, 32] f32, [32, 32] f32
    %k = gpt.sub %wide, %wide_gradient : [1, 1024] f32, [1, 1024] f32 -> [1, 1024] f32
    gpt.update %wide with %k : [1, 1024] f32, [1, 1024] f32
    %o = gpt.add %other_gradient, %derived : [32, 32] f32, [32, 32] f32 -> [32, 32] f32
    gpt.update %other with %o : [32, 32] f32, [32, 32] f32
    gpt.update %full_gradient with %derived : [32, 32] f32, [32, 32] f32
    %kg = gpt.scale %kept_gradient by 2 : [32, 32] f32 -> [32, 32] f32
    gpt.update %derived with %kg : [32, 32] f32, [32, 32] f32
    %l = gpt.sub %well, %well_gradient : [32, 32] f32, [32, 32] f32 -> [32, 32] f32
    gpt.update %well with %l : [32, 32] f32, [32, 32] f32
  }
  gpt.part @event_0 "event" attributes {steps = array<i64: 0, 0>} {
    gpt.update %copied_m with %norm_m : [32, 32] f32, [32, 32] f32
  }
}

// -----
// A share begins where a buffer may: 128 elements of two bytes are 256, and so are 32 rows of 12. There is room for two of 64 rows.
// CHECK-LABEL: gpt.model @narrow
// CHECK: %w = gpt.param {{.*}} {room = 128 : i64} -> [100, 12]
// CHECK-NEXT: gpt.state "share" of "w" {ranks = 2 : i64, whole = "parameter"} -> [64, 12]
// KERN-LABEL: gpt.model @narrow
gpt.model @narrow {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %w = gpt.param [100, 12] init 0 by %sgd -> [100, 12]
  %w_gradient = gpt.state "gradient" of "w" -> [100, 12] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %0 = gpt.sub %w, %w_gradient : [100, 12], [100, 12] f32 -> [100, 12]
    gpt.update %w with %0 : [100, 12], [100, 12]
    %2 = gpt.fill 0 -> [100, 12] f32
    gpt.update %w_gradient with %2 : [100, 12] f32, [100, 12] f32
  }
}

// -----
// Numbers of ranks are those that divide the micro-batches, up to eight; without a recipe there is one rank.
// CHECK-LABEL: gpt.model @twelve
// CHECK: gpt.part @update_0_0 "update" attributes {ranks = 1
// CHECK: gpt.part @update_0_0_of_2 "update" attributes {ranks = 2 : i64} {
// CHECK-NEXT: }
// CHECK-NEXT: gpt.part @update_0_0_of_3 "update" attributes {ranks = 3 : i64} {
// CHECK-NEXT: }
// CHECK-NEXT: gpt.part @update_0_0_of_4 "update" attributes {ranks = 4 : i64} {
// CHECK-NEXT: }
// CHECK-NEXT: gpt.part @update_0_0_of_6 "update" attributes {ranks = 6 : i64} {
// CHECK-NEXT: }
// CHECK-NEXT: }
// CHECK-LABEL: gpt.model @none
// CHECK: gpt.part @update_0_0 "update" {
gpt.model @twelve {
  gpt.recipe (steps = 4, micro_batches = 12, T = 6, document_token = 0, max_document = 6)
  gpt.part @update_0_0 "update" {
  }
}
gpt.model @none {
  gpt.part @update_0_0 "update" {
  }
}
