// What shard shares out and what it does not, one case a guard.
// RUN: gptc-opt %s --shard --split-input-file | FileCheck %s
// RUN: gptc-opt %s --shard --split-input-file --remarks-filter=shard -o /dev/null 2>&1 | grep Category | grep -v exchange | FileCheck %s --check-prefix=REMARK

// Numbers of the step, constants of a row that all rows share, and a sum over shares that two read: it is summed up once.
// REMARK: [Passed] share | Category:shard | Function=w | units=64
// CHECK-LABEL: gpt.model @numbers
// CHECK: gpt.part @update_0_of_2
// CHECK: %[[G:.*]] = gpt.reduce_scatter %w_gradient
// CHECK-NEXT: %[[OWN:.*]] = gpt.dot %[[G]], %[[G]]
// CHECK-NEXT: %[[ALL:.*]] = gpt.sum_ranks %[[OWN]]
// CHECK-NEXT: gpt.update %norm with %[[ALL]]
// CHECK-NEXT: gpt.sqrt %[[ALL]]
// CHECK-NOT: gpt.sum_ranks
// CHECK: gpt.scale %[[G]] by %rate : [32, 16] f32 -> [32, 16] f32
// CHECK: %[[TWO:.*]] = gpt.fill 2 -> [1, 16] f32
// CHECK-NEXT: gpt.mul %{{.*}}, %[[TWO]] : [32, 16] f32, [1, 16] f32 -> [32, 16] f32
gpt.model @numbers {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %rate = gpt.schedule(%step) {
    gpt.yield 1 / (1 + %step)
  }
  %w = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %w_gradient = gpt.state "gradient" of "w" -> [64, 16] f32
  %norm = gpt.state "output" -> [] f64
  %root = gpt.state "output" -> [] f64
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %n = gpt.dot %w_gradient, %w_gradient : [64, 16] f32, [64, 16] f32 -> [] f32
    gpt.update %norm with %n : [] f64, [] f32
    %r = gpt.sqrt %n : [] f32 -> [] f32
    gpt.update %root with %r : [] f64, [] f32
    %a = gpt.scale %w_gradient by %rate : [64, 16] f32 -> [64, 16] f32
    %two = gpt.fill 2 -> [1, 16] f32
    %b = gpt.mul %a, %two : [64, 16] f32, [1, 16] f32 -> [64, 16] f32
    %q = gpt.sub %w, %b : [64, 16] f32, [64, 16] f32 -> [64, 16] f32
    gpt.update %w with %q : [64, 16] f32, [64, 16] f32
    %zero = gpt.fill 0 -> [64, 16] f32
    gpt.update %w_gradient with %zero : [64, 16] f32, [64, 16] f32
  }
}

// -----
// A sum over shares behind one that each rank has, a scalar beside rows, and the state of a parameter that each rank has.
// REMARK: [Passed] share | Category:shard | Function=w | units=64
// CHECK-LABEL: gpt.model @sums
// CHECK: gpt.part @update_0_of_2
// CHECK: %[[G:.*]] = gpt.reduce_scatter %w_gradient
// CHECK: %[[OWN:.*]] = gpt.dot %[[G]], %[[G]]
// CHECK-NEXT: %[[REST:.*]] = gpt.dot %b_gradient, %b_gradient
// CHECK-NEXT: %[[ALL:.*]] = gpt.sum_ranks %[[OWN]]
// CHECK-NEXT: %[[NORM:.*]] = gpt.add %[[REST]], %[[ALL]]
// CHECK: gpt.mul %[[NORM]], %[[G]] : [] f32, [32, 16] f32 -> [32, 16] f32
// CHECK: gpt.update %b_m with %b_gradient
gpt.model @sums {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %w = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %w_gradient = gpt.state "gradient" of "w" -> [64, 16] f32
  %b = gpt.param [4] f32 init 0 by %sgd -> [4] f32
  %b_gradient = gpt.state "gradient" of "b" -> [4] f32
  %b_m = gpt.state "optimizer" of "b" -> [4] f32
  %norm = gpt.state "output" -> [] f64
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %x = gpt.dot %w_gradient, %w_gradient : [64, 16] f32, [64, 16] f32 -> [] f32
    %y = gpt.dot %b_gradient, %b_gradient : [4] f32, [4] f32 -> [] f32
    %z = gpt.add %y, %x : [] f32, [] f32 -> [] f32
    gpt.update %norm with %z : [] f64, [] f32
    %a = gpt.mul %z, %w_gradient : [] f32, [64, 16] f32 -> [64, 16] f32
    %q = gpt.sub %w, %a : [64, 16] f32, [64, 16] f32 -> [64, 16] f32
    gpt.update %w with %q : [64, 16] f32, [64, 16] f32
    gpt.update %b_m with %b_gradient : [4] f32, [4] f32
    %zero = gpt.fill 0 -> [64, 16] f32
    gpt.update %w_gradient with %zero : [64, 16] f32, [64, 16] f32
  }
}

