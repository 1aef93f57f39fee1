// RUN: gptc-opt %s --lower-to-nvvm | FileCheck %s

// Row programs with terms of sums: where six rows or more are loaded, two blocks of them are to run side by side. Of rows of few
// columns each lane has one.
%x = kern.buffer "x" "input" : memref<16384x256xbf16>
%u = kern.buffer "u" "input" : memref<16384x256xbf16>
%v = kern.buffer "v" "input" : memref<16384x256xbf16>
%w = kern.buffer "w" "input" : memref<16384x256xbf16>
%y = kern.buffer "y" "input" : memref<16384x256xbf16>
%z = kern.buffer "z" "input" : memref<16384x256xbf16>
%few = kern.buffer "few" "input" : memref<16384x12xf32>
%sums = kern.buffer "sums" "workspace" {partials} : memref<256x1xf32>
%some = kern.buffer "some" "output" : memref<16384x12xf32>
%out = kern.buffer "out" "output" : memref<16384x256xf32>

// CHECK-LABEL: llvm.func @six
// CHECK-SAME:    nvvm.minctasm = 2
// CHECK-LABEL: llvm.func @five
// CHECK-NOT:     nvvm.minctasm
// CHECK:       {
// CHECK-LABEL: llvm.func @few
// CHECK:         %[[X:.*]] = llvm.load %{{.*}} : !llvm.ptr<1> -> vector<1xf32>
// CHECK:         llvm.store %{{.*}} : vector<1xf32>, !llvm.ptr<1>
kern.part @p "micro" {
  kern.rows "six" 16384 {
  ^row(%t: index):
    %1 = kern.load %x[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %2 = kern.load %u[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %3 = kern.load %v[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %4 = kern.load %w[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %5 = kern.load %y[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %6 = kern.load %z[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %a = arith.addf %1, %2 : vector<256xf32>
    %b = arith.addf %3, %4 : vector<256xf32>
    %c = arith.addf %5, %6 : vector<256xf32>
    %d = arith.addf %a, %b : vector<256xf32>
    %e = arith.addf %c, %d : vector<256xf32>
    kern.store %e, %out[%t] : vector<256xf32>, memref<16384x256xf32>
    %s = kern.reduce "add" %e : vector<256xf32> -> vector<1xf32>
    kern.partial %s, %sums[%t] : vector<1xf32>, memref<256x1xf32>
  }
  kern.rows "five" 16384 {
  ^row(%t: index):
    %1 = kern.load %x[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %2 = kern.load %u[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %3 = kern.load %v[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %4 = kern.load %w[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %5 = kern.load %y[%t] : memref<16384x256xbf16> -> vector<256xf32>
    %a = arith.addf %1, %2 : vector<256xf32>
    %b = arith.addf %3, %4 : vector<256xf32>
    %d = arith.addf %a, %b : vector<256xf32>
    %e = arith.addf %5, %d : vector<256xf32>
    kern.store %e, %out[%t] : vector<256xf32>, memref<16384x256xf32>
    %s = kern.reduce "add" %e : vector<256xf32> -> vector<1xf32>
    kern.partial %s, %sums[%t] : vector<1xf32>, memref<256x1xf32>
  }
  kern.rows "few" 16384 {
  ^row(%t: index):
    %1 = kern.load %few[%t] : memref<16384x12xf32> -> vector<12xf32>
    %2 = arith.addf %1, %1 : vector<12xf32>
    kern.store %2, %some[%t] : vector<12xf32>, memref<16384x12xf32>
  }
}
