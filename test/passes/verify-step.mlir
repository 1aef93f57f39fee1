// RUN: gptc-opt %s --split-input-file --verify-step --verify-diagnostics

gpt.model @graph {
  // expected-error @+1 {{is of the phase 'graph': differentiate makes parts of it}}
  gpt.graph @train {
    %y = gpt.fill 0 -> [] f32
    gpt.return %y : [] f32
  }
}

// -----

gpt.model @optimizer {
  // expected-error @+1 {{is of the phase 'graph': expand-optimizer inlines it}}
  %sgd = gpt.optimizer(%p, %g) (%lr = 0.1) {
    %u = gpt.scale %g by %lr
    %p1 = gpt.sub %p, %u
    gpt.return %p1
  }
}
