// Which contraction a row kernel belongs to, what it makes wider, and how many tiles it has to write.
// RUN: gptc-opt %s --fuse-epilogues | FileCheck %s

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%x32 = kern.buffer "x32" "input" : memref<96x64xf32>
%w = kern.buffer "w" "parameter" : memref<64x64xbf16>
%p = kern.buffer "p" "input" : memref<96x64xbf16>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%z = kern.buffer "z" "output" : memref<96x64xbf16>
%z32 = kern.buffer "z32" "output" : memref<96x64xf32>
%last = kern.buffer "last" "output" : memref<96x64xbf16>

// A contraction that overwrites what the kernel has read comes later.
// CHECK-LABEL: kern.part @behind
// CHECK: kern.rows "use" 96
// CHECK: kern.contract "linear"
kern.part @behind "micro" {
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %p[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %a, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %p[%m] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What the contraction itself reads in f32 is no product that the kernel would store as wide.
// CHECK-LABEL: kern.part @other_width
// CHECK: kern.contract "linear"
// CHECK: kern.rows "use" 96
kern.part @other_width "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    %a = kern.load %x32[%m] : memref<96x64xf32> -> vector<64xf32>
    %b = arith.addf %v, %a : vector<64xf32>
    kern.store %b, %y[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %y[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %x32[%t] : memref<96x64xf32> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %z32[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Of a row that holds two, another kernel reads the other half: the first is no tile that is written.
// CHECK-LABEL: kern.part @other_half
// CHECK: kern.contract "linear+use"
kern.part @other_half "micro" {
  %d = kern.buffer "d" "workspace" : memref<96x128xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  %d0 = kern.view %d : memref<96x128xbf16> to memref<96x64xbf16, strided<[128, 1]>>
  %d1 = kern.view %d : memref<96x128xbf16> to memref<96x64xbf16, strided<[128, 1], offset: 64>>
  kern.rows "first" 96 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %a, %d1[%t] : vector<64xf32>, memref<96x64xbf16, strided<[128, 1], offset: 64>>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = arith.addf %a, %a : vector<64xf32>
    %c = arith.mulf %a, %a : vector<64xf32>
    kern.store %a, %d0[%t] : vector<64xf32>, memref<96x64xbf16, strided<[128, 1]>>
    %e = kern.load %d0[%t] : memref<96x64xbf16, strided<[128, 1]>> -> vector<64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xbf16>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "other" 96 {
  ^row(%t: index):
    %a = kern.load %d1[%t] : memref<96x64xbf16, strided<[128, 1], offset: 64>> -> vector<64xf32>
    %m = kern.reduce "max" %a : vector<64xf32> -> vector<1xf32>
    %k = kern.spread %m : vector<1xf32> -> vector<64xf32>
    kern.store %k, %last[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
