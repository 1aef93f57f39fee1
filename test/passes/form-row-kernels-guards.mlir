// Each guard of form-row-kernels alone: what it keeps apart, and the nearest that runs as one.

// RUN: gptc-opt %s --form-row-kernels=budget=256 --remarks-filter=form-row-kernels -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x64xf32>
%w = kern.buffer "w" "parameter" : memref<64x64xf32>
%a = kern.buffer "a" "output" : memref<96x64xf32>
%b = kern.buffer "b" "output" : memref<96x64xf32>
%c = kern.buffer "c" "output" : memref<96x64xf32>
%d = kern.buffer "d" "input" : memref<96x64xf32>
%s = kern.buffer "s" "input" : memref<f32>
%g = kern.buffer "g" "parameter" : memref<1x64xf32>

// Where the second overwrites what the first has read, a read is saved.
// CHECK-LABEL: kern.part @reads_then_stores
// CHECK:         kern.rows "one+two"
// REMARK: Function=reads_then_stores | {{.*}}"two runs with one"
kern.part @reads_then_stores "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Row kernels alone, though a contraction's epilogue reads the same row.
// CHECK-LABEL: kern.part @contractions
// CHECK:         kern.contract "one"
// CHECK:         kern.contract "two"
kern.part @contractions "micro" {
  kern.contract "one" %x, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    %loaded = kern.load %a[%m] : memref<96x64xf32> -> vector<64xf32>
    %sum = arith.addf %product, %loaded : vector<64xf32>
    kern.store %sum, %b[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "two" %x, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    %loaded = kern.load %a[%m] : memref<96x64xf32> -> vector<64xf32>
    %sum = arith.addf %product, %loaded : vector<64xf32>
    kern.store %sum, %c[%m] : vector<64xf32>, memref<96x64xf32>
  }
}

// As many rows: the row of all rows is read by a kernel of one row and by one of many.
// CHECK-LABEL: kern.part @unlike_rows
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "many"
kern.part @unlike_rows "micro" {
  %sum = kern.buffer "sum" "output" : memref<1x64xf32>
  kern.rows "one" 1 {
  ^row(%t: index):
    %0 = kern.load %g[] : memref<1x64xf32> -> vector<64xf32>
    kern.store %0, %sum[%t] : vector<64xf32>, memref<1x64xf32>
  }
  kern.rows "many" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %g[] : memref<1x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    kern.store %s1, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Both touch a row, but not of one buffer.
// CHECK-LABEL: kern.part @unrelated
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @unrelated "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A number that both read is no row.
// CHECK-LABEL: kern.part @same_number
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @same_number "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %n1 = kern.load %s[] : memref<f32> -> vector<1xf32>
    %1 = kern.spread %n1 : vector<1xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    kern.store %s1, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %n1 = kern.load %s[] : memref<f32> -> vector<1xf32>
    %1 = kern.spread %n1 : vector<1xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    kern.store %s1, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Where both only store nothing is saved.
// CHECK-LABEL: kern.part @both_store
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @both_store "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// So it is where one reads the neighbour of a row that the other reads,
// CHECK-LABEL: kern.part @neighbours
// CHECK:         kern.rows "one+two"
// REMARK-NEXT: Function=neighbours | {{.*}}"two runs with one"
kern.part @neighbours "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// in either order.
// CHECK-LABEL: kern.part @neighbours_first
// CHECK:         kern.rows "one+two"
// REMARK-NEXT: Function=neighbours_first | {{.*}}"two runs with one"
kern.part @neighbours_first "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Row t of one window is row t + 1 of the other.
// CHECK-LABEL: kern.part @other_rows
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @other_rows "micro" {
  %h0 = kern.view %x : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  %h1 = kern.view %x : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1], offset: 64>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  %b0 = kern.view %b : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  kern.rows "one" 48 {
  ^row(%t: index):
    %0 = kern.load %h0[%t] : memref<48x64xf32, strided<[64, 1]>> -> vector<64xf32>
    kern.store %0, %a0[%t] : vector<64xf32>, memref<48x64xf32, strided<[64, 1]>>
  }
  kern.rows "two" 48 {
  ^row(%t: index):
    %0 = kern.load %h1[%t] : memref<48x64xf32, strided<[64, 1], offset: 64>> -> vector<64xf32>
    kern.store %0, %b0[%t] : vector<64xf32>, memref<48x64xf32, strided<[64, 1]>>
  }
}

