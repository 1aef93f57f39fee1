// RUN: gptc-opt %S/Inputs/mlp-graph.mlir --hoist-step-invariants --differentiate --expand-optimizer --canonicalize --cse | FileCheck %s
// RUN: gptc-opt %s --differentiate --expand-optimizer | FileCheck %s --check-prefix=STACK
// RUN: gptc-opt %s --differentiate --stack-parameters --expand-optimizer --canonicalize | FileCheck %s --check-prefix=EACH

// The states that the function declares, one set a parameter, and the number of
// the update as a schedule.
// CHECK-DAG: %table_m = gpt.state "optimizer" of "table" -> [64, 32] f32
// CHECK-DAG: %[[COUNT:updates_2]] = gpt.schedule(%step)

// It acts on the last of two steps: on the others there is only the norm, and
// the gradients stay to be summed on.
// CHECK-LABEL: gpt.part @update_0_0 "update" attributes {steps = array<i64: 0, 0, 2, 2>}
// CHECK: gpt.dot %table_gradient, %table_gradient
// CHECK: %[[N:.*]] = gpt.sqrt
// CHECK: gpt.update %gradient_norm with %[[N]]
// CHECK: gpt.update %nonfinite with
// CHECK-NOT: gpt.update

// CHECK-LABEL: gpt.part @update_0_1 "update" attributes {steps = array<i64: 1, 1, 3, 3>}
// CHECK: %[[NORM:.*]] = gpt.sqrt
// From the first loss or norm on that is not finite, no update happens: all that
// is stored is chosen by what was found so far.
// CHECK: %[[OK:.*]] = gpt.if_finite %[[NORM]] then %nonfinite else %[[NORM]]
// CHECK: gpt.update %nonfinite with %[[OK]]
// CHECK: %[[ZERO:.*]] = gpt.fill 0
// CHECK: %[[G:.*]] = gpt.if_finite %[[OK]] then %table_gradient else %[[ZERO]]
// CHECK: %[[A:.*]] = gpt.scale %table_m by 0.9
// CHECK: %[[M:.*]] = gpt.add %[[A]], %[[G]]
// What is read of a new value is what is kept of it.
// CHECK: %[[B:.*]] = gpt.if_finite %[[OK]] then %[[M]] else %table_m
// CHECK: %[[U:.*]] = gpt.scale %[[B]] by 0.5*%rate/%[[COUNT]]
// CHECK: %[[Q:.*]] = gpt.sub %table, %[[U]]
// CHECK: %[[P:.*]] = gpt.if_finite %[[OK]] then %[[Q]] else %table
// CHECK: gpt.update %table with %[[P]]
// CHECK: gpt.update %table_m with %[[B]]
// CHECK: gpt.update %table_gradient with

// An adoption takes the optimizer's state along.
// CHECK-LABEL: gpt.part @event_1 "event" attributes {steps = array<i64: 1, 1>}
// CHECK: gpt.update %down with %up
// CHECK: gpt.update %down_m with %up_m

// Splits after one step are one event: a step runs no second one.
// RUN: gptc-opt %s --expand-optimizer | FileCheck %s --check-prefix=EVENT
// EVENT: gpt.part @event_0 "event"
// EVENT-NEXT: gpt.update %c with %d
// EVENT-NEXT: gpt.update %c_m with %d_m
// EVENT-NEXT: gpt.update %e with %f
// EVENT-NEXT: gpt.update %e_m with %f_m
// EVENT-NEXT: }
// EVENT: gpt.part @event_2 "event"
// EVENT-NEXT: gpt.update %g with %h
// EVENT-NOT: gpt.part
gpt.model @splits {
  %momentum = gpt.optimizer(%p, %d) states(%m) {
    %n = gpt.add %m, %d
    %q = gpt.sub %p, %n
    gpt.return %q, %n
  }
  %c = gpt.param [8, 8] f32 init 0 by %momentum -> [8, 8] f32
  %d = gpt.param [8, 8] f32 init 0 by %momentum -> [8, 8] f32
  %e = gpt.param [8, 8] f32 init 0 by %momentum -> [8, 8] f32
  %f = gpt.param [8, 8] f32 init 0 by %momentum -> [8, 8] f32
  %g = gpt.param [8, 8] f32 init 0 by %momentum -> [8, 8] f32
  %h = gpt.param [8, 8] f32 init 0 by %momentum -> [8, 8] f32
  gpt.adopt %c from %d after 0 : [8, 8] f32, [8, 8] f32
  gpt.adopt %e from %f after 0 : [8, 8] f32, [8, 8] f32
  gpt.adopt %g from %h after 2 : [8, 8] f32, [8, 8] f32
}