// -----
// What a part of a micro-batch, or a graph, sees as a stack is rows to the optimizer. The gradient of a derived value is every
// rank's own and no parameter's: none takes its mean.
// REMARK: [Passed] share | Category:shard | Function=w | units=64
// CHECK-LABEL: gpt.model @stack_elsewhere
// CHECK-NOT: w_gradient_of_2
// CHECK: gpt.part @update_0_of_2
// CHECK-NOT: gpt.all_reduce
// CHECK: gpt.dot %d_gradient, %d_gradient
gpt.model @stack_elsewhere {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %w = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %w_gradient = gpt.state "gradient" of "w" -> [64, 16] f32
  %d_gradient = gpt.state "gradient" -> [4] f32
  %norm = gpt.state "output" -> [] f64
  gpt.graph @g {
    %a = gpt.reshape %w to [4, 16, 16] : [64, 16] f32 -> [4, 16, 16] f32
    gpt.return %a : [4, 16, 16] f32
  }
  gpt.part @micro_0 "micro" attributes {steps = array<i64: 0, 3>} {
    %a = gpt.reshape %w to [2, 32, 16] : [64, 16] f32 -> [2, 32, 16] f32
    %b = gpt.reshape %a to [64, 16] : [2, 32, 16] f32 -> [64, 16] f32
    gpt.accumulate %w_gradient += %b : [64, 16] f32, [64, 16] f32
  }
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %n = gpt.dot %d_gradient, %d_gradient : [4] f32, [4] f32 -> [] f32
    gpt.update %norm with %n : [] f64, [] f32
    %q = gpt.sub %w, %w_gradient : [64, 16] f32, [64, 16] f32 -> [64, 16] f32
    gpt.update %w with %q : [64, 16] f32, [64, 16] f32
    %zero = gpt.fill 0 -> [64, 16] f32
    gpt.update %w_gradient with %zero : [64, 16] f32, [64, 16] f32
  }
}

// -----
// Half of the ranks, or more, have something to own: of eight ranks four rows serve, three do not; of two ranks two.
// REMARK: [Missed] share | Category:shard | Function=three | Remark="it has too few rows or matrices for so many ranks"
// REMARK-NEXT: [Passed] share | Category:shard | Function=four | units=4
// REMARK-NEXT: [Passed] share | Category:shard | Function=two | units=2
gpt.model @few {
  gpt.recipe (steps = 4, micro_batches = 8, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %three = gpt.param [3, 512] f32 init 0 by %sgd -> [3, 512] f32
  %three_gradient = gpt.state "gradient" of "three" -> [3, 512] f32
  %four = gpt.param [4, 512] f32 init 0 by %sgd -> [4, 512] f32
  %four_gradient = gpt.state "gradient" of "four" -> [4, 512] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
  }
}
// -----
gpt.model @pair {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %two = gpt.param [2, 512] f32 init 0 by %sgd -> [2, 512] f32
  %two_gradient = gpt.state "gradient" of "two" -> [2, 512] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
  }
}

