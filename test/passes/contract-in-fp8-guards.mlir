// What is on a grid, and what is made of it; each part has a reason or two.
// RUN: gptc-opt --contract-in-fp8=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --contract-in-fp8=target=sm_90a %s --remarks-filter=contract-in-fp8 2>&1 | FileCheck %s --check-prefix=REMARK --implicit-check-not="plain multiplies"

%x = kern.buffer "x" "input" : memref<32x64xbf16>
%x40 = kern.buffer "x40" "input" : memref<40x64xbf16>
%by = kern.buffer "by" "parameter" : memref<1x64xf32>
%w = kern.buffer "w" "parameter" : memref<96x64xbf16>
%y = kern.buffer "y" "output" : memref<32x96xbf16>
%z = kern.buffer "z" "output" : memref<32x96xbf16>
%dx = kern.buffer "dx" "output" : memref<32x64xbf16>
%y40 = kern.buffer "y40" "output" : memref<40x96xbf16>

// Rows of any number, of scale 1: nothing is multiplied.
// CHECK-LABEL: kern.part @any_rows
// CHECK: kern.contract "ones" %xq_codes, %wq_codes m 40
// CHECK-NEXT: ^bb0
// CHECK-NEXT: kern.store
// REMARK: Remark="ones multiplies codes of e4m3 and e4m3"
kern.part @any_rows "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<40x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "round" 40 {
  ^row(%t: index):
    %v = kern.load %x40[%t] : memref<40x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %xq[%t] : vector<64xf32>, memref<40x64xbf16>
  }
  kern.contract "ones" %xq, %wq m 40 n 96 k 64 : memref<40x64xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y40[%m] : vector<96xf32>, memref<40x96xbf16>
  }
}

// Two products read one transposed buffer.
// CHECK-LABEL: kern.part @once
// CHECK: kern.transpose "transpose.wq_codes"
// CHECK-NOT: kern.transpose
// CHECK: kern.contract "one" %gq_codes, %wq_codes_transposed
// CHECK: kern.contract "two" %gq_codes, %wq_codes_transposed
kern.part @once "micro" {
  %gq = kern.buffer "gq" "workspace" : memref<32x96xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %y[%t] : memref<32x96xbf16> -> vector<96xf32>
    %q = kern.round %v to "e4m3" : vector<96xf32>
    kern.store %q, %gq[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  kern.contract "one" %gq, %wq transposed_b m 32 n 64 k 96 : memref<32x96xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dx[%m] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "two" %gq, %wq transposed_b m 32 n 64 k 96 : memref<32x96xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dx[%m] : vector<64xf32>, memref<32x64xbf16>
  }
}

// A batch, and what nothing rounds, is multiplied as it is, without a word.
// CHECK-LABEL: kern.part @batch
// CHECK: kern.contract "plain" %xq, %wq batch 2
// CHECK: kern.contract "plain" %x, %w m 32
kern.part @batch "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<192x64xbf16>
  %w2 = kern.buffer "w2" "workspace" : memref<192x64xbf16>
  %y2 = kern.buffer "y2" "workspace" : memref<32x96xbf16>
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.rows "weights" 192 {
  ^row(%t: index):
    %v = kern.load %w2[%t] : memref<192x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<192x64xbf16>
  }
  kern.contract "plain" %xq, %wq batch 2 m 16 n 96 k 64 : memref<32x64xbf16>, memref<192x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y2[%m] : vector<96xf32>, memref<32x96xbf16>
  }
  kern.contract "plain" %x, %w m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %z[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}

// A row of scales is no scale.
// CHECK-LABEL: kern.part @row_of_scales
// CHECK: kern.contract "row_of_scales" %xq, %wq m 32
// REMARK: Reason="an operand is not on a grid of FP8", Remark="row_of_scales multiplies
kern.part @row_of_scales "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    %s = kern.load %by[] : memref<1x64xf32> -> vector<64xf32>
    %qs = arith.mulf %q, %s : vector<64xf32>
    kern.store %qs, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "row_of_scales" %xq, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}

