// slice-rows: what is a sum over rows, what reads other rows, and what has the rows of a slice, each guard alone.

// RUN: gptc-opt %s --slice-rows=limit=66000 --remarks-filter=slice-rows -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK --implicit-check-not=Function=
// RUN: FileCheck %s < %t
// Of the limit's bytes a buffer stays whole, and nothing is said.
// RUN: gptc-opt %s --slice-rows=limit=131072 --remarks-filter=slice-rows -o /dev/null 2>&1 | grep Function= | FileCheck %s --check-prefix=LIMIT --implicit-check-not=Function=
// LIMIT: Function=columns_of_sums
// LIMIT: Function=apart

%x = kern.buffer "x" "input" : memref<256x64xbf16>
%xt = kern.buffer "xt" "input" : memref<64x256xbf16>
%square = kern.buffer "square" "input" : memref<256x256xbf16>
%tall = kern.buffer "tall" "input" : memref<512x128xf32>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%wide = kern.buffer "wide" "parameter" : memref<128x256xbf16>
%tokens = kern.buffer "tokens" "input" : memref<256xi32>
%rate = arith.constant 0.5 : f64
%f = kern.buffer "f" "parameter" : memref<128x64xf32>
%g = kern.buffer "g" "gradient" : memref<128x64xf32>
%h = kern.buffer "h" "gradient" : memref<128x64xf32>
%g16 = kern.buffer "g16" "gradient" : memref<128x64xbf16>
%out = kern.buffer "out" "output" : memref<256x128xf32>
%out512 = kern.buffer "out512" "output" : memref<512x128xf32>
%out64 = kern.buffer "out64" "output" : memref<64x256xf32>
%out256 = kern.buffer "out256" "output" : memref<256x256xf32>

// As many k as rows, and as many rows: no sum over them.
// REMARK: Function=square | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @square
// CHECK: kern.contract "logits" {{.*}} m 128 n 128 k 256
// CHECK: kern.contract "logits" {{.*}} m 128 n 128 k 256
kern.part @square "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.contract "logits" %square, %wide m 256 n 128 k 256 : memref<256x256xbf16>, memref<128x256xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "use" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// Two products; other rows; an operand that is transposed.
// REMARK-NEXT: Function=sums_of_two | {{.*}}Reason="a contraction has other rows"
kern.part @sums_of_two "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "two" %tall, %z batch 2 m 256 n 128 k 128 : memref<512x128xf32>, memref<256x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %out512[%m] : vector<128xf32>, memref<512x128xf32>
  }
}

// The same.
// REMARK-NEXT: Function=batch_of_sums | {{.*}}Reason="a contraction has other rows"
kern.part @batch_of_sums "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  %pair = kern.buffer "pair" "input" : memref<128x256xbf16>
  %pairs = kern.view %z : memref<256x128xf32> to memref<128x256xf32>
  %sums = kern.buffer "sums" "output" : memref<128x64xf32>
  kern.contract "pairs" %pair, %pairs batch 2 m 64 n 64 k 256 : memref<128x256xbf16>, memref<128x256xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %sums[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// The same.
// REMARK-NEXT: Function=other_rows | {{.*}}Reason="a contraction has other rows"
kern.part @other_rows "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  %few = kern.buffer "few" "input" : memref<64x128xf32>
  kern.contract "few" %few, %z m 64 n 256 k 128 : memref<64x128xf32>, memref<256x128xf32> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %out64[%m] : vector<256xf32>, memref<64x256xf32>
  }
}

// The same.
// REMARK-NEXT: Function=columns | {{.*}}Reason="a contraction has other rows"
kern.part @columns "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.contract "columns" %xt transposed_a, %w m 256 n 128 k 64 : memref<64x256xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<256x128xf32>
  }
}

// What adds up of itself: one store, in f32, of what is there and the product times factors. Not two stores.
// REMARK-NEXT: Function=two_stores | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @two_stores
// CHECK: kern.buffer "slices"
kern.part @two_stores "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %p : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
    kern.store %p, %h[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Not in bf16.
// REMARK-NEXT: Function=bf16 | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @bf16
// CHECK: kern.buffer "slices"
kern.part @bf16 "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g16[%m] : memref<128x64xbf16> -> vector<64xf32>
    %n = arith.addf %o, %p : vector<64xf32>
    kern.store %n, %g16[%m] : vector<64xf32>, memref<128x64xbf16>
  }
}

