// RUN: gptc-opt %s --stack-parameters --split-input-file | FileCheck %s
// RUN: gptc-opt %s --stack-parameters --split-input-file --remarks-filter=stack-parameters 2>&1 | FileCheck %s --check-prefix=REMARK

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
}

// -----
// Any two parameters; a third has other numbers, a fourth another shape, a fifth
// is seen as two matrices, a sixth has no gradient.
// REMARK: Function=a+1 | matrices=2
// CHECK-LABEL: gpt.model @any
// CHECK: gpt.param [16, 4] init parts(8, 0, 8, 0) by %muon as "a+1" {members = ["a", "b"]}
// CHECK-DAG: %c = gpt.param [8, 4] init 0 by %muon (rate = 2) -> [8, 4]
// CHECK-DAG: %d = gpt.param [4, 4] init 0 by %muon -> [4, 4]
// CHECK-DAG: %e = gpt.param [8, 4] init 0 by %muon as [2, 4, 4] -> [8, 4]
// CHECK-DAG: %f = gpt.param [8, 4] init 0 by %muon -> [8, 4]
gpt.model @any {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1) {
    %u = gpt.scale %g by %rate/B
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %a = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %b = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %c = gpt.param [8, 4] init 0 by %muon (rate = 2) -> [8, 4]
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
// one that a split copies.
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
  }
  gpt.part @micro_1 "micro" {
    %x = gpt.add %a, %f : [8, 4], [8, 4] -> [8, 4]
    gpt.accumulate %f_gradient += %x : [8, 4] f32, [8, 4]
    gpt.accumulate %e_gradient += %x : [8, 4] f32, [8, 4]
  }
}
