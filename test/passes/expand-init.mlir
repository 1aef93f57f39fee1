// RUN: gptc-opt %S/Inputs/mlp-graph.mlir --differentiate --expand-optimizer --expand-init | FileCheck %s
// RUN: gptc-opt %s --expand-init --split-input-file --verify-diagnostics

// Each recipe becomes ops; random numbers have a stream of their own.
// CHECK-LABEL: gpt.part @init "init"
// CHECK: %[[T:.*]] = gpt.random "normal" scale 1.000000e-01 stream 0 -> [64, 32] f32
// CHECK: gpt.update %table with %[[T]]
// CHECK: %[[TOP:.*]] = gpt.rows %up at 0 size 32
// CHECK: %[[U:.*]] = gpt.random "uniform" scale 1.000000e-01 stream 1 -> [32, 32] f32
// CHECK: gpt.update %[[TOP]] with %[[U]]
// CHECK: %[[REST:.*]] = gpt.rows %up at 32 size 64
// CHECK: %[[Z:.*]] = gpt.fill 0
// CHECK: gpt.update %[[REST]] with %[[Z]]
// CHECK: gpt.cycle [1.000000e+00, 2.000000e+00] -> [2] f32
// States of optimizers and gradients start at zero, outputs where they are.
// CHECK: gpt.update %table_m with
// CHECK-NOT: gpt.update %loss
// CHECK: gpt.update %table_gradient with
// CHECK-NOT: gpt.update %loss

// A recipe that there is not.
gpt.model @unknown {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  // expected-error @+1 {{'w' has the init uniform(1, 2): a number, uniform(a), normal(s), cycle(a, …) or rows(n, init, init) is needed}}
  %w = gpt.param [8, 8] f32 init uniform(1, 2) by %sgd -> [8, 8] f32
}

// -----
// More rows than there are.
gpt.model @rows {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  // expected-error @+1 {{'w' has an init for 9 rows, it has 8}}
  %w = gpt.param [8, 8] f32 init rows(9, 1, 0) by %sgd -> [8, 8] f32
}

// -----
// Fewer rows than there are.
gpt.model @parts {
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  // expected-error @+1 {{'w' has an init for 6 rows, it has 8}}
  %w = gpt.param [8, 8] f32 init parts(4, 1, 2, 0) by %sgd -> [8, 8] f32
}
