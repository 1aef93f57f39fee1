// Each mistake of a variant: its number is that of `gpt.base`'s description.
// RUN: split-file %s %t
// RUN: cp %S/Inputs/bases/*.mlir %t

// RUN: not gptc-opt %t/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: missing.mlir:2:3: error: (B1) the base 'nothing.mlir' cannot be read: No such file or directory; it is looked for beside this file
// MISSING-NEXT: gpt.base "nothing.mlir"
// MISSING-NOT: error
//--- missing.mlir
gpt.model @m {
  gpt.base "nothing.mlir"
}

// RUN: not gptc-opt %t/directory.mlir 2>&1 | FileCheck %s --check-prefix=DIRECTORY
// DIRECTORY: directory.mlir:2:3: error: (B1) the base '.' is a directory: name a model file
//--- directory.mlir
gpt.model @m {
  gpt.base "."
}

// RUN: not gptc-opt %t/circle.mlir 2>&1 | FileCheck %s --check-prefix=CIRCLE
// CIRCLE: circle-back.mlir:2:{{[0-9]+}}: error: (B2) the base 'circle.mlir' leads back to itself
// CIRCLE: circle.mlir:2:{{[0-9]+}}: error: the base 'circle-back.mlir' has errors

// RUN: not gptc-opt %t/two-models.mlir 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: error: (B3) the base 'two.mlir' must hold one gpt.model, it holds 2
//--- two-models.mlir
gpt.model @m {
  gpt.base "two.mlir"
}

// RUN: not gptc-opt %t/in-broken.mlir 2>&1 | FileCheck %s --check-prefix=BROKEN
// BROKEN: broken.mlir:{{[0-9:]+}}: error:
// BROKEN: in-broken.mlir:2:3: error: the base 'broken.mlir' has errors
//--- in-broken.mlir
gpt.model @m {
  gpt.base "broken.mlir"
}

// RUN: not gptc-opt %t/name.mlir 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: name.mlir:2:{{[0-9]+}}: error: custom op 'gpt.base' (B4) 'whole.mlir' has no 'boddy'; did you mean 'body'?
//--- name.mlir
gpt.model @m {
  %boddy = gpt.base "whole.mlir"
}

// RUN: not gptc-opt %t/kind.mlir --resolve-base 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: kind.mlir:3:{{[0-9]+}}: error: (B5) 'lr' replaces something of another kind
// KIND: whole.mlir:{{[0-9:]+}}: note: 'lr' of the base
//--- kind.mlir
gpt.model @m {
  %sgd = gpt.base "whole.mlir"
  %lr = gpt.param [D] init 0 by %sgd
}

// RUN: not gptc-opt %t/pack.mlir --resolve-base 2>&1 | FileCheck %s --check-prefix=PACK
// PACK: error: (B6) only some parts of the pack 'scalars' are replaced: replace all of them
//--- pack.mlir
gpt.model @m {
  %sgd = gpt.base "whole.mlir"
  %first = gpt.param [] f32 init 0 by %sgd
}

// RUN: not gptc-opt %t/constant.mlir --resolve-base 2>&1 | FileCheck %s --check-prefix=CONSTANT
// CONSTANT: constant.mlir:3:3: error: (B7) 'whole.mlir' has no constant 'unti', and nothing here reads it; did you mean 'unit'?
//--- constant.mlir
gpt.model @m {
  gpt.base "whole.mlir"
  gpt.let unti = 2
}

// RUN: not gptc-opt %t/function.mlir --resolve-base 2>&1 | FileCheck %s --check-prefix=FUNCTION
// FUNCTION: function.mlir:3:{{[0-9]+}}: error: (B7) 'whole.mlir' has no 'bodi', and nothing here reads it; did you mean 'body'?
//--- function.mlir
gpt.model @m {
  gpt.base "whole.mlir"
  %bodi = gpt.func(%x : [T, D]) {
    gpt.return %x
  }
}

// A mistake that only the whole has is shown where the base reads what the variant gives.
// RUN: not gptc-opt %t/shape.mlir --resolve-base 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: whole.mlir:{{[0-9:]+}}: error: 'gpt.linear' op (C2) contracts the last dimension of [T, D] with the last of [V, V]: D is not V
//--- shape.mlir
gpt.model @m {
  %sgd = gpt.base "whole.mlir"
  %head = gpt.param [V, V] init 0 by %sgd
}
