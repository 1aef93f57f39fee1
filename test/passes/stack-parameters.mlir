// RUN: gptc-opt %s --stack-parameters --split-input-file | FileCheck %s
// RUN: gptc-opt %s --stack-parameters --split-input-file --remarks-filter=stack-parameters 2>&1 | FileCheck %s --check-prefix=REMARK
// A stack's name may be none that a value can have; it is read as it is written.
// RUN: gptc-opt %s --stack-parameters --split-input-file --verify-roundtrip -o /dev/null

// REMARK: [Passed] stack | Category:stack-parameters | Function=w | matrices=2
// Two of one bank with one optimizer and the same numbers; files know both.
// CHECK-LABEL: gpt.model @bank
// CHECK: %w = gpt.param [16, 4] init parts(8, normal(0.5), 8, 0) by %muon {members = ["w.0", "w.1"]} -> [16, 4]
// CHECK: %[[A:.*]] = gpt.rows %w at 0 size 8 : [16, 4] -> [8, 4]
// CHECK: %[[B:.*]] = gpt.rows %w at 8 size 8 : [16, 4] -> [8, 4]
// CHECK: %w_gradient = gpt.state "gradient" of "w" {members = ["w.0_gradient", "w.1_gradient"]} -> [16, 4] f32
// CHECK: %[[GA:.*]] = gpt.rows %w_gradient at 0 size 8
// CHECK: %[[GB:.*]] = gpt.rows %w_gradient at 8 size 8
// CHECK: gpt.add %[[A]], %[[B]]
// CHECK: gpt.accumulate %[[GA]] +=
// CHECK: gpt.accumulate %[[GB]] +=
gpt.model @bank {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1) {
    %u = gpt.scale %g by %rate/B
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %w.0 = gpt.param [8, 4] init normal(0.5) by %muon -> [8, 4]
  %w.1 = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %w.0_gradient = gpt.state "gradient" of "w.0" -> [8, 4] f32
  %w.1_gradient = gpt.state "gradient" of "w.1" -> [8, 4] f32
  gpt.part @micro_0 "micro" {
    %a = gpt.add %w.0, %w.1 : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %w.0_gradient += %a : [8, 4] f32, [8, 4]
    gpt.accumulate %w.1_gradient += %a : [8, 4] f32, [8, 4]
  }
  // Who reads a gradient, or clears it, does not accumulate it.
  %sum = gpt.state "gradient" -> [8, 4] f32
  gpt.part @epilogue_0 "epilogue" {
    gpt.accumulate %sum += %w.0_gradient : [8, 4] f32, [8, 4] f32
    %z = gpt.fill 0 -> [8, 4] f32
    gpt.update %w.0_gradient with %z : [8, 4] f32, [8, 4] f32
  }
}

// -----
// Any two parameters; a third has another number that is more than a factor, a
// fourth another shape, a fifth is seen as two matrices, a sixth has no gradient.
// REMARK: Function=a+1 | matrices=2
// CHECK-LABEL: gpt.model @any
// CHECK: gpt.param [16, 4] init parts(8, 0, 8, 0) by %muon (rate = 1) as "a+1" {members = ["a", "b"]}
// CHECK-DAG: %c = gpt.param [8, 4] init 0 by %muon (most = 2) -> [8, 4]
// CHECK-DAG: %d = gpt.param [4, 4] init 0 by %muon -> [4, 4]
// CHECK-DAG: %e = gpt.param [8, 4] init 0 by %muon as [2, 4, 4] -> [8, 4]
// CHECK-DAG: %f = gpt.param [8, 4] init 0 by %muon -> [8, 4]
gpt.model @any {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1, %most = 1) {
    %c = gpt.clamp %g (max = %most)
    %u = gpt.scale %c by %rate/B
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %a = gpt.param [8, 4] init 0 by %muon (rate = 1) -> [8, 4]
  %b = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %c = gpt.param [8, 4] init 0 by %muon (most = 2) -> [8, 4]
  %d = gpt.param [4, 4] init 0 by %muon -> [4, 4]
  %e = gpt.param [8, 4] init 0 by %muon as [2, 4, 4] -> [8, 4]
  %f = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %a_gradient = gpt.state "gradient" of "a" -> [8, 4] f32
  %b_gradient = gpt.state "gradient" of "b" -> [8, 4] f32
  %c_gradient = gpt.state "gradient" of "c" -> [8, 4] f32
  %d_gradient = gpt.state "gradient" of "d" -> [4, 4] f32
  %e_gradient = gpt.state "gradient" of "e" -> [8, 4] f32
  gpt.part @micro_0 "micro" {
    %x = gpt.add %a, %f : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %a_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %b_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %c_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %e_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %d_gradient += %d : [4, 4] f32, [4, 4]
  }
}

