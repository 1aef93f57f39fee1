// One MLP block as the phase graph leaves it: a table that is also the head, a
// weight scaled by a parameter, a gain on the way out.
gpt.model @mlp {
  %sgd = gpt.optimizer(%p, %g) states(%m) (%eta, %beta = 0.9, %count) every 2 {
    %a = gpt.scale %m by %beta
    %b = gpt.add %a, %g
    %u = gpt.scale %b by %eta / %count
    %n = gpt.sub %p, %u
    gpt.return %n, %b
  }
  %rate = gpt.schedule(%step) {
    gpt.yield 0.1 * %step
  }
  %table = gpt.param [64, 32] f32 init normal(0.1) by %sgd (eta = 0.5 * %rate) -> [64, 32] f32
  %up = gpt.param [96, 32] f32 init rows(32, uniform(0.1), 0) by %sgd (eta = %rate) -> [96, 32] f32
  %down = gpt.param [96, 32] f32 init 0 by %sgd (eta = %rate) -> [96, 32] f32
  %gain = gpt.param [2] f32 init cycle(1.0, 2.0) by %sgd (eta = %rate) -> [2] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 128 : i64, steps = array<i64: 0, 3>} {
    %tokens = gpt.input [128] i32 -> [128] i32
    %targets = gpt.input [128] i32 -> [128] i32
    %x = gpt.embed %table[%tokens] : [64, 32] f32, [128] i32 -> [128, 32] f32
    %h = gpt.rms_norm %x : [128, 32] f32 -> [128, 32] f32
    %l0 = gpt.row %gain[0] : [2] f32 -> [] f32
    %w = gpt.mul %l0, %up : [] f32, [96, 32] f32 -> [96, 32] f32
    %a = gpt.linear %h, %w : [128, 32] f32, [96, 32] f32 -> [128, 96] f32
    %r = gpt.relu2 %a : [128, 96] f32 -> [128, 96] f32
    %y = gpt.matmul %r, %down : [128, 96] f32, [96, 32] f32 -> [128, 32] f32
    %l1 = gpt.row %gain[1] : [2] f32 -> [] f32
    %s = gpt.mul %l1, %y : [] f32, [128, 32] f32 -> [128, 32] f32
    %z = gpt.add %x, %s : [128, 32] f32, [128, 32] f32 -> [128, 32] f32
    %logits = gpt.linear %z, %table : [128, 32] f32, [64, 32] f32 -> [128, 64] f32
    %loss = gpt.cross_entropy %logits, %targets : [128, 64] f32, [128] i32 -> [] f32
    gpt.return %loss : [] f32
  }
  gpt.graph @validate_0 attributes {kind = "validate", tokens = 64 : i64, steps = array<i64: 0, 4>} {
    %tokens = gpt.input [64] i32 -> [64] i32
    %targets = gpt.input [64] i32 -> [64] i32
    %x = gpt.embed %table[%tokens] : [64, 32] f32, [64] i32 -> [64, 32] f32
    %l0 = gpt.row %gain[0] : [2] f32 -> [] f32
    %w = gpt.mul %l0, %table : [] f32, [64, 32] f32 -> [64, 32] f32
    %logits = gpt.linear %x, %w : [64, 32] f32, [64, 32] f32 -> [64, 64] f32
    %loss = gpt.cross_entropy %logits, %targets mean : [64, 64] f32, [64] i32 -> [] f32
    gpt.return %loss : [] f32
  }
  gpt.adopt %down from %up after 1 : [96, 32] f32, [96, 32] f32
  gpt.recipe (steps = 4, micro_batches = 8, T = 128, document_token = 0, max_document = 64)
}
