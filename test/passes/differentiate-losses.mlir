// What a loss is a token, decided from the graph: a sum over tokens, a mean, or neither (0). Behind it, where the loss is another
// than that of the next tokens, the plain one.
// RUN: gptc-opt %s --split-input-file --differentiate | FileCheck %s

// A sum over tokens, of the next ones alone.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// Their mean.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 1 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets mean : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// A mean that the graph takes itself: not divided once more.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 1 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %l = gpt.scale %c by 1/32 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// In two steps, and back again.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 1 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %d = gpt.scale %c by 1/64 : [] f32 -> [] f32
    %l = gpt.scale %d by 2 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// A mean times T is the sum.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, next_token_loss, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets mean : [32, 16], [32] i32 -> [] f32
    %l = gpt.scale %c by 32 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// More targets than the next: the plain loss stands beside it.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets (w0 = 1, w1 = 0.5) : [32, 16], [32] i32 -> [] f32
    gpt.return %c : [] f32
  }
}

// -----
// So it does beside their mean by the graph.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 1 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  %half = gpt.schedule(%step) {
    gpt.yield 1 / (1 + %step)
  }
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets (w0 = 1, w1 = %half) : [32, 16], [32] i32 -> [] f32
    %l = gpt.scale %c by 1/32 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// A sum and a small term beside it: the largest weight tells.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
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
    %y = gpt.scale %z by 2 : [32, 16] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %d = gpt.cross_entropy %y, %targets : [32, 16], [32] i32 -> [] f32
    %e = gpt.scale %d by 0.3 : [] f32 -> [] f32
    %l = gpt.add %c, %e : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// A mean and a small term.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 1 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
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
    %y = gpt.scale %z by 2 : [32, 16] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %m = gpt.scale %c by 1/32 : [] f32 -> [] f32
    %d = gpt.cross_entropy %y, %targets mean : [32, 16], [32] i32 -> [] f32
    %e = gpt.scale %d by 0.3 : [] f32 -> [] f32
    %l = gpt.add %m, %e : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// Weights that make one together, on the same logits.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %d = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %e = gpt.scale %c by 0.5 : [] f32 -> [] f32
    %f = gpt.scale %d by 0.5 : [] f32 -> [] f32
    %l = gpt.add %e, %f : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// On two, of equal weight: which of them is meant nobody knows.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.update %loss with
// CHECK-NOT: gpt.update %next_token_loss
// CHECK: gpt.seed_cotangent
gpt.model @m {
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
    %y = gpt.scale %z by 2 : [32, 16] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %d = gpt.cross_entropy %y, %targets : [32, 16], [32] i32 -> [] f32
    %e = gpt.scale %c by 0.5 : [] f32 -> [] f32
    %f = gpt.scale %d by 0.5 : [] f32 -> [] f32
    %l = gpt.add %e, %f : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// What is taken off, and what has no constant weight, is no measure.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  %half = gpt.schedule(%step) {
    gpt.yield 1 / (1 + %step)
  }
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %y = gpt.scale %z by 2 : [32, 16] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %d = gpt.cross_entropy %y, %targets : [32, 16], [32] i32 -> [] f32
    %e = gpt.scale %d by %half : [] f32 -> [] f32
    %l = gpt.sub %c, %e : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// A number is added: another value, the same measure.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 32 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %l = gpt.offset %c by 3 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// Neither a sum nor a mean: shown as it is, the plain loss beside it.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 0 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
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
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %l = gpt.scale %c by 8/32 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// Of a weight that is trained, or of the schedule, nothing is known.
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 0 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  %gain = gpt.param [] f32 init 1 by %sgd -> [] f32
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %l = gpt.mul %gain, %c : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// CHECK: gpt.part @micro_0 "micro" attributes {loss_tokens = 0 : i64, steps
// CHECK: gpt.update %loss with
// CHECK: %[[PLAIN:.*]] = gpt.cross_entropy %{{.*}}, %targets : [32, 16], [32] i32 -> [] f32
// CHECK-NEXT: gpt.update %next_token_loss with %[[PLAIN]]
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  %half = gpt.schedule(%step) {
    gpt.yield 1 / (1 + %step)
  }
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %targets = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 8], [32] i32 -> [32, 8]
    %z = gpt.linear %x, %w : [32, 8], [16, 8] -> [32, 16]
    %c = gpt.cross_entropy %z, %targets : [32, 16], [32] i32 -> [] f32
    %l = gpt.scale %c by %half : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}
