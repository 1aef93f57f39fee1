// The vector-Jacobian product of each op that the other files do not come by: backward, from the loss on.
// RUN: gptc-opt %s --differentiate | FileCheck %s

// CHECK: %[[STORED:.*]] = gpt.stored %{{.*}} to bf16
// CHECK: %[[ROOT:.*]] = gpt.sqrt %{{.*}}
// CHECK: %[[QUOTIENT:.*]] = gpt.div %{{.*}}, %[[ROOT]]
// CHECK: %[[SOFT:.*]] = gpt.softmax %[[QUOTIENT]] (temperature = 0.5)
// CHECK: %[[SEED:.*]] = gpt.seed_cotangent -> [] f32
// CHECK: %[[V21:.*]] = gpt.fill 1.0 -> [12, 1] f32
// CHECK: %[[DA:.*]] = gpt.mul %[[V21]], %[[SEED]]
// CHECK: %[[V23:.*]] = gpt.fill 1.0 -> [6, 2, 1] f32
// CHECK: %[[DQ:.*]] = gpt.mul %[[V23]], %[[SEED]]
// CHECK: %[[V25:.*]] = gpt.fill 1.0 -> [8] f32
// CHECK: %[[DPART:.*]] = gpt.mul %[[V25]], %[[SEED]]
// CHECK: %[[V27:.*]] = gpt.reshape %[[DA]] to [6, 2]
// CHECK: %[[V28:.*]] = gpt.fill 0.0 -> [12, 1] f32
// CHECK: %[[V29:.*]] = gpt.reshape %[[V28]] to [6, 2]
// CHECK: %[[V30:.*]] = gpt.fill 0.0 -> [12, 1] f32
// CHECK: %[[V31:.*]] = gpt.reshape %[[V30]] to [6, 2]
// CHECK: %[[DA3:.*]] = gpt.concat %[[V27]], %[[V29]], %[[V31]]
// CHECK: %[[V33:.*]] = gpt.fill 0.0 -> [6, 2, 1] f32
// CHECK: %[[V34:.*]] = gpt.fill 0.0 -> [6, 2, 1] f32
// CHECK: %[[DQ3:.*]] = gpt.concat %[[DQ]], %[[V33]], %[[V34]]
// CHECK: %[[DSLICE:.*]] = gpt.add %[[DA3]], %[[DQ3]]
// CHECK: %[[DROWS0:.*]] = gpt.pad %[[DSLICE]] at 1 in 12
// CHECK: %[[DROW:.*]] = gpt.pad_rows %[[DPART]] at 4 in 12
// CHECK: %[[V39:.*]] = gpt.reshape %[[DROW]] to [1, 12]
// CHECK: %[[DROWS1:.*]] = gpt.pad_rows %[[V39]] at 2 in 6
// CHECK: %[[DROWS:.*]] = gpt.add %[[DROWS0]], %[[DROWS1]]
// CHECK: %[[DSOFT:.*]] = gpt.pad_rows %[[DROWS]] at 3 in 32
// CHECK: %[[WEIGHTED:.*]] = gpt.mul %[[DSOFT]], %[[SOFT]]
// CHECK: %[[MEAN:.*]] = gpt.reduce %[[WEIGHTED]] to [32]
// CHECK: %[[V45:.*]] = gpt.mul %[[SOFT]], %[[MEAN]]
// CHECK: %[[V46:.*]] = gpt.sub %[[WEIGHTED]], %[[V45]]
// CHECK: %[[DQUOTIENT:.*]] = gpt.scale %[[V46]] by 2.0
// CHECK: %[[DSHIFT:.*]] = gpt.div %[[DQUOTIENT]], %[[ROOT]]
// CHECK: %[[V49:.*]] = gpt.mul %[[DSHIFT]], %[[QUOTIENT]]
// CHECK: %[[V50:.*]] = gpt.scale %[[V49]] by -1.0
// CHECK: %[[V51:.*]] = gpt.shift %[[DSHIFT]] by -2
// CHECK: %[[DROOT:.*]] = gpt.add %[[V50]], %[[V51]]
// CHECK: %[[V53:.*]] = gpt.div %[[DROOT]], %[[ROOT]]
// CHECK: %[[DSUM:.*]] = gpt.scale %[[V53]] by 0.5
// CHECK: %[[V55:.*]] = gpt.fill 0.0 -> [32, 12] f32
// CHECK: %[[V56:.*]] = gpt.fill 0.0 -> [32, 12] f32
// CHECK: %[[DCLAMP:.*]] = gpt.add %[[DSUM]], %[[V56]]
// CHECK: %[[DSTORED:.*]] = gpt.clamp_backward %[[DCLAMP]], %[[STORED]] (min = -1, max = 1)
// CHECK: %[[DX:.*]] = gpt.cast %[[DSTORED]] to bf16
// CHECK: gpt.accumulate_rows %w_gradient[%tokens by %order] += %[[DX]]
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %w = gpt.param [16, 12] init 0 by %sgd -> [16, 12]
  %v = gpt.param [12] init 0 by %sgd -> [12]
  gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 1>, tokens = 32 : i64} {
    %tokens = gpt.input [32] i32 -> [32] i32
    %x = gpt.embed %w[%tokens] : [16, 12], [32] i32 -> [32, 12]
    %cast = gpt.cast %x to f32 : [32, 12] -> [32, 12] f32
    %stored = gpt.stored %cast to bf16 : [32, 12] f32 -> [32, 12] f32
    %clamp = gpt.clamp %stored (min = -1, max = 1) : [32, 12] f32 -> [32, 12] f32
    %sign = gpt.sign %clamp : [32, 12] f32 -> [32, 12] f32
    %positive = gpt.positive %sign : [32, 12] f32 -> [32, 12] f32
    %both = gpt.add %clamp, %positive : [32, 12] f32, [32, 12] f32 -> [32, 12] f32
    %root = gpt.sqrt %both : [32, 12] f32 -> [32, 12] f32
    %shift = gpt.shift %root by 2 : [32, 12] f32 -> [32, 12] f32
    %div = gpt.div %shift, %root : [32, 12] f32, [32, 12] f32 -> [32, 12] f32
    %soft = gpt.softmax %div (temperature = 0.5) : [32, 12] f32 -> [32, 12] f32
    %rows = gpt.rows %soft at 3 size 6 : [32, 12] f32 -> [6, 12] f32
    %row = gpt.row %rows[2] : [6, 12] f32 -> [12] f32
    %part = gpt.slice %row at 4 size 8 : [12] f32 -> [8] f32
    %slice = gpt.slice %rows at 1 size 6 : [6, 12] f32 -> [6, 6] f32
    %q, %k, %u = gpt.split %slice to [6, 2, 1] : [6, 6] f32 -> [6, 2, 1] f32, [6, 2, 1] f32, [6, 2, 1] f32
    %a, %b, %c = gpt.split %slice to [12, 1] : [6, 6] f32 -> [12, 1] f32, [12, 1] f32, [12, 1] f32
    %s0 = gpt.reduce %part to [] : [8] f32 -> [] f32
    %s1 = gpt.reduce %q to [] : [6, 2, 1] f32 -> [] f32
    %s2 = gpt.reduce %a to [] : [12, 1] f32 -> [] f32
    %l0 = gpt.add %s0, %s1 : [] f32, [] f32 -> [] f32
    %l = gpt.add %l0, %s2 : [] f32, [] f32 -> [] f32
    gpt.return %l : [] f32
  }
}
