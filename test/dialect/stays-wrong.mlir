// What is wrong before an optimizer is looked at stays wrong: the model is refused.
// RUN: not gptc-opt %s 2>&1 | FileCheck %s
// CHECK: 'gpt.let' op (C1) 'D' has a value already
gpt.model @m {
  gpt.let D = 4
  gpt.let D = 5
  %w = gpt.param [4, 4] init 0 by %sgd
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    gpt.return %g
  }
}
