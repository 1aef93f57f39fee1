// What is left of merged programs: one index, one view, one name; and what nobody reads goes (MergePrograms.cpp, Kernels.cpp).
// RUN: gptc-opt %s --form-row-kernels | FileCheck %s

%x = kern.buffer "x" "input" : memref<96x64xf32>
%a = kern.buffer "a" "output" : memref<96x64xf32>
%b = kern.buffer "b" "output" : memref<96x64xf32>
%p = kern.buffer "p" "input" : memref<96x64xf32>
%order = kern.buffer "order" "input" : memref<96xi32>

// An index that picks a column is loaded once, too.
// CHECK-LABEL: kern.part @picked
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-1:   kern.load_index
// CHECK-NOT:       kern.load_index
// CHECK:         }
kern.part @picked "micro" {
  %u = kern.buffer "u" "output" : memref<96x1xf32>
  %v = kern.buffer "v" "output" : memref<96x1xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.pick %0[%i] : vector<64xf32> -> vector<1xf32>
    kern.store %1, %u[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.mulf %0, %0 : vector<64xf32>
    %1 = kern.pick %s[%i] : vector<64xf32> -> vector<1xf32>
    kern.store %1, %v[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// Two kernels that stay apart read by the one view that there was.
// CHECK-LABEL: kern.part @one_view
// CHECK-COUNT-1: to memref<96x32xf32, strided<[64, 1], offset: 8>>
// CHECK-NOT:     to memref<96x32xf32, strided<[64, 1], offset: 8>>
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @one_view "micro" {
  %l = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 8>>
  %h = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[32, 1]>>
  %p0 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %b0 = kern.view %b : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x32xf32, strided<[64, 1], offset: 8>> -> vector<32xf32>
    kern.store %0, %p0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x32xf32, strided<[64, 1], offset: 8>> -> vector<32xf32>
    %1 = kern.load %h[%t] : memref<96x32xf32, strided<[32, 1]>> -> vector<32xf32>
    %2 = arith.addf %0, %1 : vector<32xf32>
    kern.store %2, %b0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// Equal names are told once.
// CHECK-LABEL: kern.part @same_names
// CHECK:         kern.rows "add.model_4"
kern.part @same_names "micro" {
  kern.rows "add.model_3" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add.model_4" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What is overwritten goes, also where another buffer is read before.
// CHECK-LABEL: kern.part @read_another
// CHECK:         kern.rows "one"
// CHECK-COUNT-1:   kern.store
// CHECK-NOT:       kern.store
// CHECK:         }
kern.part @read_another "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
    %1 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %1, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Columns of a workspace that nobody reads are not stored, nor computed; those beside them are.
// CHECK-LABEL: kern.part @unread_columns
// CHECK:         kern.rows "one"
// CHECK-NOT:       arith.mulf
// CHECK-COUNT-1:   kern.store
// CHECK-NOT:       {{arith.mulf|kern.store}}
// CHECK:         }
// CHECK:         kern.contract
kern.part @unread_columns "micro" {
  %w = kern.buffer "w" "input" : memref<64x32xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  %s0 = kern.view %s : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %s1 = kern.view %s : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  %x0 = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x0[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    kern.store %0, %s0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
    %1 = arith.mulf %0, %0 : vector<32xf32>
    kern.store %1, %s1[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 32>>
  }
  kern.contract "linear" %s0, %w m 96 n 64 k 32 : memref<96x32xf32, strided<[64, 1]>>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %a[%m] : vector<64xf32>, memref<96x64xf32>
  }
}

// What only an unread kernel reads is unread then.
// CHECK-LABEL: kern.part @unread_chain
// CHECK-NEXT:    kern.buffer "w"
// CHECK-NEXT:  {{^ *}$}}
kern.part @unread_chain "micro" {
  %w = kern.buffer "w" "input" : memref<64x64xf32>
  %s = kern.buffer "s" "workspace" : memref<96x64xf32>
  %r = kern.buffer "r" "workspace" : memref<96x64xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %s[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %s, %w m 96 n 64 k 64 : memref<96x64xf32>, memref<64x64xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %r[%m] : vector<64xf32>, memref<96x64xf32>
  }
}

// Stretches that overlap are one read at the row itself, not at an index.
// CHECK-LABEL: kern.part @stretches_at_an_index
// CHECK:         kern.rows "one"
// CHECK-COUNT-2:   kern.load %
// CHECK:         }
kern.part @stretches_at_an_index "micro" {
  %l = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %r = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 16>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %l[%i] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    %1 = kern.load %r[%i] : memref<96x32xf32, strided<[64, 1], offset: 16>> -> vector<32xf32>
    %2 = arith.addf %0, %1 : vector<32xf32>
    kern.store %2, %a0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// A transposition reads what it reads: those that read it too run together.
// CHECK-LABEL: kern.part @transposed
// CHECK:         kern.rows "one+two"
kern.part @transposed "micro" {
  %y = kern.buffer "y" "output" : memref<64x96xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.transpose "turn" %x to %y m 96 n 64 : memref<96x64xf32>, memref<64x96xf32>
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// One row that is stored, and read as many.
// CHECK-LABEL: kern.part @repeated
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @repeated "micro" {
  %s = kern.buffer "s" "workspace" : memref<1x64xf32>
  %x0 = kern.view %x : memref<96x64xf32> to memref<1x64xf32, strided<[64, 1]>>
  %many = kern.view %s : memref<1x64xf32> to memref<96x64xf32, strided<[0, 1]>>
  kern.rows "one" 1 {
  ^row(%t: index):
    %0 = kern.load %x0[%t] : memref<1x64xf32, strided<[64, 1]>> -> vector<64xf32>
    kern.store %0, %s[%t] : vector<64xf32>, memref<1x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %many[%t] : memref<96x64xf32, strided<[0, 1]>> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
