// RUN: gptc-opt --defer-scales %s | FileCheck %s
// RUN: gptc-opt --defer-scales %s --remarks-filter=defer-scales 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: Remark="wq holds codes, whose scale 2 products take"
// REMARK: Remark="g holds codes, whose scale 2 products take"
// REMARK: Remark="s holds codes, whose scale 2 products take"
// REMARK-NOT: Remark=

gpt.model @m {
%w = kern.buffer "w" "parameter" : memref<96x64xbf16>
%wq = kern.buffer "wq" "derived" : memref<96x64xbf16>

// Codes are stored, in each part that writes the buffer.
// CHECK-LABEL: kern.part @prologue_0
// CHECK: %[[Q:.*]] = kern.round %{{.*}} to "e4m3"
// CHECK-NEXT: kern.store %[[Q]], %wq[
// CHECK-LABEL: kern.part @prologue_1
// CHECK: %[[Q:.*]] = kern.round %{{.*}} to "e4m3"
// CHECK-NEXT: kern.store %[[Q]], %wq[
kern.part @prologue_0 "prologue" {
  kern.rows "round" 96 {
  ^row(%t: index):
    %s = arith.constant dense<0.3> : vector<64xf32>
    %x = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %x to "e4m3" : vector<64xf32>
    %y = arith.mulf %q, %s : vector<64xf32>
    kern.store %y, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
kern.part @prologue_1 "prologue" {
  kern.rows "round" 96 {
  ^row(%t: index):
    %s = arith.constant dense<0.3> : vector<64xf32>
    %x = kern.load %w[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = kern.round %x to "e4m3" : vector<64xf32>
    %y = arith.mulf %q, %s : vector<64xf32>
    kern.store %y, %wq[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// CHECK-LABEL: kern.part @micro_0
kern.part @micro_0 "micro" {
  %x = kern.buffer "x" "workspace" : memref<32x64xbf16>
  %g = kern.buffer "g" "workspace" : memref<32x96xbf16>
  %s = kern.buffer "s" "workspace" : memref<32x64xbf16>
  %z = kern.buffer "z" "workspace" : memref<32x96xbf16>
  %dx = kern.buffer "dx" "workspace" : memref<32x64xbf16>
  %dw = kern.buffer "dw" "workspace" : memref<96x64xf32>
  %ss = kern.buffer "ss" "workspace" : memref<32x32xbf16>
  kern.rows "round" 32 {
  ^row(%t: index):
    %half = arith.constant dense<0.7> : vector<96xf32>
    %fifth = arith.constant dense<0.2> : vector<64xf32>
    %v = kern.load %z[%t] : memref<32x96xbf16> -> vector<96xf32>
    %q = kern.round %v to "e5m2" : vector<96xf32>
    %y = arith.mulf %q, %half : vector<96xf32>
    kern.store %y, %g[%t] : vector<96xf32>, memref<32x96xbf16>
    %u = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %r = kern.round %u to "e4m3" : vector<64xf32>
    %e = arith.mulf %r, %fifth : vector<64xf32>
    kern.store %e, %s[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  // An operand with a scale, and one without.
  // CHECK: kern.contract "z" %x, %wq
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %[[P:.*]]: vector<96xf32>):
  // CHECK-NEXT: %[[BY:.*]] = arith.constant dense<3.000000e-01>
  // CHECK-NEXT: %[[Z:.*]] = arith.mulf %[[P]], %[[BY]]
  // CHECK-NEXT: kern.store %[[Z]], %z[
  kern.contract "z" %x, %wq m 32 n 96 k 64 : memref<32x64xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<96xf32>):
    kern.store %p, %z[%t] : vector<96xf32>, memref<32x96xbf16>
  }
  // Two with scales, whichever side lies contiguous.
  // CHECK: kern.contract "dx" %g, %wq transposed_b
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %[[P:.*]]: vector<64xf32>):
  // CHECK-NEXT: %[[G:.*]] = arith.constant dense<0.699999988>
  // CHECK-NEXT: %[[PG:.*]] = arith.mulf %[[P]], %[[G]]
  // CHECK-NEXT: %[[W:.*]] = arith.constant dense<3.000000e-01>
  // CHECK-NEXT: %[[PGW:.*]] = arith.mulf %[[PG]], %[[W]]
  // CHECK-NEXT: kern.store %[[PGW]], %dx[
  kern.contract "dx" %g, %wq transposed_b m 32 n 64 k 96 : memref<32x96xbf16>, memref<96x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %dx[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  // What is added to an accumulator is scaled, and not the accumulator.
  // CHECK: kern.contract "dw"
  // CHECK: %[[BY:.*]] = arith.mulf
  // CHECK: %[[OLD:.*]] = kern.load %dw
  // CHECK: arith.addf %[[OLD]], %[[BY]]
  kern.contract "dw" %g transposed_a, %x transposed_b m 96 n 64 k 32 : memref<32x96xbf16>, memref<32x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    %old = kern.load %dw[%t] : memref<96x64xf32> -> vector<64xf32>
    %new = arith.addf %old, %p : vector<64xf32>
    kern.store %new, %dw[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // A value on both sides is scaled twice.
  // CHECK: kern.contract "gram" %s, %s
  // CHECK-COUNT-2: arith.mulf
  kern.contract "gram" %s, %s m 32 n 32 k 64 : memref<32x64xbf16>, memref<32x64xbf16> {
  ^row(%t: index, %p: vector<32xf32>):
    kern.store %p, %ss[%t] : vector<32xf32>, memref<32x32xbf16>
  }
}

// Left alone: what a row program or an epilogue reads too, what has no scale,
// what is on no grid, has two scales, is bf16's own, or is seen through a view.
// CHECK-LABEL: kern.part @micro_1
kern.part @micro_1 "micro" {
  %x = kern.buffer "x" "workspace" : memref<32x64xbf16>
  %read = kern.buffer "read" "workspace" : memref<32x64xbf16>
  %added = kern.buffer "added" "workspace" : memref<32x64xbf16>
  %one = kern.buffer "one" "workspace" : memref<32x64xbf16>
  %plain = kern.buffer "plain" "workspace" : memref<32x64xbf16>
  %two = kern.buffer "two" "workspace" : memref<32x64xbf16>
  %kept = kern.buffer "kept" "workspace" : memref<32x64xbf16>
  %seen = kern.buffer "seen" "workspace" : memref<32x64xbf16>
  %part = kern.view %seen : memref<32x64xbf16> to memref<16x64xbf16>
  %v = kern.buffer "v" "parameter" : memref<64x64xbf16>
  %y = kern.buffer "y" "workspace" : memref<32x64xbf16>
  kern.rows "round" 32 {
  ^row(%t: index):
    %s = arith.constant dense<0.5> : vector<64xf32>
    %s2 = arith.constant dense<0.25> : vector<64xf32>
    %u = kern.load %x[%t] : memref<32x64xbf16> -> vector<64xf32>
    %q = kern.round %u to "e4m3" : vector<64xf32>
    %qs = arith.mulf %q, %s : vector<64xf32>
    %qs2 = arith.mulf %q, %s2 : vector<64xf32>
    %us = arith.mulf %u, %s : vector<64xf32>
    %b = kern.round %u to "bf16" stored : vector<64xf32>
    %bs = arith.mulf %b, %s : vector<64xf32>
    // CHECK: kern.store %[[QS:.*]], %read[
    // CHECK-NEXT: kern.store %[[QS]], %added[
    // CHECK-NEXT: kern.store %{{.*}}, %one[
    // CHECK-NEXT: kern.store %[[US:.*]], %plain[
    // CHECK-NEXT: kern.store %[[QS]], %two[
    // CHECK-NEXT: kern.store %{{.*}}, %two[
    // CHECK-NEXT: kern.store %{{.*}}, %kept[
    // CHECK-NEXT: kern.store %[[QS]], %seen[
    kern.store %qs, %read[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %qs, %added[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %q, %one[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %us, %plain[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %qs, %two[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %qs2, %two[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %bs, %kept[%t] : vector<64xf32>, memref<32x64xbf16>
    kern.store %qs, %seen[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.rows "read" 32 {
  ^row(%t: index):
    %u = kern.load %read[%t] : memref<32x64xbf16> -> vector<64xf32>
    kern.store %u, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  // CHECK: kern.contract
  // CHECK-NOT: arith.mulf
  kern.contract "read" %read, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    %a = kern.load %added[%t] : memref<32x64xbf16> -> vector<64xf32>
    %pa = arith.addf %p, %a : vector<64xf32>
    kern.store %pa, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "added" %added, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "one" %one, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "plain" %plain, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "two" %two, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "kept" %kept, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.contract "seen" %seen, %v m 32 n 64 k 64 : memref<32x64xbf16>, memref<64x64xbf16> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
  kern.rows "seen" 16 {
  ^row(%t: index):
    %u = kern.load %part[%t] : memref<16x64xbf16> -> vector<64xf32>
    kern.store %u, %y[%t] : vector<64xf32>, memref<32x64xbf16>
  }
}
}
