// What takes a transposition up, and what does not: each value here is computed from a copy that others read too, so that it comes
// out transposed only where all of its readers take that up.
// RUN: gptc-opt %s --fold-transposes | FileCheck %s

gpt.model @guards {
  %half = gpt.schedule(%step) {
    gpt.yield 1 / (1 + %step)
  }
  %x = gpt.state "derived" -> [96, 64]
  %y = gpt.state "derived" -> [96, 64]
  %wide = gpt.state "derived" -> [64, 96]
  %column = gpt.state "derived" -> [96, 1]
  %plain = gpt.input [4, 8]

  // Squares, transpositions, sums of all elements, and products that read it as they are.
  // CHECK-LABEL: gpt.graph @taken_up
  // CHECK: gpt.transpose %x
  // CHECK-NOT: gpt.transpose
  // CHECK: %[[E:.*]] = gpt.scale %x by 2 : [96, 64] -> [96, 64]
  // CHECK: gpt.outer %[[E]], %[[E]] : [96, 64], [96, 64] -> [64, 64]
  // CHECK: gpt.reduce %[[E]] to []
  // CHECK: gpt.matmul %wide, %[[E]]
  // CHECK: gpt.outer %[[E]], %[[E]]
  // CHECK: gpt.outer %[[E]], %x
  // CHECK: gpt.linear %x, %[[E]]
  // CHECK: gpt.matmul %[[E]], %wide : {{.*}} f32
  // CHECK: gpt.linear %[[E]], %[[E]] : {{.*}} f32
  // CHECK: %[[S:.*]] = gpt.mul %[[E]], %[[E]] : [96, 64], [96, 64] -> [96, 64]
  // CHECK: gpt.sub %[[E]], %x : [96, 64], [96, 64] -> [96, 64]
  // CHECK: gpt.return %{{[0-9]+}}, %{{[0-9]+}}, %[[E]], %{{[0-9]+}}, %[[S]],
  gpt.graph @taken_up {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %kept = gpt.shift %tx : [64, 96] -> [64, 96]
    %e = gpt.scale %tx by 2 : [64, 96] -> [64, 96]
    %0 = gpt.gram %e : [64, 96] -> [64, 64]
    %1 = gpt.transpose %e : [64, 96] -> [96, 64]
    %2 = gpt.reduce %e to [] : [64, 96] -> [] f32
    %3 = gpt.linear %wide, %e : [64, 96], [64, 96] -> [64, 64]
    %4 = gpt.linear %e, %e : [64, 96], [64, 96] -> [64, 64]
    %5 = gpt.matmul %e, %x : [64, 96], [96, 64] -> [64, 64]
    %6 = gpt.matmul %x, %e : [96, 64], [64, 96] -> [96, 96]
    %7 = gpt.outer %e, %wide : [64, 96], [64, 96] -> [96, 96] f32
    %8 = gpt.outer %e, %e : [64, 96], [64, 96] -> [96, 96] f32
    %9 = gpt.mul %e, %e : [64, 96], [64, 96] -> [64, 96]
    %10 = gpt.transpose %9 : [64, 96] -> [96, 64]
    %11 = gpt.sub %e, %tx : [64, 96], [64, 96] -> [64, 96]
    %12 = gpt.transpose %11 : [64, 96] -> [96, 64]
    gpt.return %kept, %0, %1, %2, %10, %12, %3, %4, %5, %6, %7, %8 : [64, 96], [64, 64], [96, 64], [] f32, [96, 64], [96, 64], [64, 64], [64, 64], [64, 64], [96, 96], [96, 96] f32, [96, 96] f32
  }

  // Products that come out transposed, where that is taken up in turn.
  // CHECK-LABEL: gpt.graph @turned
  // CHECK: gpt.transpose %x
  // CHECK-NOT: gpt.transpose
  // CHECK: %[[E:.*]] = gpt.scale %x by 2 : [96, 64] -> [96, 64]
  // CHECK: gpt.matmul %wide, %[[E]] : [64, 96], [96, 64] -> [64, 64]
  // CHECK: gpt.matmul %wide, %[[E]] : [64, 96], [96, 64] -> [64, 64]
  // CHECK: gpt.matmul %[[E]], %wide : [96, 64], [64, 96] -> [96, 96] f32
  // CHECK-NOT: gpt.transpose
  // CHECK: gpt.return
  gpt.graph @turned {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %kept = gpt.shift %tx : [64, 96] -> [64, 96]
    %e = gpt.scale %tx by 2 : [64, 96] -> [64, 96]
    %0 = gpt.linear %e, %wide : [64, 96], [64, 96] -> [64, 64]
    %1 = gpt.transpose %0 : [64, 64] -> [64, 64]
    %tw = gpt.transpose %wide : [64, 96] -> [96, 64]
    %2 = gpt.matmul %e, %tw : [64, 96], [96, 64] -> [64, 64]
    %3 = gpt.transpose %2 : [64, 64] -> [64, 64]
    %4 = gpt.outer %wide, %e : [64, 96], [64, 96] -> [96, 96] f32
    %5 = gpt.transpose %4 : [96, 96] f32 -> [96, 96] f32
    gpt.return %kept, %1, %3, %5 : [64, 96], [64, 64], [64, 64], [96, 96] f32
  }

  // One reader that does not: a product that would come out transposed, sums of rows, what is neither, an op whose result is
  // not taken up, or that reads something else in its orientation, or numbers of another shape, and the graph itself.
  // CHECK-LABEL: gpt.graph @not_taken_up
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: gpt.scale %[[T]] by 1 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 2 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 3 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 4 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 5 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 6 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 7 : [64, 96]
  // CHECK: gpt.scale %[[T]] by 8 : [64, 96]
  // CHECK: gpt.div %{{.*}}, %[[T]] : [64, 96], [64, 96] -> [64, 96]
  // CHECK: %[[R:.*]] = gpt.transpose %column
  // CHECK: gpt.scale %[[R]] by 9 : [1, 96]
  gpt.graph @not_taken_up {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %kept = gpt.shift %tx : [64, 96] -> [64, 96]
    %e1 = gpt.scale %tx by 1 : [64, 96] -> [64, 96]
    %0 = gpt.linear %e1, %wide : [64, 96], [64, 96] -> [64, 64]
    %e2 = gpt.scale %tx by 2 : [64, 96] -> [64, 96]
    %tw = gpt.transpose %wide : [64, 96] -> [96, 64]
    %1 = gpt.matmul %e2, %tw : [64, 96], [96, 64] -> [64, 64]
    %e3 = gpt.scale %tx by 3 : [64, 96] -> [64, 96]
    %2 = gpt.outer %wide, %e3 : [64, 96], [64, 96] -> [96, 96] f32
    %e4 = gpt.scale %tx by 4 : [64, 96] -> [64, 96]
    %3 = gpt.reduce %e4 to [64, 1] : [64, 96] -> [64, 1]
    %e5 = gpt.scale %tx by 5 : [64, 96] -> [64, 96]
    %4 = gpt.rms_norm %e5 : [64, 96] -> [64, 96]
    %e6 = gpt.scale %tx by 6 : [64, 96] -> [64, 96]
    %5 = gpt.sigmoid %e6 : [64, 96] -> [64, 96]
    %e7 = gpt.scale %tx by 7 : [64, 96] -> [64, 96]
    %a7 = gpt.add %e7, %wide : [64, 96], [64, 96] -> [64, 96]
    %6 = gpt.transpose %a7 : [64, 96] -> [96, 64]
    %e8 = gpt.scale %tx by 8 : [64, 96] -> [64, 96]
    %7 = gpt.gram %e8 : [64, 96] -> [64, 64]
    %one = gpt.fill 1 -> [64, 96]
    %8 = gpt.div %one, %tx : [64, 96], [64, 96] -> [64, 96]
    %tc = gpt.transpose %column : [96, 1] -> [1, 96]
    %kept2 = gpt.shift %tc : [1, 96] -> [1, 96]
    %e9 = gpt.scale %tc by 9 : [1, 96] -> [1, 96]
    %a9 = gpt.mul %e9, %tx : [1, 96], [64, 96] -> [64, 96]
    %9 = gpt.transpose %a9 : [64, 96] -> [96, 64]
    gpt.return %kept, %0, %1, %2, %3, %4, %5, %6, %7, %8, %e8, %kept2, %9 : [64, 96], [64, 64], [64, 64], [96, 96] f32, [64, 1], [64, 96], [64, 96], [96, 64], [64, 64], [64, 96], [64, 96], [1, 96], [96, 64]
  }

  // Products of a copy that stays, where what stands beside it has no other reader; and of nothing that is transposed.
  // CHECK-LABEL: gpt.graph @beside
  // CHECK: %[[X:.*]] = gpt.transpose %x
  // CHECK: %[[A:.*]] = gpt.sigmoid %wide
  // CHECK: gpt.linear %[[X]], %[[A]]
  // CHECK: %[[B:.*]] = gpt.sigmoid %wide
  // CHECK: gpt.outer %[[B]], %[[X]]
  // CHECK: %[[L:.*]] = gpt.linear %x, %y
  // CHECK: gpt.transpose %[[L]]
  // CHECK: %[[W:.*]] = gpt.transpose %wide
  // CHECK: gpt.linear %[[X]], %wide
  // CHECK: gpt.shift %[[W]]
  gpt.graph @beside {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %kept = gpt.shift %tx : [64, 96] -> [64, 96]
    %a = gpt.sigmoid %wide : [64, 96] -> [64, 96]
    %0 = gpt.linear %tx, %a : [64, 96], [64, 96] -> [64, 64]
    %b = gpt.sigmoid %wide : [64, 96] -> [64, 96]
    %1 = gpt.outer %b, %tx : [64, 96], [64, 96] -> [96, 96] f32
    %l = gpt.linear %x, %y : [96, 64], [96, 64] -> [96, 96]
    %2 = gpt.transpose %l : [96, 96] -> [96, 96]
    %tw = gpt.transpose %wide : [64, 96] -> [96, 64]
    %3 = gpt.matmul %tx, %tw : [64, 96], [96, 64] -> [64, 64]
    %kept2 = gpt.shift %tw : [96, 64] -> [96, 64]
    gpt.return %kept, %0, %1, %2, %3, %kept2 : [64, 96], [64, 64], [96, 96] f32, [96, 96], [64, 64], [96, 64]
  }

  // Beside a copy that nothing else reads: a product of another form, one that others read, one number a row, a step's number.
  // CHECK-LABEL: gpt.graph @operands
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: %[[M:.*]] = gpt.matmul
  // CHECK: gpt.add %[[T]], %[[M]]
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: %[[L:.*]] = gpt.linear
  // CHECK: gpt.add %[[T]], %[[L]]
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: gpt.mul %[[T]], %{{.*}} : [64, 96], [64] -> [64, 96]
  // CHECK: gpt.scale %x by %half : [96, 64] -> [96, 64]
  gpt.graph @operands {
    %square = gpt.gram %wide : [64, 96] -> [64, 64]
    %t0 = gpt.transpose %x : [96, 64] -> [64, 96]
    %m = gpt.matmul %square, %wide : [64, 64], [64, 96] -> [64, 96]
    %0 = gpt.add %t0, %m : [64, 96], [64, 96] -> [64, 96]
    %t1 = gpt.transpose %x : [96, 64] -> [64, 96]
    %l = gpt.linear %square, %x : [64, 64], [96, 64] -> [64, 96]
    %1 = gpt.add %t1, %l : [64, 96], [64, 96] -> [64, 96]
    %t2 = gpt.transpose %x : [96, 64] -> [64, 96]
    %ones = gpt.fill 1 -> [64]
    %2 = gpt.mul %t2, %ones : [64, 96], [64] -> [64, 96]
    %t3 = gpt.transpose %x : [96, 64] -> [64, 96]
    %3 = gpt.scale %t3 by %half : [64, 96] -> [64, 96]
    gpt.return %0, %1, %l, %2, %3 : [64, 96], [64, 96], [64, 96], [64, 96], [64, 96]
  }

  // Readers of readers are as many as paths: not all are looked at.
  // CHECK-LABEL: gpt.graph @paths
  // CHECK: %[[T:.*]] = gpt.transpose %x
  // CHECK: gpt.scale %[[T]] by 2 : [64, 96]
  gpt.graph @paths {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %kept = gpt.shift %tx : [64, 96] -> [64, 96]
    %0 = gpt.scale %tx by 2 : [64, 96] -> [64, 96]
    %1 = gpt.mul %0, %0 : [64, 96], [64, 96] -> [64, 96]
    %2 = gpt.mul %1, %1 : [64, 96], [64, 96] -> [64, 96]
    %3 = gpt.mul %2, %2 : [64, 96], [64, 96] -> [64, 96]
    %4 = gpt.mul %3, %3 : [64, 96], [64, 96] -> [64, 96]
    %5 = gpt.mul %4, %4 : [64, 96], [64, 96] -> [64, 96]
    %6 = gpt.mul %5, %5 : [64, 96], [64, 96] -> [64, 96]
    %7 = gpt.mul %6, %6 : [64, 96], [64, 96] -> [64, 96]
    %8 = gpt.mul %7, %7 : [64, 96], [64, 96] -> [64, 96]
    %9 = gpt.mul %8, %8 : [64, 96], [64, 96] -> [64, 96]
    %10 = gpt.mul %9, %9 : [64, 96], [64, 96] -> [64, 96]
    %11 = gpt.mul %10, %10 : [64, 96], [64, 96] -> [64, 96]
    %12 = gpt.mul %11, %11 : [64, 96], [64, 96] -> [64, 96]
    %13 = gpt.mul %12, %12 : [64, 96], [64, 96] -> [64, 96]
    %14 = gpt.mul %13, %13 : [64, 96], [64, 96] -> [64, 96]
    %15 = gpt.mul %14, %14 : [64, 96], [64, 96] -> [64, 96]
    %16 = gpt.mul %15, %15 : [64, 96], [64, 96] -> [64, 96]
    %17 = gpt.mul %16, %16 : [64, 96], [64, 96] -> [64, 96]
    %18 = gpt.mul %17, %17 : [64, 96], [64, 96] -> [64, 96]
    %19 = gpt.mul %18, %18 : [64, 96], [64, 96] -> [64, 96]
    %20 = gpt.mul %19, %19 : [64, 96], [64, 96] -> [64, 96]
    %21 = gpt.mul %20, %20 : [64, 96], [64, 96] -> [64, 96]
    %22 = gpt.mul %21, %21 : [64, 96], [64, 96] -> [64, 96]
    %23 = gpt.mul %22, %22 : [64, 96], [64, 96] -> [64, 96]
    %24 = gpt.mul %23, %23 : [64, 96], [64, 96] -> [64, 96]
    %25 = gpt.mul %24, %24 : [64, 96], [64, 96] -> [64, 96]
    %26 = gpt.mul %25, %25 : [64, 96], [64, 96] -> [64, 96]
    %27 = gpt.mul %26, %26 : [64, 96], [64, 96] -> [64, 96]
    %28 = gpt.mul %27, %27 : [64, 96], [64, 96] -> [64, 96]
    %29 = gpt.mul %28, %28 : [64, 96], [64, 96] -> [64, 96]
    %30 = gpt.mul %29, %29 : [64, 96], [64, 96] -> [64, 96]
    %31 = gpt.mul %30, %30 : [64, 96], [64, 96] -> [64, 96]
    %32 = gpt.mul %31, %31 : [64, 96], [64, 96] -> [64, 96]
    %33 = gpt.mul %32, %32 : [64, 96], [64, 96] -> [64, 96]
    %34 = gpt.mul %33, %33 : [64, 96], [64, 96] -> [64, 96]
    %35 = gpt.mul %34, %34 : [64, 96], [64, 96] -> [64, 96]
    %36 = gpt.mul %35, %35 : [64, 96], [64, 96] -> [64, 96]
    %37 = gpt.mul %36, %36 : [64, 96], [64, 96] -> [64, 96]
    %38 = gpt.mul %37, %37 : [64, 96], [64, 96] -> [64, 96]
    %39 = gpt.mul %38, %38 : [64, 96], [64, 96] -> [64, 96]
    %40 = gpt.mul %39, %39 : [64, 96], [64, 96] -> [64, 96]
    %out = gpt.transpose %40 : [64, 96] -> [96, 64]
    gpt.return %kept, %out : [64, 96], [96, 64]
  }

  // What has no type yet stays as it is.
  // CHECK-LABEL: gpt.graph @untyped
  // CHECK: gpt.scale %x by 2
  // CHECK: %[[T:.*]] = gpt.transpose %plain
  // CHECK: gpt.gram %[[T]]
  // CHECK: gpt.sigmoid %[[T]]
  // CHECK: gpt.linear %[[T]], %[[T]]
  gpt.graph @untyped {
    %tx = gpt.transpose %x : [96, 64] -> [64, 96]
    %e = gpt.scale %tx by 2 : [64, 96] -> [64, 96]
    %t = gpt.transpose %plain
    %g = gpt.gram %t
    %s = gpt.sigmoid %t
    %l = gpt.linear %t, %t
    gpt.return %g, %s, %l
  }
}
