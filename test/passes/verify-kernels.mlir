// RUN: gptc-opt %s --split-input-file --verify-kernels --verify-diagnostics

%x = kern.buffer "x" "input" : memref<96x64xf32>
kern.part @good "micro" {
  kern.rows "copy" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
  }
}

// -----

// expected-error @+1 {{is of the phase 'step': lower-to-kernels replaces it}}
gpt.part @left "micro" {
}

// -----

kern.part @stray "micro" {
  // expected-error @+1 {{stands in a part and is not a kernel}}
  %c = arith.constant 1.0 : f32
}

// -----

// expected-error @+1 {{is a buffer without a size}}
%x = kern.buffer "x" "input" : memref<?x64xf32>
