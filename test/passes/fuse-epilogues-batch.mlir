// RUN: gptc-opt %s --fuse-epilogues --remarks-filter=fuse-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x32xf32>

// Of a batch the rows are those of all products: a kernel over them all joins, one over as many rows as a product has does not.
// CHECK-LABEL: kern.part @batch
// CHECK:         kern.contract "pairs+double"
// CHECK:           arith.addf
// CHECK:         kern.rows "first"
// REMARK: Function=batch | {{.*}}double is the epilogue of pairs
// REMARK: Function=batch | {{.*}}Reason="it has another number of rows", Remark="first stays outside of pairs"
kern.part @batch "micro" {
  %p = kern.buffer "p" "output" : memref<96x48xf32>
  %q = kern.buffer "q" "output" : memref<96x48xf32>
  %r = kern.buffer "r" "output" : memref<48x48xf32>
  %one = kern.view %p : memref<96x48xf32> to memref<48x48xf32>
  kern.contract "pairs" %x, %x batch 2 m 48 n 48 k 32 : memref<96x32xf32>, memref<96x32xf32> {
  ^row(%m: index, %product: vector<48xf32>):
    kern.store %product, %p[%m] : vector<48xf32>, memref<96x48xf32>
  }
  kern.rows "double" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x48xf32> -> vector<48xf32>
    %1 = arith.addf %0, %0 : vector<48xf32>
    kern.store %1, %q[%t] : vector<48xf32>, memref<96x48xf32>
  }
  kern.rows "first" 48 {
  ^row(%t: index):
    %0 = kern.load %one[%t] : memref<48x48xf32> -> vector<48xf32>
    kern.store %0, %r[%t] : vector<48xf32>, memref<48x48xf32>
  }
}
