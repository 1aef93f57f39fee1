// A variant says what differs; everything else is its base's, in the base's order and at the base's places.
// RUN: gptc-opt %s --resolve-base --verify-roundtrip | FileCheck %s
// RUN: gptc-opt %s --resolve-base --mlir-print-debuginfo | FileCheck %s --check-prefix=PLACE
// RUN: gptc-opt %s --resolve-base --instantiate --verify-roundtrip -o /dev/null
// Unresolved, it reads back as it prints.
// RUN: gptc-opt %s --verify-roundtrip | FileCheck %s --check-prefix=ALONE
// ALONE: %sgd, %first, %second = gpt.base "Inputs/bases/whole.mlir" : !gpt.optimizer, !gpt.tensor, !gpt.tensor

// CHECK-LABEL: gpt.model @variant {
gpt.model @variant {
  // CHECK-NOT: gpt.base
  %sgd, %first, %second = gpt.base "Inputs/bases/whole.mlir"
  // CHECK: gpt.let T, V = 32, D = 8, unit = 1
  gpt.let V = 32, D = 8, wide = 12
  // The head keeps its place behind the table.
  // CHECK: %table = gpt.param [V, D] init 0 by %sgd
  // CHECK: %head = gpt.param [V, D] init normal(0.5) by %sgd
  // CHECK: %first, %second = gpt.pack
  %head = gpt.param [V, D] init normal(0.5) by %sgd
  // The base's graph calls the new body, and what it calls.
  // CHECK: %body = gpt.func(%x : [T, D]) {
  // CHECK-NEXT: gpt.call %twice(%x)
  // CHECK-NEXT: gpt.mul %first
  // CHECK-LABEL: gpt.graph @train
  %body = gpt.func(%x : [T, D]) {
    %t = gpt.call %twice(%x)
    %y = gpt.mul %first, %t
    gpt.return %y
  }
  // CHECK: %lr = gpt.schedule
  // CHECK-NEXT: gpt.yield wide
  %lr = gpt.schedule(%step) {
    gpt.yield wide
  }
  // CHECK: gpt.recipe (steps = 10,
  // CHECK: gpt.let wide = 12
  // CHECK: %twice = gpt.func
  %twice = gpt.func(%x : [T, D]) {
    %y = gpt.scale %x by 2
    gpt.return %y
  }
}
// PLACE-DAG: whole.mlir":6:12
// PLACE-DAG: resolve-base.mlir":{{[0-9]+}}:11

// The models of the repository are whole after it, and their values are their base's where they say nothing.
// RUN: gptc-opt %models/nanogpt-tiny.mlir --resolve-base | FileCheck %s --check-prefix=TINY
// TINY-LABEL: gpt.model @nanogpt_tiny
// TINY: gpt.let T, V = 256, D = 128
// TINY: gpt.let gate = 12, smear_at = 0
// RUN: gptc-opt %models/nanogpt-paired.mlir --resolve-base | FileCheck %s --check-prefix=PAIRED
// PAIRED-LABEL: gpt.model @nanogpt_paired
// PAIRED: scheduled_steps = 1735
// PAIRED: %ve_gate_bank = gpt.param [5, H, gate]
// PAIRED: group = 2

// A variant's new functions and inputs come to stand behind what reads them: no order of the text is relied on.
// RUN: gptc-opt %S/Inputs/new-function.mlir --resolve-base --instantiate | FileCheck %s --check-prefix=NEW
// NEW-LABEL: gpt.model @new_function
// NEW-NOT: gpt.func
// NEW: gpt.graph @train_0
// NEW: gpt.embed %table[%docs]
// NEW-NOT: gpt.func
