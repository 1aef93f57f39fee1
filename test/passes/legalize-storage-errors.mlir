// RUN: gptc-opt %s --legalize-storage --verify-diagnostics --split-input-file
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --legalize-storage --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0
// RUN: not gptc-opt %s --legalize-storage=target=abacus --split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not gptc-opt %s --legalize-storage=storage=int4 --split-input-file 2>&1 | FileCheck %s --check-prefix=STORAGE

// TARGET: error: legalize-storage stores f32 for the target cpu and "record" for sm_90a, not f32 for abacus
// STORAGE: error: legalize-storage stores f32 for the target cpu and "record" for sm_90a, not int4 for cpu

// expected-error @+1 {{no target stores elements of 'i7'}}
%w = kern.buffer "w" "parameter" : memref<64x32xi7>
