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
