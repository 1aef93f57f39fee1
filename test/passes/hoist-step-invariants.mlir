// RUN: gptc-opt %S/Inputs/mlp-graph.mlir --hoist-step-invariants --canonicalize | FileCheck %s
// RUN: gptc-opt %s --hoist-step-invariants | FileCheck %s --check-prefix=SHARED

// λ·W depends on parameters alone: it is computed once a step.
// CHECK: %[[W:mul_0]] = gpt.state "derived" -> [96, 32] f32
// CHECK: gpt.part @prologue_0 "prologue" attributes {steps = array<i64: 0, 3>}
// CHECK: %[[L:.*]] = gpt.row %gain[0]
// CHECK: %[[V:.*]] = gpt.mul %[[L]], %up
// CHECK: gpt.update %[[W]] with %[[V]]
// CHECK-LABEL: gpt.graph @train_0
// CHECK: gpt.linear %{{.*}}, %[[W]]
// What an input reaches stays, and so do views of parameters.
// CHECK: %[[L1:.*]] = gpt.row %gain[1]
// CHECK: gpt.mul %[[L1]], %{{.*}} : [] f32, [128, 32] f32
// Validation runs outside the step: its graph is left alone.
// CHECK-LABEL: gpt.graph @validate_0
// CHECK: gpt.mul %{{.*}}, %table
// CHECK-NOT: gpt.part

// Two program variants that compute the same share one state.
// SHARED: %mul_0 = gpt.state "derived"
// SHARED-NOT: gpt.state
// SHARED: gpt.part @prologue_0
// SHARED: gpt.update %mul_0
// SHARED: gpt.part @prologue_1
// SHARED: gpt.update %mul_0
gpt.model @variants {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 4] f32 init 0 by %sgd -> [8, 4] f32
  %s = gpt.param [1] f32 init 0 by %sgd -> [1] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64, steps = array<i64: 0, 3>} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %v = gpt.mul %s, %w : [1] f32, [8, 4] f32 -> [8, 4] f32
    %x = gpt.embed %w[%tokens] : [8, 4] f32, [16] i32 -> [16, 4] f32
    %y = gpt.linear %x, %v : [16, 4] f32, [8, 4] f32 -> [16, 8] f32
    gpt.return %y : [16, 8] f32
  }
  gpt.graph @train_1 attributes {kind = "train", tokens = 32 : i64, steps = array<i64: 4, 7>} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %v = gpt.mul %s, %w : [1] f32, [8, 4] f32 -> [8, 4] f32
    %x = gpt.embed %w[%tokens] : [8, 4] f32, [32] i32 -> [32, 4] f32
    %y = gpt.linear %x, %v : [32, 4] f32, [8, 4] f32 -> [32, 8] f32
    gpt.return %y : [32, 8] f32
  }
}

// A view of a derived value that only the prologue reads makes no state; one that the graph reads is a view of the state.
// VIEWS-LABEL: gpt.model @views
// VIEWS-DAG: %[[N:.*]] = gpt.state "derived" -> [16, 4] f32
// VIEWS-DAG: %[[Q:.*]] = gpt.state "derived" -> [8, 4] f32
// VIEWS-NOT: gpt.state
// VIEWS: gpt.part @prologue_0
// VIEWS: %[[V:.*]] = gpt.mul %s, %w
// VIEWS: gpt.update %[[N]] with %[[V]]
// VIEWS: %[[R:.*]] = gpt.rows %[[V]] at 4
// VIEWS: %[[P:.*]] = gpt.mul %s, %[[R]]
// VIEWS: gpt.update %[[Q]] with %[[P]]
// VIEWS: gpt.graph @train_0
// VIEWS: %[[S:.*]] = gpt.rows %[[N]] at 0
// VIEWS: gpt.linear %{{.*}}, %[[S]]
// VIEWS: gpt.linear %{{.*}}, %[[Q]]
// RUN: gptc-opt %s --hoist-step-invariants --canonicalize | FileCheck %s --check-prefix=VIEWS
gpt.model @views {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [16, 4] f32 init 0 by %sgd -> [16, 4] f32
  %s = gpt.param [1] f32 init 0 by %sgd -> [1] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64, steps = array<i64: 0, 3>} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %v = gpt.mul %s, %w : [1] f32, [16, 4] f32 -> [16, 4] f32
    %r = gpt.rows %v at 4 size 8 : [16, 4] f32 -> [8, 4] f32
    %q = gpt.mul %s, %r : [1] f32, [8, 4] f32 -> [8, 4] f32
    %h = gpt.rows %v at 0 size 8 : [16, 4] f32 -> [8, 4] f32
    %x = gpt.embed %w[%tokens] : [16, 4] f32, [16] i32 -> [16, 4] f32
    %y = gpt.linear %x, %h : [16, 4] f32, [8, 4] f32 -> [16, 8] f32
    %z = gpt.linear %x, %q : [16, 4] f32, [8, 4] f32 -> [16, 8] f32
    %o = gpt.add %y, %z : [16, 8] f32, [16, 8] f32 -> [16, 8] f32
    gpt.return %o : [16, 8] f32
  }
}

// What a graph computes twice, where no pass has merged it, is stored once: the epilogue gives its cotangent back once.
// TWICE-LABEL: gpt.model @twice
// TWICE: %[[S:.*]] = gpt.state "derived" -> [16, 4] f32
// TWICE-NOT: gpt.state
// TWICE: gpt.update %[[S]]
// TWICE-NOT: gpt.update
// TWICE: gpt.graph @train_0
// TWICE: gpt.linear %{{.*}}, %[[S]]
// TWICE: gpt.linear %{{.*}}, %[[S]]
// RUN: gptc-opt %s --hoist-step-invariants --canonicalize | FileCheck %s --check-prefix=TWICE
gpt.model @twice {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [16, 4] f32 init 0 by %sgd -> [16, 4] f32
  %s = gpt.param [1] f32 init 0 by %sgd -> [1] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64, steps = array<i64: 0, 3>} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %u = gpt.mul %s, %w : [1] f32, [16, 4] f32 -> [16, 4] f32
    %v = gpt.mul %s, %w : [1] f32, [16, 4] f32 -> [16, 4] f32
    %x = gpt.embed %w[%tokens] : [16, 4] f32, [16] i32 -> [16, 4] f32
    %y = gpt.linear %x, %u : [16, 4] f32, [16, 4] f32 -> [16, 16] f32
    %z = gpt.linear %x, %v : [16, 4] f32, [16, 4] f32 -> [16, 16] f32
    %o = gpt.add %y, %z : [16, 16] f32, [16, 16] f32 -> [16, 16] f32
    gpt.return %o : [16, 16] f32
  }
}
