// What two tensors give has the elements of the one with more dimensions, and of the first where they have equally many.
// RUN: gptc-opt %s --instantiate | FileCheck %s
// CHECK: gpt.add %w, %v : [16, 8], [16, 8] f32 -> [16, 8]{{$}}
// CHECK-NEXT: gpt.add %v, %w : [16, 8] f32, [16, 8] -> [16, 8] f32
// CHECK-NEXT: gpt.mul %w, %r : [16, 8], [16] f32 -> [16, 8]{{$}}
// CHECK-NEXT: gpt.mul %r, %w : [16] f32, [16, 8] -> [16, 8]{{$}}
gpt.model @m {
  gpt.let T, D = 8
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %w = gpt.param [16, D] init 0 by %sgd
  %v = gpt.param [16, D] f32 init 0 by %sgd
  %r = gpt.param [16] f32 init 0 by %sgd
  gpt.graph @train {
    %a = gpt.add %w, %v
    %b = gpt.add %v, %w
    %c = gpt.mul %w, %r
    %d = gpt.mul %r, %w
    %e = gpt.add %a, %b
    %f = gpt.add %c, %d
    %h = gpt.add %e, %f
    %x = gpt.embed %h[%tokens]
    %z = gpt.linear %x, %w
    %l = gpt.cross_entropy %z, %targets
    gpt.return %l
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
}
