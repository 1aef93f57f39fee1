// Conditions of differentiate that the other files do not come by.
// RUN: gptc-opt %s --differentiate --split-input-file | FileCheck %s

// A value of the prologue that is made of a parameter is trained, though nothing beside it is; what it stands in the place of
// has no other gradient.
// CHECK-LABEL: gpt.model @derived
// CHECK: %w = gpt.param
// CHECK-NEXT: %w_gradient = gpt.state "gradient" of "w"
// CHECK-NEXT: %nonfinite = gpt.state "output" -> [] f32
// CHECK-NEXT: %loss = gpt.state "output"
// CHECK-NEXT: %x = gpt.input
// CHECK: gpt.accumulate_outer %{{.*}} +=
// CHECK-LABEL: gpt.part @epilogue_0
// CHECK: gpt.accumulate %w_gradient +=
gpt.model @derived {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] f32 init 0 by %sgd -> [16, 8] f32
  %x = gpt.input [32, 8] f32 -> [32, 8] f32
  %twice = gpt.state "derived" -> [16, 8] f32
  gpt.part @prologue_0 "prologue" attributes {steps = array<i64: 0, 1>} {
    %y = gpt.scale %w by 2 : [16, 8] f32 -> [16, 8] f32
    gpt.update %twice with %y : [16, 8] f32, [16, 8] f32
  }
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %targets = gpt.input [32] i32 -> [32] i32
    %z = gpt.linear %x, %twice : [32, 8] f32, [16, 8] f32 -> [32, 16] f32
    %c = gpt.cross_entropy %z, %targets : [32, 16] f32, [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// One product for two parameters stays a product; what no parameter reaches needs no rule; of a named input the work list has a
// name beside it.
// CHECK-LABEL: gpt.model @outer
// CHECK: %ids_order = gpt.input order [32] i32
// CHECK: %[[D:.*]] = gpt.outer
// CHECK-DAG: gpt.accumulate %w_gradient += %[[D]]
// CHECK-DAG: gpt.accumulate %v_gradient += %[[D]]
gpt.model @outer {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] f32 init 0 by %sgd -> [16, 8] f32
  %v = gpt.param [16, 8] f32 init 0 by %sgd -> [16, 8] f32
  %x = gpt.input [32, 8] f32 -> [32, 8] f32
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %ids = gpt.input tokens [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %s = gpt.add %w, %v : [16, 8] f32, [16, 8] f32 -> [16, 8] f32
    %e = gpt.embed %w[%ids] : [16, 8] f32, [32] i32 -> [32, 8] f32
    %a = gpt.add %x, %e : [32, 8] f32, [32, 8] f32 -> [32, 8] f32
    %z = gpt.linear %a, %s : [32, 8] f32, [16, 8] f32 -> [32, 16] f32
    %c = gpt.cross_entropy %z, %targets : [32, 16] f32, [32] i32 -> [] f32
    %d = gpt.dot %x, %x : [32, 8] f32, [32, 8] f32 -> [] f32
    %l = gpt.add %c, %d : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// Weights that say what is there without them: the loss is that of the next tokens.
// CHECK-LABEL: gpt.model @first
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @first {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets (w0 = 1) : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// The same, with zeros behind.
// CHECK-LABEL: gpt.model @zeros
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @zeros {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets (w0 = 1, w1 = 0) : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// Half of the next tokens' loss, and none of it, is another.
// CHECK-LABEL: gpt.model @half
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %next_token_loss
gpt.model @half {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets (w0 = 0.5) : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// No weight at all is none of the next token.
// CHECK-LABEL: gpt.model @nothing
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %next_token_loss
gpt.model @nothing {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets (w1 = 0) : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// What is predicted is no target of the data.
// CHECK-LABEL: gpt.model @itself
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @itself {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %tokens : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// A part of no number of tokens.
// CHECK-LABEL: gpt.model @unsized
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = {{[0-9]+}} : i64, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @unsized {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// Logits of a part of the tokens.
// CHECK-LABEL: gpt.model @some
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = {{[0-9]+}} : i64, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @some {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 64 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// Zeros around have no gradient: what they stand around has its part of it.
// CHECK-LABEL: gpt.model @around
// CHECK: %[[D:.*]] = gpt.cross_entropy_backward
// CHECK: %[[ROWS:.*]] = gpt.rows %[[D]] at 4 size 24
// CHECK: %[[COLUMNS:.*]] = gpt.slice %[[ROWS]] at 2 size 8
// CHECK: gpt.accumulate_rows %w_gradient[%tokens by %order] += %[[COLUMNS]]
gpt.model @around {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [24] i32 -> [24] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [24] i32 -> [24, 8]
    %y = gpt.pad %x at 2 in 16 : [24, 8] -> [24, 16]
    %z = gpt.pad_rows %y at 4 in 32 : [24, 16] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}
