// Rows of constants that one kernel stores everywhere are computed where they are read: each guard, and the nearest that is.

// RUN: gptc-opt %s --form-row-kernels=budget=1 | FileCheck %s

%x = kern.buffer "x" "input" : memref<96x64xf32>
%w = kern.buffer "w" "parameter" : memref<64x64xf32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%z = kern.buffer "z" "output" : memref<96x64xf32>
%half = kern.buffer "half" "output" : memref<96x32xf32>
%rate = arith.constant 0.5 : f64

// A number of the step, spread over the row, is a fill too; a slice of it is read as one.
// CHECK-LABEL: kern.part @number
// CHECK-NOT:     kern.rows "fill"
// CHECK:         kern.rows "read"
// CHECK:           %[[N:.*]] = kern.number
// CHECK:           %[[R:.*]] = kern.spread %[[N]]
// CHECK-NOT:       kern.load
// CHECK:           kern.store %[[R]]
// CHECK:         kern.rows "slice"
// CHECK:           kern.slice %{{.*}} at 16
kern.part @number "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  %v = kern.view %f : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 16>>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %n = kern.number %rate : vector<1xf32>
    %c = kern.spread %n : vector<1xf32> -> vector<64xf32>
    kern.store %c, %f[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %f[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "slice" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x32xf32, strided<[64, 1], offset: 16>> -> vector<32xf32>
    kern.store %0, %half[%t] : vector<32xf32>, memref<96x32xf32>
  }
}

// What it stores depends on what it reads.
// CHECK-LABEL: kern.part @computed
// CHECK:         kern.rows "fill"
// CHECK:         kern.rows "read"
// CHECK:           kern.load
kern.part @computed "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %c, %f[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %f[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A part of the buffer holds the constant, the rest is another's.
// CHECK-LABEL: kern.part @part
// CHECK:         kern.rows "fill"
// CHECK:         kern.rows "read"
// CHECK:           kern.load
kern.part @part "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  %v = kern.view %f : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 16>>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = arith.constant dense<0.0> : vector<32xf32>
    kern.store %c, %v[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 16>>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x32xf32, strided<[64, 1], offset: 16>> -> vector<32xf32>
    kern.store %0, %half[%t] : vector<32xf32>, memref<96x32xf32>
  }
}

// What lives longer than the part was written before, or is read after.
// CHECK-LABEL: kern.part @output
// CHECK:         kern.rows "fill"
// CHECK:         kern.rows "read"
// CHECK:           kern.load
kern.part @output "micro" {
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = arith.constant dense<0.0> : vector<64xf32>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %z[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A second kernel writes there.
// CHECK-LABEL: kern.part @two_writers
// CHECK:         kern.rows "read"
// CHECK:           kern.load %f
// CHECK:           kern.store
kern.part @two_writers "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = arith.constant dense<0.0> : vector<64xf32>
    kern.store %c, %f[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "add" %x, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %f[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %f[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// The row before the first is zero, whatever was stored.
// CHECK-LABEL: kern.part @row_before
// CHECK:         kern.rows "fill"
// CHECK:         kern.rows "read"
// CHECK:           kern.load
kern.part @row_before "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = arith.constant dense<1.0> : vector<64xf32>
    kern.store %c, %f[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %f[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Other rows of the same elements: columns may be in another order.
// CHECK-LABEL: kern.part @other_rows
// CHECK:         kern.rows "fill"
// CHECK:         kern.rows "read"
// CHECK:           kern.load
kern.part @other_rows "micro" {
  %f = kern.buffer "f" "workspace" : memref<48x128xf32>
  %v = kern.view %f : memref<48x128xf32> to memref<96x64xf32>
  kern.rows "fill" 48 {
  ^row(%t: index):
    %c = arith.constant dense<1.0> : vector<128xf32>
    kern.store %c, %f[%t] : vector<128xf32>, memref<48x128xf32>
  }
  kern.rows "read" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// An epilogue computes whole rows, and takes no slice of them.
// CHECK-LABEL: kern.part @epilogue
// CHECK:         kern.rows "fill"
// CHECK:         kern.contract "whole"
// CHECK-NOT:       kern.load
// CHECK:           kern.store
// CHECK:         kern.contract "slice"
// CHECK:           kern.load
kern.part @epilogue "micro" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  %v = kern.view %f : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 16>>
  %wide = kern.buffer "wide" "input" : memref<32x64xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = arith.constant dense<1.0> : vector<64xf32>
    kern.store %c, %f[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "whole" %x, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    %0 = kern.load %f[%m] : memref<96x64xf32> -> vector<64xf32>
    %1 = arith.addf %0, %product : vector<64xf32>
    kern.store %1, %y[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "slice" %x, %wide m 96 n 32 k 64 : memref<96x64xf32>, memref<32x64xf32> {
  ^row(%m: index, %product: vector<32xf32>):
    %0 = kern.load %v[%m] : memref<96x32xf32, strided<[64, 1], offset: 16>> -> vector<32xf32>
    %1 = arith.addf %0, %product : vector<32xf32>
    kern.store %1, %half[%m] : vector<32xf32>, memref<96x32xf32>
  }
}

// Attention's backward knows the rows that it turns by as loads, and goes on to read them.
// CHECK-LABEL: kern.part @turned
// CHECK:         kern.rows "fill" 300
// CHECK:         kern.attention_backward
// CHECK:           kern.load %{{.*}} : memref<300x128xf32>
%h = kern.buffer "h" "input" : memref<300x128xbf16>
%lse = kern.buffer "lse" "input" : memref<300x1xf32>
%docs = kern.buffer "docs" "input" : memref<300xi32>
%dq = kern.buffer "dq" "output" : memref<300x128xbf16>
%dk = kern.buffer "dk" "output" : memref<300x128xbf16>
%dv = kern.buffer "dv" "output" : memref<300x128xbf16>
%window = arith.constant 64.0 : f64
%scale = arith.constant 0.125 : f64
kern.part @turned "micro" {
  %f = kern.buffer "f" "workspace" : memref<300x128xf32>
  kern.rows "fill" 300 {
  ^row(%t: index):
    %c = arith.constant dense<0.5> : vector<128xf32>
    kern.store %c, %f[%t] : vector<128xf32>, memref<300x128xf32>
  }
  kern.attention_backward "heads" %h, %h, %h, %h, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 1 of 128 group 1
    : memref<300x128xbf16>, memref<300x128xbf16>, memref<300x128xbf16>, memref<300x128xbf16>, memref<300x1xf32>, memref<300x1xf32>, memref<300xi32>, memref<300x128xbf16>, memref<300x128xbf16>, memref<300x128xbf16> program {
  ^row(%t: index, %q: vector<128xf32>, %k: vector<128xf32>, %v: vector<128xf32>):
    %c = kern.load %f[%t] : memref<300x128xf32> -> vector<128xf32>
    %p = arith.mulf %q, %c : vector<128xf32>
    kern.store %p, %dq[%t] : vector<128xf32>, memref<300x128xbf16>
    kern.store %k, %dk[%t] : vector<128xf32>, memref<300x128xbf16>
    kern.store %v, %dv[%t] : vector<128xf32>, memref<300x128xbf16>
  }
}
