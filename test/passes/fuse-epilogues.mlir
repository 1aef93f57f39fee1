// RUN: gptc-opt %s --fuse-epilogues | FileCheck %s
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --fuse-epilogues --remarks-filter=fuse-epilogues 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x32xf32>
%w = kern.buffer "w" "parameter" : memref<64x32xf32>
%a = kern.buffer "a" "output" : memref<96x64xf32>
%b = kern.buffer "b" "output" : memref<96x64xf32>
%c = kern.buffer "c" "output" : memref<96x64xf32>
%d = kern.buffer "d" "output" : memref<96x64xf32>

// ReLU²: the product is kept for the backward pass, its square goes beside it.
// CHECK-LABEL: kern.part @relu2
// CHECK:         kern.contract "linear+relu2"
// CHECK:         ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<64xf32>):
// CHECK-NEXT:      kern.store %[[P]], %a[%[[M]]]
// CHECK-NEXT:      %[[Z:.*]] = arith.constant
// CHECK-NEXT:      %[[R:.*]] = arith.maximumf %[[P]], %[[Z]]
// CHECK-NEXT:      %[[S:.*]] = arith.mulf %[[R]], %[[R]]
// CHECK-NEXT:      kern.store %[[S]], %b[%[[M]]]
// CHECK-NEXT:    }
// CHECK-NOT:     kern.rows
// OFF-LABEL: kern.part @relu2
// OFF:         kern.rows "relu2" 96
// REMARK: [Passed] epilogue | Category:fuse-epilogues | Function=relu2 | {{.*}}"relu2 is the epilogue of linear"
kern.part @relu2 "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "relu2" 96 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = arith.constant dense<0.0> : vector<64xf32>
    %r = arith.maximumf %v, %z : vector<64xf32>
    %s = arith.mulf %r, %r : vector<64xf32>
    kern.store %s, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A backward of it, 2 relu(a) dy with dy the product, which nobody else reads.
