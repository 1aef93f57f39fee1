// RUN: gptc-opt %s --unroll-banks --split-input-file --verify-diagnostics | FileCheck %s

// A bank comes apart, without the member that it is declared without; its rows
// are the members.
// CHECK-LABEL: gpt.model @bank
gpt.model @bank {
  %sgd = gpt.optimizer(%p, %g) (%lr = 1) {
    %u = gpt.scale %g by %lr
    %n = gpt.sub %p, %u
    gpt.return %n
  }
  // CHECK-DAG: %w.0 = gpt.param [4, 8] f32 init 0 by %sgd -> [4, 8] f32
  // CHECK-DAG: %w.2 = gpt.param [4, 8] f32 init 0 by %sgd -> [4, 8] f32
  // CHECK-NOT: gpt.param
  %w = gpt.param 3 x [4, 8] f32 without 1 init 0 by %sgd -> [3, 4, 8] f32
  // CHECK: gpt.graph
  gpt.graph @train_0 {
    %x = gpt.input [16] i32 as "tokens" -> [16] i32
    %a = gpt.row %w[0] : [3, 4, 8] f32 -> [4, 8] f32
    %b = gpt.row %w[2] : [3, 4, 8] f32 -> [4, 8] f32
    // CHECK-NOT: gpt.row
    // CHECK: gpt.add %w.0, %w.2
    %c = gpt.add %a, %b : [4, 8] f32, [4, 8] f32 -> [4, 8] f32
    gpt.return %c : [4, 8] f32
  }
}

// -----
// A pack becomes one vector in the order of its parts; each part is a view.
// CHECK-LABEL: gpt.model @pack
gpt.model @pack {
  %sgd = gpt.optimizer(%p, %g) (%lr = 1) {
    %u = gpt.scale %g by %lr
    %n = gpt.sub %p, %u
    gpt.return %n
  }
  // CHECK: %scalars = gpt.param [5] f32 init parts(4, 1.1, 1, 0.5) by %sgd -> [5] f32
  // CHECK: %[[A:.*]] = gpt.rows %scalars at 0 size 4
  // CHECK: %[[A2:.*]] = gpt.reshape %[[A]] to [2, 2]
  // CHECK: %[[B:.*]] = gpt.rows %scalars at 4 size 1
  // CHECK: %[[B0:.*]] = gpt.reshape %[[B]] to []
  %a, %b = gpt.pack "scalars" [2, 2] f32 init 1.1, [] f32 init 0.5 typed by %sgd
  gpt.graph @train_0 {
    // CHECK: gpt.mul %[[B0]], %[[A2]]
    %c = gpt.mul %b, %a : [] f32, [2, 2] f32 -> [2, 2] f32
    gpt.return %c : [2, 2] f32
  }
}

// -----
// Members that no graph reads, but not those that it is declared without, nor
// a bank that nothing reads at all: verify-model has said so by its name.
gpt.model @unread {
  %sgd = gpt.optimizer(%p, %g) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  // expected-warning @+1 {{nothing reads 'w.2', 'w.4'; declare the bank `without 2, 4`, or name them where they belong}}
  %w = gpt.param 5 x [4, 8] f32 without 3 init 0 by %sgd -> [5, 4, 8] f32
  %none = gpt.param 5 x [4, 8] f32 init 0 by %sgd -> [5, 4, 8] f32
  gpt.graph @train_0 {
    %a = gpt.row %w[0] : [5, 4, 8] f32 -> [4, 8] f32
    %b = gpt.row %w[1] : [5, 4, 8] f32 -> [4, 8] f32
    %unread = gpt.row %w[2] : [5, 4, 8] f32 -> [4, 8] f32
    %c = gpt.add %a, %b : [4, 8] f32, [4, 8] f32 -> [4, 8] f32
    gpt.return %c : [4, 8] f32
  }
}

// -----
// A bank has no buffer of its own: it cannot be read as a whole.
gpt.model @whole {
  %sgd = gpt.optimizer(%p, %g) (%lr = 1) {
    %u = gpt.scale %g by %lr
    %n = gpt.sub %p, %u
    gpt.return %n
  }
  %w = gpt.param 2 x [4, 8] f32 init 0 by %sgd -> [2, 4, 8] f32
  gpt.graph @train_0 {
    // expected-error @+1 {{'gpt.scale' op reads the bank 'w' as a whole: read its members, `gpt.row %w[i]`}}
    %c = gpt.scale %w by 2 : [2, 4, 8] f32 -> [2, 4, 8] f32
    gpt.return %c : [2, 4, 8] f32
  }
}
