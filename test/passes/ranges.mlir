// What an input may hold is the least of what its users can take, and each look-up that is trained has an order of its own.
// RUN: gptc-opt %s --split-input-file --differentiate --lower-to-kernels | FileCheck %s

// CHECK-LABEL: gpt.model @bounds
// Two tables, the smaller counts; the logits are narrower than both.
// CHECK-DAG: kern.buffer "tokens" "input" {below = 12 : i64, bound_by = "the rows of the table at ranges.mlir:[[@LINE+22]]"} : memref<6xi32>
// CHECK-DAG: kern.buffer "targets" "input" {below = 9 : i64, bound_by = "the columns of the logits at ranges.mlir:[[@LINE+26]]"} : memref<6xi32>
// CHECK-DAG: kern.buffer "docs" "input" {below = 8 : i64, bound_by = "the rows of the table at ranges.mlir:[[@LINE+21]]"} : memref<6xi32>
// CHECK-DAG: kern.buffer "order" "input" {below = 6 : i64, bound_by = "the rows at {{.*}}"} : memref<6xi32>
// CHECK-DAG: kern.buffer "docs_order" "input" {below = 6 : i64, bound_by = "the rows at {{.*}}"} : memref<6xi32>
// CHECK: kern.segments "{{.*}}" %{{.*}} at %docs by %docs_order to %positions_gradient
// CHECK: kern.segments "{{.*}}" %{{.*}} at %tokens by %order to %small_gradient
// CHECK: kern.segments "{{.*}}" %{{.*}} at %tokens by %order to %table_gradient
gpt.model @bounds {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %table = gpt.param [16, 8] f32 init 0 by %sgd -> [16, 8] f32
  %small = gpt.param [12, 8] f32 init 0 by %sgd -> [12, 8] f32
  %positions = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  %head = gpt.param [9, 8] f32 init 0 by %sgd -> [9, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 6 : i64} {
    %tokens = gpt.input [6] i32 -> [6] i32
    %targets = gpt.input [6] i32 -> [6] i32
    %docs = gpt.input [6] i32 -> [6] i32
    %x = gpt.embed %table[%tokens] : [16, 8] f32, [6] i32 -> [6, 8] f32
    %s = gpt.embed %small[%tokens] : [12, 8] f32, [6] i32 -> [6, 8] f32
    %p = gpt.embed %positions[%docs] : [8, 8] f32, [6] i32 -> [6, 8] f32
    %y = gpt.add %x, %s : [6, 8] f32, [6, 8] f32 -> [6, 8] f32
    %z = gpt.add %y, %p : [6, 8] f32, [6, 8] f32 -> [6, 8] f32
    %logits = gpt.linear %z, %head : [6, 8] f32, [9, 8] f32 -> [6, 9] f32
    %l = gpt.cross_entropy %logits, %targets : [6, 9] f32, [6] i32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// Weighted targets: the loss of the next tokens is an output of its own, a sum over tokens whatever the other is. A mean is divided
// by nothing.
// CHECK-LABEL: gpt.model @losses
// CHECK-DAG: kern.buffer "loss" "output" : memref<f64>
// CHECK-DAG: kern.buffer "next_token_loss" "output" : memref<f64>
// CHECK: kern.part @micro_0 "micro" attributes {loss_tokens = 1 : i64, tokens = 6 : i64}
// CHECK: kern.finish {{.*}} to %loss
// CHECK: kern.finish {{.*}} to %next_token_loss
// CHECK: kern.part @micro_1 "micro" attributes {loss_tokens = 6 : i64, next_token_loss, tokens = 6 : i64}
// CHECK-NOT: to %next_token_loss
gpt.model @losses {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %table = gpt.param [16, 16] f32 init 0 by %sgd -> [16, 16] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 6 : i64} {
    %tokens = gpt.input [6] i32 -> [6] i32
    %targets = gpt.input [6] i32 -> [6] i32
    %x = gpt.embed %table[%tokens] : [16, 16] f32, [6] i32 -> [6, 16] f32
    %l = gpt.cross_entropy %x, %targets mean (w0 = 1, w1 = 0.5) : [6, 16] f32, [6] i32 -> [] f32
    gpt.return %l : [] f32
  }
  gpt.graph @train_1 attributes {kind = "train", tokens = 6 : i64} {
    %tokens = gpt.input [6] i32 -> [6] i32
    %targets = gpt.input [6] i32 -> [6] i32
    %x = gpt.embed %table[%tokens] : [16, 16] f32, [6] i32 -> [6, 16] f32
    %l = gpt.cross_entropy %x, %targets (w0 = 1, w1 = 0) : [6, 16] f32, [6] i32 -> [] f32
    gpt.return %l : [] f32
  }
}