// Not what is there of another buffer.
// REMARK-NEXT: Function=of_another | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @of_another
// CHECK: kern.buffer "slices"
kern.part @of_another "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %h[%m] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %p : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Not what is there of another row.
// REMARK-NEXT: Function=of_next_row | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @of_next_row
// CHECK: kern.buffer "slices"
kern.part @of_next_row "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m by 1] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %p : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Not times what is there: then the sum of the slices before is one tile too many.
// REMARK-NEXT: Function=by_itself | {{.*}}Reason="an epilogue has no room for what the slices before have summed"
kern.part @by_itself "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %q = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %r = arith.mulf %p, %q : vector<64xf32>
    %n = arith.addf %o, %r : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Not without the product.
// REMARK-NEXT: Function=no_product | {{.*}}Reason="an epilogue has no room for what the slices before have summed"
kern.part @no_product "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %q = kern.load %f[%m] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %q : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// By another tile, of which an epilogue has no more.
// REMARK-NEXT: Function=by_tile | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @by_tile
// CHECK-NOT: "slices"
kern.part @by_tile "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %q = kern.load %f[%m] : memref<128x64xf32> -> vector<64xf32>
    %r = arith.mulf %p, %q : vector<64xf32>
    %n = arith.addf %o, %r : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// By a number of the step, on either side.
// REMARK-NEXT: Function=by_number | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @by_number
// CHECK-NOT: "slices"
kern.part @by_number "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %k = kern.number %rate : vector<1xf32>
    %ks = kern.spread %k : vector<1xf32> -> vector<64xf32>
    %r = arith.mulf %ks, %p : vector<64xf32>
    %n = arith.addf %o, %r : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Rows of one tile.
// REMARK-NEXT: Function=tile | {{.*}}Reason="its rows are one tile"
kern.part @tile "micro" {
  %z = kern.buffer "z" "workspace" : memref<128x256xf32>
  kern.rows "fill" 128 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<256xf32>
    kern.store %v, %z[%t] : vector<256xf32>, memref<128x256xf32>
  }
}

// A kernel over half of the rows.
// REMARK-NEXT: Function=half | {{.*}}Reason="a kernel is neither over its rows nor a sum over them"
kern.part @half "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "half" 128 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// Rows times all rows; rows that data name of what the same kernels store, and of their sums; a sum of what another contraction sums.
// REMARK-NEXT: Function=itself | {{.*}}Reason="a kernel reads other rows than it has"
kern.part @itself "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.contract "itself" %z, %z m 256 n 256 k 128 : memref<256x128xf32>, memref<256x128xf32> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %out256[%m] : vector<256xf32>, memref<256x256xf32>
  }
}

// The same.
// REMARK-NEXT: Function=stored | {{.*}}Reason="a kernel reads other rows than it has"
kern.part @stored "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %q = kern.buffer "q" "workspace" : memref<256x128xbf16>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.store %v, %q[%t] : vector<128xf32>, memref<256x128xbf16>
  }
  kern.rows "named" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    %i = kern.load_index %tokens[%t] : memref<256xi32>
    %n = kern.load %q[%i] : memref<256x128xbf16> -> vector<128xf32>
    %s = arith.addf %v, %n : vector<128xf32>
    kern.store %s, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// The same.
// REMARK-NEXT: Function=summed | {{.*}}Reason="a kernel reads other rows than it has"
kern.part @summed "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %q = kern.buffer "q" "workspace" {partials} : memref<4x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.partial %v, %q[%t] : vector<128xf32>, memref<4x128xf32>
  }
  kern.rows "named" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    %i = kern.load_index %tokens[%t] : memref<256xi32>
    %n = kern.load %q[%i] : memref<4x128xf32> -> vector<128xf32>
    %s = arith.addf %v, %n : vector<128xf32>
    kern.store %s, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// The same.
// REMARK-NEXT: Function=sum_of_sums | {{.*}}Reason="a kernel reads other rows than it has"
kern.part @sum_of_sums "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %q = kern.buffer "q" "workspace" : memref<128x64xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "first" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %q[%m] : vector<64xf32>, memref<128x64xf32>
  }
  kern.contract "second" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %q[%m] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %p : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// The same.
// REMARK-NEXT: Function=columns_of_sums | {{.*}}Reason="a kernel reads other rows than it has"
kern.part @columns_of_sums "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x256xf32>
  %q = kern.buffer "q" "workspace" : memref<64x256xf32>
  %left = kern.view %z : memref<256x256xf32> to memref<256x128xf32, strided<[256, 1]>>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<256xf32>
    kern.store %v, %z[%t] : vector<256xf32>, memref<256x256xf32>
  }
  kern.contract "first" %x transposed_a, %z transposed_b m 64 n 256 k 256 : memref<256x64xbf16>, memref<256x256xf32> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %q[%m] : vector<256xf32>, memref<64x256xf32>
  }
  kern.contract "second" %left transposed_a, %q m 128 n 64 k 256 : memref<256x128xf32, strided<[256, 1]>>, memref<64x256xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Rows of a buffer that a row kernel sums, and a contraction.
