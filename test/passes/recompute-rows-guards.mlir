// Each part has one kernel that a row could be computed without, and one reason for or against it.
// RUN: gptc-opt %s --recompute-rows | FileCheck %s
// RUN: gptc-opt %s --recompute-rows --remarks-filter=recompute-rows 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%u = kern.buffer "u" "input" : memref<96x64xbf16>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%z = kern.buffer "z" "output" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<64x64xbf16>
%wide = kern.buffer "wide" "parameter" : memref<128x64xbf16>
%table = kern.buffer "table" "parameter" : memref<500x64xbf16>
%bias = kern.buffer "bias" "parameter" : memref<1x64xf32>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%one = kern.buffer "one" "input" : memref<1x64xbf16>

// What stores two rows stays: a reader needs one of them.
// CHECK-LABEL: kern.part @two_stores
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use"
kern.part @two_stores "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %r = kern.buffer "r" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %r[%t] : vector<64xf32>, memref<96x64xbf16>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "more" 96 {
  ^row(%t: index):
    %v = kern.load %r[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What stores nothing is no row.
// CHECK-LABEL: kern.part @no_store
// CHECK: kern.rows "nothing" 96
kern.part @no_store "micro" {
  kern.rows "nothing" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
  }
}

// Row t of what is read is another row of what is stored.
// CHECK-LABEL: kern.part @scatter
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use"
kern.part @scatter "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%i] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A half of a row, and rows of another length, are not all that there is of a buffer.
// CHECK-LABEL: kern.part @half
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "make2" 96
// CHECK: kern.rows "use" 96
kern.part @half "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %r = kern.buffer "r" "workspace" : memref<96x64xbf16>
  %h = kern.view %s : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1]>>
  %n = kern.view %r : memref<96x64xbf16> to memref<96x32xbf16, strided<[32, 1]>>
  %nx = kern.view %x : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1]>>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %nx[%t] : memref<96x32xbf16, strided<[64, 1]>> -> vector<32xf32>
    %p = arith.addf %v, %v : vector<32xf32>
    kern.store %p, %h[%t] : vector<32xf32>, memref<96x32xbf16, strided<[64, 1]>>
  }
  kern.rows "make2" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = kern.slice %v at 4 : vector<64xf32> -> vector<32xf32>
    kern.store %c, %n[%t] : vector<32xf32>, memref<96x32xbf16, strided<[32, 1]>>
  }
  %yh = kern.view %y : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1]>>
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %h[%t] : memref<96x32xbf16, strided<[64, 1]>> -> vector<32xf32>
    %q = kern.load %n[%t] : memref<96x32xbf16, strided<[32, 1]>> -> vector<32xf32>
    %p = arith.addf %v, %q : vector<32xf32>
    kern.store %p, %yh[%t] : vector<32xf32>, memref<96x32xbf16, strided<[64, 1]>>
  }
}

// Its rows begin elsewhere.
// CHECK-LABEL: kern.part @other_rows
// CHECK: kern.rows "make" 48
kern.part @other_rows "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %h = kern.view %s : memref<96x64xbf16> to memref<48x64xbf16, strided<[64, 1], offset: 3072>>
  %hx = kern.view %x : memref<96x64xbf16> to memref<48x64xbf16, strided<[64, 1]>>
  %hy = kern.view %y : memref<96x64xbf16> to memref<48x64xbf16, strided<[64, 1]>>
  kern.rows "make" 48 {
  ^row(%t: index):
    %v = kern.load %hx[%t] : memref<48x64xbf16, strided<[64, 1]>> -> vector<64xf32>
    kern.store %v, %h[%t] : vector<64xf32>, memref<48x64xbf16, strided<[64, 1], offset: 3072>>
  }
  kern.rows "use" 48 {
  ^row(%t: index):
    %v = kern.load %h[%t] : memref<48x64xbf16, strided<[64, 1], offset: 3072>> -> vector<64xf32>
    kern.store %v, %hy[%t] : vector<64xf32>, memref<48x64xbf16, strided<[64, 1]>>
  }
}

// A product of a small matrix is computed once.
// CHECK-LABEL: kern.part @product
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=product | Remark="make is computed by use"
kern.part @product "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = kern.slice %v at 0 : vector<64xf32> -> vector<16xf32>
    %g = kern.matvec %v, %c : vector<64xf32>, vector<16xf32> -> vector<4xf32>
    %p = kern.spread %g : vector<4xf32> -> vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A row that all rows share costs nothing.
