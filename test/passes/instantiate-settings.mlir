// Which constants a run may set, and why not the others: a constant of each use that decides something, and of each that does not.
// RUN: gptc-opt %s --instantiate | FileCheck %s

// CHECK: fixed = {D = "what 'called' computes", F = "the recipe's T", K = "the sizes of 'sgd'", V = "the shape of 'w'", cap = "the program of 'sgd'", cap_default = "the program of 'sgd'", cap_expr = "the program of 'sgd'", declared = "the shape of 'more'", deep = "the program of 'sgd'", freqs = "the number of rotary frequencies", half = "what 'called' computes", heat_beta = "the recipe's T", in_function = "what 'called' computes", in_graph = "what @train computes", in_inner = "what 'inner' computes", packed = "the shape of 'scalars'", packed_init = "the first values of 'scalars'", seen = "the shape of 'k'", split_at = "the step of the split", split_by = "the step of the split", wide = "the shape of 'wider'"}
// CHECK-NEXT: %rate = gpt.setting "rate" = 0.1
// CHECK-NEXT: %M = gpt.setting "M" = 4
// CHECK-NEXT: %cap_number = gpt.setting "cap_number" = 4
// CHECK-NEXT: %free_beta = gpt.setting "free_beta" = 32
// CHECK-NEXT: %often = gpt.setting "often" = 2
// CHECK-NEXT: %slow = gpt.setting "slow" = 1
// CHECK-NEXT: %in_update = gpt.setting "in_update" = 3
// CHECK-NEXT: %base = gpt.setting "base" = 2*%rate
// CHECK-NEXT: %given = gpt.setting "given" = 3
// CHECK-NEXT: gpt.schedule
// CHECK-NEXT: gpt.yield %rate/(%M + %step)
// CHECK: gpt.yield 1 + %cap_number*0 + %step
// CHECK: beta = %free_beta
// CHECK: gpt.yield %step > 2 + %{{.*}}, mod(%step, %often) == 0, %slow
// CHECK: gpt.scale %{{.*}} by %in_update
// The M of an optimizer is a size of its parameter.
// CHECK: gpt.scale %{{.*}} by %in_update/M
// A default that a setting decides becomes what each parameter gives; what one gives stays.
// CHECK: %w = gpt.param [16, 8] init 0 by %sgd (rate = %base) -> [16, 8]
// CHECK: %v = gpt.param [16, 8] init 0 by %sgd (rate = %given, cap = 1) -> [16, 8]

gpt.model @m {
  gpt.let T, D = 2*half, half = 4, V = 16, F = 8
  gpt.let rate = 0.1, base = 2*rate, given = 3, M = 4
  gpt.let cap = 1, cap_default = 2, cap_expr = 3, cap_number = 4, K = 5, heat_beta = 32
  gpt.let wide = 2, deep = 7, in_graph = 1, in_function = 2, in_inner = 2, declared = 8, in_update = 3, free_beta = 32, freqs = 4, split_at = 2, split_by = 0
  gpt.let packed = 3, packed_init = 1, seen = 2, often = 2, slow = 1
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %more = gpt.input [T, declared]
  %wider = gpt.input [T, wide] f32
  %lr = gpt.schedule(%step) {
    gpt.yield rate / (M + %step)
  }
  %most = gpt.schedule(%step) {
    gpt.yield 1 + cap_number*0 + %step
  }
  %freqs, %heat = gpt.yarn (window = 8, count = 4, base = 1024, alpha = 1, beta = heat_beta, scale = 0.1, growth = 0.2)
  %freqs2, %heat2 = gpt.yarn (window = 8, count = freqs, base = 1024, alpha = 1, beta = free_beta, scale = 0.1, growth = 0.2)
  %split, %when, %pace = gpt.schedule(%step) {
    %e = gpt.expr split_by + 0
    gpt.yield %step > split_at + %e, mod(%step, often) == 0, slow
  }
  %inner = gpt.func(%a) {
    %b = gpt.scale %a by in_inner
    gpt.return %b
  }
  %called = gpt.func(%a : [T, D], %b : [T, declared]) {
    gpt.require slow > 0
    %d = gpt.scale %a by in_function
    %c = gpt.call %inner(%d)
    gpt.return %c
  }
  %updates = gpt.func(%a) {
    %b = gpt.scale %a by in_update
    gpt.return %b
  }
  %sgd = gpt.optimizer(%p : [M, N], %g) states(%s : [M, K]) (%rate = base, %cap = cap_default, %own = 1, %deep = deep) {
    %e = gpt.expr 2*cap_expr
    %c0 = gpt.clamp %g (max = %cap)
    %c1 = gpt.clamp %c0 (max = %e)
    %c2 = gpt.clamp %c1 (min = -1, max = %e)
    %c3 = gpt.clamp %c2 (max = %most)
    %e2 = gpt.expr 2*%deep
    %c4 = gpt.clamp %c3 (max = %e2)
    %c5 = gpt.call %updates(%c4)
    %u = gpt.scale %c5 by %rate*%lr*%own/M
    %q = gpt.sub %p, %u
    gpt.return %q, %s
  }
  %plain = gpt.optimizer(%p, %g) {
    %u = gpt.scale %g by 0.5
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %stacks = gpt.optimizer(%p : [B, M, N], %g) {
    %u = gpt.scale %g by in_update/M
    gpt.return %u
  }
  %k = gpt.param [8, 4] init 0 by %stacks as [seen, 4, 4]
  %pa, %pb = gpt.pack "scalars" [packed] f32 init 0.5, [] f32 init packed_init by %plain
  %w = gpt.param [V, D] init 0 by %sgd
  %v = gpt.param [V, D] init 0 by %sgd (rate = given, cap = cap)
  gpt.graph @train {
    %table = gpt.tied %w to %v until %split
    %x0 = gpt.embed %table[%tokens]
    %x1 = gpt.call %called(%x0, %more)
    %x2 = gpt.scale %x1 by %heat2*%pace
    %x3 = gpt.scale %x2 by in_graph
    %a0 = gpt.reduce %pa to []
    %a1 = gpt.add %a0, %pb
    %a2 = gpt.reduce %k to []
    %a3 = gpt.reduce %wider to []
    %a4 = gpt.add %a1, %a2
    %a5 = gpt.add %a4, %a3
    %x = gpt.mul %a5, %x3
    %z = gpt.linear %x, %v
    %l = gpt.cross_entropy %z, %targets
    gpt.return %l
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = F*D + 0*%heat, document_token = 0, max_document = 8, validate = %when)
}
