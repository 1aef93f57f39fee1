// A refusal stays one, whatever is right behind it: a function is checked for the shapes of its call, and holds.
// RUN: not gptc-opt %s -o /dev/null 2>&1 | FileCheck %s
// CHECK: error: 'gpt.add' op (C1) cannot combine [8] and [4]
// CHECK-NOT: error
gpt.model @m {
  %x = gpt.input [8]
  %w = gpt.input [4]
  %f = gpt.func(%a) {
    %k = gpt.sigmoid %a
    gpt.return %k
  }
  gpt.graph @train {
    %bad = gpt.add %x, %w
    %y = gpt.call %f(%x)
    gpt.return %y
  }
}
