// RUN: gptc-opt %s --expand-optimizer --split-input-file --verify-diagnostics

// A split copies one parameter to another, with what its optimizer knows.
gpt.model @adopt {
  gpt.recipe (steps = 4, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  %x = gpt.input [8, 8] -> [8, 8]
  // expected-error @+1 {{'gpt.adopt' op copies what is no parameter}}
  gpt.adopt %w from %x after 2 : [8, 8] f32, [8, 8]
}
