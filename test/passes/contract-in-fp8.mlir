// RUN: gptc-opt --contract-in-fp8=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --contract-in-fp8=target=sm_90a %s --remarks-filter=contract-in-fp8 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt --contract-in-fp8 %s | FileCheck %s --check-prefix=CPU
// CPU-NOT: f8E4M3FN

gpt.model @m {
%w = kern.buffer "w" "parameter" : memref<96x64xbf16>
%wq = kern.buffer "wq" "derived" : memref<96x64xbf16>
// CHECK: %wq_codes_transposed = kern.buffer "wq_codes_transposed" "derived" : memref<64x96xf8E4M3FN>
// CHECK: %wq_codes = kern.buffer "wq_codes" "derived" : memref<96x64xf8E4M3FN>

// Each writer stores its codes beside what it stored, and they are transposed.
// CHECK-LABEL: kern.part @prologue_0
kern.part @prologue_0 "prologue" {
  kern.rows "round" 96 {
  ^row(%t: index):
    %x = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %x to "e4m3" : vector<64xf32>
    %s = arith.constant dense<0.25> : vector<64xf32>
    %y = arith.mulf %q, %s : vector<64xf32>
    kern.store %y, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
    // CHECK: %[[Q:.*]] = kern.round
    // CHECK: %[[Y:.*]] = arith.mulf %[[Q]]
    // CHECK-DAG: kern.store %[[Q]], %wq_codes[
    // CHECK-DAG: kern.store %[[Y]], %wq[
  }
  // CHECK: kern.transpose "transpose.wq_codes" %wq_codes to %wq_codes_transposed m 96 n 64
}
// CHECK-LABEL: kern.part @prologue_1
kern.part @prologue_1 "prologue" {
  kern.rows "round" 96 {
  ^row(%t: index):
    %x = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %x to "e4m3" : vector<64xf32>
    %s = arith.constant dense<0.25> : vector<64xf32>
    %y = arith.mulf %q, %s : vector<64xf32>
    kern.store %y, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
    // CHECK: kern.store %{{.*}}, %wq_codes[
  }
  // CHECK: kern.transpose "transpose.wq_codes" %wq_codes to %wq_codes_transposed
}

// CHECK-LABEL: kern.part @micro_0
kern.part @micro_0 "micro" {
  %x = kern.buffer "x" "workspace" : memref<32x64xf32>
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %z = kern.buffer "z" "workspace" : memref<32x96xbf16>
  %d = kern.buffer "d" "workspace" : memref<32x64xbf16>
  kern.rows "round" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xf32> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    // Nothing reads the values themselves.
    // CHECK: kern.store %{{.*}}, %xq_codes[
    // CHECK-NOT: kern.store
    kern.store %q, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  // The product of both scales, 1 and 0.25, comes first.
  // CHECK: kern.contract "z" %xq_codes, %wq_codes m 32 n 96 k 64 : memref<32x64xf8E4M3FN>, memref<96x64xf8E4M3FN>
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %[[P:.*]]: vector<96xf32>):
  // CHECK-NEXT: %[[S:.*]] = arith.constant dense<2.500000e-01> : vector<96xf32>
  // CHECK-NEXT: %[[Z:.*]] = arith.mulf %[[P]], %[[S]]
  // CHECK-NEXT: kern.store %[[Z]], %z[
  // REMARK: Remark="z multiplies codes of e4m3 and e4m3
  kern.contract "z" %xq, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // One operand alone is on a grid.
  // REMARK: Reason="an operand is not written by row programs alone", Remark="d multiplies rounded values as bf16"
  // CHECK: kern.contract "d" %z, %wq transposed_b
  kern.contract "d" %z, %wq transposed_b m 32 n 64 k 96 : memref<32x96xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %d[%t] : vector<64xf32>, memref<32x64xbf16>
  }
}

