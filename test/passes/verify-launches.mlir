// RUN: gptc-opt %s --split-input-file --verify-launches --verify-diagnostics

%x = kern.buffer "x" "input" at 128 : memref<96x64xf32>

// -----

// expected-error @+1 {{has no place: plan-memory gives it one}}
%x = kern.buffer "x" "input" : memref<96x64xf32>

// -----

// expected-error @+1 {{has a place that is not a multiple of 64 bytes}}
%x = kern.buffer "x" "input" at 32 : memref<96x64xf32>

// -----

// expected-error @+1 {{has elements that no runtime stores: legalize-storage replaces them}}
%x = kern.buffer "x" "input" at 0 : memref<96x64xf8E4M3FN>
