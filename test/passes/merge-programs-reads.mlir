// Which reads of one program are the same, and which stores nothing is left of.
// RUN: gptc-opt %s --form-row-kernels | FileCheck %s

%x = kern.buffer "x" "input" : memref<96x64xf32>
%table = kern.buffer "table" "parameter" : memref<500x64xf32>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%z = kern.buffer "z" "output" : memref<96x64xf32>

// The index of the next token, and the row before, are others.
// CHECK-LABEL: kern.part @next_index
// CHECK: kern.load_index %tokens[%[[T:.*]]]
// CHECK: kern.load_index %tokens[%[[T]] by 1]
// CHECK-DAG: kern.load %table[%{{.*}}]
// CHECK-DAG: kern.load %table[%{{.*}}]
// CHECK-DAG: kern.load %x[%[[T]]]
// CHECK-DAG: kern.load %x[%[[T]] by -1]
// CHECK: kern.store
kern.part @next_index "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %j = kern.load_index %tokens[%t by 1] : memref<96xi32>
    %a = kern.load %table[%i] : memref<500x64xf32> -> vector<64xf32>
    %b = kern.load %table[%j] : memref<500x64xf32> -> vector<64xf32>
    %c = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %d = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    %e = arith.addf %a, %b : vector<64xf32>
    %f = arith.addf %c, %d : vector<64xf32>
    %g = arith.addf %e, %f : vector<64xf32>
    kern.store %g, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A stretch around two that overlap is a view of its own; views that nothing reads go.
// CHECK-LABEL: kern.part @hull
// CHECK-NOT: to memref<96x32xf32
// CHECK: %[[V:.*]] = kern.view %s : memref<96x64xf32> to memref<96x24xf32
// CHECK-NOT: kern.view
// CHECK: kern.rows "make"
// CHECK: kern.load %[[V]]
// CHECK-NOT: kern.load
kern.part @hull "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  %a = kern.view %s : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  %b = kern.view %s : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1], offset: 8>>
  %unread = kern.view %y : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %v : vector<64xf32> -> vector<1xf32>
    %k = kern.spread %m : vector<1xf32> -> vector<64xf32>
    kern.store %k, %s[%i] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %p = kern.load %a[%t] : memref<96x16xf32, strided<[64, 1]>> -> vector<16xf32>
    %q = kern.load %b[%t] : memref<96x16xf32, strided<[64, 1], offset: 8>> -> vector<16xf32>
    %r = arith.addf %p, %q : vector<16xf32>
    %u = kern.spread %r : vector<16xf32> -> vector<64xf32>
    kern.store %u, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A store that a load of more than it reads before the next one stays.
// CHECK-LABEL: kern.part @overwritten
// CHECK: kern.store %{{.*}}, %[[V:.*]][
// CHECK: kern.load %z
// CHECK: kern.store %{{.*}}, %z
// CHECK: kern.store %{{.*}}, %y
kern.part @overwritten "micro" {
  %part = kern.view %z : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  %xp = kern.view %x : memref<96x64xf32> to memref<96x16xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %a = kern.load %xp[%t] : memref<96x16xf32, strided<[64, 1]>> -> vector<16xf32>
    kern.store %a, %part[%t] : vector<16xf32>, memref<96x16xf32, strided<[64, 1]>>
    %b = kern.load %z[%t] : memref<96x64xf32> -> vector<64xf32>
    %c = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %b, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
