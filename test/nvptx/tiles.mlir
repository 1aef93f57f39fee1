// A kernel has the tile that its op asks for, whatever its shape would choose; what no kernel can have is an error.
// RUN: split-file %s %t
// RUN: gptc-nvptx-emit %t/good.mlir --ptx %t.ptx --launches %t.json
// RUN: FileCheck %t/good.mlir < %t.ptx
// RUN: not gptc-nvptx-emit %t/turns.mlir 2>&1 | FileCheck %t/turns.mlir
// RUN: not gptc-nvptx-emit %t/wide.mlir 2>&1 | FileCheck %t/wide.mlir
// RUN: not gptc-nvptx-emit %t/split.mlir 2>&1 | FileCheck %t/split.mlir
// RUN: not gptc-nvptx-emit %t/codes.mlir 2>&1 | FileCheck %t/codes.mlir
// RUN: not gptc-nvptx-emit %t/rows.mlir 2>&1 | FileCheck %t/rows.mlir
// RUN: not gptc-nvptx-emit %t/rows-of-a-sum.mlir 2>&1 | FileCheck %t/rows-of-a-sum.mlir
// RUN: not gptc-nvptx-emit %t/rows-in-turns.mlir 2>&1 | FileCheck %t/rows-in-turns.mlir
// RUN: not gptc-nvptx-emit %t/none.mlir 2>&1 | FileCheck %t/none.mlir
// RUN: not gptc-opt --split-sums=target=sm_90a %t/sum.mlir 2>&1 | FileCheck %t/sum.mlir

//--- good.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: .entry chosen
  // CHECK: m64n192k16
  // CHECK: bar.arrive
  kern.contract "chosen" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // CHECK: .entry narrow
  // CHECK-NOT: bar.arrive
  // CHECK: m64n64k16
  // CHECK-NOT: bar.arrive
  // CHECK: .entry together
  // CHECK-NOT: bar.arrive
  // CHECK: m64n192k16
  // CHECK-NOT: bar.arrive
  kern.contract "narrow" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 64 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "together" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 192 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // A warpgroup has two products of 64 rows a step, and 192 accumulators a thread.
  // CHECK: .entry tall
  // CHECK-NOT: bar.arrive
  // CHECK: setmaxnreg.inc.sync.aligned.u32 240
  // CHECK: m64n192k16
  // CHECK-SAME: m64n192k16
  kern.contract "tall" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 192 : i64, rows = 256 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- turns.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: turns.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that consumers cannot take turns at: it must have 192 columns of one product whose first operand is not transposed, or 128 of a symmetric one
  kern.contract "c" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 128 : i64, turns}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- wide.mlir
%a = kern.buffer "a" "workspace" : memref<768x256xbf16>
%b = kern.buffer "b" "workspace" : memref<768x384xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xf32>
kern.part @p "micro" {
  // CHECK: wide.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that two accumulators do not fit: of a sum over rows it may have 192, 128 or 64 columns
  kern.contract "c" %a transposed_a, %b transposed_b m 256 n 384 k 768 : memref<768x256xbf16>, memref<768x384xbf16> attributes {tile = {columns = 256 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xf32>
  }
}

//--- split.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: split.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that is split, which sums over rows alone can be
  kern.contract "c" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 128 : i64, blocks = 12 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- codes.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xf8E5M2>
%b = kern.buffer "b" "workspace" : memref<384x768xf8E4M3FN>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: codes.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that products of a gradient's codes do not choose
  kern.contract "c" %a, %b m 256 n 384 k 768 : memref<256x768xf8E5M2>, memref<384x768xf8E4M3FN> attributes {tile = {columns = 128 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- rows.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: rows.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that has other rows than 128: it may have 256, of at most 192 columns, in no turns, of no sum over rows
  kern.contract "c" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 256 : i64, rows = 256 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- rows-of-a-sum.mlir
%a = kern.buffer "a" "workspace" : memref<768x256xbf16>
%b = kern.buffer "b" "workspace" : memref<768x384xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xf32>
kern.part @p "micro" {
  // CHECK: rows-of-a-sum.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that has other rows than 128: it may have 256, of at most 192 columns, in no turns, of no sum over rows
  kern.contract "c" %a transposed_a, %b transposed_b m 256 n 384 k 768 : memref<768x256xbf16>, memref<768x384xbf16> attributes {tile = {columns = 192 : i64, rows = 256 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xf32>
  }
}

//--- rows-in-turns.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: rows-in-turns.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that has other rows than 128: it may have 256, of at most 192 columns, in no turns, of no sum over rows
  kern.contract "c" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {columns = 192 : i64, rows = 256 : i64, turns}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- none.mlir
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
kern.part @p "micro" {
  // CHECK: none.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that has not 64, 128, 192 or 256 columns
  kern.contract "c" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> attributes {tile = {}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}

//--- sum.mlir
%a = kern.buffer "a" "workspace" : memref<4096x512xbf16>
%b = kern.buffer "b" "workspace" : memref<4096x128xbf16>
%y = kern.buffer "y" "workspace" : memref<512x128xf32>
kern.part @p "micro" {
  // CHECK: sum.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has a tile that has not 64, 128, 192 or 256 columns
  kern.contract "c" %a transposed_a, %b transposed_b m 512 n 128 k 4096 : memref<4096x512xbf16>, memref<4096x128xbf16> attributes {tile = {blocks = 8 : i64}} {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %y[%m] : vector<128xf32>, memref<512x128xf32>
  }
}
