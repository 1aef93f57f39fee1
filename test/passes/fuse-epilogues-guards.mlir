// Each guard of fuse-epilogues alone: the kernel that it keeps out, and the nearest that it lets in.

// RUN: gptc-opt %s --fuse-epilogues --remarks-filter=fuse-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x32xf32>
%w = kern.buffer "w" "parameter" : memref<64x32xf32>
%a = kern.buffer "a" "output" : memref<96x64xf32>
%b = kern.buffer "b" "output" : memref<96x64xf32>
%c = kern.buffer "c" "output" : memref<96x64xf32>
%d = kern.buffer "d" "output" : memref<96x64xf32>
%e = kern.buffer "e" "output" : memref<96x128xf32>

// As many rows as the product has.
// CHECK-LABEL: kern.part @rows
// CHECK:         kern.rows "half"
// REMARK: Function=rows | {{.*}}Reason="it has another number of rows"
kern.part @rows "micro" {
  %h = kern.view %a : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  %bh = kern.view %b : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "half" 48 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<48x64xf32, strided<[64, 1]>> -> vector<64xf32>
    kern.store %0, %bh[%t] : vector<64xf32>, memref<48x64xf32, strided<[64, 1]>>
  }
}

// A kernel that does not load the product has nothing to gain, nor one that only stores in its place.
// CHECK-LABEL: kern.part @unrelated
// CHECK:         kern.rows "copy"
// CHECK:         kern.rows "again"
kern.part @unrelated "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "copy" 96 {
  ^row(%t: index):
    %0 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "again" 96 {
  ^row(%t: index):
    %0 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Only a row kernel is an epilogue.
// CHECK-LABEL: kern.part @product_of_product
// CHECK:         kern.contract "second"
kern.part @product_of_product "micro" {
  %square = kern.buffer "square" "output" : memref<96x96xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "second" %a, %a m 96 n 96 k 64 : memref<96x64xf32>, memref<96x64xf32> {
  ^row(%m: index, %product: vector<96xf32>):
    kern.store %product, %square[%m] : vector<96xf32>, memref<96x96xf32>
  }
}

// A contraction that took kernels before is asked once.
// CHECK-LABEL: kern.part @once
// CHECK:         kern.rows "norm"
// REMARK-NEXT: Function=once | {{.*}}"copy is the epilogue of linear"
// REMARK-NEXT: Function=once | {{.*}}Reason="it needs more than its own column: kern.reduce"
kern.part @once "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "copy" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %row = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %sum = kern.reduce "add" %row : vector<64xf32> -> vector<1xf32>
    %mean = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    kern.store %mean, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// One column of what a later kernel stores: tiles run beside each other, so it may be stored before it is read.
// CHECK-LABEL: kern.part @one_column_stored
// CHECK:         kern.contract "linear+scale"
// CHECK:         kern.rows "store"
// REMARK-NEXT: Function=one_column_stored | {{.*}}"scale is the epilogue of linear"
// REMARK-NEXT: Function=one_column_stored | {{.*}}Reason="of columns that one stores another touches a part"
kern.part @one_column_stored "micro" {
  %one = kern.view %b : memref<96x64xf32> to memref<96x1xf32, strided<[64, 1], offset: 7>>
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "scale" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %one[%t] : memref<96x1xf32, strided<[64, 1], offset: 7>> -> vector<1xf32>
    %wide = kern.spread %v : vector<1xf32> -> vector<64xf32>
    %scaled = arith.mulf %u, %wide : vector<64xf32>
    kern.store %scaled, %p[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "store" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Nor may the kernel itself store what it reads a column of.
// CHECK-LABEL: kern.part @one_column_of_its_own
// CHECK:         kern.rows "scale"
// REMARK-NEXT: Function=one_column_of_its_own | {{.*}}Reason="of columns that one stores another touches a part"
kern.part @one_column_of_its_own "micro" {
  %one = kern.view %b : memref<96x64xf32> to memref<96x1xf32, strided<[64, 1], offset: 7>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "scale" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %one[%t] : memref<96x1xf32, strided<[64, 1], offset: 7>> -> vector<1xf32>
    %wide = kern.spread %v : vector<1xf32> -> vector<64xf32>
    %scaled = arith.mulf %u, %wide : vector<64xf32>
    kern.store %scaled, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Two tiles are read beside the product, and each counts once.
// CHECK-LABEL: kern.part @a_tile_twice
// CHECK:         kern.contract "linear+sum"
// REMARK-NEXT: Function=a_tile_twice | {{.*}}"sum is the epilogue of linear"
kern.part @a_tile_twice "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %3 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    %s3 = arith.addf %s2, %3 : vector<64xf32>
    kern.store %s3, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Two tiles of one buffer are two.
// CHECK-LABEL: kern.part @tiles_of_one_buffer
// CHECK:         kern.rows "sum"
// REMARK-NEXT: Function=tiles_of_one_buffer | {{.*}}Reason="the epilogue would read too many tiles"
kern.part @tiles_of_one_buffer "micro" {
  %l = kern.view %e : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1]>>
  %r = kern.view %e : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1], offset: 64>>
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %l[%t] : memref<96x64xf32, strided<[128, 1]>> -> vector<64xf32>
    %2 = kern.load %r[%t] : memref<96x64xf32, strided<[128, 1], offset: 64>> -> vector<64xf32>
    %3 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    %s3 = arith.addf %s2, %3 : vector<64xf32>
    kern.store %s3, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What the group stores it need not read, but what stands beside it in the buffer is a tile.
// CHECK-LABEL: kern.part @beside_what_is_stored
// CHECK:         kern.rows "sum"
// REMARK-NEXT: Function=beside_what_is_stored | {{.*}}Reason="the epilogue would read too many tiles"
kern.part @beside_what_is_stored "micro" {
  %l = kern.view %e : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1]>>
  %r = kern.view %e : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1], offset: 64>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %l[%m] : vector<64xf32>, memref<96x64xf32, strided<[128, 1]>>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x64xf32, strided<[128, 1]>> -> vector<64xf32>
    %1 = kern.load %r[%t] : memref<96x64xf32, strided<[128, 1], offset: 64>> -> vector<64xf32>
    %2 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %3 = kern.load %c[%t] : memref<96x64xf32> -> vector<64xf32>
    %s1 = arith.addf %0, %1 : vector<64xf32>
    %s2 = arith.addf %s1, %2 : vector<64xf32>
    %s3 = arith.addf %s2, %3 : vector<64xf32>
    kern.store %s3, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Numbers and columns are no tiles, nor are the contraction's own operands, whatever their width.
// CHECK-LABEL: kern.part @scalars_are_no_tiles
// CHECK:         kern.contract "square+sum"
// REMARK-NEXT: Function=scalars_are_no_tiles | {{.*}}"sum is the epilogue of square"
kern.part @scalars_are_no_tiles "micro" {
  %y = kern.buffer "y" "input" : memref<96x64xf32>
  %z = kern.buffer "z" "parameter" : memref<64x64xf32>
  %s = kern.buffer "s" "workspace" : memref<f32>
  %col = kern.buffer "col" "workspace" : memref<96x1xf32>
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.contract "square" %y, %z m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %3 = kern.load %s[] : memref<f32> -> vector<1xf32>
    %4 = kern.load %col[%t] : memref<96x1xf32> -> vector<1xf32>
    %5 = arith.addf %3, %4 : vector<1xf32>
    %6 = kern.spread %5 : vector<1xf32> -> vector<64xf32>
    %7 = arith.addf %0, %1 : vector<64xf32>
    %8 = arith.addf %7, %2 : vector<64xf32>
    %9 = arith.addf %8, %6 : vector<64xf32>
    kern.store %9, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Two tiles are stored beside the product,
// CHECK-LABEL: kern.part @two_stored
// CHECK:         kern.contract "linear+twice"
// REMARK-NEXT: Function=two_stored | {{.*}}"twice is the epilogue of linear"
kern.part @two_stored "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "twice" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// and no third.
// CHECK-LABEL: kern.part @three_stored
// CHECK:         kern.rows "thrice"
// REMARK-NEXT: Function=three_stored | {{.*}}Reason="the epilogue would write too many tiles"
kern.part @three_stored "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "thrice" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A product that nobody else reads leaves no room for a third.
// CHECK-LABEL: kern.part @product_not_stored
// CHECK:         kern.rows "thrice"
// REMARK-NEXT: Function=product_not_stored | {{.*}}Reason="the epilogue would write too many tiles"
kern.part @product_not_stored "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "thrice" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What the contraction stores in the product's place is a tile as any other.
// CHECK-LABEL: kern.part @another_than_the_product
// CHECK:         kern.rows "twice"
// REMARK-NEXT: Function=another_than_the_product | {{.*}}Reason="the epilogue would write too many tiles"
kern.part @another_than_the_product "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    %neg = arith.negf %product : vector<64xf32>
    kern.store %neg, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "twice" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// So is what stands beside a product that is not stored.
// CHECK-LABEL: kern.part @beside_the_product
// CHECK:         kern.rows "thrice"
// REMARK-NEXT: Function=beside_the_product | {{.*}}Reason="the epilogue would write too many tiles"
kern.part @beside_the_product "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x128xf32>
  %l = kern.view %f : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1]>>
  %r = kern.view %f : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1], offset: 64>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %l[%m] : vector<64xf32>, memref<96x64xf32, strided<[128, 1]>>
  }
  kern.rows "thrice" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x64xf32, strided<[128, 1]>> -> vector<64xf32>
    kern.store %0, %r[%t] : vector<64xf32>, memref<96x64xf32, strided<[128, 1], offset: 64>>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %row = kern.load %r[%t] : memref<96x64xf32, strided<[128, 1], offset: 64>> -> vector<64xf32>
    %sum = kern.reduce "add" %row : vector<64xf32> -> vector<1xf32>
    %mean = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    kern.store %mean, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What only the group reads is a value: of any number of links in a chain none is stored but what others read.