// -----
// A stack that cuts rows apart, and a state of another number of rows than the parameter's; what has no shape yet, or no
// gradient, is not asked.
// REMARK: [Missed] share | Category:shard | Function=cut | Remark="it has a state of another number of rows"
// REMARK-NEXT: [Missed] share | Category:shard | Function=other | Remark="it has a state of another number of rows"
// REMARK-NOT: Function
// CHECK-LABEL: gpt.model @rows
// CHECK: %other_m = gpt.state "optimizer" of "other" -> [48, 16] f32
gpt.model @rows {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %cut = gpt.param [10, 128] f32 init 0 by %sgd -> [10, 128] f32
  %cut_gradient = gpt.state "gradient" of "cut" -> [10, 128] f32
  %other = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %other_gradient = gpt.state "gradient" of "other" -> [64, 16] f32
  %other_m = gpt.state "optimizer" of "other" -> [48, 16] f32
  %untyped = gpt.param [64, 16] init 0 by %sgd
  %idle = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %a = gpt.reshape %cut to [4, 16, 20] : [10, 128] f32 -> [4, 16, 20] f32
  }
}

// -----
// Rows that others are read with: those of another shape, of a product with all, of neighbours, and what is added up elsewhere.
// REMARK: [Missed] share | Category:shard | Function=turned | Remark="it is mixed with other rows by 'reshape'"
// REMARK-NEXT: [Missed] share | Category:shard | Function=squares | Remark="it is mixed with other rows by 'gram'"
// REMARK-NEXT: [Missed] share | Category:shard | Function=moved | Remark="it is mixed with other rows by 'shift'"
// REMARK-NEXT: [Missed] share | Category:shard | Function=added | Remark="it is mixed with other rows by 'accumulate'"
// In a stack constants are no share of a product; a view of a parameter is not what an update takes.
// REMARK-NEXT: [Missed] share | Category:shard | Function=stack | Remark="it is computed with what no rank has a share of, by 'linear'"
// REMARK-NEXT: [Missed] share | Category:shard | Function=seen | Remark="it is updated by what no rank has a share of"
// Events copy states, and compute nothing of them.
// REMARK-NEXT: [Missed] share | Category:shard | Function=event | Remark="it is mixed with other rows by 'scale'"
gpt.model @mixed {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %turned = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %turned_gradient = gpt.state "gradient" of "turned" -> [64, 16] f32
  %squares = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %squares_gradient = gpt.state "gradient" of "squares" -> [64, 16] f32
  %moved = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %moved_gradient = gpt.state "gradient" of "moved" -> [64, 16] f32
  %added = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %added_gradient = gpt.state "gradient" of "added" -> [64, 16] f32
  %stack = gpt.param [80, 16] f32 init 0 by %sgd -> [80, 16] f32
  %stack_gradient = gpt.state "gradient" of "stack" -> [80, 16] f32
  %seen = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %seen_gradient = gpt.state "gradient" of "seen" -> [64, 16] f32
  %event = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %event_gradient = gpt.state "gradient" of "event" -> [64, 16] f32
  %event_m = gpt.state "optimizer" of "event" -> [64, 16] f32
  %d = gpt.state "derived" -> [64, 16] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %a = gpt.reshape %turned to [16, 64] : [64, 16] f32 -> [16, 64] f32
    %b = gpt.reshape %turned_gradient to [16, 64] : [64, 16] f32 -> [16, 64] f32
    %c = gpt.sub %a, %b : [16, 64] f32, [16, 64] f32 -> [16, 64] f32
    %q = gpt.reshape %c to [64, 16] : [16, 64] f32 -> [64, 16] f32
    gpt.update %turned with %q : [64, 16] f32, [64, 16] f32
    %s0 = gpt.gram %squares_gradient : [64, 16] f32 -> [64, 64] f32
    %s1 = gpt.shift %moved_gradient : [64, 16] f32 -> [64, 16] f32
    gpt.accumulate %d += %added_gradient : [64, 16] f32, [64, 16] f32
    %m = gpt.reshape %stack to [5, 16, 16] : [80, 16] f32 -> [5, 16, 16] f32
    %ones = gpt.fill 1 -> [5, 16, 16] f32
    %l = gpt.linear %m, %ones : [5, 16, 16] f32, [5, 16, 16] f32 -> [5, 16, 16] f32
    %v = gpt.reshape %seen to [64, 16, 1] : [64, 16] f32 -> [64, 16, 1] f32
    %vg = gpt.reshape %seen_gradient to [64, 16, 1] : [64, 16] f32 -> [64, 16, 1] f32
    gpt.update %v with %vg : [64, 16, 1] f32, [64, 16, 1] f32
  }
  gpt.part @event_0 "event" attributes {steps = array<i64: 0, 0>} {
    %e = gpt.scale %event_m by 2 : [64, 16] f32 -> [64, 16] f32
    gpt.update %event_m with %e : [64, 16] f32, [64, 16] f32
  }
}

