// RUN: gptc-opt %s --fuse-epilogues | FileCheck %s
// RUN: gptc-opt %s --fuse-epilogues --form-row-kernels | FileCheck %s --check-prefix=BOTH
// RUN: gptc-opt %s --fuse-epilogues --remarks-filter=fuse-epilogues 2>&1 | FileCheck %s --check-prefix=REMARK

// A sum of a product and of what a row kernel computes for it alone, read by a row kernel that cannot follow it into the
// contraction: the three are one row kernel, and neither the second term nor the sum goes through memory.

%x = kern.buffer "x" "input" : memref<96x32xf32>
%w = kern.buffer "w" "parameter" : memref<64x32xf32>
%a = kern.buffer "a" "input" : memref<96x64xf32>
%b = kern.buffer "b" "input" : memref<96x64xf32>
%c = kern.buffer "c" "output" : memref<96x64xf32>
%e = kern.buffer "e" "output" : memref<96x96xf32>
%d = kern.buffer "d" "output" : memref<96x64xf32>

// The row of squares is a value.
// CHECK-LABEL: kern.part @joins
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "add"
// REMARK: Function=joins | {{.*}}Reason="with the row kernels before and behind it it is one"
// BOTH-LABEL: kern.part @joins
// BOTH-NOT:     "q"
// BOTH-NOT:     "s"
// BOTH:         kern.contract "linear"
// BOTH:         kern.rows "square+add+norm"
// BOTH-LABEL: kern.part @tiles
// BOTH:         kern.rows "square+add+mul"
kern.part @joins "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What reads the sum would be one tile too many.
// CHECK-LABEL: kern.part @tiles
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "add"
// REMARK: Function=tiles | {{.*}}Reason="with the row kernels before and behind it it is one"
kern.part @tiles "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "mul" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %h = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %g = arith.mulf %u, %v : vector<64xf32>
    %y = arith.mulf %g, %h : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: what reads the sum follows it.
// CHECK-LABEL: kern.part @follows
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @follows "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "double" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %u, %u : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: nobody reads the sum here.
// CHECK-LABEL: kern.part @unread
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @unread "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a contraction reads the sum.
// CHECK-LABEL: kern.part @contracted
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @contracted "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %s, %s m 96 n 96 k 64 : memref<96x64xf32>, memref<96x64xf32> {
  ^row(%m: index, %p: vector<96xf32>):
    kern.store %p, %e[%m] : vector<96xf32>, memref<96x96xf32>
  }
}

// Guard: others read the second term as well, so it is stored.
// CHECK-LABEL: kern.part @kept
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @kept "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "copy" 96 {
  ^row(%t: index):
    %u = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %u, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: nobody here makes the second term, another row kernel reads it.
// CHECK-LABEL: kern.part @given
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @given "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "copy" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %u, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: the second term leaves the part.
// CHECK-LABEL: kern.part @leaves
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @leaves "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %c[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a contraction makes the second term.
// CHECK-LABEL: kern.part @made
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @made "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.contract "first" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %q[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: the row kernel before it makes an operand of the product.
// CHECK-LABEL: kern.part @between
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @between "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  %o = kern.buffer "o" "workspace" : memref<96x32xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
    %h = kern.slice %u at 0 : vector<64xf32> -> vector<32xf32>
    kern.store %h, %o[%t] : vector<32xf32>, memref<96x32xf32>
  }
  kern.contract "linear" %o, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: what reads the sum has other rows.
// CHECK-LABEL: kern.part @rows
// CHECK:         kern.contract "linear+add
// CHECK-NOT:     kern.rows "add"
kern.part @rows "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.rows "square" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %k = arith.mulf %u, %u : vector<64xf32>
    kern.store %k, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 48 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    kern.store %v, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
