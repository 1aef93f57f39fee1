// `EXE schedule` shows all schedules, and the log those that are marked shown: they live through every pass, read or not.
// RUN: gptc-opt %s --canonicalize --cse | FileCheck %s
// RUN: gptc compile %models/mlp.mlir --emit=launches -o - | FileCheck %s --check-prefix=MLP
// MLP: %lr = gpt.schedule
// RUN: rm -rf %t && mkdir %t && cp %models/optimizers.mlir %t && sed 's/%%lr = gpt.schedule/%%heat = gpt.schedule/' %models/mlp.mlir > %t/heat.mlir
// RUN: gptc compile %t/heat.mlir --emit=launches -o - 2>&1 | FileCheck %s --check-prefix=UNREAD --implicit-check-not=warning
// UNREAD: %heat = gpt.schedule
// UNREAD: } {shown}

gpt.model @m {
  // CHECK: %shown = gpt.schedule
  // CHECK: } {shown}
  %shown = gpt.schedule(%step) {
    gpt.yield 3*%step
  } {shown}
  // CHECK: %unread = gpt.schedule
  %unread = gpt.schedule(%step) {
    gpt.yield 3*%step
  }
}
