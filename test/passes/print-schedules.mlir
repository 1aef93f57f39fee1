// Every scheduled number of every step, of a short run and of the published one.
// RUN: gptc-opt %models/nanogpt.mlir --resolve-base --print-schedules=set=scheduled_steps=54,extension_steps=8 -o /dev/null > %t.short
// RUN: %python %S/Inputs/compare_schedules.py %t.short scheduled_steps=54 extension_steps=8 | FileCheck %s --check-prefix=SHORT
// SHORT: 63 steps equal
// RUN: gptc-opt %models/nanogpt.mlir --resolve-base --print-schedules -o /dev/null > %t.full
// RUN: %python %S/Inputs/compare_schedules.py %t.full | FileCheck %s --check-prefix=FULL
// FULL: 1826 steps equal
