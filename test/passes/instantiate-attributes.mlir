// An attribute that is none of the op's own, which verify-model refuses, has no names: it is neither read nor changed.
// RUN: gptc-opt %s --instantiate | FileCheck %s
// CHECK: gpt.scale %{{.*}} by 0 {at = "E", size = "D"}
gpt.model @m {
  gpt.let T, D = 8, at = 0
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %w = gpt.param [16, D] init 0 by %sgd
  gpt.graph @train {
    %x = gpt.embed %w[%tokens]
    %y = gpt.scale %x by at {at = "E", size = "D"}
    %z = gpt.linear %y, %w
    %l = gpt.cross_entropy %z, %targets
    gpt.return %l
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
}
