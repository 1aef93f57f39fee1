// Which constants a run may set, and why not the others: a constant of each use that decides something, and of each that does not.
// RUN: gptc-opt %s --instantiate | FileCheck %s

// CHECK: fixed = {D = "the shape of 'w'", F = "the recipe's T", K = "the sizes of 'sgd'", V = "the shape of 'w'", cap = "the program of 'sgd'", cap_default = "the program of 'sgd'", cap_expr = "the program of 'sgd'", heat_beta = "the recipe's T"}
// CHECK-NEXT: %rate = gpt.setting "rate" = 0.1
// CHECK-NEXT: %M = gpt.setting "M" = 4
// CHECK-NEXT: %cap_number = gpt.setting "cap_number" = 4
// CHECK-NEXT: %base = gpt.setting "base" = 2*%rate
// CHECK-NEXT: %given = gpt.setting "given" = 3
// CHECK-NEXT: gpt.schedule
// CHECK-NEXT: gpt.yield %rate/(%M + %step)
// CHECK: gpt.yield 1 + %cap_number*0 + %step
// The M of the optimizer is a size of its parameter.
// CHECK: gpt.scale %{{.*}} by %{{.*}}*%lr*%own/M
// A default that a setting decides becomes what each parameter gives; what one gives stays.
// CHECK: %w = gpt.param [16, 8] init 0 by %sgd (rate = %base) -> [16, 8]
// CHECK: %v = gpt.param [16, 8] init 0 by %sgd (rate = %given, cap = 1) -> [16, 8]

gpt.model @m {
  gpt.let T, D = 8, V = 16, F = 8
  gpt.let rate = 0.1, base = 2*rate, given = 3, M = 4
  gpt.let cap = 1, cap_default = 2, cap_expr = 3, cap_number = 4, K = 5, heat_beta = 32
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %lr = gpt.schedule(%step) {
    gpt.yield rate / (M + %step)
  }
  %most = gpt.schedule(%step) {
    gpt.yield 1 + cap_number*0 + %step
  }
  %freqs, %heat = gpt.yarn (window = 8, count = 4, base = 1024, alpha = 1, beta = heat_beta, scale = 0.1, growth = 0.2)
  %sgd = gpt.optimizer(%p : [M, N], %g) states(%s : [M, K]) (%rate = base, %cap = cap_default, %own = 1) {
    %e = gpt.expr 2*cap_expr
    %c0 = gpt.clamp %g (max = %cap)
    %c1 = gpt.clamp %c0 (max = %e)
    %c2 = gpt.clamp %c1 (min = -1, max = %e)
    %c3 = gpt.clamp %c2 (max = %most)
    %u = gpt.scale %c3 by %rate*%lr*%own/M
    %q = gpt.sub %p, %u
    gpt.return %q, %s
  }
  %w = gpt.param [V, D] init 0 by %sgd
  %v = gpt.param [V, D] init 0 by %sgd (rate = given, cap = cap)
  gpt.graph @train {
    %x = gpt.embed %w[%tokens]
    %z = gpt.linear %x, %v
    %l = gpt.cross_entropy %z, %targets
    gpt.return %l
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = F*D + 0*%heat, document_token = 0, max_document = 8)
}