// CHECK-LABEL: kern.part @micro_1
kern.part @micro_1 "micro" {
  %x = kern.buffer "x" "workspace" : memref<32x64xf32>
  %plain = kern.buffer "plain" "workspace" : memref<32x64xbf16>
  %two = kern.buffer "two" "workspace" : memref<32x64xbf16>
  %grids = kern.buffer "grids" "workspace" : memref<32x64xbf16>
  %made = kern.buffer "made" "workspace" : memref<32x64xbf16>
  %pairs = kern.buffer "pairs" "workspace" : memref<96x96xbf16>
  %square = kern.buffer "square" "workspace" : memref<64x64xbf16>
  %narrow = kern.buffer "narrow" "workspace" : memref<32x40xbf16>
  %u = kern.buffer "u" "workspace" : memref<96x40xbf16>
  %z = kern.buffer "z" "workspace" : memref<32x96xbf16>
  kern.rows "several" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xf32> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    %s = arith.constant dense<0.5> : vector<64xf32>
    %y = arith.mulf %q, %s : vector<64xf32>
    %r = kern.round %v to "e5m2" : vector<64xf32>
    kern.store %v, %plain[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %q, %two[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %y, %two[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %r, %grids[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %q, %grids[%t] : vector<64xf32>, memref<32x64xbf16>
    %n = kern.slice %q at 0 : vector<64xf32> -> vector<40xf32>
    %nq = kern.round %n to "e4m3" : vector<40xf32>
    kern.store %nq, %narrow[%t] : vector<40xf32>, memref<32x40xbf16>
  }
  kern.rows "weights" 96 {
  ^row(%t: index):
    %c = arith.constant dense<1.0> : vector<40xf32>
    %q = kern.round %c to "e4m3" : vector<40xf32>
    kern.store %q, %u[%t] : vector<40xf32>, memref<96x40xbf16>
  }
  kern.contract "made" %plain, %square m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    %q = kern.round %p to "e4m3" : vector<64xf32>
    kern.store %q, %made[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  // CHECK-NOT: f8E
  // REMARK: Reason="an operand is not on a grid of FP8", Remark="plain multiplies rounded values as bf16"
  kern.contract "plain" %plain, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // REMARK: Reason="an operand has more than one scale", Remark="two multiplies rounded values as bf16"
  kern.contract "two" %two, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // REMARK: Reason="an operand is on two grids", Remark="grids multiplies rounded values as bf16"
  kern.contract "grids" %grids, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // REMARK: Reason="an operand is not written by row programs alone", Remark="made multiplies rounded values as bf16"
  kern.contract "made" %made, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // REMARK: Reason="k is no multiple of 16", Remark="narrow multiplies rounded values as bf16"
  kern.contract "narrow" %narrow, %u m 32 n 96 k 40 : memref<32x40xbf16>, memref<96x40xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // REMARK: Reason="an operand is a part of another buffer, or no value of the graph", Remark="parameter multiplies rounded values as bf16"
  kern.contract "parameter" %wq, %w m 96 n 96 k 64 : memref<96x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %pairs[%t] : vector<96xf32>, memref<96x96xbf16>
  }
}

// A backward pass: the gradient on e5m2's grid meets the same weights and
// activations. Where n is contiguous the codes are read transposed, where m is
// they are not.
// CHECK-LABEL: kern.part @micro_2
kern.part @micro_2 "micro" {
  // CHECK: %xq_codes_transposed = kern.buffer "xq_codes_transposed" "workspace" : memref<64x32xf8E4M3FN>
  // CHECK: %g_codes = kern.buffer "g_codes" "workspace" : memref<32x96xf8E5M2>
  // CHECK-NOT: memref<32x96xbf16>
  %x = kern.buffer "x" "workspace" : memref<32x64xf32>
  %xq = kern.buffer "xq" "workspace" : memref<32x64xbf16>
  %y = kern.buffer "y" "workspace" : memref<32x96xf32>
  %g = kern.buffer "g" "workspace" : memref<32x96xbf16>
  %odd = kern.buffer "odd" "workspace" : memref<32x40xbf16>
  %dx = kern.buffer "dx" "workspace" : memref<32x64xf32>
  %dw = kern.buffer "dw" "workspace" : memref<96x64xf32>
  %dodd = kern.buffer "dodd" "workspace" : memref<40x64xf32>
  kern.rows "round" 32 {
  ^row(%t: index):
    %half = arith.constant dense<0.5> : vector<96xf32>
    %v = kern.load %x[%t] : memref<32x64xf32> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %xq[%t] : vector<64xf32>, memref<32x64xbf16>
    %u = kern.load %y[%t] : memref<32x96xf32> -> vector<96xf32>
    %r = kern.round %u to "e5m2" : vector<96xf32>
    %s = arith.mulf %r, %half : vector<96xf32>
    kern.store %s, %g[%t] : vector<96xf32>, memref<32x96xbf16>
    %n = kern.slice %v at 0 : vector<64xf32> -> vector<40xf32>
    %nq = kern.round %n to "e4m3" : vector<40xf32>
    kern.store %nq, %odd[%t] : vector<40xf32>, memref<32x40xbf16>
    // CHECK: %[[R:.*]] = kern.round %{{.*}} to "e5m2"
    // CHECK-NEXT: kern.store %[[R]], %g_codes[
  }
  // CHECK: kern.transpose "transpose.xq_codes" %xq_codes to %xq_codes_transposed m 32 n 64
  // REMARK: Remark="dx multiplies codes of e5m2 and e4m3"
  // CHECK: kern.contract "dx" %g_codes, %wq_codes_transposed m 32 n 64 k 96 : memref<32x96xf8E5M2>, memref<64x96xf8E4M3FN>
  // CHECK: arith.constant dense<1.250000e-01>
  kern.contract "dx" %g, %wq transposed_b m 32 n 64 k 96 : memref<32x96xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %dx[%t] : vector<64xf32>, memref<32x64xf32>
  }
  // REMARK: Remark="dw multiplies codes of e5m2 and e4m3"
  // CHECK: kern.contract "dw" %g_codes transposed_a, %xq_codes_transposed m 96 n 64 k 32 : memref<32x96xf8E5M2>, memref<64x32xf8E4M3FN>
  kern.contract "dw" %g transposed_a, %xq transposed_b m 96 n 64 k 32 : memref<32x96xbf16>, memref<32x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %dw[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // REMARK: Reason="m, which is contiguous, is no multiple of 16", Remark="odd multiplies rounded values as bf16"
  // CHECK: kern.contract "odd" %odd transposed_a, %again transposed_b
  %again = kern.buffer "again" "workspace" : memref<32x64xbf16>
  kern.rows "again" 32 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<32x64xf32> -> vector<64xf32>
    %q = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %q, %again[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "odd" %odd transposed_a, %again transposed_b m 40 n 64 k 32 : memref<32x40xbf16>, memref<32x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %dodd[%t] : vector<64xf32>, memref<40x64xf32>
  }
}
}
