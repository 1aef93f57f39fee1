// RUN: gptc-opt %s --recompute-neighbours | FileCheck %s
// RUN: gptc-opt %s --recompute-neighbours --remarks-filter=recompute-neighbours 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: gptc-opt %s --recompute-rows | FileCheck %s --check-prefix=OTHER

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%z = kern.buffer "z" "input" : memref<96x64xbf16>
%gate = kern.buffer "gate" "parameter" : memref<1x12xbf16>
%full = kern.buffer "full" "parameter" : memref<1x64xbf16>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%ds = kern.buffer "ds" "output" : memref<96x64xbf16>

// A smear, x_t + σ(w · x_t[0..12]) x_{t−1}, of which a norm and its backward compute each their own. recompute-rows leaves it: σ is dear
// there, and the row before would be read.
// CHECK-LABEL: kern.part @smear
// CHECK-NOT:     kern.buffer "s"
// CHECK-NOT:     kern.rows "smear" 96
// CHECK:         kern.rows "smear+norm" 96
// CHECK:           %[[X:.*]] = kern.load %x[%[[T:.*]]] :
// CHECK:           math.exp
// CHECK:           kern.load %x[%[[T]] by -1]
// CHECK:           kern.reduce
// CHECK:         kern.rows "smear+backward" 96
// CHECK:           math.exp
// CHECK:           kern.load %x[%{{.*}} by -1]
// OTHER-LABEL: kern.part @smear
// OTHER:         kern.rows "smear" 96
// REMARK: [Passed] row | Category:recompute-neighbours | Function=smear | {{.*}}"smear is computed by norm"
// REMARK: [Passed] row | Category:recompute-neighbours | Function=smear | {{.*}}"smear is computed by backward"
// REMARK-NOT: Function=smear
kern.part @smear "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "smear" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %w = kern.load %gate[] : memref<1x12xbf16> -> vector<12xf32>
    %r = kern.slice %v at 0 : vector<64xf32> -> vector<12xf32>
    %l = kern.matvec %w, %r : vector<12xf32>, vector<12xf32> -> vector<1xf32>
    %n = arith.negf %l : vector<1xf32>
    %e = math.exp %n : vector<1xf32>
    %one = arith.constant dense<1.0> : vector<1xf32>
    %d = arith.addf %one, %e : vector<1xf32>
    %g = arith.divf %one, %d : vector<1xf32>
    %gs = kern.spread %g : vector<1xf32> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %gp = arith.mulf %gs, %p : vector<64xf32>
    %sum = arith.addf %v, %gp : vector<64xf32>
    kern.store %sum, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = arith.mulf %v, %v : vector<64xf32>
    %r = kern.reduce "add" %q : vector<64xf32> -> vector<1xf32>
    %rs = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %n = arith.mulf %v, %rs : vector<64xf32>
    kern.store %n, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "backward" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dy = kern.load %y[%t] : memref<96x64xbf16> -> vector<64xf32>
    %q = arith.mulf %v, %dy : vector<64xf32>
    kern.store %q, %ds[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A row that no neighbour goes into is not this pass's.
// CHECK-LABEL: kern.part @own
// CHECK:         kern.rows "twice" 96
// OTHER-LABEL: kern.part @own
// OTHER-NOT:     kern.rows "twice" 96
// REMARK-NOT: Function=own
kern.part @own "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "twice" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %v, %v : vector<64xf32>
    kern.store %p, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A function of 64 columns is dear to two; one of a whole row's product with a vector, too.
// CHECK-LABEL: kern.part @wide
// CHECK:         kern.rows "exponentials" 96
// CHECK:         kern.rows "products" 96
// REMARK: [Missed] row | Category:recompute-neighbours | Function=wide | Reason="it is dear to compute, and several read it", Remark="exponentials stores its row"
// REMARK: [Missed] row | Category:recompute-neighbours | Function=wide | Reason="it is dear to compute, and several read it", Remark="products stores its row"
kern.part @wide "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "exponentials" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %p : vector<64xf32>
    %e = math.exp %d : vector<64xf32>
    kern.store %e, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "products" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %w = kern.load %full[] : memref<1x64xbf16> -> vector<64xf32>
    %l = kern.matvec %w, %v : vector<64xf32>, vector<64xf32> -> vector<1xf32>
    %ls = kern.spread %l : vector<1xf32> -> vector<64xf32>
    %p = kern.load %x[%t by 1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %ls, %p : vector<64xf32>
    kern.store %d, %q[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.addf %u, %v : vector<64xf32>
    kern.store %p, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.mulf %u, %v : vector<64xf32>
    kern.store %p, %ds[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A neighbour's row costs its bytes where the row itself is not read, or another stretch of it: two rows read for one stored and read.
// CHECK-LABEL: kern.part @bytes
// CHECK:         kern.rows "apart" 96
// REMARK: [Missed] row | Category:recompute-neighbours | Function=bytes | Reason="its readers would read more than it takes to store it", Remark="apart stores its row"
kern.part @bytes "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "apart" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %p = kern.load %z[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %p : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Without a function it is this pass's as well, for its own cost of a neighbour's row: by recompute-rows' two readers would read four rows for
// one stored and two read.
// CHECK-LABEL: kern.part @plain
// CHECK-NOT:     kern.rows "sum" 96
// CHECK:         kern.rows "sum+use" 96
// OTHER-LABEL: kern.part @plain
// OTHER:         kern.rows "sum" 96
kern.part @plain "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "sum" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %p : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %ds[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A sum over the row has one column, and costs the row.
// CHECK-LABEL: kern.part @sum
// CHECK:         kern.rows "weighted" 96
kern.part @sum "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "weighted" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %r = kern.reduce "add" %p : vector<64xf32> -> vector<1xf32>
    %rs = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %d = arith.mulf %v, %rs : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
