// RUN: gptc-opt %s --recompute-rows | FileCheck %s
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --recompute-rows --remarks-filter=recompute-rows 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%z = kern.buffer "z" "output" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<64x64xbf16>
%table = kern.buffer "table" "parameter" : memref<500x64xbf16>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%lambda = kern.buffer "lambda" "parameter" : memref<f32>

// A scaled row goes into the program that adds it behind a contraction, whose
// name then tells both.
// CHECK-LABEL: kern.part @scaled
// CHECK-NOT:     kern.buffer "scaled"
// CHECK-NOT:     kern.rows "scale"
// CHECK:         kern.contract
// CHECK:         kern.rows "scale+add.m_7" 96
// CHECK:           %[[P:.*]] = kern.load %p[%[[T:.*]]]
// CHECK-NEXT:      %[[X:.*]] = kern.load %x[%[[T]]]
// CHECK-NEXT:      %[[L:.*]] = kern.load %lambda[]
// CHECK-NEXT:      %[[S:.*]] = kern.spread %[[L]]
// CHECK-NEXT:      %[[M:.*]] = arith.mulf %[[X]], %[[S]]
// CHECK-NEXT:      arith.addf %[[P]], %[[M]]
// CHECK-NEXT:      kern.store
// OFF-LABEL: kern.part @scaled
// OFF:         kern.rows "scale.m_3" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=scaled | {{.*}}"scale.m_3 is computed by add.m_7"
kern.part @scaled "micro" {
  %s = kern.buffer "scaled" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<96x64xbf16>
  kern.rows "scale.m_3" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %l = kern.load %lambda[] : memref<f32> -> vector<1xf32>
    %r = kern.spread %l : vector<1xf32> -> vector<64xf32>
    %m = arith.mulf %v, %r : vector<64xf32>
    kern.store %m, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %p[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "add.m_7" 96 {
  ^row(%t: index):
    %a = kern.load %p[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A gathered row, in both of its readers; the second reads a part of it.
// CHECK-LABEL: kern.part @gathered
// CHECK-NOT:     kern.rows "embed"
// CHECK:         kern.rows "embed+twice"
// CHECK:           %[[I:.*]] = kern.load_index %tokens
// CHECK-NEXT:      kern.load %table[%[[I]]]
// CHECK:         kern.rows "embed+part"
// CHECK:           kern.slice %{{.*}} at 8 : vector<64xf32> -> vector<16xf32>
kern.part @gathered "micro" {
  %e = kern.buffer "e" "workspace" : memref<96x64xbf16>
  %ep = kern.view %e : memref<96x64xbf16> to memref<96x16xbf16, strided<[64, 1], offset: 8>>
  %zp = kern.view %z : memref<96x64xbf16> to memref<96x16xbf16, strided<[64, 1], offset: 8>>
  kern.rows "embed" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %e[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "twice" 96 {
  ^row(%t: index):
    %v = kern.load %e[%t] : memref<96x64xbf16> -> vector<64xf32>
    %s = arith.addf %v, %v : vector<64xf32>
    kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "part" 96 {
  ^row(%t: index):
    %v = kern.load %ep[%t] : memref<96x16xbf16, strided<[64, 1], offset: 8>> -> vector<16xf32>
    kern.store %v, %zp[%t] : vector<16xf32>, memref<96x16xbf16, strided<[64, 1], offset: 8>>
  }
}

// A chain: what took a row in is looked at itself. A padded row stays.
// CHECK-LABEL: kern.part @chain
// CHECK:         kern.rows "pad" 96
// CHECK-NOT:     kern.rows "twice" 96
// CHECK-NOT:     kern.rows "twice+square" 96
// CHECK:         kern.rows "twice+square+add" 96
// CHECK:           arith.addf
// CHECK:           arith.mulf
kern.part @chain "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x64xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x64xbf16>
  %pa = kern.buffer "pa" "workspace" : memref<96x64xbf16>
  %n = kern.view %z : memref<96x64xbf16> to memref<96x8xbf16, strided<[64, 1]>>
  kern.rows "pad" 96 {
  ^row(%t: index):
    %v = kern.load %n[%t] : memref<96x8xbf16, strided<[64, 1]>> -> vector<8xf32>
    %p = kern.pad %v at 4 : vector<8xf32> -> vector<64xf32>
    kern.store %p, %pa[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "twice" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %a[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "square" 96 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.mulf %v, %v : vector<64xf32>
    kern.store %p, %b[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %v = kern.load %b[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %pa[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %u : vector<64xf32>
    kern.store %p, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// The sum of two rows is read as fast as they are, and stored for nothing less;
// where its one reader has one of them anyway, it is computed there.
// CHECK-LABEL: kern.part @two_rows
// CHECK:         kern.rows "sum" 96
// CHECK-NOT:     kern.rows "more"
// CHECK:         kern.rows "use" 96
// CHECK:         kern.rows "more+use2" 96
// REMARK: [Missed] row | Category:recompute-rows | Function=two_rows | Reason="its readers would read more than it takes to store it", Remark="sum stores its row"
kern.part @two_rows "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %m = kern.buffer "m" "workspace" : memref<96x64xbf16>
  kern.rows "sum" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %z[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %u : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "more" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %z[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.mulf %v, %u : vector<64xf32>
    kern.store %p, %m[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %u, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %m[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %u : vector<64xf32>
    kern.store %p, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A contraction reads the row, or a program reads another row of it.
// CHECK-LABEL: kern.part @readers
// CHECK:         kern.rows "first"
// CHECK:         kern.rows "second"
// REMARK: [Missed] row | Category:recompute-rows | Function=readers | Reason="not all of its readers are row programs that load their own row of it", Remark="first stores its row"
// REMARK: [Missed] row | Category:recompute-rows | Function=readers | Reason="not all of its readers are row programs that load their own row of it", Remark="second stores its row"
kern.part @readers "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "first" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "second" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.mulf %v, %v : vector<64xf32>
    kern.store %p, %q[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %s, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %y[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %v = kern.load %q[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %u, %v : vector<64xf32>
    kern.store %p, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// An exponential is computed once: by one reader, not by two. A sum over the
// row is not asked.
// CHECK-LABEL: kern.part @dear
// CHECK-NOT:     kern.rows "once"
// CHECK:         kern.rows "both"
// CHECK:         kern.rows "norm"
// CHECK:         kern.rows "once+use"
// REMARK: [Missed] row | Category:recompute-rows | Function=dear | Reason="it is dear to compute, and several read it", Remark="both stores its row"
kern.part @dear "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x64xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x64xbf16>
  %c = kern.buffer "c" "workspace" : memref<96x64xbf16>
  kern.rows "once" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %e = math.exp %v : vector<64xf32>
    kern.store %e, %a[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "both" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %e = math.exp %v : vector<64xf32>
    kern.store %e, %b[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %e = kern.reduce "add" %v : vector<64xf32> -> vector<1xf32>
    %s = kern.spread %e : vector<1xf32> -> vector<64xf32>
    kern.store %s, %c[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xbf16> -> vector<64xf32>
    %v = kern.load %b[%t] : memref<96x64xbf16> -> vector<64xf32>
    %w2 = kern.load %c[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %u, %v : vector<64xf32>
    %q = arith.addf %p, %w2 : vector<64xf32>
    kern.store %q, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %v = kern.load %b[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What the row is made of is overwritten before it is read, by a kernel in
// between or by its reader.
// CHECK-LABEL: kern.part @overwritten
// CHECK:         kern.rows "make"
// CHECK:         kern.rows "index"
// CHECK:         kern.rows "clear"
// REMARK: [Missed] row | Category:recompute-rows | Function=overwritten | Reason="what it is made of is overwritten before all have read it", Remark="make stores its row"
// REMARK: [Missed] row | Category:recompute-rows | Function=overwritten | Reason="what it is made of is overwritten before all have read it", Remark="index stores its row"
kern.part @overwritten "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %y[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "index" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %z[%i] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %q[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "clear" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %v = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %u, %v : vector<64xf32>
    kern.store %p, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A gathered row is no part of an epilogue: what adds it to a product stays an
// epilogue if its sum is stored, and takes it in if the sum is then only at hand
// for a norm.
// CHECK-LABEL: kern.part @epilogue
// CHECK:         kern.rows "embed" 96
// CHECK:         kern.rows "add" 96
// CHECK-NOT:     kern.rows "embed2"
// CHECK:         kern.rows "embed2+add2" 96
kern.part @epilogue "micro" {
  %e = kern.buffer "e" "workspace" : memref<96x64xbf16>
  %f = kern.buffer "f" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  %r = kern.buffer "r" "workspace" : memref<96x64xbf16>
  kern.rows "embed" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %e[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %p[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %a = kern.load %p[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %e[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "embed2" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %f[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear2" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "add2" 96 {
  ^row(%t: index):
    %a = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %f[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %r[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %v = kern.load %r[%t] : memref<96x64xbf16> -> vector<64xf32>
    %m = kern.reduce "max" %v : vector<64xf32> -> vector<1xf32>
    %s = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %v, %s : vector<64xf32>
    kern.store %d, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A row of bf16 that is rounded to bf16 is free beside its way through memory, and goes into both of its readers; one on a grid of FP8 stays.
// CHECK-LABEL: kern.part @rounded
// CHECK-NOT:     kern.rows "round"
// CHECK:         kern.rows "round+double"
// CHECK:           kern.round {{.*}} to "bf16"
// CHECK:         kern.rows "round+square"
// CHECK:           kern.round {{.*}} to "bf16"
// CHECK:         kern.rows "grid"
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      kern.load
// CHECK-NEXT:      kern.round {{.*}} to "e4m3"
kern.part @rounded "micro" {
  %b = kern.buffer "b" "workspace" : memref<96x64xbf16>
  %g = kern.buffer "g" "workspace" : memref<96x64xbf16>
  kern.rows "round" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %r = kern.round %v to "bf16" : vector<64xf32>
    kern.store %r, %b[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "double" 96 {
  ^row(%t: index):
    %v = kern.load %b[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %v : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "square" 96 {
  ^row(%t: index):
    %v = kern.load %b[%t] : memref<96x64xbf16> -> vector<64xf32>
    %s = arith.mulf %v, %v : vector<64xf32>
    kern.store %s, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "grid" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %r = kern.round %v to "e4m3" : vector<64xf32>
    kern.store %r, %g[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %g[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
