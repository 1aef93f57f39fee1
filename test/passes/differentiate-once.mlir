// What differentiate makes once, and what it leaves alone.
// RUN: gptc-opt %s --differentiate | FileCheck %s

// One view of a gradient, and one order of tokens, for all that read them; of a parameter behind a view the gradient is the
// whole one's. A graph that gives no loss is described by none.
// CHECK-LABEL: gpt.model @m
// CHECK: gpt.part @micro_0
// CHECK: %order = gpt.input
// CHECK-NOT: %order_
// CHECK: %[[V:.*]] = gpt.row %w_gradient[1]
// CHECK: gpt.accumulate{{(_outer)?}} %[[V]]
// CHECK-NOT: gpt.row %w_gradient[1]
// CHECK: %[[D:.*]] = gpt.sigmoid_backward
// CHECK: %[[TWO:.*]] = gpt.row %w_gradient[2]
// CHECK: gpt.accumulate %[[TWO]] += %[[D]]
// CHECK-NOT: gpt.row %w_gradient[1]
// CHECK: gpt.accumulate{{(_outer)?}} %[[V]]
// CHECK: gpt.accumulate_rows
// CHECK: gpt.accumulate_rows
// CHECK: gpt.part @sample_0 "sample" attributes {steps
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [3, 8, 8] init 0 by %sgd -> [3, 8, 8]
  %e = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  %f = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  %one = gpt.row %w[1] : [3, 8, 8] -> [8, 8]
  %two = gpt.row %w[2] : [3, 8, 8] -> [8, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %e[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %y = gpt.embed %f[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %a = gpt.linear %x, %one : [32, 8], [8, 8] -> [32, 8]
    %b = gpt.mul %a, %y : [32, 8], [32, 8] -> [32, 8]
    %s = gpt.sigmoid %two : [8, 8] -> [8, 8]
    %d = gpt.mul %s, %s : [8, 8], [8, 8] -> [8, 8]
    %u = gpt.matmul %b, %d : [32, 8], [8, 8] -> [32, 8]
    %c = gpt.matmul %u, %one : [32, 8], [8, 8] -> [32, 8]
    %l = gpt.cross_entropy %c, %targets : [32, 8], [32] i32 -> [] f32
    gpt.return %l : [] f32
  }
  gpt.graph @sample_0 attributes {kind = "sample", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %e[%tokens] : [16, 8], [32] i32 -> [32, 8]
    gpt.return %x : [32, 8]
  }
}