// CHECK-LABEL: kern.part @relu2_backward
// CHECK-NOT:     kern.buffer
// CHECK:         kern.contract "matmul+relu2_backward"
// CHECK-COUNT-1:   kern.load %a
// CHECK-COUNT-1:   kern.store
// CHECK-NOT:       kern.store
// CHECK:         }
// CHECK-NOT:     kern.rows
kern.part @relu2_backward "micro" {
  %dy = kern.buffer "dy" "workspace" : memref<96x64xf32>
  kern.contract "matmul" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dy[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "relu2_backward" 96 {
  ^row(%t: index):
    %u = kern.load %dy[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = arith.constant dense<0.0> : vector<64xf32>
    %r = arith.maximumf %v, %z : vector<64xf32>
    %two = arith.constant dense<2.0> : vector<64xf32>
    %s = arith.mulf %u, %two : vector<64xf32>
    %e = arith.mulf %s, %r : vector<64xf32>
    kern.store %e, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A chain, with a scalar, and an accumulation in place at its end.
// CHECK-LABEL: kern.part @chain
// CHECK:         kern.contract "linear+scale+accumulate"
// CHECK-NOT:     kern.rows
kern.part @chain "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %p1 = kern.buffer "p1" "workspace" : memref<96x64xf32>
  %s0 = kern.buffer "s" "workspace" : memref<f32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "scale" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %l = kern.load %s0[] : memref<f32> -> vector<1xf32>
    %v = kern.spread %l : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %p1[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "accumulate" 96 {
  ^row(%t: index):
    %u = kern.load %p1[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %d[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.addf %v, %u : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a reduction needs the whole row.
// CHECK-LABEL: kern.part @reduction
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "norm"
// REMARK: Function=reduction | {{.*}}Reason="it needs more than its own column: kern.reduce"
kern.part @reduction "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    kern.store %v, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: another row of the product.
// CHECK-LABEL: kern.part @shifted
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "shift"
// REMARK: Function=shifted | {{.*}}Reason="it loads another row"
kern.part @shifted "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "shift" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    kern.store %u, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a part of the columns.
// CHECK-LABEL: kern.part @columns
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "half"
// REMARK: Function=columns | {{.*}}Reason="it loads rows of another width"
kern.part @columns "micro" {
  %l = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  %bl = kern.view %b : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "half" 96 {
  ^row(%t: index):
    %u = kern.load %l[%t] : memref<96x32xf32, strided<[64, 1], offset: 32>> -> vector<32xf32>
    kern.store %u, %bl[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 32>>
  }
}

// Guard: what it stores is an operand of the contraction.
// CHECK-LABEL: kern.part @operand
// CHECK:         kern.contract "square"
// CHECK:         kern.rows "back"
// REMARK: Function=operand | {{.*}}Reason="one reads other rows of what the other stores"
kern.part @operand "micro" {
  %s = kern.buffer "s" "workspace" : memref<64x64xf32>
  %t0 = kern.buffer "t" "workspace" : memref<64x64xf32>
  kern.rows "fill" 64 {
  ^row(%t: index):
    %one = arith.constant dense<1.0> : vector<64xf32>
    kern.store %one, %s[%t] : vector<64xf32>, memref<64x64xf32>
  }
  kern.contract "square" %s, %s m 64 n 64 k 64 : memref<64x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %t0[%m] : vector<64xf32>, memref<64x64xf32>
  }
  kern.rows "back" 64 {
  ^row(%t: index):
    %u = kern.load %t0[%t] : memref<64x64xf32> -> vector<64xf32>
    kern.store %u, %s[%t] : vector<64xf32>, memref<64x64xf32>
  }
  kern.contract "use" %x, %x m 96 n 96 k 32 : memref<96x32xf32>, memref<96x32xf32> {
  ^row(%m: index, %p: vector<96xf32>):
  }
  kern.rows "read" 64 {
  ^row(%t: index):
    %u = kern.load %s[%t] : memref<64x64xf32> -> vector<64xf32>
    kern.store %u, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a kernel between them makes what it loads.
// CHECK-LABEL: kern.part @between
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "norm"
// CHECK:         kern.rows "mul"
// REMARK: Function=between | {{.*}}Reason="another kernel has to run between them"
kern.part @between "micro" {
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %u : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<64xf32>
    kern.store %v, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "mul" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    kern.store %y, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a third tile.
// CHECK-LABEL: kern.part @tiles
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "sum"
// REMARK: Function=tiles | {{.*}}Reason="the epilogue would read too many tiles"
kern.part @tiles "micro" {
  %e = kern.buffer "e" "workspace" : memref<96x64xf32>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %e[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %p = kern.load %e[%t] : memref<96x64xf32> -> vector<64xf32>
    %q = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = kern.load %c[%t] : memref<96x64xf32> -> vector<64xf32>
    %u = arith.addf %p, %q : vector<64xf32>
    %v = arith.addf %u, %r : vector<64xf32>
    %y = arith.addf %v, %s : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Tiles that overlap stay two: an epilogue loads its own columns alone.
// CHECK-LABEL: kern.part @overlap
// CHECK:         kern.contract "linear+mul"
// CHECK-COUNT-2:   kern.load %{{.*}} -> vector<64xf32>
// CHECK-NOT:       kern.slice
// CHECK:         }
// CHECK-NOT:     kern.rows
kern.part @overlap "micro" {
  %p0 = kern.buffer "p0" "workspace" : memref<96x64xf32>
  %e = kern.buffer "e" "workspace" : memref<96x128xf32>
  %l = kern.view %e : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1], offset: 3>>
  %r = kern.view %e : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1], offset: 5>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %p0[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "mul" 96 {
  ^row(%t: index):
    %u = kern.load %p0[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %l[%t] : memref<96x64xf32, strided<[128, 1], offset: 3>> -> vector<64xf32>
    %q = kern.load %r[%t] : memref<96x64xf32, strided<[128, 1], offset: 5>> -> vector<64xf32>
    %y = arith.mulf %u, %v : vector<64xf32>
    %z = arith.mulf %y, %q : vector<64xf32>
    kern.store %z, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: one column of the product is no tile.
// CHECK-LABEL: kern.part @one_column
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "scale"
// REMARK: Function=one_column | {{.*}}Reason="of columns that one stores another touches a part"
kern.part @one_column "micro" {
  %one = kern.view %a : memref<96x64xf32> to memref<96x1xf32, strided<[64, 1], offset: 7>>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "scale" 96 {
  ^row(%t: index):
    %u = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %one[%t] : memref<96x1xf32, strided<[64, 1], offset: 7>> -> vector<1xf32>
    %q = kern.spread %v : vector<1xf32> -> vector<64xf32>
    %y = arith.mulf %u, %q : vector<64xf32>
    kern.store %y, %d[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
