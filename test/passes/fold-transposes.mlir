// RUN: gptc-opt %s --fold-transposes --remarks-filter=fold-transposes -o %t 2>&1 | FileCheck %s --check-prefix=MISSED
// RUN: FileCheck %s < %t

gpt.model @transposes {
  %x = gpt.state "derived" -> [96, 64]
  %y = gpt.state "derived" -> [96, 64]
  %wide = gpt.state "derived" -> [64, 96]
  %square = gpt.state "derived" -> [96, 96]
  %stack = gpt.state "derived" -> [3, 96, 64]
  %row = gpt.state "derived" -> [1, 96]
  %column = gpt.state "derived" -> [64, 1]
  %scalar = gpt.state "derived" -> [] f32
  %each = gpt.state "derived" -> [3]

  // The iteration of Newton and Schulz, written for wide matrices, on tall ones: nothing is transposed.
  // CHECK-LABEL: gpt.graph @newton
  // CHECK-NOT: gpt.transpose
  // CHECK: %[[N:.*]] = gpt.reduce %{{.*}} to [3] : [3, 96, 64] -> [3]
  // CHECK: %[[X:.*]] = gpt.div %stack, %{{.*}} : [3, 96, 64], [3] -> [3, 96, 64]
  // CHECK: %[[A:.*]] = gpt.outer %[[X]], %[[X]] : [3, 96, 64], [3, 96, 64] -> [3, 64, 64]
  // CHECK: %[[G:.*]] = gpt.gram %[[A]] : [3, 64, 64] -> [3, 64, 64]
  // CHECK: %[[B:.*]] = gpt.add
  // CHECK: %[[L:.*]] = gpt.linear %[[X]], %[[B]] : [3, 96, 64], [3, 64, 64] -> [3, 96, 64]
  // CHECK: %[[S:.*]] = gpt.add %{{.*}}, %[[L]] : [3, 96, 64], [3, 96, 64] -> [3, 96, 64]
  // CHECK: gpt.outer %[[S]], %[[S]]
  // CHECK: %[[E:.*]] = gpt.add %{{.*}}, %{{.*}} : [3, 96, 64], [3, 96, 64] -> [3, 96, 64]
  // CHECK: gpt.return %[[E]] : [3, 96, 64]
  gpt.graph @newton {
    %0 = gpt.transpose %stack : [3, 96, 64] -> [3, 64, 96]
    %1 = gpt.mul %0, %0 : [3, 64, 96], [3, 64, 96] -> [3, 64, 96]
    %2 = gpt.reduce %1 to [3] : [3, 64, 96] -> [3]
    %3 = gpt.sqrt %2 : [3] -> [3]
    %4 = gpt.offset %3 by 1e-6 : [3] -> [3]
    %x0 = gpt.div %0, %4 : [3, 64, 96], [3] -> [3, 64, 96]
    %a0 = gpt.gram %x0 : [3, 64, 96] -> [3, 64, 64]
    %b0 = gpt.scale %a0 by -4.7 : [3, 64, 64] -> [3, 64, 64]
    %c0 = gpt.gram %a0 : [3, 64, 64] -> [3, 64, 64]
    %d0 = gpt.scale %c0 by 2.0 : [3, 64, 64] -> [3, 64, 64]
    %e0 = gpt.add %b0, %d0 : [3, 64, 64], [3, 64, 64] -> [3, 64, 64]
    %f0 = gpt.scale %x0 by 3.4 : [3, 64, 96] -> [3, 64, 96]
    %g0 = gpt.matmul %e0, %x0 : [3, 64, 64], [3, 64, 96] -> [3, 64, 96]
    %x1 = gpt.add %f0, %g0 : [3, 64, 96], [3, 64, 96] -> [3, 64, 96]
    %a1 = gpt.gram %x1 : [3, 64, 96] -> [3, 64, 64]
    %b1 = gpt.scale %a1 by -4.7 : [3, 64, 64] -> [3, 64, 64]
    %f1 = gpt.scale %x1 by 3.4 : [3, 64, 96] -> [3, 64, 96]
    %g1 = gpt.matmul %b1, %x1 : [3, 64, 64], [3, 64, 96] -> [3, 64, 96]
    %x2 = gpt.add %f1, %g1 : [3, 64, 96], [3, 64, 96] -> [3, 64, 96]
    %xt = gpt.transpose %x2 : [3, 64, 96] -> [3, 96, 64]
    gpt.return %xt : [3, 96, 64]
  }

  // All products of transposed operands.
  // CHECK-LABEL: gpt.graph @linears
  // CHECK: gpt.outer %x, %y : [96, 64], [96, 64] -> [64, 64]
  // CHECK: gpt.matmul %wide, %x : [64, 96], [96, 64] -> [64, 64]
  // CHECK: %[[T:.*]] = gpt.matmul %wide, %x : [64, 96], [96, 64] -> [64, 64]
  // CHECK: gpt.transpose %[[T]] : [64, 64] -> [64, 64]
  gpt.graph @linears {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %ty = gpt.transpose %y : [96, 64] -> [64, 96]
    %0 = gpt.linear %tx, %ty : [64, 96], [64, 96] -> [64, 64]
    %1 = gpt.linear %wide, %tx : [64, 96], [64, 96] -> [64, 64]
    %2 = gpt.linear %tx, %wide : [64, 96], [64, 96] -> [64, 64]
    gpt.return %0, %1, %2 : [64, 64], [64, 64], [64, 64]
  }
  // CHECK-LABEL: gpt.graph @matmuls
  // CHECK: %[[T:.*]] = gpt.matmul %wide, %x : [64, 96], [96, 64] -> [64, 64]
  // CHECK: gpt.transpose %[[T]] : [64, 64] -> [64, 64]
  // CHECK: gpt.outer %x, %y : [96, 64], [96, 64] -> [64, 64]
  // CHECK: gpt.linear %wide, %wide : [64, 96], [64, 96] -> [64, 64]
  gpt.graph @matmuls {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %tw = gpt.transpose %wide : [64, 96] -> [96, 64]
    %0 = gpt.matmul %tx, %tw : [64, 96], [96, 64] -> [64, 64]
    %1 = gpt.matmul %tx, %y : [64, 96], [96, 64] -> [64, 64]
    %tw2 = gpt.transpose %wide : [64, 96] -> [96, 64]
    %2 = gpt.matmul %wide, %tw2 : [64, 96], [96, 64] -> [64, 64]
    gpt.return %0, %1, %2 : [64, 64], [64, 64], [64, 64]
  }
  // CHECK-LABEL: gpt.graph @outers
  // CHECK: gpt.linear %wide, %wide : [64, 96], [64, 96] -> [64, 64] f32
  // CHECK: gpt.matmul %wide, %x : [64, 96], [96, 64] -> [64, 64] f32
  // CHECK: %[[T:.*]] = gpt.matmul %wide, %x : [64, 96], [96, 64] -> [64, 64] f32
  // CHECK: gpt.transpose %[[T]] : [64, 64] f32 -> [64, 64] f32
  gpt.graph @outers {
    %tw = gpt.transpose %wide : [64, 96] -> [96, 64]
    %0 = gpt.outer %tw, %tw : [96, 64], [96, 64] -> [64, 64] f32
    %1 = gpt.outer %tw, %x : [96, 64], [96, 64] -> [64, 64] f32
    %2 = gpt.outer %x, %tw : [96, 64], [96, 64] -> [64, 64] f32
    gpt.return %0, %1, %2 : [64, 64] f32, [64, 64] f32, [64, 64] f32
  }

  // Where the copy stays for another reader, none is added: two operands of the same op are one reader.
  // CHECK-LABEL: gpt.graph @no_more
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: gpt.linear %[[T]], %wide
  // CHECK: gpt.scale %[[T]] by 2
  // CHECK: %[[W:.*]] = gpt.transpose %wide
  // CHECK: gpt.outer %square, %[[W]] :
  // CHECK-NOT: gpt.transpose
  // CHECK: gpt.return
  // MISSED-DAG: and others read its operand transposed too{{.*}}linear reads a transposed copy
  // MISSED-DAG: others read its operands transposed too{{.*}}scale reads a transposed copy
  // MISSED-DAG: it is no product and does not work element by element{{.*}}rms_norm reads a transposed copy
  gpt.graph @no_more {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %0 = gpt.linear %tx, %wide : [64, 96], [64, 96] -> [64, 64]
    %1 = gpt.scale %tx by 2 : [64, 96] -> [64, 96]
    %2 = gpt.rms_norm %tx : [64, 96] -> [64, 96]
    %tw = gpt.transpose %wide : [64, 96] -> [96, 64]
    %3 = gpt.outer %square, %tw : [96, 96], [96, 64] -> [96, 64] f32
    %4 = gpt.shift %tw : [96, 64] -> [96, 64]
    gpt.return %0, %1, %2, %3, %4 : [64, 64], [64, 96], [64, 96], [96, 64] f32, [96, 64]
  }

  // Element by element: of transposed operands, numbers, scalars, constants, and products that nothing else reads.
  // CHECK-LABEL: gpt.graph @elements
  // CHECK: %[[A:.*]] = gpt.add %x, %y : [96, 64], [96, 64] -> [96, 64]
  // CHECK: %[[M:.*]] = gpt.mul %scalar, %[[A]] : [] f32, [96, 64] -> [96, 64]
  // CHECK: %[[F:.*]] = gpt.fill 1 -> [96, 64]
  // CHECK: %[[D:.*]] = gpt.div %[[F]], %[[M]] : [96, 64], [96, 64] -> [96, 64]
  // CHECK: %[[L:.*]] = gpt.linear %x, %{{.*}} : [96, 64], [64, 64] -> [96, 64]
  // CHECK: %[[S:.*]] = gpt.sub %[[D]], %[[L]] : [96, 64], [96, 64] -> [96, 64]
  // CHECK: gpt.return %[[S]]
  gpt.graph @elements {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %ty = gpt.transpose %y : [96, 64] -> [64, 96]
    %0 = gpt.add %tx, %ty : [64, 96], [64, 96] -> [64, 96]
    %1 = gpt.mul %scalar, %0 : [] f32, [64, 96] -> [64, 96]
    %one = gpt.fill 1 -> [64, 96]
    %2 = gpt.div %one, %1 : [64, 96], [64, 96] -> [64, 96]
    %g = gpt.gram %wide : [64, 96] -> [64, 64]
    %3 = gpt.linear %g, %x : [64, 64], [96, 64] -> [64, 96]
    %4 = gpt.sub %2, %3 : [64, 96], [64, 96] -> [64, 96]
    %5 = gpt.transpose %4 : [64, 96] -> [96, 64]
    gpt.return %5 : [96, 64]
  }

  // What is one number a row is none of whole matrices; a product that others read stays, and so does what is no product.
  // CHECK-LABEL: gpt.graph @fixed
  // CHECK-COUNT-4: gpt.transpose
  // CHECK-NOT: gpt.transpose
  // CHECK: gpt.return
  // MISSED-DAG: another of its operands is not transposed{{.*}}mul reads a transposed copy
  // MISSED-DAG: another of its operands is not transposed{{.*}}add reads a transposed copy
  gpt.graph @fixed {
    %t0 = gpt.transpose %x : [96, 64] -> [64, 96]
    %0 = gpt.mul %column, %t0 : [64, 1], [64, 96] -> [64, 96]
    %t1 = gpt.transpose %x : [96, 64] -> [64, 96]
    %1 = gpt.mul %row, %t1 : [1, 96], [64, 96] -> [64, 96]
    %t2 = gpt.transpose %x : [96, 64] -> [64, 96]
    %2 = gpt.add %t2, %wide : [64, 96], [64, 96] -> [64, 96]
    %g = gpt.gram %wide : [64, 96] -> [64, 64]
    %p = gpt.linear %g, %x : [64, 64], [96, 64] -> [64, 96]
    %t3 = gpt.transpose %x : [96, 64] -> [64, 96]
    %3 = gpt.add %t3, %p : [64, 96], [64, 96] -> [64, 96]
    gpt.return %0, %1, %2, %3, %p : [64, 96], [64, 96], [64, 96], [64, 96], [64, 96]
  }

  // Sums of whole matrices have no orientation; those of rows or columns read the copy.
  // CHECK-LABEL: gpt.graph @sums
  // CHECK: gpt.reduce %x to [] : [96, 64] -> [] f32
  // CHECK: gpt.reduce %stack to [3, 1, 1] : [3, 96, 64] -> [3, 1, 1]
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: gpt.reduce %[[T]] to [64, 1]
  // CHECK: gpt.reduce %[[T]] to [1, 96]
  // MISSED-DAG: it is no product and does not work element by element{{.*}}reduce reads a transposed copy
  gpt.graph @sums {
    %0 = gpt.transpose %x : [96, 64] -> [64, 96]
    %1 = gpt.reduce %0 to [] : [64, 96] -> [] f32
    %2 = gpt.transpose %stack : [3, 96, 64] -> [3, 64, 96]
    %3 = gpt.reduce %2 to [3, 1, 1] : [3, 64, 96] -> [3, 1, 1]
    %4 = gpt.transpose %x : [96, 64] -> [64, 96]
    %5 = gpt.reduce %4 to [64, 1] : [64, 96] -> [64, 1]
    %6 = gpt.reduce %4 to [1, 96] : [64, 96] -> [1, 96]
    gpt.return %1, %3, %5, %6 : [] f32, [3, 1, 1], [64, 1], [1, 96]
  }

  // Twice is not at all; where it is off nothing is transposed.
  // CHECK-LABEL: gpt.graph @twice
  // CHECK: %[[OFF:.*]] = gpt.transpose %square (on = 0)
  // CHECK: gpt.gram %[[OFF]]
  // CHECK: gpt.return %x,
  gpt.graph @twice {
    %0 = gpt.transpose %x (on = 1) : [96, 64] -> [64, 96]
    %1 = gpt.transpose %0 : [64, 96] -> [96, 64]
    %2 = gpt.transpose %square (on = 0) : [96, 96] -> [96, 96]
    %3 = gpt.gram %2 : [96, 96] -> [96, 96]
    gpt.return %1, %3 : [96, 64], [96, 96]
  }
}
