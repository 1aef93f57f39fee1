// What kernels over stacks of matrices check; the numbers are those of the ops' descriptions.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// As many rows as all products have together.
%a = kern.buffer "a" "input" : memref<96x64xf32>
%b = kern.buffer "b" "input" : memref<32x64xf32>
%y = kern.buffer "y" "output" : memref<96x32xf32>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.contract' op (C2) operands do not have the sizes m, n, k}}
  kern.contract "pairs" %a, %b batch 2 m 48 n 32 k 64 : memref<96x64xf32>, memref<32x64xf32> {
  ^row(%t: index, %p: vector<32xf32>):
    kern.store %p, %y[%t] : vector<32xf32>, memref<96x32xf32>
  }
}

// -----

%a = kern.buffer "a" "input" : memref<96x64xf32>
%b = kern.buffer "b" "input" : memref<32x64xf32>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.contract' op (C2) operands do not have the sizes m, n, k}}
  kern.contract "none" %a, %b batch 0 m 96 n 32 k 64 : memref<96x64xf32>, memref<32x64xf32> {
  ^row(%t: index, %p: vector<32xf32>):
  }
}

// -----

%x = kern.buffer "x" "input" : memref<96x64xf32>
%y = kern.buffer "y" "output" : memref<64x96xf32>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.transpose' op (T1) x and y do not have the sizes m and n}}
  kern.transpose "transpose" %x to %y batch 2 m 48 n 64 : memref<96x64xf32>, memref<64x96xf32>
}

// -----

%x = kern.buffer "x" "input" : memref<96x64xf32>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.transpose' op (T1) x and y do not have the sizes m and n}}
  kern.transpose "transpose" %x to %x m 96 n 64 : memref<96x64xf32>, memref<96x64xf32>
}

// -----

%x = kern.buffer "x" "gradient" : memref<96x64xf32>
%half = kern.view %x : memref<96x64xf32> to memref<48x64xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.all_reduce' op (A1) needs all of a buffer of f32 or bf16}}
  kern.all_reduce %half : memref<48x64xf32>
}

// -----

%x = kern.buffer "x" "gradient" : memref<96x64xf32>
%half = kern.view %x : memref<96x64xf32> to memref<48x64xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.reduce_scatter' op (A1) needs all of a buffer of f32 or bf16}}
  kern.reduce_scatter %x to %half : memref<96x64xf32>, memref<48x64xf32>
}

// -----

%x = kern.buffer "x" "gradient" : memref<96x64xf32>
%half = kern.view %x : memref<96x64xf32> to memref<48x64xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.await' op (A3) needs all of a buffer}}
  kern.await %half : memref<48x64xf32>
}

// -----

%w = kern.buffer "w" "parameter" : memref<96x64xf32>
%x = kern.buffer "x" "share" of "v" {ranks = 2 : i64, whole = "parameter"} : memref<48x64xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.all_gather' op (A2) needs a share of a parameter, and that parameter}}
  kern.all_gather %x to %w : memref<48x64xf32>, memref<96x64xf32>
}

// -----

%x = kern.buffer "x" "gradient" : memref<96x64xf64>
kern.part @p "update" {
  // expected-error @+1 {{'kern.all_reduce' op (A1) needs all of a buffer of f32 or bf16}}
  kern.all_reduce %x : memref<96x64xf64>
}

// -----

// Room that holds no sums.
%a = kern.buffer "a" "input" : memref<64x96xf32>
%b = kern.buffer "b" "input" : memref<64x32xf32>
%room = kern.buffer "room" "workspace" : memref<256x64xbf16>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.contract' op (C3) pieces must be all of a buffer of f32}}
  kern.contract "dw" %a transposed_a, %b transposed_b m 96 n 32 k 64 : memref<64x96xf32>, memref<64x32xf32> pieces %room : memref<256x64xbf16> {
  ^row(%m: index, %p: vector<32xf32>):
  }
}

// -----

%a = kern.buffer "a" "input" : memref<64x96xf32>
%b = kern.buffer "b" "input" : memref<64x32xf32>
%room = kern.buffer "room" "workspace" : memref<512x64xf32>
%part = kern.view %room : memref<512x64xf32> to memref<256x64xf32, strided<[64, 1], offset: 0>>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.contract' op (C3) pieces must be all of a buffer of f32}}
  kern.contract "dw" %a transposed_a, %b transposed_b m 96 n 32 k 64 : memref<64x96xf32>, memref<64x32xf32> pieces %part : memref<256x64xf32, strided<[64, 1], offset: 0>> {
  ^row(%m: index, %p: vector<32xf32>):
  }
}

