// RUN: gptc-opt %s --split-input-file --verify-kernels --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file --verify-kernels 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

%x = kern.buffer "x" "input" : memref<96x64xf32>
kern.part @good "micro" {
  kern.rows "copy" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
  }
}

// -----

// A matrix that is a part of a pack begins anywhere: its rows are its own all the same.
%pack = kern.buffer "pack" "gradient" : memref<5xf32>
kern.part @pack "micro" {
  %m = kern.view %pack : memref<5xf32> to memref<2x2xf32, strided<[2, 1], offset: 1>>
  kern.rows "double" 2 {
  ^row(%t: index):
    %v = kern.load %m[%t] : memref<2x2xf32, strided<[2, 1], offset: 1>> -> vector<2xf32>
    %w = arith.addf %v, %v : vector<2xf32>
    kern.store %w, %m[%t] : vector<2xf32>, memref<2x2xf32, strided<[2, 1], offset: 1>>
  }
}

// -----

// A row that reaches into the next one is no row of its own.
%wide = kern.buffer "wide" "gradient" : memref<8xf32>
kern.part @wide "micro" {
  %m = kern.view %wide : memref<8xf32> to memref<2x2xf32, strided<[2, 1], offset: 1>>
  %n = kern.view %wide : memref<8xf32> to memref<2x2xf32, strided<[2, 1], offset: 2>>
  // expected-error @+1 {{reads other rows of 'wide', which it stores}}
  kern.rows "move" 2 {
  ^row(%t: index):
    %v = kern.load %m[%t] : memref<2x2xf32, strided<[2, 1], offset: 1>> -> vector<2xf32>
    kern.store %v, %n[%t] : vector<2xf32>, memref<2x2xf32, strided<[2, 1], offset: 2>>
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

// -----

%x = kern.buffer "x" "output" : memref<96x64xf32>
kern.part @halo "micro" {
  // expected-error @+1 {{reads other rows of 'x', which it stores}}
  kern.rows "shift" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %x[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// -----

%x = kern.buffer "x" "output" : memref<96x64xf32>
kern.part @epilogue "micro" {
  kern.contract "square" %x, %x m 96 n 96 k 64 : memref<96x64xf32>, memref<96x64xf32> {
  ^row(%m: index, %p: vector<96xf32>):
    // expected-error @+1 {{stands in an epilogue: it needs more than its own column: kern.reduce}}
    %r = kern.reduce "add" %p : vector<96xf32> -> vector<1xf32>
  }
}

// -----

%x = kern.buffer "x" "output" : memref<96x64xf32>
kern.part @program "micro" {
  kern.rows "copy" 96 {
  ^row(%t: index):
    // expected-error @+1 {{is no op of a row program}}
    %v = vector.broadcast %t : index to vector<2xindex>
  }
}

// -----

%x = kern.buffer "x" "output" : memref<16x12xf32>
kern.part @apart "micro" {
  %p = kern.buffer "p" "workspace" : memref<1x64xf32>
  %a = kern.view %x : memref<16x12xf32> to memref<16x4xf32, strided<[12, 1]>>
  // expected-error @+1 {{counts the elements of its target flat, and rows lie apart there}}
  kern.finish "sum" %p to %a : memref<1x64xf32> to memref<16x4xf32, strided<[12, 1]>>
}

// -----

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%lse = kern.buffer "lse" "input" : memref<96x1xf32>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%f = arith.constant 0.1 : f64
kern.part @gradients "micro" {
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y, %y, %y window %f scale %f heads 1 of 64 group 1
    : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
  ^row(%t: index, %dq: vector<64xf32>, %dk: vector<64xf32>, %dv: vector<64xf32>):
    // expected-error @+1 {{stands in attention's program: it needs more than a head: kern.slice}}
    %v = kern.slice %dq at 32 : vector<64xf32> -> vector<32xf32>
  }
}