// -----
// Rows of another length that nothing else asks of; a sum over all rows; shares that another parameter's state, which each rank
// has, would take.
// REMARK: [Missed] share | Category:shard | Function=flat | Remark="it is mixed with other rows by 'reshape'"
// REMARK-NEXT: [Missed] share | Category:shard | Function=summed | Remark="it is mixed with other rows by 'reduce'"
// REMARK-NEXT: [Missed] share | Category:shard | Function=given | Remark="it is stored where each rank has all"
gpt.model @alone {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %flat = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %flat_gradient = gpt.state "gradient" of "flat" -> [64, 16] f32
  %summed = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %summed_gradient = gpt.state "gradient" of "summed" -> [64, 16] f32
  %given = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %given_gradient = gpt.state "gradient" of "given" -> [64, 16] f32
  %flat_m = gpt.state "optimizer" of "flat" -> [64, 16] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %a = gpt.reshape %flat_gradient to [16, 64] : [64, 16] f32 -> [16, 64] f32
    %b = gpt.sqrt %a : [16, 64] f32 -> [16, 64] f32
    %c = gpt.reduce %summed_gradient to [] : [64, 16] f32 -> [] f32
    gpt.update %flat_m with %given_gradient : [64, 16] f32, [64, 16] f32
  }
}

// -----
// Where a gradient is cleared, what each rank keeps of it is cleared, too.
// REMARK: [Passed] share | Category:shard | Function=w | units=64
// CHECK-LABEL: gpt.model @cleared
// CHECK: gpt.part @event_0 "event" attributes {ranks = 1 : i64
// CHECK: gpt.part @event_0_of_2 "event" attributes {ranks = 2 : i64
// CHECK: gpt.update %w_gradient with
// CHECK: gpt.update %w_gradient_of_2 with
gpt.model @cleared {
  gpt.recipe (steps = 4, micro_batches = 2, T = 6, document_token = 0, max_document = 6)
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %w = gpt.param [64, 16] f32 init 0 by %sgd -> [64, 16] f32
  %w_gradient = gpt.state "gradient" of "w" -> [64, 16] f32
  gpt.part @update_0 "update" attributes {steps = array<i64: 0, 3>} {
    %n = gpt.scale %w_gradient by 2 : [64, 16] f32 -> [64, 16] f32
  }
  gpt.part @event_0 "event" attributes {steps = array<i64: 0, 0>} {
    %zero = gpt.fill 0 -> [64, 16] f32
    gpt.update %w_gradient with %zero : [64, 16] f32, [64, 16] f32
  }
}
