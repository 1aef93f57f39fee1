// A small whole model, the base of the variants in these tests.
gpt.model @whole {
  gpt.let T, V = 16, D = 4, unit = 1
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %table = gpt.param [V, D] init 0 by %sgd
  %head = gpt.param [V, D] init 0 by %sgd (rate = 2)
  %first, %second = gpt.pack "scalars" [] f32 init 1, [] f32 init 2 by %sgd
  %body = gpt.func(%x : [T, D]) {
    %y = gpt.mul %first, %x
    gpt.return %y
  }
  gpt.graph @train {
    %x = gpt.embed %table[%tokens]
    %y = gpt.call %body(%x)
    %z = gpt.linear %y, %head
    %l = gpt.mul %second, %z
    %loss = gpt.cross_entropy %l, %targets (w0 = 1)
    gpt.return %loss
  }
  %lr = gpt.schedule(%step) {
    gpt.yield 1 - %step/10
  }
  %sgd = gpt.optimizer(%p, %g) (%rate = 1) {
    %u = gpt.scale %g by %rate*%lr
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
}