// REMARK-NEXT: Function=two_sums | {{.*}}Reason="a sum over rows is read as a row"
kern.part @two_sums "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %q = kern.buffer "q" "workspace" {partials} : memref<4x128xf32>
  %four = kern.buffer "four" "input" : memref<256x4xbf16>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.partial %v, %q[%t] : vector<128xf32>, memref<4x128xf32>
  }
  kern.contract "four" %four transposed_a, %z transposed_b m 4 n 128 k 256 : memref<256x4xbf16>, memref<256x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %q[%m] : vector<128xf32>, memref<4x128xf32>
  }
}

// Two chains; a buffer that no kernel touches; of nine tiles, of which two are in the limit, nine slices.
// REMARK-NEXT: Function=apart | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// REMARK-NEXT: Function=apart | {{.*}}"y is made a slice of rows at a time", {{.*}}rows=128
kern.part @apart "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %unused = kern.buffer "unused" "workspace" : memref<256x256xf32>
  %y = kern.buffer "y" "workspace" : memref<1152x64xf32>
  %outy = kern.buffer "outy" "output" : memref<1152x64xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "fill_y" 1152 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<1152x64xf32>
  }
  kern.rows "use" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "use_y" 1152 {
  ^row(%t: index):
    %v = kern.load %y[%t] : memref<1152x64xf32> -> vector<64xf32>
    kern.store %v, %outy[%t] : vector<64xf32>, memref<1152x64xf32>
  }
}

// What keeps its rows: sums, what another kernel reads afterwards, rows that data name, half rows as rows.
// REMARK-NEXT: Function=kept | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @kept
// CHECK-DAG: "sums" "workspace" : memref<64x128xf32>
// CHECK-DAG: "q" "workspace" : memref<256x128xbf16>
// CHECK-DAG: "pairs" "workspace" : memref<256x128xbf16>
// CHECK-DAG: "named" "workspace" : memref<256x128xbf16>
// CHECK-DAG: "z" "workspace" : memref<128x128xf32>
kern.part @kept "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %sums = kern.buffer "sums" "workspace" : memref<64x128xf32>
  %q = kern.buffer "q" "workspace" : memref<256x128xbf16>
  %named = kern.buffer "named" "workspace" : memref<256x128xbf16>
  %pairs = kern.buffer "pairs" "workspace" : memref<256x128xbf16>
  %halves = kern.view %pairs : memref<256x128xbf16> to memref<256x64xbf16>
  %z64 = kern.buffer "z64" "input" : memref<256x64xbf16>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<256xi32>
    %v = kern.load %named[%i] : memref<256x128xbf16> -> vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.store %v, %q[%t] : vector<128xf32>, memref<256x128xbf16>
    %l = kern.slice %v at 0 : vector<128xf32> -> vector<64xf32>
    kern.store %l, %halves[%t] : vector<64xf32>, memref<256x64xbf16>
  }
  kern.contract "sums" %z64 transposed_a, %z transposed_b m 64 n 128 k 256 : memref<256x64xbf16>, memref<256x128xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    %o = kern.load %sums[%m] : memref<64x128xf32> -> vector<128xf32>
    %n = arith.addf %o, %p : vector<128xf32>
    kern.store %n, %sums[%m] : vector<128xf32>, memref<64x128xf32>
  }
  kern.rows "use_z" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "after" 256 {
  ^row(%t: index):
    %v = kern.load %q[%t] : memref<256x128xbf16> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// Rows that data name are stored, or are summed.
// REMARK-NEXT: Function=named_store | {{.*}}Reason="a kernel stores other rows"
kern.part @named_store "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<256xi32>
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.store %v, %out[%i] : vector<128xf32>, memref<256x128xf32>
  }
}

// The same.
// REMARK-NEXT: Function=named_sum | {{.*}}Reason="a kernel sums other rows"
kern.part @named_sum "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %q = kern.buffer "q" "workspace" {partials} : memref<4x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<256xi32>
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.partial %v, %q[%i] : vector<128xf32>, memref<4x128xf32>
  }
}

// A view of a slice's rows is made once.
// REMARK-NEXT: Function=once | {{.*}}"z is made a slice of rows at a time", {{.*}}rows=128
// CHECK-LABEL: kern.part @once
// CHECK-COUNT-2: kern.view %out
// CHECK-NOT: kern.view %out
kern.part @once "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "use" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "use_again" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}