// CHECK-LABEL: kern.part @chain
// CHECK:         kern.contract "linear+first+second+third"
// REMARK-NEXT: Function=chain | {{.*}}"first is the epilogue of linear"
// REMARK-NEXT: Function=chain | {{.*}}"second is the epilogue of linear"
// REMARK-NEXT: Function=chain | {{.*}}"third is the epilogue of linear"
kern.part @chain "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %r = kern.buffer "r" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "first" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %q[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "second" 96 {
  ^row(%t: index):
    %0 = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %r[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "third" 96 {
  ^row(%t: index):
    %0 = kern.load %r[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What another kernel reads is stored.
// CHECK-LABEL: kern.part @read_by_others
// CHECK:         kern.rows "thrice"
// REMARK-NEXT: Function=read_by_others | {{.*}}Reason="the epilogue would write too many tiles"
kern.part @read_by_others "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %r = kern.buffer "r" "workspace" : memref<96x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "thrice" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %q[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %r[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm_q" 96 {
  ^row(%t: index):
    %row = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    %sum = kern.reduce "add" %row : vector<64xf32> -> vector<1xf32>
    %mean = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    kern.store %mean, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm_r" 96 {
  ^row(%t: index):
    %row = kern.load %r[%t] : memref<96x64xf32> -> vector<64xf32>
    %sum = kern.reduce "add" %row : vector<64xf32> -> vector<1xf32>
    %mean = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    kern.store %mean, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm_s" 96 {
  ^row(%t: index):
    %row = kern.load %s[%t] : memref<96x64xf32> -> vector<64xf32>
    %sum = kern.reduce "add" %row : vector<64xf32> -> vector<1xf32>
    %mean = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    kern.store %mean, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What others store is not read by them, nor what they read beside it.
// CHECK-LABEL: kern.part @unread_by_others
// CHECK:         kern.contract "linear+first+second+third"
// REMARK-NEXT: Function=unread_by_others | {{.*}}"first is the epilogue of linear"
// REMARK-NEXT: Function=unread_by_others | {{.*}}"second is the epilogue of linear"
// REMARK-NEXT: Function=unread_by_others | {{.*}}"third is the epilogue of linear"
kern.part @unread_by_others "micro" {
  %p = kern.buffer "p" "workspace" : memref<96x64xf32>
  %q = kern.buffer "q" "workspace" : memref<96x64xf32>
  %r = kern.buffer "r" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %p[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "first" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "second" 96 {
  ^row(%t: index):
    %0 = kern.load %q[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %r[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "third" 96 {
  ^row(%t: index):
    %0 = kern.load %r[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %row = kern.load %d[%t] : memref<96x64xf32> -> vector<64xf32>
    %sum = kern.reduce "add" %row : vector<64xf32> -> vector<1xf32>
    %mean = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    kern.store %mean, %q[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Accepted are rows of the product's width, or one column that is repeated; and what works on each column alone.
// CHECK-LABEL: kern.part @a_column_stored
// CHECK:         kern.rows "column"
// REMARK-NEXT: Function=a_column_stored | {{.*}}Reason="it stores rows of another width"
kern.part @a_column_stored "micro" {
  %col = kern.buffer "col" "output" : memref<96x1xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "column" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %o = arith.constant dense<1.0> : vector<1xf32>
    kern.store %o, %col[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// CHECK-LABEL: kern.part @repeats_two
// CHECK:         kern.rows "two"
// REMARK-NEXT: Function=repeats_two | {{.*}}Reason="it repeats more than one column"
kern.part @repeats_two "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.spread %u : vector<64xf32> -> vector<128xf32>
    kern.store %u, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @repeats_wider
// CHECK:         kern.rows "wider"
// REMARK-NEXT: Function=repeats_wider | {{.*}}Reason="it repeats more than one column"
kern.part @repeats_wider "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "wider" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %o = arith.constant dense<1.0> : vector<1xf32>
    %r = kern.spread %o : vector<1xf32> -> vector<32xf32>
    kern.store %u, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @other_width
// CHECK:         kern.rows "wide"
// REMARK-NEXT: Function=other_width | {{.*}}Reason="it computes rows of another width"
kern.part @other_width "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "wide" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %o = arith.constant dense<1.0> : vector<32xf32>
    kern.store %u, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @repeats_a_row
// CHECK:         kern.rows "same"
// REMARK-NEXT: Function=repeats_a_row | {{.*}}Reason="it repeats more than one column"
kern.part @repeats_a_row "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "same" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.spread %u : vector<64xf32> -> vector<64xf32>
    kern.store %r, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @no_row
// CHECK:         kern.rows "other"
// REMARK-NEXT: Function=no_row | {{.*}}Reason="it computes rows of another width"
kern.part @no_row "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "other" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %o = arith.constant 2 : index
    kern.store %u, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @two_dimensions
// CHECK:         kern.rows "other"
// REMARK-NEXT: Function=two_dimensions | {{.*}}Reason="it computes rows of another width"
kern.part @two_dimensions "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "other" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %o = arith.constant dense<1.0> : vector<64x2xf32>
    kern.store %u, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @rounds
// CHECK:         kern.contract "linear+round"
// REMARK-NEXT: Function=rounds | {{.*}}"round is the epilogue of linear"
kern.part @rounds "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "round" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.round %u to "e4m3" : vector<64xf32>
    kern.store %r, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// REMARK-NOT: Function=
