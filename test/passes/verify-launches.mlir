// RUN: gptc-opt %s --split-input-file --verify-launches --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file --verify-launches 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

%x = kern.buffer "x" "input" at 256 : memref<96x64xf32>

// -----

// expected-error @+1 {{has no place: plan-memory gives it one}}
%x = kern.buffer "x" "input" : memref<96x64xf32>

// -----

// expected-error @+1 {{has a place that is not a multiple of 256 bytes}}
%x = kern.buffer "x" "input" at 128 : memref<96x64xf32>

// -----

// expected-error @+1 {{has elements that no runtime stores: legalize-storage replaces them}}
%x = kern.buffer "x" "input" at 0 : memref<96x64xf16>

// -----

// A rounding to what is stored has been decided upon.
%x = kern.buffer "x" "input" at 0 : memref<96x64xf32>
kern.part @p "micro" {
  kern.rows "kept" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    // expected-error @+1 {{rounds to what a target stores: legalize-storage decides what that is}}
    %1 = kern.round %0 to "bf16" stored : vector<64xf32>
    kern.store %1, %x[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
