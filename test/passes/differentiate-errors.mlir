// RUN: gptc-opt %s --differentiate --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --differentiate --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// An op that has no vector-Jacobian product stands between loss and parameter.
gpt.model @dot {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %x = gpt.embed %w[%tokens] : [8, 8] f32, [16] i32 -> [16, 8] f32
    // expected-error @+1 {{has no vector-Jacobian product: the loss must not depend on it through a parameter}}
    %l = gpt.dot %x, %x : [16, 8] f32, [16, 8] f32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// The loss is a number.
gpt.model @matrix {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %x = gpt.embed %w[%tokens] : [8, 8] f32, [16] i32 -> [16, 8] f32
    // expected-error @+1 {{of @train gives the loss, a scalar, not [16, 8] f32}}
    gpt.return %x : [16, 8] f32
  }
}

// -----
// A table that is computed cannot be trained through a look-up.
gpt.model @table {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %t = gpt.scale %w by 2 : [8, 8] f32 -> [8, 8] f32
    // expected-error @+1 {{looks up in a table that is not a parameter: it cannot be trained}}
    %x = gpt.embed %t[%tokens] : [8, 8] f32, [16] i32 -> [16, 8] f32
    %l = gpt.cross_entropy %x, %tokens : [16, 8] f32, [16] i32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// Only program variants have sizes.
gpt.model @raw {
  // expected-error @+1 {{is no program variant: run instantiate first}}
  gpt.graph @train {
    %tokens = gpt.input [16] i32 -> [16] i32
    gpt.return %tokens : [16] i32
  }
}

// -----
// So is what validation gives.
gpt.model @validation {
  gpt.graph @validate_0 attributes {kind = "validate", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    // expected-error @+1 {{of @validate gives the loss, a scalar, not [16] i32}}
    gpt.return %tokens : [16] i32
  }
}

// -----
// A loss that is itself a parameter has one accumulation.
gpt.model @parameter {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [] f32 init 0 by %sgd -> [] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    gpt.return %w : [] f32
  }
}

// -----
// What sorts a look-up's gradient is an input as the host gives it.
gpt.model @part_of_tokens {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %targets = gpt.input [16] i32 -> [16] i32
    %half = gpt.rows %tokens at 0 size 8 : [16] i32 -> [8] i32
    %to = gpt.rows %targets at 0 size 8 : [16] i32 -> [8] i32
    // expected-error @+1 {{looks up by what is no input of the micro-batch: it cannot be trained}}
    %x = gpt.embed %w[%half] : [8, 8] f32, [8] i32 -> [8, 8] f32
    %l = gpt.cross_entropy %x, %to : [8, 8] f32, [8] i32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// No gradient is lost in silence: `rotate` has none for its tables.
gpt.model @table_of_angles {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  %angles = gpt.param [16, 4] f32 init 0 by %sgd -> [16, 4] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %x = gpt.embed %w[%tokens] : [8, 8] f32, [16] i32 -> [16, 8] f32
    %h = gpt.reshape %x to [16, 1, 8] : [16, 8] f32 -> [16, 1, 8] f32
    // expected-error @+1 {{gives no gradient to its operand 1: the loss must not depend on a parameter through it}}
    %r = gpt.rotate %h by %angles, %angles group 1 : [16, 1, 8] f32, [16, 4] f32, [16, 4] f32 -> [16, 1, 8] f32
    %y = gpt.reshape %r to [16, 8] : [16, 1, 8] f32 -> [16, 8] f32
    %l = gpt.cross_entropy %y, %tokens : [16, 8] f32, [16] i32 -> [] f32
    gpt.return %l : [] f32
  }
}

// -----
// A graph gives one value.
gpt.model @two {
  %sgd = gpt.optimizer(%p, %g) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 8 : i64} {
    %to = gpt.input [8] i32 -> [8] i32
    %l = gpt.cross_entropy %w, %to : [8, 8] f32, [8] i32 -> [] f32
    // expected-error @+1 {{of a graph gives one value, not 2}}
    gpt.return %l, %l : [] f32, [] f32
  }
}

// -----
// No rule for an op of the prologue.
gpt.model @prologue {
  %sgd = gpt.optimizer(%p, %g) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  %square = gpt.state "derived" -> [] f32
  gpt.part @prologue_0 "prologue" attributes {steps = array<i64: 0, 1>} {
    // expected-error @+1 {{has no vector-Jacobian product: the loss must not depend on it through a parameter}}
    %y = gpt.dot %w, %w : [8, 8] f32, [8, 8] f32 -> [] f32
    gpt.update %square with %y : [] f32, [] f32
  }
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 8 : i64} {
    %l = gpt.scale %square by 2 : [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}
