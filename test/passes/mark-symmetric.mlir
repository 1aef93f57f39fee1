// RUN: gptc-opt --mark-symmetric=target=sm_90a %s | FileCheck %s
// RUN: gptc-opt --mark-symmetric=target=sm_90a %s --remarks-filter=mark-symmetric 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt --mark-symmetric %s | FileCheck %s --check-prefix=CPU
// CPU-NOT: symmetric

gpt.model @m {
%lr = gpt.expr 0.5
// What an optimizer makes of two matrices X: X Xᵀ, of that A and A Aᵀ, and that times X, which is not symmetric. The views are others
// of the same rows.
// CHECK-LABEL: @polar
// CHECK: "gram" {{.*}} batch 2 m 256 n 256 k 512 symmetric :
// CHECK: "polynomial" {{.*}} k 256 symmetric :
// CHECK: "next" {{.*}} k 256 :
// REMARK-DAG: mark-symmetric.mlir:[[#@LINE+9]]:{{.*}}one triangle of gram is computed
// REMARK-DAG: mark-symmetric.mlir:[[#@LINE+12]]:{{.*}}one triangle of polynomial is computed
kern.part @polar "update" {
  %x = kern.buffer "x" "workspace" : memref<512x512xbf16>
  %a = kern.buffer "a" "workspace" : memref<2x256x256xbf16>
  %rows = kern.view %a : memref<2x256x256xbf16> to memref<512x256xbf16>
  %again = kern.view %a : memref<2x256x256xbf16> to memref<512x256xbf16>
  %b = kern.buffer "b" "workspace" : memref<512x256xbf16>
  %y = kern.buffer "y" "workspace" : memref<512x512xbf16>
  kern.contract "gram" %x, %x batch 2 m 256 n 256 k 512 : memref<512x512xbf16>, memref<512x512xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %rows[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "polynomial" %rows, %again batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %rows[%t] : memref<512x256xbf16> -> vector<256xf32>
    %c = arith.constant dense<-0.5> : vector<256xf32>
    %s = arith.mulf %p, %c : vector<256xf32>
    %o = arith.addf %v, %s : vector<256xf32>
    kern.store %o, %b[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "next" %b, %x transposed_b batch 2 m 256 n 512 k 256 : memref<512x256xbf16>, memref<512x512xbf16> {
  ^row(%t: index, %p: vector<512xf32>):
    kern.store %p, %y[%t] : vector<512xf32>, memref<512x512xbf16>
  }
}

// Xᵀ X, times a number of the step.
// CHECK: "tall" {{.*}} k 512 symmetric :
kern.part @tall "update" {
  %x = kern.buffer "x" "workspace" : memref<512x256xbf16>
  %a = kern.buffer "a" "workspace" : memref<256x256xbf16>
  kern.contract "tall" %x transposed_a, %x transposed_b m 256 n 256 k 512 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %rate1 = kern.number %lr : vector<1xf32>
    %rate = kern.spread %rate1 : vector<1xf32> -> vector<256xf32>
    %s = arith.mulf %p, %rate : vector<256xf32>
    kern.store %s, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
}

// Not of one matrix: another one, another part of it, other rows, one of two transposed, which is X X.
// CHECK-LABEL: @others
// CHECK-NOT: symmetric
kern.part @others "update" {
  %x = kern.buffer "x" "workspace" : memref<256x512xbf16>
  %z = kern.buffer "z" "workspace" : memref<256x512xbf16>
  %left = kern.view %x : memref<256x512xbf16> to memref<256x256xbf16, strided<[512, 1]>>
  %right = kern.view %x : memref<256x512xbf16> to memref<256x256xbf16, strided<[512, 1], offset: 256>>
  %rows = kern.view %x : memref<256x512xbf16> to memref<256x256xbf16, strided<[256, 1]>>
  %a = kern.buffer "a" "workspace" : memref<256x256xbf16>
  kern.contract "two" %x, %z m 256 n 256 k 512 : memref<256x512xbf16>, memref<256x512xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "halves" %left, %right m 256 n 256 k 256 : memref<256x256xbf16, strided<[512, 1]>>, memref<256x256xbf16, strided<[512, 1], offset: 256>> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "strides" %left, %rows m 256 n 256 k 256 : memref<256x256xbf16, strided<[512, 1]>>, memref<256x256xbf16, strided<[256, 1]>> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "square" %left, %left transposed_b m 256 n 256 k 256 : memref<256x256xbf16, strided<[512, 1]>>, memref<256x256xbf16, strided<[512, 1]>> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
}

// What is made of the product is not symmetric: a column for all rows, a number a row, sums of windows, a constant of many numbers.
// CHECK-LABEL: @programs
// CHECK-NOT: symmetric
// REMARK-DAG: Reason="it loads what is no tile of its own", Remark="all of bias is computed"
// REMARK-DAG: Reason="it loads what is no tile of its own", Remark="all of row_scale is computed"
// REMARK-DAG: Reason="it has 'kern.reduce', which does not treat all elements alike", Remark="all of sums is computed"
// REMARK-DAG: Reason="it has 'arith.constant', which does not treat all elements alike", Remark="all of constant is computed"
kern.part @programs "update" {
  %x = kern.buffer "x" "workspace" : memref<256x512xbf16>
  %one = kern.buffer "one" "workspace" : memref<1x256xf32>
  %each = kern.buffer "each" "workspace" : memref<256x1xf32>
  %windows = kern.buffer "windows" "workspace" : memref<256x4xf32>
  %a = kern.buffer "a" "workspace" : memref<256x256xbf16>
  kern.contract "bias" %x, %x m 256 n 256 k 512 : memref<256x512xbf16>, memref<256x512xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %one[] : memref<1x256xf32> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "row_scale" %x, %x m 256 n 256 k 512 : memref<256x512xbf16>, memref<256x512xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v1 = kern.load %each[%t] : memref<256x1xf32> -> vector<1xf32>
    %v = kern.spread %v1 : vector<1xf32> -> vector<256xf32>
    %s = arith.mulf %p, %v : vector<256xf32>
    kern.store %s, %a[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "sums" %x, %x m 256 n 256 k 512 : memref<256x512xbf16>, memref<256x512xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %a[%t] : vector<256xf32>, memref<256x256xbf16>
    %s = kern.reduce "add" %p : vector<256xf32> -> vector<4xf32>
    kern.store %s, %windows[%t] : vector<4xf32>, memref<256x4xf32>
  }
  %wide = kern.buffer "wide" "workspace" : memref<2x2xbf16>
  kern.contract "constant" %wide, %wide m 2 n 2 k 2 : memref<2x2xbf16>, memref<2x2xbf16> {
  ^row(%t: index, %p: vector<2xf32>):
    %c = arith.constant dense<[1.0, 2.0]> : vector<2xf32>
    %s = arith.mulf %p, %c : vector<2xf32>
    kern.store %s, %wide[%t] : vector<2xf32>, memref<2x2xbf16>
  }
}

// Tiles of matrices that are not symmetric: of a row program; that a row program writes once more; of another product, in other
// places, which the program itself stores; and what stands there from before.
// CHECK-LABEL: @loads
// CHECK: "gram" {{.*}} symmetric :
// CHECK-NOT: symmetric :
// CHECK: kern.part
// REMARK-DAG: Reason="it loads 'any', which is not known to be symmetric", Remark="all of of_rows is computed"
// REMARK-DAG: Reason="it loads 'both', which is not known to be symmetric", Remark="all of of_both is computed"
// REMARK-DAG: Reason="it loads 'place', which is not known to be symmetric", Remark="all of in_place is computed"
// REMARK-DAG: Reason="it loads 'a', which is not known to be symmetric", Remark="all of of_other is computed"
// REMARK-DAG: Reason="it loads 'w', which is not known to be symmetric", Remark="all of of_parameter is computed"
%w = kern.buffer "w" "parameter" : memref<512x256xbf16>
kern.part @loads "update" {
  %x = kern.buffer "x" "workspace" : memref<512x256xbf16>
  %any = kern.buffer "any" "workspace" : memref<512x256xbf16>
  %both = kern.buffer "both" "workspace" : memref<512x256xbf16>
  %place = kern.buffer "place" "workspace" : memref<512x256xbf16>
  %a = kern.buffer "a" "workspace" : memref<512x256xbf16>
  %o = kern.buffer "o" "workspace" : memref<512x256xbf16>
  kern.contract "gram" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %both[%t] : vector<256xf32>, memref<512x256xbf16>
    kern.store %p, %a[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.rows "fill" 512 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<512x256xbf16> -> vector<256xf32>
    kern.store %v, %any[%t] : vector<256xf32>, memref<512x256xbf16>
    kern.store %v, %both[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_rows" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %any[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_both" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %both[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "in_place" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %place[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %place[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  %half = kern.view %a : memref<512x256xbf16> to memref<256x256xbf16, strided<[256, 1], offset: 32768>>
  %first = kern.view %x : memref<512x256xbf16> to memref<256x256xbf16>
  %o1 = kern.view %o : memref<512x256xbf16> to memref<256x256xbf16>
  kern.contract "of_other" %first, %first m 256 n 256 k 256 : memref<256x256xbf16>, memref<256x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %half[%t] : memref<256x256xbf16, strided<[256, 1], offset: 32768>> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o1[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "of_parameter" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %w[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
}

// Nothing is gained, or no kernel does it: one tile; f32 operands; codes; a tile that was chosen; f32 stored; rows that no octets
// fill; sums in pieces.
// CHECK-LABEL: @kernels
// CHECK-NOT: symmetric :
// REMARK-DAG: Reason="it is one tile", Remark="all of small is computed"
// REMARK-DAG: Reason="an operand is f32, and tensor cores multiply bf16", Remark="all of floats is computed"
// REMARK-DAG: Reason="its operands are codes of FP8", Remark="all of codes is computed"
// REMARK-DAG: Reason="its tiles were chosen, and are not squares of 128", Remark="all of chosen is computed"
// REMARK-DAG: Reason="it stores what is not bf16 in rows of multiples of 8 elements", Remark="all of wide is computed"
// REMARK-DAG: Reason="it stores what is not bf16 in rows of multiples of 8 elements", Remark="all of odd is computed"
// REMARK-DAG: Reason="its sums are split", Remark="all of split is computed"
kern.part @kernels "update" {
  %x = kern.buffer "x" "workspace" : memref<256x256xbf16>
  %f = kern.buffer "f" "workspace" : memref<256x256xf32>
  %c = kern.buffer "c" "workspace" : memref<256x256xf8E4M3FN>
  %s = kern.buffer "s" "workspace" : memref<128x256xbf16>
  %a = kern.buffer "a" "workspace" : memref<128x128xbf16>
  %b = kern.buffer "b" "workspace" : memref<256x256xbf16>
  %g = kern.buffer "g" "workspace" : memref<256x256xf32>
  %r = kern.buffer "r" "workspace" : memref<250x256xbf16>
  %o = kern.buffer "o" "workspace" : memref<250x250xbf16>
  %room = kern.buffer "room" "workspace" : memref<1024x64xf32>
  kern.contract "small" %s, %s m 128 n 128 k 256 : memref<128x256xbf16>, memref<128x256xbf16> {
  ^row(%t: index, %p: vector<128xf32>):
    kern.store %p, %a[%t] : vector<128xf32>, memref<128x128xbf16>
  }
  kern.contract "floats" %f, %f m 256 n 256 k 256 : memref<256x256xf32>, memref<256x256xf32> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %b[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "codes" %c, %c m 256 n 256 k 256 : memref<256x256xf8E4M3FN>, memref<256x256xf8E4M3FN> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %b[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "chosen" %x, %x m 256 n 256 k 256 : memref<256x256xbf16>, memref<256x256xbf16> attributes {tile = {columns = 192 : i64}} {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %b[%t] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "wide" %x, %x m 256 n 256 k 256 : memref<256x256xbf16>, memref<256x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %g[%t] : vector<256xf32>, memref<256x256xf32>
  }
  kern.contract "odd" %r, %r m 250 n 250 k 256 : memref<250x256xbf16>, memref<250x256xbf16> {
  ^row(%t: index, %p: vector<250xf32>):
    kern.store %p, %o[%t] : vector<250xf32>, memref<250x250xbf16>
  }
  kern.contract "split" %x transposed_a, %x transposed_b m 256 n 256 k 256 : memref<256x256xbf16>, memref<256x256xbf16> pieces %room : memref<1024x64xf32> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %b[%t] : vector<256xf32>, memref<256x256xbf16>
  }
}
}