// Sizes by name: the function sees a stack, which stands in memory as rows; the
// norm of all gradients is its third tensor.
// STACK-LABEL: gpt.model @sizes
// STACK: %w = gpt.param [8, 4] f32 init 0 by %rows as [2, 4, 4]
// STACK: %w_m = gpt.state "optimizer" of "w" -> [8, 4] f32
// STACK: %w_s = gpt.state "optimizer" of "w" -> [2, 4] f32
// STACK: gpt.part @update_0_0
// STACK: [[NORM:%.*]] = gpt.sqrt
// STACK: [[P:%.*]] = gpt.reshape %w to [2, 4, 4] : [8, 4] f32 -> [2, 4, 4] f32
// STACK: [[G:%.*]] = gpt.reshape %w_gradient to [2, 4, 4]
// STACK: [[F:%.*]] = gpt.if_finite {{.*}} then [[G]] else
// STACK: [[M:%.*]] = gpt.reshape %w_m to [2, 4, 4]
// STACK: gpt.reduce [[F]] to [2, 4] : [2, 4, 4] f32 -> [2, 4] f32
// STACK: gpt.scale {{.*}} by 0.5
// STACK: gpt.mul [[NORM]]
// STACK: gpt.update %w with {{.*}} : [8, 4] f32, [8, 4] f32
// STACK: gpt.update %w_s with {{.*}} : [2, 4] f32, [2, 4] f32
gpt.model @sizes {
  %rows = gpt.optimizer(%p : [B, M, N], %g, %norm) states(%m, %s : [B, M]) {
    %r = gpt.reduce %g to [B, M]
    %h = gpt.scale %r by M/(N*B)
    %n = gpt.mul %norm, %h
    %d = gpt.sub %p, %m
    %e = gpt.mul %n, %d
    gpt.return %e, %d, %n
  }
  %w = gpt.param [8, 4] f32 init 0 by %rows as [2, 4, 4] -> [8, 4] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64, steps = array<i64: 0, 1>} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %x = gpt.embed %w[%tokens] : [8, 4] f32, [16] i32 -> [16, 4] f32
    %l = gpt.cross_entropy %x, %tokens : [16, 4] f32, [16] i32 -> [] f32
    gpt.return %l : [] f32
  }
}

// Three parameters of two matrices each, the last one at twice the rate: what
// the rate makes is computed for either, what it scales or shifts is multiplied
// by a vector of six, or added to it.
// EACH-LABEL: gpt.model @each
// EACH: %w.02B2 = gpt.param [24, 4] f32 {{.*}} (rate = parts(2, 1, 1, 2)) as [2, 4, 4] as "w.0+2"
// EACH: gpt.part @update_0_0
// EACH: [[G:%.*]] = gpt.reshape %{{.*}}_gradient to [6, 4, 4]
// EACH: [[F:%.*]] = gpt.if_finite {{.*}} then [[G]] else
// EACH: [[HALF:%.*]] = gpt.numbers 4 x 0.5, 2 x 1 -> [6] f32
// EACH: [[A:%.*]] = gpt.mul [[F]], [[HALF]] : [6, 4, 4] f32, [6] f32 -> [6, 4, 4] f32
// EACH: [[NINE:%.*]] = gpt.numbers 4 x %lr*1*9, 2 x %lr*2*9 -> [6] f32
// EACH: gpt.add [[A]], [[NINE]] : [6, 4, 4] f32, [6] f32 -> [6, 4, 4] f32
gpt.model @each {
  %lr = gpt.schedule(%step) {
    gpt.yield 1/(%step + 1)
  }
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1) {
    gpt.require %rate < 3
    %h = gpt.expr %rate/2
    %a = gpt.scale %g by %h
    %b = gpt.offset %a by %lr*%rate*9
    %q = gpt.sub %p, %b
    gpt.return %q
  }
  %w.0 = gpt.param [8, 4] f32 init 0 by %muon as [2, 4, 4] -> [8, 4] f32
  %w.1 = gpt.param [8, 4] f32 init 0 by %muon as [2, 4, 4] -> [8, 4] f32
  %v = gpt.param [8, 4] f32 init 0 by %muon (rate = 2) as [2, 4, 4] -> [8, 4] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64, steps = array<i64: 0, 1>} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %x = gpt.embed %w.0[%tokens] : [8, 4] f32, [16] i32 -> [16, 4] f32
    %y = gpt.embed %w.1[%tokens] : [8, 4] f32, [16] i32 -> [16, 4] f32
    %z = gpt.embed %v[%tokens] : [8, 4] f32, [16] i32 -> [16, 4] f32
    %s = gpt.add %x, %y : [16, 4] f32, [16, 4] f32 -> [16, 4] f32
    %u = gpt.add %s, %z : [16, 4] f32, [16, 4] f32 -> [16, 4] f32
    %l = gpt.cross_entropy %u, %tokens : [16, 4] f32, [16] i32 -> [] f32
    gpt.return %l : [] f32
  }
}
