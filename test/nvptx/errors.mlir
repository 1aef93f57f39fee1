// RUN: split-file %s %t
// RUN: not gptc-nvptx-emit %t/m.mlir 2>&1 | FileCheck %t/m.mlir
// RUN: not gptc-nvptx-emit %t/type.mlir 2>&1 | FileCheck %t/type.mlir
// RUN: not gptc-nvptx-emit %t/rows.mlir 2>&1 | FileCheck %t/rows.mlir
// RUN: not gptc-nvptx-emit %t/epilogue.mlir 2>&1 | FileCheck %t/epilogue.mlir
// RUN: not gptc-nvptx-emit %t/stride.mlir 2>&1 | FileCheck %t/stride.mlir
// RUN: not gptc-nvptx-emit %t/width.mlir 2>&1 | FileCheck %t/width.mlir
// RUN: not gptc-nvptx-emit %t/wide.mlir 2>&1 | FileCheck %t/wide.mlir
// RUN: not gptc-nvptx-emit %t/other.mlir 2>&1 | FileCheck %t/other.mlir
// RUN: not gptc-nvptx-emit %t/both.mlir 2>&1 | FileCheck %t/both.mlir

//--- m.mlir
%a = kern.buffer "a" "workspace" : memref<96x64xbf16>
%b = kern.buffer "b" "workspace" : memref<64x64xbf16>
kern.part @p "micro" {
  // CHECK: m.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has m = 96; on sm_90a m is a multiple of 128
  kern.contract "linear" %a, %b m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- type.mlir
%a = kern.buffer "a" "workspace" : memref<128x64xf32>
%b = kern.buffer "b" "workspace" : memref<64x64xbf16>
kern.part @p "micro" {
  // CHECK: type.mlir:[[@LINE+1]]:3: error: 'kern.contract' op contracts 'f32'; on sm_90a served is bf16
  kern.contract "linear" %a, %b m 128 n 64 k 64 : memref<128x64xf32>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- rows.mlir
%a = kern.buffer "a" "workspace" : memref<8x64xf32>
kern.part @p "micro" {
  kern.rows "iota" 8 {
  ^row(%t: index):
    // CHECK: rows.mlir:[[@LINE+1]]:10: error: 'kern.iota' op has no row kernel for sm_90a; served are
    %i = kern.iota : vector<64xi32>
    %f = arith.sitofp %i : vector<64xi32> to vector<64xf32>
    kern.store %f, %a[%t] : vector<64xf32>, memref<8x64xf32>
  }
}

//--- epilogue.mlir
%a = kern.buffer "a" "workspace" : memref<128x64xbf16>
%b = kern.buffer "b" "workspace" : memref<64x64xbf16>
%y = kern.buffer "y" "workspace" : memref<128xf32>
kern.part @p "micro" {
  kern.contract "linear" %a, %b m 128 n 64 k 64 : memref<128x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    // CHECK: epilogue.mlir:[[@LINE+1]]:10: error: 'kern.reduce' op cannot stand in an epilogue on sm_90a; served are elementwise ops
    %s = kern.reduce "add" %p : vector<64xf32> -> vector<1xf32>
    kern.store %s, %y[%m] : vector<1xf32>, memref<128xf32>
  }
}

//--- stride.mlir
%a = kern.buffer "a" "workspace" : memref<128x68xbf16>
%b = kern.buffer "b" "workspace" : memref<64x64xbf16>
%v = kern.view %a : memref<128x68xbf16> to memref<128x64xbf16, strided<[68, 1]>>
kern.part @p "micro" {
  // CHECK: stride.mlir:[[@LINE+1]]:3: error: 'kern.contract' op reads 'memref<128x64xbf16, strided<[68, 1]>>'; on sm_90a rows begin at multiples of 8 elements (16 bytes)
  kern.contract "linear" %v, %b m 128 n 64 k 64 : memref<128x64xbf16, strided<[68, 1]>>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- width.mlir
%a = kern.buffer "a" "workspace" : memref<8x40xbf16>
kern.part @p "micro" {
  // CHECK: width.mlir:[[@LINE+1]]:3: error: 'kern.rows' op has rows of 40 columns; on sm_90a they are a multiple of 64
  kern.rows "copy" 8 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<8x40xbf16> -> vector<40xf32>
    kern.store %v, %a[%t] : vector<40xf32>, memref<8x40xbf16>
  }
}

//--- wide.mlir
%a = kern.buffer "a" "workspace" : memref<8x4096xbf16>
%s = kern.buffer "s" "workspace" : memref<8xf32>
kern.part @p "micro" {
  // CHECK: wide.mlir:[[@LINE+1]]:3: error: 'kern.rows' op sums over rows of 4096 columns; on sm_90a served are at most 1536
  kern.rows "sum" 8 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<8x4096xbf16> -> vector<4096xf32>
    %r = kern.reduce "add" %v : vector<4096xf32> -> vector<1xf32>
    kern.store %r, %s[%t] : vector<1xf32>, memref<8xf32>
  }
}

//--- other.mlir
%p = kern.buffer "p" "workspace" : memref<2x64xf32>
%t = kern.buffer "t" "gradient" : memref<64xf32>
kern.part @p "micro" {
  // CHECK: other.mlir:[[@LINE+1]]:3: error: 'kern.finish' op has no kernel for sm_90a yet; served are kern.contract and kern.rows
  kern.finish "finish" %p to %t : memref<2x64xf32>, memref<64xf32>
}

// Every kernel that is not served is named, not the first alone.
//--- both.mlir
%a = kern.buffer "a" "workspace" : memref<128x64xbf16>
%b = kern.buffer "b" "workspace" : memref<32x64xbf16>
kern.part @p "micro" {
  // CHECK: error: 'kern.contract' op has n = 32; on sm_90a n is a multiple of 64
  kern.contract "linear" %a, %b m 128 n 32 k 64 : memref<128x64xbf16>, memref<32x64xbf16> {
  ^row(%m: index, %p: vector<32xf32>):
  }
  // CHECK: error: 'kern.contract' op has m = 32; on sm_90a m is a multiple of 128
  kern.contract "linear" %b, %a m 32 n 128 k 64 : memref<32x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
  }
}
