// RUN: gptc-opt %S/Inputs/mlp-graph.mlir --hoist-step-invariants --differentiate --expand-optimizer --canonicalize --cse | FileCheck %s
// RUN: gptc-opt %s --differentiate --expand-optimizer --remarks-filter=expand-optimizer 2>&1 | FileCheck %s --check-prefix=REMARK

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
// CHECK-NOT: gpt.update

// CHECK-LABEL: gpt.part @update_0_1 "update" attributes {steps = array<i64: 1, 1, 3, 3>}
// CHECK: %[[A:.*]] = gpt.scale %table_m by 0.9
// CHECK: %[[B:.*]] = gpt.add %[[A]], %table_gradient
// CHECK: %[[U:.*]] = gpt.scale %[[B]] by 0.5*%rate/%[[COUNT]]
// CHECK: %[[P:.*]] = gpt.sub %table, %[[U]]
// CHECK: gpt.update %table with %[[P]]
// CHECK: gpt.update %table_m with %[[B]]
// CHECK: gpt.update %table_gradient with

// An adoption takes the optimizer's state along.
// CHECK-LABEL: gpt.part @event_1 "event" attributes {steps = array<i64: 1, 1>}
// CHECK: gpt.update %down with %up
// CHECK: gpt.update %down_m with %up_m

// An optimizer that only stands in for another is remarked on, by parameter.
// REMARK: [Missed] stand-in | Category:expand-optimizer | Function=w | Reason="'muon' only stands in for Muon"
gpt.model @standin {
  %muon = gpt.optimizer(%p, %g) (%eta = 1) stand_in "Muon" {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %muon -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64, steps = array<i64: 0, 1>} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %x = gpt.embed %w[%tokens] : [8, 8] f32, [16] i32 -> [16, 8] f32
    %l = gpt.cross_entropy %x, %tokens : [16, 8] f32, [16] i32 -> [] f32
    gpt.return %l : [] f32
  }
}
