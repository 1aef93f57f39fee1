// The forms of the language read back as they print: in the language's own form, in generic form and as bytecode.
// RUN: gptc-opt %s --verify-roundtrip | FileCheck %s
// RUN: gptc-opt %s -o %t.text
// RUN: gptc-opt %s --mlir-print-op-generic | gptc-opt -o %t.generic
// RUN: gptc-opt %s --emit-bytecode | gptc-opt -o %t.bytecode
// RUN: cmp %t.text %t.generic
// RUN: cmp %t.text %t.bytecode

// CHECK-LABEL: gpt.model @m {
gpt.model @m {
  // CHECK: gpt.let T, D = 4, wide = (D + 1)*D - 2*(D - 1), on = 1
  gpt.let T, D = 4, wide = (D + 1) * D - 2 * (D - 1), on = true
  // CHECK: gpt.require mod(D, 4) == 0, wide >= D
  gpt.require mod(D, 4) == 0, wide >= D
  // CHECK: %tokens = gpt.input [T] i32
  %tokens = gpt.input [T] i32
  // CHECK: %a = gpt.param [8, D] init normal(0.5) by %sgd (rate = 2)
  %a = gpt.param [8, D] init normal(0.5) by %sgd (rate = 2)
  // CHECK: %b = gpt.param 3 x [D, D] without 1 init rows(2, uniform(0.5), 0) by %sgd
  %b = gpt.param 3 x [D, D] without 1 init rows(2, uniform(0.5), 0) by %sgd
  // CHECK: %scale, %pairs = gpt.pack "scalars" [] f32 init 0.5, [3, 2] f32 init cycle(0.5, 1.0) by %sgd
  %scale, %pairs = gpt.pack "scalars" [] f32 init 0.5, [3, 2] f32 init cycle(0.5, 1.0) by %sgd
  // CHECK: %f = gpt.func(%row : [T, D]) (%by, %twice = 2) {
  %f = gpt.func(%row : [T, D]) (%by, %twice = 2) {
    // CHECK: gpt.expr %by*%twice - -0.0015
    %n = gpt.expr %by * %twice - -1.5e-3
    // CHECK: gpt.scale %row by %{{.*}} + 1
    %y = gpt.scale %row by %n + 1
    gpt.return %y
  }
  // CHECK: gpt.graph @train {
  gpt.graph @train {
    // CHECK: gpt.embed %a[%tokens]
    %x = gpt.embed %a[%tokens]
    // CHECK: gpt.call %f(%{{.*}}) (by = %lr)
    %0 = gpt.call %f(%x) (by = %lr)
    // CHECK: gpt.row %b[2]
    %w = gpt.row %b[2]
    %1 = gpt.linear %0, %w
    // CHECK: gpt.round %{{.*}} to "e4m3" (scale = 100/448, on = on)
    %2 = gpt.round %1 to "e4m3" (scale = 100/448, on = on)
    // CHECK: gpt.slice %{{.*}} at 1 size 2
    %3 = gpt.slice %2 at 1 size 2
    // CHECK: gpt.shift %{{[0-9]+}}
    // CHECK: gpt.shift %{{[0-9]+}} by 2
    %4 = gpt.shift %3
    %5 = gpt.shift %4 by 2
    %6 = gpt.mul %scale, %5
    // CHECK: gpt.softcap %{{.*}} (scale = 23, shift = 5, width = 7.5)
    %7 = gpt.softcap %6 (scale = 23, shift = 5, width = 7.5)
    gpt.return %7
  }
  // CHECK: %lr = gpt.schedule(%step) {
  // CHECK-NEXT: gpt.yield 1 if %step > 3 else max(0.5, %step/4) - (1 - %step)
  // CHECK-NEXT: } {shown}
  %lr = gpt.schedule(%step) {
    gpt.yield 1 if %step > 3 else max(0.5, %step / 4) - (1 - %step)
  } {shown}
  // CHECK: %freqs, %heat = gpt.yarn (window = %lr, count = 2,
  %freqs, %heat = gpt.yarn (window = %lr, count = 2, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2)
  // CHECK: %stacks = gpt.optimizer(%p : [B, M, N], %g, %norm) states(%m, %row : [B, M], %one : []) (%rate = 0.1) {
  %stacks = gpt.optimizer(%p : [B, M, N], %g, %norm) states(%m, %row : [B, M], %one : []) (%rate = 0.1) {
    %r = gpt.scale %row by sqrt(M/N)
    %q = gpt.mul %r, %g
    %o = gpt.add %one, %norm
    gpt.return %q, %m, %r, %o
  }
  // CHECK: %seen_as = gpt.param [8, 4] init 0 by %stacks (rate = 2) as [2, 4, 4]
  %seen_as = gpt.param [8, 4] init 0 by %stacks (rate = 2) as [2, 4, 4]
  // CHECK: %sgd = gpt.optimizer(%p, %g) states(%m) (%rate = 0.1, %count) every 2 {
  %sgd = gpt.optimizer(%p, %g) states(%m) (%rate = 0.1, %count) every 2 {
    %n = gpt.add %m, %g
    // CHECK: gpt.scale %{{.*}} by %rate*%lr/pow(%count, 0.5)
    %u = gpt.scale %n by %rate * %lr / pow(%count, 0.5)
    %q = gpt.sub %p, %u
    gpt.return %q, %n
  }
  // CHECK: %counts = gpt.optimizer(%p, %g) (%n) every 2 counting %n {
  %counts = gpt.optimizer(%p, %g) (%n) every 2 counting %n {
    %u = gpt.scale %g by 1/%n
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  // An input of another name says what it is.
  // CHECK: %bytes = gpt.input tokens [T] i32
  %bytes = gpt.input tokens [T] i32
  // CHECK: %docs = gpt.input [T] i32
  %docs = gpt.input [T] i32
}

// An argument that has the name of a value of the model keeps it for its callers.
// CHECK-LABEL: gpt.model @names
gpt.model @names {
  // CHECK: %f = gpt.func(%x : [4]) (%lr_0 as lr = 2) {
  // CHECK-NEXT: gpt.scale %x by %lr_0
  %f = gpt.func(%v as x : [4]) (%n as lr = 2) {
    %y = gpt.scale %v by %n
    gpt.return %y
  }
  %lr = gpt.schedule(%step) {
    gpt.yield %step
  }
}

// An attribute that is not the op's own may have any form.
// CHECK-LABEL: gpt.model @others
gpt.model @others {
  %x = gpt.input [4, 4]
  gpt.graph @train {
    // CHECK: gpt.relu2 %x {args = [1, 2], members = 5 : i64, shape = 3 : i64, shapes = 4 : i64}
    %y = gpt.relu2 %x {args = [1, 2], members = 5, shape = 3, shapes = 4}
    // It has no numbers, so this is none that must be finite.
    // CHECK: gpt.shift %{{[0-9]+}} {args = ["far", 0x7FF0000000000000 : f64]}
    %z = gpt.shift %y {args = ["far", 0x7FF0000000000000 : f64]}
    gpt.return %z
  }
}
