// RUN: gptc-opt %s --fuse-slice-gate | FileCheck %s
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --fuse-slice-gate --remarks-filter=fuse-slice-gate 2>&1 | FileCheck %s --check-prefix=REMARK --implicit-check-not="1 gates read"

gpt.model @m {
  %w1 = gpt.state "derived" -> [1, 12]
  %w4 = gpt.state "derived" -> [4, 12]
  %wide = gpt.state "derived" -> [1, 64]
  %lambda = gpt.state "derived" -> [] f32
  %mu = gpt.state "derived" -> [] f32
  %x = gpt.state "derived" -> [96, 64]
  %u = gpt.state "derived" -> [96, 64]
  %y = gpt.state "derived" -> [96, 4, 16]
  %w8 = gpt.state "derived" -> [8, 64]
  %y8 = gpt.state "derived" -> [96, 8, 8]
  %e = gpt.state "derived" -> [8, 64]
  %e8 = gpt.state "derived" -> [8, 8, 4]
  %k = gpt.schedule(%step) {
    gpt.yield 2 * %step
  }

  // A gate a head.
  // CHECK-LABEL: gpt.graph @head
  // CHECK-NEXT: %[[G:.*]] = gpt.gate %y by %w4 on %x at 18 factor 1.0
  // CHECK-NEXT: gpt.return %[[G]]
  // OFF-LABEL: gpt.graph @head
  // OFF: gpt.sigmoid
  // REMARK: [Passed] gate | Category:fuse-slice-gate | {{.*}}"gate of columns 18 to 30"
  gpt.graph @head {
    %s = gpt.slice %x at 18 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w4 : [96, 12], [4, 12] -> [96, 4]
    %g = gpt.sigmoid %z : [96, 4] -> [96, 4]
    %r = gpt.mul %g, %y : [96, 4], [96, 4, 16] -> [96, 4, 16]
    gpt.return %r : [96, 4, 16]
  }

  // A gate a row with a number and a scalar in between, the tensor on the left.
  // CHECK-LABEL: gpt.graph @row
  // CHECK-NEXT: gpt.gate %u by %w1 on %x at 6 times %lambda factor 2.0
  // CHECK-NEXT: gpt.return
  gpt.graph @row {
    %s = gpt.slice %x at 6 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %g2 = gpt.scale %g by 2 : [96, 1] -> [96, 1]
    %gl = gpt.mul %lambda, %g2 : [] f32, [96, 1] -> [96, 1]
    %r = gpt.mul %u, %gl : [96, 64], [96, 1] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // The factors behind the product and on the tensor's side; a reshape by 1.
  // CHECK-LABEL: gpt.graph @sides
  // CHECK-NEXT: gpt.gate %y by %w4 on %x at 0 times %lambda factor 6.0
  // CHECK-NEXT: gpt.return
  gpt.graph @sides {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w4 : [96, 12], [4, 12] -> [96, 4]
    %g = gpt.sigmoid %z : [96, 4] -> [96, 4]
    %gr = gpt.reshape %g to [96, 4, 1] : [96, 4] -> [96, 4, 1]
    %y3 = gpt.scale %y by 3 : [96, 4, 16] -> [96, 4, 16]
    %r = gpt.mul %y3, %gr : [96, 4, 16], [96, 4, 1] -> [96, 4, 16]
    %rl = gpt.mul %r, %lambda : [96, 4, 16], [] f32 -> [96, 4, 16]
    %r2 = gpt.scale %rl by 2 : [96, 4, 16] -> [96, 4, 16]
    gpt.return %r2 : [96, 4, 16]
  }

  // A scalar in front of the tensor, on either side of the product.
  // CHECK-LABEL: gpt.graph @scalars
  // CHECK-NEXT: gpt.gate %u by %w1 on %x at 0 times %lambda factor 1.0
  // CHECK-NEXT: gpt.gate %u by %w1 on %x at 0 times %lambda factor 1.0
  // CHECK-NEXT: gpt.return
  gpt.graph @scalars {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %lu = gpt.mul %lambda, %u : [] f32, [96, 64] -> [96, 64]
    %r = gpt.mul %g, %lu : [96, 1], [96, 64] -> [96, 64]
    %z1 = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g1 = gpt.sigmoid %z1 : [96, 1] -> [96, 1]
    %ul = gpt.mul %u, %lambda : [96, 64], [] f32 -> [96, 64]
    %r1 = gpt.mul %g1, %ul : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r, %r1 : [96, 64], [96, 64]
  }

  // A weight that is the slice too.
  // CHECK-LABEL: gpt.graph @slice_as_weight
  // CHECK-NEXT: %[[S:.*]] = gpt.slice %e at 0
  // CHECK-NEXT: gpt.gate %{{.*}} by %[[S]] on %e at 0
  // CHECK-NEXT: gpt.return
  gpt.graph @slice_as_weight {
    %s = gpt.slice %e at 0 size 12 : [8, 64] -> [8, 12]
    %z = gpt.linear %s, %s : [8, 12], [8, 12] -> [8, 8]
    %g = gpt.sigmoid %z : [8, 8] -> [8, 8]
    %r = gpt.mul %g, %e8 : [8, 8], [8, 8, 4] -> [8, 8, 4]
    gpt.return %r : [8, 8, 4]
  }

  // Two gates of one slice, which is a view: both fuse, and the row is told.
  // CHECK-LABEL: gpt.graph @two
  // CHECK-NEXT: gpt.gate %u by %w1 on %x at 18
  // CHECK-NEXT: gpt.gate %y by %w4 on %x at 18
  // CHECK-NEXT: gpt.return
  // REMARK: [Analysis] row | Category:fuse-slice-gate | {{.*}}gates read this row
  gpt.graph @two {
    %s = gpt.slice %x at 18 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.mul %g, %u : [96, 1], [96, 64] -> [96, 64]
    %z4 = gpt.linear %s, %w4 : [96, 12], [4, 12] -> [96, 4]
    %g4 = gpt.sigmoid %z4 : [96, 4] -> [96, 4]
    %r4 = gpt.mul %g4, %y : [96, 4], [96, 4, 16] -> [96, 4, 16]
    gpt.return %r, %r4 : [96, 64], [96, 4, 16]
  }

  // 512 weights are row-wise work still; a reshape may drop the dimension of 1.
  // CHECK-LABEL: gpt.graph @largest
  // CHECK-NEXT: gpt.gate %y8 by %w8 on %x at 0
  // CHECK-NEXT: gpt.gate %u by %w1 on %x at 0
  // CHECK-NEXT: gpt.return
  gpt.graph @largest {
    %s = gpt.slice %x at 0 size 64 : [96, 64] -> [96, 64]
    %z = gpt.linear %s, %w8 : [96, 64], [8, 64] -> [96, 8]
    %g = gpt.sigmoid %z : [96, 8] -> [96, 8]
    %r = gpt.mul %g, %y8 : [96, 8], [96, 8, 8] -> [96, 8, 8]
    %s1 = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z1 = gpt.linear %s1, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g1 = gpt.sigmoid %z1 : [96, 1] -> [96, 1]
    %v1 = gpt.reshape %g1 to [96] : [96, 1] -> [96]
    %r1 = gpt.mul %v1, %u : [96], [96, 64] -> [96, 64]
    gpt.return %r, %r1 : [96, 8, 8], [96, 64]
  }

  // Factors stay outside where the gate has one scalar already, where they
  // change with the step, and where others read what they make.
  // CHECK-LABEL: gpt.graph @outside
  // CHECK-NEXT: %[[SCALED:.*]] = gpt.scale %u by 3
  // CHECK-NEXT: %[[GATED:.*]] = gpt.gate %[[SCALED]] by %w1 on %x at 0 times %lambda factor 1.0
  // CHECK-NEXT: %[[TIMES:.*]] = gpt.mul %[[GATED]], %mu
  // CHECK-NEXT: %[[INNER:.*]] = gpt.scale %u by %k
  // CHECK-NEXT: %[[USED:.*]] = gpt.gate %[[INNER]] by %w1 on %x at 0 factor 1.0
  // CHECK-NEXT: %[[BEHIND:.*]] = gpt.scale %[[USED]] by 2
  // CHECK-NEXT: gpt.return %[[SCALED]], %[[TIMES]], %[[USED]], %[[BEHIND]]
  gpt.graph @outside {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %gl = gpt.mul %g, %lambda : [96, 1], [] f32 -> [96, 1]
    %u3 = gpt.scale %u by 3 : [96, 64] -> [96, 64]
    %r = gpt.mul %gl, %u3 : [96, 1], [96, 64] -> [96, 64]
    %rm = gpt.mul %r, %mu : [96, 64], [] f32 -> [96, 64]
    %z1 = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g1 = gpt.sigmoid %z1 : [96, 1] -> [96, 1]
    %uk = gpt.scale %u by %k : [96, 64] -> [96, 64]
    %r1 = gpt.mul %g1, %uk : [96, 1], [96, 64] -> [96, 64]
    %r2 = gpt.scale %r1 by 2 : [96, 64] -> [96, 64]
    gpt.return %u3, %rm, %r1, %r2 : [96, 64], [96, 64], [96, 64], [96, 64]
  }
}
