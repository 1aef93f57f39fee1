// The smallest model: a token's row, one MLP block, a head. It learns which byte follows which.
gpt.model @mlp {
  %adam = gpt.base "optimizers.mlir"

  gpt.let T, V = 256, D = 128, F = 512, steps = 200, tokens = 2048
  gpt.let document_token = 0, max_document_tokens = 512, val_tokens = 16384, val_slice = 2048, sample_tokens = 256

  %tokens  = gpt.input [T] i32
  %targets = gpt.input [T] i32                             // the tokens that follow

  %embed  = gpt.param [V, D] init normal(1) by %adam
  %c_fc   = gpt.param [F, D] init uniform(sqrt(3/D)) by %adam
  %c_proj = gpt.param [F, D] init 0 by %adam
  %head   = gpt.param [V, D] init normal(0.05) by %adam

  // x + relu(norm(x) c_fcᵀ)² c_proj, and the logits of its norm.
  %predict = gpt.func() {
    %x = gpt.embed %embed[%tokens]
    %h = gpt.rms_norm %x
    %a = gpt.linear %h, %c_fc
    %b = gpt.relu2 %a
    %c = gpt.matmul %b, %c_proj
    %y = gpt.add %x, %c
    %n = gpt.rms_norm %y
    %z = gpt.linear %n, %head
    gpt.return %z
  }
  gpt.graph @train {
    %z    = gpt.call %predict()
    %loss = gpt.cross_entropy %z, %targets
    gpt.return %loss
  }
  gpt.graph @validate {
    %z    = gpt.call %predict()
    %loss = gpt.cross_entropy %z, %targets mean
    gpt.return %loss
  }
  gpt.graph @sample {
    %z    = gpt.call %predict()
    %next = gpt.softmax %z
    gpt.return %next
  }

  %lr = gpt.schedule(%step) {
    gpt.yield 1 - %step / steps
  } {shown}
  %validate = gpt.schedule(%step) {
    gpt.yield mod(%step, 50) == 0
  }
  gpt.recipe (steps = steps, micro_batches = 2, T = tokens, document_token = document_token,
              max_document = max_document_tokens, validate = %validate, validate_tokens = val_tokens,
              validate_batch = val_slice, sample_batch = sample_tokens)
}
