// A rotation goes back by its inverse: of one that turns back already, that is the rotation.

// RUN: gptc-opt %s --differentiate | FileCheck %s

// CHECK-LABEL: gpt.part @micro_0
// CHECK:         %[[A:.*]] = gpt.rotate %{{.*}} by %cos, %sin group 1 :
// CHECK:         %[[B:.*]] = gpt.rotate %[[A]] by %cos, %sin group 1 neighbours inverse :
// CHECK:         %[[D:.*]] = gpt.rotate %{{.*}} by %cos, %sin group 1 neighbours :
// CHECK:         gpt.rotate %[[D]] by %cos, %sin group 1 inverse :
gpt.model @turns {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  gpt.graph @train_0 attributes {kind = "train", tokens = 16 : i64} {
    %tokens = gpt.input [16] i32 -> [16] i32
    %cos = gpt.input [16, 4] f32 -> [16, 4] f32
    %sin = gpt.input [16, 4] f32 -> [16, 4] f32
    %x = gpt.embed %w[%tokens] : [8, 8] f32, [16] i32 -> [16, 8] f32
    %h = gpt.reshape %x to [16, 1, 8] : [16, 8] f32 -> [16, 1, 8] f32
    %a = gpt.rotate %h by %cos, %sin group 1 : [16, 1, 8] f32, [16, 4] f32, [16, 4] f32 -> [16, 1, 8] f32
    %b = gpt.rotate %a by %cos, %sin group 1 neighbours inverse : [16, 1, 8] f32, [16, 4] f32, [16, 4] f32 -> [16, 1, 8] f32
    %y = gpt.reshape %b to [16, 8] : [16, 1, 8] f32 -> [16, 8] f32
    %l = gpt.cross_entropy %y, %tokens : [16, 8] f32, [16] i32 -> [] f32
    gpt.return %l : [] f32
  }
}
