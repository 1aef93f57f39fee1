// Where sizes get their numbers the first thing that is wrong is told, and nothing else: what follows may be its doing.
// RUN: gptc-opt %s --instantiate --verify-diagnostics

gpt.model @m {
  gpt.let T
  %x = gpt.input [4, T]
  %y = gpt.input [4, T]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 9 to 10 of 8 columns ([4, 8])}}
    %a = gpt.slice %x at 9 size 1
    %b = gpt.slice %y at 10 size 1
    gpt.return %a, %b
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}
