// RUN: gptc-opt %s --instantiate | FileCheck %s

// An optimizer's functions become ops of it. What is passed to them is still a
// number: a run may set it. A size of the optimizer that has the name of a
// constant that a function reads takes another.
// CHECK-LABEL: gpt.model @calls
// CHECK: %rate = gpt.setting "rate" = 0.5
// CHECK: %muon = gpt.optimizer(%p : [D_own, N], %g)
// CHECK: %[[BY:.*]] = gpt.expr %rate/N
// CHECK: %[[U:.*]] = gpt.scale %g by %[[BY]]
// CHECK: %[[V:.*]] = gpt.offset %[[U]] by 8
// CHECK: %[[W:.*]] = gpt.scale %[[V]] by D_own
// CHECK: gpt.sub %p, %[[W]]
// CHECK-NOT: gpt.call
gpt.model @calls {
  gpt.let T, D = 8, V = 16, rate = 0.5
  gpt.require rate > 0
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %by = gpt.func(%x) (%by) {
    %u = gpt.scale %x by %by
    %v = gpt.offset %u by D
    gpt.return %v
  }
  %muon = gpt.optimizer(%p : [D, N], %g) {
    %u = gpt.call %by(%g) (by = rate/N)
    %w = gpt.scale %u by D
    %q = gpt.sub %p, %w
    gpt.return %q
  }
  %table = gpt.param [V, D] init 0 by %muon
  gpt.graph @train {
    %x = gpt.embed %table[%tokens]
    %z = gpt.linear %x, %table
    %l = gpt.cross_entropy %z, %targets
    gpt.return %l
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = 32, document_token = 0, max_document = 16)
}
