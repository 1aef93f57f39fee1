// A parameter that graphs read and no training graph gives a gradient is a warning at its place.
// RUN: gptc-opt %s --differentiate --verify-diagnostics -o /dev/null

gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %table = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  // Only one of two training graphs reads it.
  %second = gpt.param [1, 8] init 0 by %sgd -> [1, 8]
  // Through a view.
  %gains = gpt.param [2, 8] init 0 by %sgd -> [2, 8]
  // expected-warning @+1 {{no loss reaches 'scale': it stays as it begins; @train must read it, or leave it out}}
  %scale = gpt.param [1, 8] init 0 by %sgd -> [1, 8]
  // expected-warning @+1 {{no loss reaches 'biases'}}
  %biases = gpt.param [2, 8] init 0 by %sgd -> [2, 8]
  // Split at the end of the run: what it holds is another's.
  %adopted = gpt.param [16, 8] init 0 by %sgd -> [16, 8]
  gpt.adopt %adopted from %table after 3 : [16, 8], [16, 8]
  // Read by nobody: verify-model has said so.
  %unread = gpt.param [1, 8] init 0 by %sgd -> [1, 8]
  %seen = gpt.param [2, 8] init 0 by %sgd -> [2, 8]
  %unread_view = gpt.rows %seen at 1 size 1 : [2, 8] -> [1, 8]

  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 4 : i64} {
    %tokens = gpt.input [4] i32 -> [4] i32
    %targets = gpt.input [4] i32 -> [4] i32
    %x = gpt.embed %table[%tokens] : [16, 8], [4] i32 -> [4, 8]
    %g = gpt.rows %gains at 1 size 1 : [2, 8] -> [1, 8]
    %y = gpt.mul %g, %x : [1, 8], [4, 8] -> [4, 8]
    %l = gpt.cross_entropy %y, %targets (w0 = 1) : [4, 8], [4] i32 -> [] f32
    gpt.return %l : [] f32
  }
  gpt.graph @train_1 attributes {kind = "train", steps = array<i64: 2, 3>, tokens = 4 : i64} {
    %tokens = gpt.input [4] i32 -> [4] i32
    %targets = gpt.input [4] i32 -> [4] i32
    %x = gpt.embed %table[%tokens] : [16, 8], [4] i32 -> [4, 8]
    %y = gpt.mul %second, %x : [1, 8], [4, 8] -> [4, 8]
    %l = gpt.cross_entropy %y, %targets (w0 = 1) : [4, 8], [4] i32 -> [] f32
    gpt.return %l : [] f32
  }
  gpt.graph @validate_0 attributes {kind = "validate", steps = array<i64: 0, 4>, tokens = 4 : i64} {
    %tokens = gpt.input [4] i32 -> [4] i32
    %targets = gpt.input [4] i32 -> [4] i32
    %x = gpt.embed %adopted[%tokens] : [16, 8], [4] i32 -> [4, 8]
    %y = gpt.mul %scale, %x : [1, 8], [4, 8] -> [4, 8]
    %b = gpt.rows %biases at 1 size 1 : [2, 8] -> [1, 8]
    %z = gpt.add %b, %y : [1, 8], [4, 8] -> [4, 8]
    %l = gpt.cross_entropy %z, %targets mean : [4, 8], [4] i32 -> [] f32
    gpt.return %l : [] f32
  }
}