// -----

// Symmetric are products of a matrix with itself alone, whose sums are whole and whose program treats all elements alike.
%a = kern.buffer "a" "workspace" : memref<64x32xbf16>
%b = kern.buffer "b" "workspace" : memref<64x32xbf16>
kern.part @p "update" {
  // expected-error @+1 {{'kern.contract' op (C4) is not symmetric: its operands are not one matrix}}
  kern.contract "two" %a, %b m 64 n 64 k 32 symmetric : memref<64x32xbf16>, memref<64x32xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
  }
}

// -----

%a = kern.buffer "a" "workspace" : memref<32x64xbf16>
%room = kern.buffer "room" "workspace" : memref<256x64xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.contract' op (C4) is not symmetric: its sums are split}}
  kern.contract "split" %a transposed_a, %a transposed_b m 64 n 64 k 32 symmetric : memref<32x64xbf16>, memref<32x64xbf16> pieces %room : memref<256x64xf32> {
  ^row(%t: index, %p: vector<64xf32>):
  }
}

// -----

%a = kern.buffer "a" "workspace" : memref<64x32xbf16>
%each = kern.buffer "each" "workspace" : memref<64x1xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.contract' op (C4) is not symmetric: it loads what is no tile of its own}}
  kern.contract "scaled" %a, %a m 64 n 64 k 32 symmetric : memref<64x32xbf16>, memref<64x32xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    %v1 = kern.load %each[%t] : memref<64x1xf32> -> vector<1xf32>
  }
}

// -----

%a = kern.buffer "a" "workspace" : memref<64x32xbf16>
%sums = kern.buffer "sums" "workspace" : memref<64x1xf32>
kern.part @p "update" {
  // expected-error @+1 {{'kern.contract' op (C4) is not symmetric: it stores what is no tile of its own}}
  kern.contract "stored" %a, %a m 64 n 64 k 32 symmetric : memref<64x32xbf16>, memref<64x32xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    %one = arith.constant dense<1.0> : vector<1xf32>
    kern.store %one, %sums[%t] : vector<1xf32>, memref<64x1xf32>
  }
}

// -----

// Sums of codes of FP8 alone go into f32 before a product's end, by whole steps of a tile.
%a = kern.buffer "a" "workspace" : memref<64x128xf8E5M2>
%b = kern.buffer "b" "workspace" : memref<64x128xf8E4M3FN>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.contract' op (C5) promotion is 64, 128 or 256, and of codes of FP8}}
  kern.contract "often" %a, %b m 64 n 64 k 128 promotion 32 : memref<64x128xf8E5M2>, memref<64x128xf8E4M3FN> {
  ^row(%t: index, %p: vector<64xf32>):
  }
}

// -----

%a = kern.buffer "a" "workspace" : memref<64x128xf8E5M2>
%b = kern.buffer "b" "workspace" : memref<64x128xbf16>
kern.part @p "micro" {
  // expected-error @+1 {{'kern.contract' op (C5) promotion is 64, 128 or 256, and of codes of FP8}}
  kern.contract "half" %a, %b m 64 n 64 k 128 promotion 64 : memref<64x128xf8E5M2>, memref<64x128xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
  }
}

// -----

%a = kern.buffer "a" "workspace" : memref<64x32xbf16>
kern.part @p "update" {
  // expected-error @+1 {{'kern.contract' op (C4) is not symmetric: it has 'kern.row_index', which does not treat all elements alike}}
  kern.contract "numbered" %a, %a m 64 n 64 k 32 symmetric : memref<64x32xbf16>, memref<64x32xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    %i = kern.row_index %t : vector<1xi32>
  }
}

// -----

// Of attention's gradients there are three.
%x = kern.buffer "x" "input" : memref<96x64xbf16>
%lse = kern.buffer "lse" "input" : memref<96x1xf32>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%f = arith.constant 0.1 : f64
kern.part @p "micro" {
  // expected-error @+1 {{'kern.attention_backward' op (A1) its program takes the row index and three rows of 'vector<64xf32>'}}
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %x, %x, %x window %f scale %f heads 1 of 64 group 1
    : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
  ^row(%t: index, %dq: vector<64xf32>):
  }
}