// Nor are unlike numbers.
// CHECK-LABEL: kern.part @two_scales
// CHECK: kern.contract "two_scales" %xq, %wq m 32
// REMARK: Reason="an operand is not on a grid of FP8", Remark="two_scales multiplies
kern.part @two_scales "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<32x16xbf16>
  %xs = kern.buffer "xs" "workspace" : memref<32x16xbf16>
  %w2 = kern.buffer "w2" "workspace" : memref<96x16xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x16xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w2[%t] : memref<96x16xbf16> -> vector<16xf32>
    %q = kern.round %v to "e4m3" : vector<16xf32>
    kern.store %q, %wq[%t] : vector<16xf32>, memref<96x16xbf16>
  }
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %xs[%t] : memref<32x16xbf16> -> vector<16xf32>
    %q = kern.round %v to "e4m3" : vector<16xf32>
    %s = arith.constant dense<[1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]> : vector<16xf32>
    %qs = arith.mulf %q, %s : vector<16xf32>
    kern.store %qs, %xq[%t] : vector<16xf32>, memref<32x16xbf16>
  }
  kern.contract "two_scales" %xq, %wq m 32 n 96 k 16 : memref<32x16xbf16>, memref<96x16xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}

// Values of bf16 are no codes.
// CHECK-LABEL: kern.part @other_grid
// CHECK: kern.contract "other_grid" %xq, %wq m 32
// REMARK: Reason="an operand is not on a grid of FP8", Remark="other_grid multiplies
kern.part @other_grid "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "bf16" : vector<64xf32>
    kern.store %q, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "other_grid" %xq, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}

// Nor is what is kept as it is stored.
// CHECK-LABEL: kern.part @kept_as
// CHECK: kern.contract "kept_as" %xq, %wq m 32
// REMARK: Reason="an operand is not on a grid of FP8", Remark="kept_as multiplies
kern.part @kept_as "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" stored : vector<64xf32>
    kern.store %q, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "kept_as" %xq, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}

// A view of it is written, too.
// CHECK-LABEL: kern.part @through_view
// CHECK: kern.contract "through_view" %xq, %wq m 32
// REMARK: Reason="an operand is not written by row programs alone", Remark="through_view multiplies
kern.part @through_view "micro" {
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  %v2 = kern.view %xq : memref<32x64xbf16> to memref<32x16xbf16, strided<[64, 1]>>
  %xv = kern.view %x : memref<32x64xbf16> to memref<32x16xbf16, strided<[64, 1]>>
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.rows "changes" 32 {
  ^row(%t: index):
    %v = kern.load %xv[%t] : memref<32x16xbf16, strided<[64, 1]>> -> vector<16xf32>
    kern.store %v, %v2[%t] : vector<16xf32>, memref<32x16xbf16, strided<[64, 1]>>
  }
  kern.contract "through_view" %xq, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}

// A part of a buffer is none of its own.
// CHECK-LABEL: kern.part @of_view
// CHECK: kern.contract "of_view" %{{.*}}, %wq m 32
// REMARK: Reason="an operand is a part of another buffer, or no value of the graph", Remark="of_view multiplies
kern.part @of_view "micro" {
  %all = kern.buffer "all" "workspace" : memref<64x64xbf16>
  %wq = kern.buffer "wq" "workspace" : memref<96x64xbf16>
  kern.rows "weights" 96 {
  ^row(%t: index):
    %v = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  %part = kern.view %all : memref<64x64xbf16> to memref<32x64xbf16, strided<[64, 1]>>
  kern.contract "of_view" %part, %wq m 32 n 96 k 64 : memref<32x64xbf16, strided<[64, 1]>>, memref<96x64xbf16> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %y[%m] : vector<96xf32>, memref<32x96xbf16>
  }
}
