// sum-in-epilogues: what a sum's terms are made of, each guard alone.

// RUN: gptc-opt %s --sum-in-epilogues=columns=128 --remarks-filter=sum-in-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK --implicit-check-not=Function=
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%one = kern.buffer "one" "input" : memref<96x1xf32>
%two = kern.buffer "two" "input" : memref<96x2xf32>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%order = kern.buffer "order" "input" : memref<96xi32>
%y = kern.buffer "y" "output" : memref<96x1xf32>
%y2 = kern.buffer "y2" "output" : memref<96x2xf32>
%row = kern.buffer "row" "output" : memref<96x128xbf16>
// Workspace of the program, which was there before every kernel of the part.
%far = kern.buffer "far" "workspace" : memref<96x128xbf16>

// A product of a product is one, whatever stands first; a store by a view of the same rows; sums of one window each need no other sum.
// CHECK-LABEL: kern.part @moved
// CHECK:       kern.contract "nested"
// CHECK:         %[[R:.*]] = kern.round
// CHECK:         %[[A:.*]] = math.absf %[[R]]
// CHECK:         %[[E:.*]] = math.exp %[[R]]
// CHECK:         %[[Q:.*]] = arith.mulf %[[A]], %[[E]]
// CHECK:         %[[T:.*]] = arith.mulf %[[R]], %[[Q]]
// CHECK-NEXT:    kern.reduce "add" %[[T]]
// CHECK:       kern.contract "by_view"
// CHECK-NOT:     memref<96x128xbf16>
// CHECK:         kern.store {{.*}} vector<2xf32>, memref<96x2xf32>
// CHECK-NEXT:  }
// CHECK:       kern.rows "of_view"
// CHECK-NEXT:    ^
// CHECK-NEXT:    %[[W:.*]] = kern.load %{{.*}} : memref<96x2xf32> -> vector<2xf32>
// CHECK-NEXT:    kern.store %[[W]]
// REMARK:      Function=nested | {{.*}}"windows of a sum are made in the epilogue of nested"
// REMARK-NEXT: Function=of_view | {{.*}}"windows of a sum are made in the epilogue of by_view"
kern.part @moved "micro" {
  %z = kern.buffer "z" "workspace" : memref<96x128xbf16>
  %v = kern.buffer "v" "workspace" : memref<96x128xbf16>
  %view = kern.view %v : memref<96x128xbf16> to memref<96x128xbf16>
  kern.contract "nested" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "nested" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %a = math.absf %0 : vector<128xf32>
    %e = math.exp %0 : vector<128xf32>
    %q = arith.mulf %a, %e : vector<128xf32>
    %s = arith.mulf %0, %q : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.contract "by_view" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %view[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "of_view" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %view[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// Numbers of which each is that of half a row, where one sum is taken, and one of a row, where two are; a row that something else is made of; terms that cannot be moved
// of short sums, of which nothing is said; a buffer that no store alone writes; codes.
// CHECK-LABEL: kern.part @stays
// CHECK-NOT:   kern.store {{.*}} memref<96x2xf32>
// CHECK:       kern.rows "halves"
// REMARK-NEXT: Function=halves | {{.*}}Reason="its terms are not made element by element"
// REMARK-NEXT: Function=gathered | {{.*}}Reason="more than one kernel stores the row"
// REMARK-NEXT: Function=codes | {{.*}}Reason="the contraction stores other rows"
kern.part @stays "micro" {
  %z = kern.buffer "z" "workspace" : memref<96x128xbf16>
  %u = kern.buffer "u" "workspace" : memref<96x128xbf16>
  %c = kern.buffer "c" "workspace" : memref<96x128xf8E4M3FN>
  %table = kern.buffer "table" "workspace" : memref<96x128xf32>
  %pieces = kern.buffer "pieces" "workspace" : memref<96x128xf32>
  kern.segments "segments" %u at %tokens by %order to %table, %pieces : memref<96x128xbf16>, memref<96xi32>, memref<96xi32>, memref<96x128xf32>, memref<96x128xf32>
  kern.contract "z" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    kern.store %p, %c[%m] : vector<128xf32>, memref<96x128xf8E4M3FN>
  }
  kern.rows "halves" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %two[%t] : memref<96x2xf32> -> vector<2xf32>
    %2 = kern.spread %1 : vector<2xf32> -> vector<128xf32>
    %s = arith.mulf %0, %2 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "one_number" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %far[%t] : memref<96x128xbf16> -> vector<128xf32>
    %n = kern.load %one[%t] : memref<96x1xf32> -> vector<1xf32>
    %2 = kern.spread %n : vector<1xf32> -> vector<128xf32>
    %p = arith.mulf %0, %1 : vector<128xf32>
    %s = arith.mulf %p, %2 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "goes_on" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %far[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
    %2 = arith.negf %0 : vector<128xf32>
    kern.store %2, %row[%t] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "unsaid" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %far[%t] : memref<96x128xbf16> -> vector<128xf32>
    %2 = kern.load %z[%t by 1] : memref<96x128xbf16> -> vector<128xf32>
    %p = arith.mulf %0, %1 : vector<128xf32>
    %s = arith.mulf %2, %p : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "gathered" 96 {
  ^row(%t: index):
    %0 = kern.load %table[%t] : memref<96x128xf32> -> vector<128xf32>
    %sum = kern.reduce "add" %0 : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "codes" 96 {
  ^row(%t: index):
    %0 = kern.load %c[%t] : memref<96x128xf8E4M3FN> -> vector<128xf32>
    %sum = kern.reduce "add" %0 : vector<128xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// The other row is in the program's workspace; two numbers of a row are no tile.
// CHECK-LABEL: kern.part @of_program
// CHECK:       kern.contract
// CHECK:         kern.load %far
// REMARK-NEXT: Function=of_program | {{.*}}"windows of a sum are made in the epilogue of product"
kern.part @of_program "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %told = kern.buffer "told" "workspace" : memref<96x2xf32>
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %n = kern.load %two[%m] : memref<96x2xf32> -> vector<2xf32>
    kern.store %n, %told[%m] : vector<2xf32>, memref<96x2xf32>
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "of_program" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %far[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// Behind the product other columns are stored.
// REMARK-NEXT: Function=of_window | {{.*}}"windows of a sum are made in the epilogue of product"
kern.part @of_window "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x128xbf16>
  %both = kern.buffer "both" "workspace" : memref<96x256xbf16>
  %left = kern.view %both : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1]>>
  %right = kern.view %both : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1], offset: 128>>
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "beside" 96 {
  ^row(%t: index):
    %0 = kern.load %b[%t] : memref<96x128xbf16> -> vector<128xf32>
    kern.store %0, %right[%t] : vector<128xf32>, memref<96x128xbf16, strided<[256, 1], offset: 128>>
  }
  kern.rows "of_window" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %left[%t] : memref<96x128xbf16, strided<[256, 1]>> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// Of two products the later one has the sum, whichever stands first.
// REMARK-NEXT: Function=first_second | {{.*}}"windows of a sum are made in the epilogue of second"
kern.part @last "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x128xbf16>
  kern.contract "first" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "second" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %b[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "first_second" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %b[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// The same.
// REMARK-NEXT: Function=second_first | {{.*}}"windows of a sum are made in the epilogue of second"
kern.part @last_again "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x128xbf16>
  kern.contract "first" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.contract "second" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %b[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "second_first" 96 {
  ^row(%t: index):
    %0 = kern.load %b[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// The epilogue loads other columns of a buffer, a row of another buffer, another row.
// REMARK-NEXT: Function=other_window | {{.*}}Reason="the epilogue would read too many tiles beside a sum"
kern.part @other_window "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %both = kern.buffer "both" "workspace" : memref<96x256xbf16>
  %left = kern.view %both : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1]>>
  %right = kern.view %both : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1], offset: 128>>
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %l = kern.load %right[%m] : memref<96x128xbf16, strided<[256, 1], offset: 128>> -> vector<128xf32>
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "other_window" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %left[%t] : memref<96x128xbf16, strided<[256, 1]>> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// The same.
// REMARK-NEXT: Function=other_buffer | {{.*}}Reason="the epilogue would read too many tiles beside a sum"
kern.part @other_buffer "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x128xbf16>
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %l = kern.load %b[%m] : memref<96x128xbf16> -> vector<128xf32>
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "other_buffer" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %far[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// The same.
// REMARK-NEXT: Function=other_row | {{.*}}Reason="the epilogue would read too many tiles beside a sum"
kern.part @other_row "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %l = kern.load %far[%m by 1] : memref<96x128xbf16> -> vector<128xf32>
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "other_row" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %far[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}

// A view that is made behind the product.
// REMARK-NEXT: Function=late | {{.*}}Reason="a row that its terms are made of is not there before the product"
kern.part @late "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<96x128xbf16>
  kern.contract "product" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %a[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  %view = kern.view %b : memref<96x128xbf16> to memref<96x128xbf16>
  kern.rows "late" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x128xbf16> -> vector<128xf32>
    %1 = kern.load %view[%t] : memref<96x128xbf16> -> vector<128xf32>
    %s = arith.mulf %0, %1 : vector<128xf32>
    %sum = kern.reduce "add" %s : vector<128xf32> -> vector<2xf32>
    kern.store %sum, %y2[%t] : vector<2xf32>, memref<96x2xf32>
  }
}