// Two that read one row and cannot run together: no missed opportunity.
// CHECK-LABEL: kern.part @readers_far_apart
// CHECK:         kern.rows "one"
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "two"
kern.part @readers_far_apart "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %a, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %b[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    kern.store %s1, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Nor is it one that both store the row.
// CHECK-LABEL: kern.part @stores_far_apart
// CHECK:         kern.rows "one"
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "two"
kern.part @stores_far_apart "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %a, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %b[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    kern.store %s1, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// But what one stores and the other reads is one, and it is told once.
// CHECK-LABEL: kern.part @passes_far_apart
// CHECK:         kern.rows "one"
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=passes_far_apart | {{.*}}Reason="another kernel has to run between them"
kern.part @passes_far_apart "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %a, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %b[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    kern.store %s1, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Distinct stretches count once: x, p, c and b have 256 columns,
// CHECK-LABEL: kern.part @at_the_budget
// CHECK:         kern.rows "one+two"
// REMARK-NEXT: Function=at_the_budget | {{.*}}"two runs with one"
kern.part @at_the_budget "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %p[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %c[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    kern.store %s2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// and with a there are 320.
// CHECK-LABEL: kern.part @beyond_the_budget
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=beyond_the_budget | {{.*}}Reason="the row would hold too many columns"
kern.part @beyond_the_budget "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %p[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %c[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    kern.store %s2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Two stretches of one buffer are two.
// CHECK-LABEL: kern.part @stretches_of_one_buffer
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=stretches_of_one_buffer | {{.*}}Reason="the row would hold too many columns"
kern.part @stretches_of_one_buffer "micro" {
  %e = kern.buffer "e" "input" : memref<96x192xf32>
  %l = kern.view %e : memref<96x192xf32> to memref<96x64xf32, strided<[192, 1]>>
  %r = kern.view %e : memref<96x192xf32> to memref<96x64xf32, strided<[192, 1], offset: 64>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x64xf32, strided<[192, 1]>> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x64xf32, strided<[192, 1]>> -> vector<64xf32>
    %1 = kern.load %r[%t] : memref<96x64xf32, strided<[192, 1], offset: 64>> -> vector<64xf32>
    %2 = kern.load %c[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    kern.store %s2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A row that would not fit is told of, also where both read it.
// CHECK-LABEL: kern.part @readers_beyond_the_budget
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=readers_beyond_the_budget | {{.*}}Reason="the row would hold too many columns"
kern.part @readers_beyond_the_budget "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %d[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    kern.store %s2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A row of 16384 columns is read by programs over it together, whatever the budget;
// CHECK-LABEL: kern.part @wide
// CHECK:         kern.rows "one+two"
// REMARK-NEXT: Function=wide | {{.*}}"two runs with one"
kern.part @wide "micro" {
  %wide = kern.buffer "wide" "input" : memref<96x16384xf32>
  %u = kern.buffer "u" "output" : memref<96x1xf32>
  %v0 = kern.buffer "v" "output" : memref<96x1xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %wide[%t] : memref<96x16384xf32> -> vector<16384xf32>
    %r = kern.reduce "add" %v : vector<16384xf32> -> vector<1xf32>
    kern.store %r, %u[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %wide[%t] : memref<96x16384xf32> -> vector<16384xf32>
    %r = kern.reduce "add" %v : vector<16384xf32> -> vector<1xf32>
    kern.store %r, %v0[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// one that is narrower is held to it.
// CHECK-LABEL: kern.part @nearly_wide
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=nearly_wide | {{.*}}Reason="the row would hold too many columns"
kern.part @nearly_wide "micro" {
  %wide = kern.buffer "wide" "input" : memref<96x16383xf32>
  %u = kern.buffer "u" "output" : memref<96x1xf32>
  %v0 = kern.buffer "v" "output" : memref<96x1xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %wide[%t] : memref<96x16383xf32> -> vector<16383xf32>
    %r = kern.reduce "add" %v : vector<16383xf32> -> vector<1xf32>
    kern.store %r, %u[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %wide[%t] : memref<96x16383xf32> -> vector<16383xf32>
    %r = kern.reduce "add" %v : vector<16383xf32> -> vector<1xf32>
    kern.store %r, %v0[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// Of several reasons the first is told: what a row cannot give before what it cannot hold,
// CHECK-LABEL: kern.part @reasons
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=reasons | {{.*}}Reason="one reads more columns than the other stores"
kern.part @reasons "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  %h = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %xh = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %xh[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    kern.store %0, %h[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %3 = kern.load %d[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    %s3 = arith.addf %s2, %3 : vector<64xf32>
    kern.store %s3, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// and that before what runs between.
// CHECK-LABEL: kern.part @reasons_between
// CHECK:         kern.rows "one"
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=reasons_between | {{.*}}Reason="the row would hold too many columns"
kern.part @reasons_between "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %a, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %b[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %d[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    kern.store %s2, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Nor do programs over two wide rows, though a narrow one is in both,
// CHECK-LABEL: kern.part @two_wide
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=two_wide | {{.*}}Reason="the row would hold too many columns"
kern.part @two_wide "micro" {
  %w0 = kern.buffer "w0" "input" : memref<96x16384xf32>
  %w1 = kern.buffer "w1" "input" : memref<96x16384xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %w0[%t] : memref<96x16384xf32> -> vector<16384xf32>
    %r = kern.reduce "add" %v : vector<16384xf32> -> vector<1xf32>
    %q = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %o = arith.addf %q, %z : vector<64xf32>
    kern.store %o, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %w1[%t] : memref<96x16384xf32> -> vector<16384xf32>
    %r = kern.reduce "add" %v : vector<16384xf32> -> vector<1xf32>
    %q = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %o = arith.addf %q, %z : vector<64xf32>
    kern.store %o, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// or both wide rows are of one buffer.
// CHECK-LABEL: kern.part @two_wide_of_one
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=two_wide_of_one | {{.*}}Reason="the row would hold too many columns"
kern.part @two_wide_of_one "micro" {
  %ww = kern.buffer "w" "input" : memref<96x32768xf32>
  %w0 = kern.view %ww : memref<96x32768xf32> to memref<96x16384xf32, strided<[32768, 1]>>
  %w1 = kern.view %ww : memref<96x32768xf32> to memref<96x16384xf32, strided<[32768, 1], offset: 16384>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %w0[%t] : memref<96x16384xf32, strided<[32768, 1]>> -> vector<16384xf32>
    %r = kern.reduce "add" %v : vector<16384xf32> -> vector<1xf32>
    %q = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %o = arith.addf %q, %z : vector<64xf32>
    kern.store %o, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %w1[%t] : memref<96x16384xf32, strided<[32768, 1], offset: 16384>> -> vector<16384xf32>
    %r = kern.reduce "add" %v : vector<16384xf32> -> vector<1xf32>
    %q = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %o = arith.addf %q, %z : vector<64xf32>
    kern.store %o, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Three columns are no reason to hold the rows of both, some sixty-seven of each;
// five are.
// CHECK-LABEL: kern.part @few_columns
// CHECK:         kern.rows "three"
// CHECK:         kern.rows "five+user"
// REMARK-NEXT: Function=few_columns | {{.*}}five
// REMARK-NEXT: Function=few_columns | {{.*}}Reason="they share few of their columns"
kern.part @few_columns "micro" {
  %n3 = kern.buffer "n3" "workspace" : memref<96x3xf32>
  %n5 = kern.buffer "n5" "workspace" : memref<96x5xf32>
  kern.rows "three" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %sl = kern.slice %v at 0 : vector<64xf32> -> vector<3xf32>
    kern.store %sl, %n3[%t] : vector<3xf32>, memref<96x3xf32>
  }
  kern.rows "five" 96 {
  ^row(%t: index):
    %v = kern.load %d[%t] : memref<96x64xf32> -> vector<64xf32>
    %sl = kern.slice %v at 0 : vector<64xf32> -> vector<5xf32>
    kern.store %sl, %n5[%t] : vector<5xf32>, memref<96x5xf32>
  }
  kern.rows "user" 96 {
  ^row(%t: index):
    %r = kern.load %n3[%t] : memref<96x3xf32> -> vector<3xf32>
    %q = kern.load %n5[%t] : memref<96x5xf32> -> vector<5xf32>
    %p = kern.pad %r at 0 : vector<3xf32> -> vector<64xf32>
    %o = kern.pad %q at 4 : vector<5xf32> -> vector<64xf32>
    %z = arith.addf %p, %o : vector<64xf32>
    kern.store %z, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// REMARK-NOT: Function=