// CHECK-LABEL: kern.part @shared_row
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=shared_row | Remark="make is computed by use"
kern.part @shared_row "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %bias[] : memref<1x64xf32> -> vector<64xf32>
    %p = arith.addf %v, %b : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What the reader has of another row, or a part of, is not at hand.
// CHECK-LABEL: kern.part @at_hand
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use" 96
// CHECK: kern.rows "make2" 96
// CHECK: kern.rows "use2" 96
// CHECK: kern.rows "make3" 96
// CHECK: kern.rows "use3" 96
// REMARK: [Missed] row | Category:recompute-rows | Function=at_hand | Reason="its readers would read more than it takes to store it", Remark="make stores its row"
kern.part @at_hand "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %r = kern.buffer "r" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  %part = kern.view %u : memref<96x64xbf16> to memref<96x16xbf16, strided<[64, 1], offset: 8>>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %u[%i] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %a : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %a : vector<64xf32>
    kern.store %p, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "make2" 96 {
  ^row(%t: index):
    %v = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %a : vector<64xf32>
    kern.store %p, %r[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %r[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %u[%i] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %a : vector<64xf32>
    kern.store %p, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "make3" 96 {
  ^row(%t: index):
    %v = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %a : vector<64xf32>
    kern.store %p, %q[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use3" 96 {
  ^row(%t: index):
    %v = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %part[%t] : memref<96x16xbf16, strided<[64, 1], offset: 8>> -> vector<16xf32>
    %b = kern.spread %a : vector<16xf32> -> vector<64xf32>
    %p = arith.addf %v, %b : vector<64xf32>
    kern.store %p, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// One reader that loads two parts of a dear row is one reader. The row's buffer and its views go,
// another kind of buffer that nothing reads stays.
// CHECK-LABEL: kern.part @twice
// CHECK-NOT: kern.view
// CHECK-NOT: kern.buffer "s"
// CHECK: kern.buffer "kept" "output"
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=twice | Remark="make is computed by use"
kern.part @twice "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %kept = kern.buffer "kept" "output" : memref<96x64xbf16>
  %a = kern.view %s : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1]>>
  %b = kern.view %s : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1], offset: 32>>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = math.exp %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<96x32xbf16, strided<[64, 1]>> -> vector<32xf32>
    %q = kern.load %b[%t] : memref<96x32xbf16, strided<[64, 1], offset: 32>> -> vector<32xf32>
    %p = arith.addf %v, %q : vector<32xf32>
    %r = kern.spread %p : vector<32xf32> -> vector<64xf32>
    kern.store %r, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Nobody computes what nobody reads.
// CHECK-LABEL: kern.part @unread
// CHECK: kern.rows "make" 96
kern.part @unread "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A program over fewer rows does not compute all.
// CHECK-LABEL: kern.part @fewer_rows
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use" 48
// REMARK: [Missed] row | Category:recompute-rows | Function=fewer_rows | Reason="not all of its readers are row programs that load their own row of it", Remark="make stores its row"
kern.part @fewer_rows "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  %hy = kern.view %y : memref<96x64xbf16> to memref<48x64xbf16, strided<[64, 1]>>
  kern.rows "use" 48 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %hy[%t] : vector<64xf32>, memref<48x64xbf16, strided<[64, 1]>>
  }
}

// A reader that writes the row, too, and what reads it then.
// CHECK-LABEL: kern.part @in_place
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use"
// CHECK: kern.rows "after"
// REMARK: [Missed] row | Category:recompute-rows | Function=in_place | Reason="not all of its readers are row programs that load their own row of it", Remark="make stores its row"
kern.part @in_place "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.mulf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "after" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Its row t is another one where the buffer is seen with shorter rows.
// CHECK-LABEL: kern.part @other_view
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use"
// REMARK: [Missed] row | Category:recompute-rows | Function=other_view | Reason="not all of its readers are row programs that load their own row of it", Remark="make stores its row"
kern.part @other_view "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  %n = kern.view %s : memref<96x64xbf16> to memref<96x32xbf16, strided<[32, 1]>>
  %yh = kern.view %y : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1]>>
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %n[%t] : memref<96x32xbf16, strided<[32, 1]>> -> vector<32xf32>
    kern.store %v, %yh[%t] : vector<32xf32>, memref<96x32xbf16, strided<[64, 1]>>
  }
}

// What it is made of is written before, and again when all have read it.
// CHECK-LABEL: kern.part @written_elsewhen
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// CHECK: kern.rows "again"
// REMARK: [Passed] row | Category:recompute-rows | Function=written_elsewhen | Remark="make is computed by use"
kern.part @written_elsewhen "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.contract "linear" %u, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %z[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "make" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "again" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