// -----
// An optimizer of single parameters; members with gradients from unlike parts;
// one that a split copies; parameters that are stacks already; one of each of
// two optimizers.
// CHECK-LABEL: gpt.model @alone
// CHECK-NOT: members
gpt.model @alone {
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %rows = gpt.optimizer(%p : [M, N], %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %muon = gpt.optimizer(%p : [B, M, N], %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %a = gpt.param [8, 4] init 0 by %sgd -> [8, 4]
  %b = gpt.param [8, 4] init 0 by %sgd -> [8, 4]
  %c = gpt.param [8, 4] init 0 by %rows -> [8, 4]
  %d = gpt.param [8, 4] init 0 by %rows -> [8, 4]
  %e = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %f = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %h = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %other = gpt.optimizer(%p : [B, M, N], %g) {
    gpt.return %g
  }
  %i = gpt.param [2, 8, 4] init 0 by %muon -> [2, 8, 4]
  %j = gpt.param [2, 8, 4] init 0 by %muon -> [2, 8, 4]
  %k = gpt.param [8, 6] init 0 by %muon -> [8, 6]
  %l = gpt.param [8, 6] init 0 by %other -> [8, 6]
  %m = gpt.param [6, 6] init 0 by %muon -> [6, 6]
  %n = gpt.param [6, 6] init 0 by %muon -> [6, 6]
  %m_gradient = gpt.state "gradient" of "m" -> [6, 6] f32
  %n_gradient = gpt.state "gradient" of "n" -> [6, 6] f32
  %i_gradient = gpt.state "gradient" of "i" -> [2, 8, 4] f32
  %j_gradient = gpt.state "gradient" of "j" -> [2, 8, 4] f32
  %k_gradient = gpt.state "gradient" of "k" -> [8, 6] f32
  %l_gradient = gpt.state "gradient" of "l" -> [8, 6] f32
  %a_gradient = gpt.state "gradient" of "a" -> [8, 4] f32
  %b_gradient = gpt.state "gradient" of "b" -> [8, 4] f32
  %c_gradient = gpt.state "gradient" of "c" -> [8, 4] f32
  %d_gradient = gpt.state "gradient" of "d" -> [8, 4] f32
  %e_gradient = gpt.state "gradient" of "e" -> [8, 4] f32
  %f_gradient = gpt.state "gradient" of "f" -> [8, 4] f32
  %h_gradient = gpt.state "gradient" of "h" -> [8, 4] f32
  gpt.adopt %h from %e after 0 : [8, 4], [8, 4]
  gpt.part @micro_0 "micro" {
    %x = gpt.add %a, %f : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %a_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %b_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %c_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %d_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %e_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %h_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %i_gradient += %i : [2, 8, 4] f32, [2, 8, 4]
    gpt.accumulate %j_gradient += %i : [2, 8, 4] f32, [2, 8, 4]
    gpt.accumulate %k_gradient += %k : [8, 6] f32, [8, 6]
    gpt.accumulate %l_gradient += %k : [8, 6] f32, [8, 6]
    gpt.accumulate %m_gradient += %m : [6, 6] f32, [6, 6]
  }
  gpt.part @micro_1 "micro" {
    %x = gpt.add %a, %f : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %f_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %e_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %h_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %n_gradient += %n : [6, 6] f32, [6, 6]
  }
}

// -----
// Numbers by which stacks are scaled or shifted, through other numbers too, may
// differ: parts of the members that follow each other. `shared` is a factor of
// what is no matrix's own, `count` one of the norm.
// CHECK-LABEL: gpt.model @numbers
// CHECK: %w = gpt.param [32, 4] init parts(8, 0, 8, 0, 8, 0, 8, 0) by %muon (rate = parts(2, 2*%lr, 1, 3*%decay, 1, 2*%lr), shift = parts(2, 0, 1, 0, 1, %lr)) {members = ["w.0", "w.1", "w.2", "w.3"]}
// CHECK: %w.4 = gpt.param [8, 4] init 0 by %muon (shared = 2)
// CHECK: %w.5 = gpt.param [8, 4] init 0 by %muon (norm = 2)
gpt.model @numbers {
  %lr = gpt.schedule(%step) {
    gpt.yield 1/(%step + 1)
  }
  %decay = gpt.schedule(%step) {
    gpt.yield %step
  }
  %muon = gpt.optimizer(%p : [B, M, N], %g, %n) states(%m : [B, M], %s : [N]) (%rate = 1, %shift = 0, %shared = 1, %norm = 1) {
    gpt.require %rate >= 0, %shift >= 0
    %r = gpt.expr %rate*0.5
    %u = gpt.scale %g by %r
    %v = gpt.gram %u
    %x = gpt.reduce %v to [B, M]
    %y = gpt.offset %x by %shift + %r
    %z = gpt.scale %s by %shared
    %k = gpt.scale %n by %norm
    %d = gpt.mul %k, %u
    %q = gpt.sub %p, %d
    gpt.return %q, %y, %z
  }
  %w.0 = gpt.param [8, 4] init 0 by %muon (rate = 2*%lr) -> [8, 4]
  %w.1 = gpt.param [8, 4] init 0 by %muon (rate = 2*%lr) -> [8, 4]
  %w.2 = gpt.param [8, 4] init 0 by %muon (rate = 3*%decay) -> [8, 4]
  %w.3 = gpt.param [8, 4] init 0 by %muon (rate = 2*%lr, shift = %lr) -> [8, 4]
  %w.4 = gpt.param [8, 4] init 0 by %muon (shared = 2) -> [8, 4]
  %w.5 = gpt.param [8, 4] init 0 by %muon (norm = 2) -> [8, 4]
  %w.0_gradient = gpt.state "gradient" of "w.0" -> [8, 4] f32
  %w.1_gradient = gpt.state "gradient" of "w.1" -> [8, 4] f32
  %w.2_gradient = gpt.state "gradient" of "w.2" -> [8, 4] f32
  %w.3_gradient = gpt.state "gradient" of "w.3" -> [8, 4] f32
  %w.4_gradient = gpt.state "gradient" of "w.4" -> [8, 4] f32
  %w.5_gradient = gpt.state "gradient" of "w.5" -> [8, 4] f32
  gpt.part @micro_0 "micro" {
    %x = gpt.add %w.0, %w.1 : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %w.0_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.1_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.2_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.3_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.4_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.5_gradient += %x : [8, 4] f32, [8, 4]
  }
}

// -----
// What only some numbers scale is no matrix's own: a sum of all, one over matrices, what is made of a state of columns, a norm. A
// product is a matrix's own, and two groups of one bank have two names.
// CHECK-LABEL: gpt.model @own
// CHECK-DAG: %w = gpt.param [16, 4] init parts(8, 0, 8, 0) by %muon (own = parts(1, 1, 1, %lr)) {members = ["w.0", "w.1"]}
// CHECK-DAG: %{{.*}} = gpt.param [16, 4] init parts(8, 0, 8, 0) by %muon (norm = %lr) as "w.2+1" {members = ["w.2", "w.3"]}
// CHECK-DAG: %w.4 = gpt.param [8, 4] init 0 by %muon (norm = %decay) -> [8, 4]
// CHECK-DAG: %w.5 = gpt.param [8, 4] init 0 by %muon (all = 2) -> [8, 4]
// CHECK-DAG: %w.6 = gpt.param [8, 4] init 0 by %muon (columns = 2) -> [8, 4]
// CHECK-DAG: %w.7 = gpt.param [8, 4] init 0 by %muon (state = 2) -> [8, 4]
// CHECK-DAG: %w.8 = gpt.param [8, 4] init 0 by %muon (again = 2) -> [8, 4]
// CHECK-DAG: %w.9 = gpt.param [8, 4] init 0 by %muon (through = 2) -> [8, 4]
// CHECK-DAG: gpt.param [4, 4] init parts(2, 0, 2, 0) by %muon as "x.0+1" {members = ["x.0", "y.0"]}
gpt.model @own {
  %lr = gpt.schedule(%step) {
    gpt.yield 1/(%step + 1)
  }
  %decay = gpt.schedule(%step) {
    gpt.yield %step
  }
  %muon = gpt.optimizer(%p : [B, M, N], %g) states(%s : [N]) (%own = 1, %norm = 1, %all = 1, %columns = 1, %state = 1, %again = 1, %through = 1) {
    %a0 = gpt.reduce %g to []
    %a1 = gpt.scale %a0 by %all
    %c0 = gpt.reduce %g to [1, M, N]
    %c1 = gpt.scale %c0 by %columns
    %s0 = gpt.sqrt %s
    %s1 = gpt.scale %s0 by %state
    %s2 = gpt.scale %s1 by %again
    %t = gpt.expr 2*%through
    %s3 = gpt.scale %s2 by %t
    %n0 = gpt.rms_norm %g
    %n1 = gpt.scale %n0 by %norm
    %o0 = gpt.gram %g
    %o1 = gpt.offset %o0 by %own
    %o2 = gpt.matmul %o1, %n1
    %e0 = gpt.sigmoid %g
    %e1 = gpt.scale %e0 by %own
    %o3 = gpt.add %o2, %e1
    %u0 = gpt.mul %a1, %o3
    %u1 = gpt.mul %u0, %c1
    %q = gpt.sub %p, %u1
    gpt.return %q, %s3
  }
  %w.0 = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %w.1 = gpt.param [8, 4] init 0 by %muon (own = %lr) -> [8, 4]
  %w.2 = gpt.param [8, 4] init 0 by %muon (norm = %lr) -> [8, 4]
  %w.3 = gpt.param [8, 4] init 0 by %muon (norm = %lr) -> [8, 4]
  %w.4 = gpt.param [8, 4] init 0 by %muon (norm = %decay) -> [8, 4]
  %w.5 = gpt.param [8, 4] init 0 by %muon (all = 2) -> [8, 4]
  %w.6 = gpt.param [8, 4] init 0 by %muon (columns = 2) -> [8, 4]
  %w.7 = gpt.param [8, 4] init 0 by %muon (state = 2) -> [8, 4]
  %w.8 = gpt.param [8, 4] init 0 by %muon (again = 2) -> [8, 4]
  %w.9 = gpt.param [8, 4] init 0 by %muon (through = 2) -> [8, 4]
  %x.0 = gpt.param [2, 4] init 0 by %muon -> [2, 4]
  %y.0 = gpt.param [2, 4] init 0 by %muon -> [2, 4]
  %x.0_gradient = gpt.state "gradient" of "x.0" -> [2, 4] f32
  %y.0_gradient = gpt.state "gradient" of "y.0" -> [2, 4] f32
  %w.0_gradient = gpt.state "gradient" of "w.0" -> [8, 4] f32
  %w.1_gradient = gpt.state "gradient" of "w.1" -> [8, 4] f32
  %w.2_gradient = gpt.state "gradient" of "w.2" -> [8, 4] f32
  %w.3_gradient = gpt.state "gradient" of "w.3" -> [8, 4] f32
  %w.4_gradient = gpt.state "gradient" of "w.4" -> [8, 4] f32
  %w.5_gradient = gpt.state "gradient" of "w.5" -> [8, 4] f32
  %w.6_gradient = gpt.state "gradient" of "w.6" -> [8, 4] f32
  %w.7_gradient = gpt.state "gradient" of "w.7" -> [8, 4] f32
  %w.8_gradient = gpt.state "gradient" of "w.8" -> [8, 4] f32
  %w.9_gradient = gpt.state "gradient" of "w.9" -> [8, 4] f32
  gpt.part @micro_0 "micro" {
    %x = gpt.add %w.0, %w.1 : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %w.0_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.1_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.2_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.3_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.4_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.5_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.6_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.7_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.8_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %w.9_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %x.0_gradient += %x.0 : [2, 4] f32, [2, 4]
    gpt.accumulate %y.0_gradient += %x.0 : [2, 4] f32, [2, 4]
  }
}
