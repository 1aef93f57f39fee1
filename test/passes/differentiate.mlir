// RUN: gptc-opt %S/Inputs/mlp-graph.mlir --hoist-step-invariants --differentiate --canonicalize --cse | FileCheck %s

// Every parameter and derived value that the loss depends on has an accumulator.
// CHECK-DAG: %table_gradient = gpt.state "gradient" of "table" -> [64, 32] f32
// CHECK-DAG: %up_gradient = gpt.state "gradient" of "up" -> [96, 32] f32
// CHECK-DAG: %gain_gradient = gpt.state "gradient" of "gain" -> [2] f32
// CHECK-DAG: %mul_0_gradient = gpt.state "gradient" -> [96, 32] f32

// The loss is a sum over 128 tokens, and no other than that of the next tokens.
// CHECK-LABEL: gpt.part @micro_0 "micro" attributes {loss_tokens = 128 : i64, next_token_loss, steps = array<i64: 0, 3>, tokens = 128 : i64}
// The work list of ordered segments comes in beside the tokens.
// CHECK: %order = gpt.input [128] i32
// CHECK: %[[X:.*]] = gpt.embed %table[%tokens]
// CHECK: %[[A:.*]] = gpt.linear %[[H:[0-9]+]], %mul_0
// CHECK: %[[R:.*]] = gpt.relu2 %[[A]]
// CHECK: %[[LOSS:.*]] = gpt.cross_entropy
// CHECK: gpt.update %loss with %[[LOSS]]
// CHECK: %[[SEED:.*]] = gpt.seed_cotangent
// CHECK: %[[DZ:.*]] = gpt.cross_entropy_backward %[[SEED]]
// A weight's gradient is one op with its accumulator: no temporary.
// CHECK: gpt.accumulate_outer %table_gradient += %[[DZ]], %{{.*}}
// A scalar's gradient is a sum, accumulated through the same view.
// CHECK: %[[DL:.*]] = gpt.reduce %{{.*}} to []
// CHECK: %[[GL:.*]] = gpt.row %gain_gradient[1]
// CHECK: gpt.accumulate %[[GL]] += %[[DL]]
// CHECK: gpt.accumulate_outer %down_gradient += %[[R]], %{{.*}}
// CHECK: %[[DA:.*]] = gpt.relu2_backward %{{.*}}, %[[R]]
// CHECK: gpt.accumulate_outer %mul_0_gradient += %[[DA]], %[[H]]
// The table is read twice, and its accumulator takes both.
// CHECK: gpt.accumulate_rows %table_gradient[%tokens by %order]

// The prologue's reverse, once a step, on the sums; then they start anew.
// CHECK-LABEL: gpt.part @epilogue_0 "epilogue"
// CHECK: %[[DW:.*]] = gpt.mul %mul_0_gradient, %up
// CHECK: %[[D0:.*]] = gpt.reduce %[[DW]] to []
// CHECK: gpt.accumulate %{{.*}} += %[[D0]]
// CHECK: gpt.accumulate %up_gradient += %{{.*}}
// CHECK: gpt.update %mul_0_gradient with

// Validation has no reverse.
// CHECK-LABEL: gpt.part @validate_0 "validate" attributes {loss_tokens = 1 : i64, steps = array<i64: 0, 4>, tokens = 64 : i64}
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.accumulate
