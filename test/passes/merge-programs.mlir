// What one program is made of several: which loads are a value or a read that stands before, and what goes (MergePrograms.cpp).
// RUN: gptc-opt %s --form-row-kernels | FileCheck %s
// RUN: gptc-opt %s --form-row-kernels --remarks-filter=form-row-kernels 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x64xf32>
%a = kern.buffer "a" "output" : memref<96x64xf32>
%b = kern.buffer "b" "output" : memref<96x64xf32>
%c = kern.buffer "c" "output" : memref<96x64xf32>
%p = kern.buffer "p" "input" : memref<96x64xf32>
%order = kern.buffer "order" "input" : memref<96xi32>
%both = kern.buffer "tokens" "input" : memref<192xi32>

// Row t of the one window begins in the middle of a row of the other.
// CHECK-LABEL: kern.part @other_stretches
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
// REMARK: Function=other_stretches | {{.*}}Reason="one reads other rows of what the other stores"
kern.part @other_stretches "micro" {
  %h = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[32, 1]>>
  %b0 = kern.view %b : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %p[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
    %1 = kern.load %h[%t] : memref<96x32xf32, strided<[32, 1]>> -> vector<32xf32>
    kern.store %1, %b0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// Of two stores the later one may have more columns: it alone is left.
// CHECK-LABEL: kern.part @stores_more
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-1:   kern.store
// CHECK-NOT:       kern.store
// CHECK:         }
kern.part @stores_more "micro" {
  %p0 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.slice %0 at 0 : vector<64xf32> -> vector<32xf32>
    kern.store %1, %p0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %p[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// The third runs with the first, and then the second is the later one of the two still.
// CHECK-LABEL: kern.part @between_two
// CHECK:         kern.rows "one+three"
// CHECK:         kern.rows "two"
// REMARK: Function=between_two | {{.*}}Reason="one reads more columns than the other stores", Remark="two stays apart from one"
// REMARK: Function=between_two | {{.*}}"three runs with one"
kern.part @between_two "micro" {
  %p0 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.slice %0 at 0 : vector<64xf32> -> vector<32xf32>
    kern.store %1, %p0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "three" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A kernel runs with as many as it can.
// CHECK-LABEL: kern.part @with_two
// CHECK:         kern.rows "one+two+three"
// CHECK-NOT:     kern.rows
// CHECK:       }
kern.part @with_two "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "three" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %c[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// One that runs alone keeps its name, whatever it is.
// CHECK-LABEL: kern.part @alone
// CHECK:         kern.rows "add+add.model_3"
kern.part @alone "micro" {
  kern.rows "add+add.model_3" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// An index at an index is not the row's own, in either order.
// CHECK-LABEL: kern.part @index_of_index
// CHECK:         kern.rows "one+two"
// CHECK:           %[[I:.*]] = kern.load_index %order[%[[T:.*]]]
// CHECK:           %[[J:.*]] = kern.load_index %order[%[[I]]]
// CHECK:           kern.load %x[%[[J]]]
// CHECK:           kern.load %x[%[[I]]]
// CHECK:           kern.load_index %order[%[[I]]]
kern.part @index_of_index "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %j = kern.load_index %order[%i] : memref<96xi32>
    %0 = kern.load %x[%j] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    %j = kern.load_index %order[%i] : memref<96xi32>
    %1 = kern.load %p[%j] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// CHECK-LABEL: kern.part @index_before_index
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-3:   kern.load_index
// CHECK:         }
kern.part @index_before_index "micro" {
  %l = kern.view %both : memref<192xi32> to memref<96xi32, strided<[1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %l[%t] : memref<96xi32, strided<[1]>>
    %j = kern.load_index %order[%i] : memref<96xi32>
    %0 = kern.load %x[%j] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Other elements of one buffer of indices are others.
// CHECK-LABEL: kern.part @other_indices
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-2:   kern.load_index
// CHECK:         }
kern.part @other_indices "micro" {
  %l = kern.view %both : memref<192xi32> to memref<96xi32, strided<[1]>>
  %r = kern.view %both : memref<192xi32> to memref<96xi32, strided<[1], offset: 96>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %l[%t] : memref<96xi32, strided<[1]>>
    %0 = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %i = kern.load_index %r[%t] : memref<96xi32, strided<[1], offset: 96>>
    %0 = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %p[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A store beside it leaves a read as it is.
// CHECK-LABEL: kern.part @stored_beside
// CHECK:         kern.rows "one+two"
// CHECK:           kern.load
// CHECK:           kern.store
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @stored_beside "micro" {
  %p0 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %p1 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %p0[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    kern.store %0, %p1[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 32>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p0[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    %1 = arith.addf %0, %0 : vector<32xf32>
    kern.store %1, %a0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// Two stretches that are the whole row together need no view of it.
// CHECK-LABEL: kern.part @whole_row
// CHECK-NOT:     memref<96x64xf32> to memref<96x64xf32
// CHECK:         kern.rows "one+two"
// CHECK:           kern.load %x[
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @whole_row "micro" {
  %l = kern.view %x : memref<96x64xf32> to memref<96x40xf32, strided<[64, 1]>>
  %r = kern.view %x : memref<96x64xf32> to memref<96x40xf32, strided<[64, 1], offset: 24>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x40xf32, strided<[64, 1]>>
  %b0 = kern.view %b : memref<96x64xf32> to memref<96x40xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %l[%t] : memref<96x40xf32, strided<[64, 1]>> -> vector<40xf32>
    kern.store %0, %a0[%t] : vector<40xf32>, memref<96x40xf32, strided<[64, 1]>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %r[%t] : memref<96x40xf32, strided<[64, 1], offset: 24>> -> vector<40xf32>
    kern.store %0, %b0[%t] : vector<40xf32>, memref<96x40xf32, strided<[64, 1]>>
  }
}

// What is overwritten goes, also where columns beside it are read before.
// CHECK-LABEL: kern.part @read_beside
// CHECK:         kern.rows "one"
// CHECK-COUNT-2:   kern.store
// CHECK-NOT:       kern.store
// CHECK:         }
kern.part @read_beside "micro" {
  %p0 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %p1 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.slice %0 at 0 : vector<64xf32> -> vector<32xf32>
    kern.store %1, %p0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
    %2 = kern.load %p1[%t] : memref<96x32xf32, strided<[64, 1], offset: 32>> -> vector<32xf32>
    kern.store %2, %a0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
    kern.store %0, %p[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A store into another row overwrites nothing.
// CHECK-LABEL: kern.part @stored_elsewhere
// CHECK:         kern.rows "one"
// CHECK-COUNT-2:   kern.store
// CHECK:         }
kern.part @stored_elsewhere "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%i] : vector<64xf32>, memref<96x64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A sum that nobody reads goes, and what it was made of.
// CHECK-LABEL: kern.part @unread_sum
// CHECK-NEXT:  {{^ *}$}}
kern.part @unread_sum "micro" {
  %parts = kern.buffer "parts" "workspace" {partials} : memref<2x64xf32>
  %sum = kern.buffer "sum" "workspace" : memref<1x64xf32>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.partial %0, %parts[%t] : vector<64xf32>, memref<2x64xf32>
  }
  kern.finish "two" %parts to %sum : memref<2x64xf32> to memref<1x64xf32>
}

// A value stays one though columns beside it are stored after it.
// CHECK-LABEL: kern.part @value_behind
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-1:   kern.load
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @value_behind "micro" {
  %p0 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %p1 = kern.view %p : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %x0 = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x0[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    kern.store %0, %p0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
    kern.store %0, %p1[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 32>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %p0[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    kern.store %0, %a0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// The row before is read once too, and that of one row, however it is named.
// CHECK-LABEL: kern.part @neighbour
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-1:   kern.load
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @neighbour "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
// CHECK-LABEL: kern.part @one_row
// CHECK:         kern.rows "one+two"
// CHECK-COUNT-1:   kern.load
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @one_row "micro" {
  %s = kern.buffer "s" "input" : memref<1x64xf32>
  %u = kern.buffer "u" "output" : memref<1x64xf32>
  %v = kern.buffer "v" "output" : memref<1x64xf32>
  kern.rows "one" 1 {
  ^row(%t: index):
    %0 = kern.load %s[] : memref<1x64xf32> -> vector<64xf32>
    kern.store %0, %u[%t] : vector<64xf32>, memref<1x64xf32>
  }
  kern.rows "two" 1 {
  ^row(%t: index):
    %0 = kern.load %s[%t] : memref<1x64xf32> -> vector<64xf32>
    kern.store %0, %v[%t] : vector<64xf32>, memref<1x64xf32>
  }
}

// The row of all rows is not row t.
// CHECK-LABEL: kern.part @row_of_all
// CHECK:         kern.rows "one"
// CHECK-COUNT-2:   kern.load
// CHECK:         }
kern.part @row_of_all "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[] : memref<96x64xf32> -> vector<64xf32>
    %1 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %2 = arith.addf %0, %1 : vector<64xf32>
    kern.store %2, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Rows at an index, of two stretches that begin alike.
// CHECK-LABEL: kern.part @other_strides
// CHECK:         kern.rows "one"
// CHECK-COUNT-2:   kern.load %
// CHECK:         }
kern.part @other_strides "micro" {
  %l = kern.view %x : memref<96x64xf32> to memref<48x32xf32, strided<[64, 1]>>
  %r = kern.view %x : memref<96x64xf32> to memref<48x32xf32, strided<[32, 1]>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %i = kern.load_index %order[%t] : memref<96xi32>
    %0 = kern.load %l[%i] : memref<48x32xf32, strided<[64, 1]>> -> vector<32xf32>
    %1 = kern.load %r[%i] : memref<48x32xf32, strided<[32, 1]>> -> vector<32xf32>
    %2 = arith.addf %0, %1 : vector<32xf32>
    kern.store %2, %a0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// Constants are computed where they are read, but for a part of them in an epilogue, which takes no slices.
// CHECK-LABEL: kern.part @part_of_zeros
// CHECK:         kern.contract
// CHECK:           kern.load
// CHECK:         kern.rows "use"
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @part_of_zeros "micro" {
  %w = kern.buffer "w" "input" : memref<32x64xf32>
  %z = kern.buffer "z" "workspace" : memref<96x64xf32>
  %z0 = kern.view %z : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %a0 = kern.view %a : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  %b0 = kern.view %b : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
  kern.rows "zeros" 96 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<64xf32>
    kern.store %0, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 32 k 64 : memref<96x64xf32>, memref<32x64xf32> {
  ^row(%m: index, %product: vector<32xf32>):
    %0 = kern.load %z0[%m] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    %1 = arith.addf %0, %product : vector<32xf32>
    kern.store %1, %a0[%m] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %0 = kern.load %z0[%t] : memref<96x32xf32, strided<[64, 1]>> -> vector<32xf32>
    kern.store %0, %b0[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1]>>
  }
}

// A program of nothing goes.
// CHECK-LABEL: kern.part @nothing
// CHECK-NEXT:  {{^ *}$}}
kern.part @nothing "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
  }
}

// What else a part may hold stays where it is, between what it touches; what computes a number for it goes before all kernels.
// CHECK-LABEL: kern.part @another_op
// CHECK-NEXT:    arith.constant
// CHECK-NEXT:    arith.constant
// CHECK:         kern.rows "one"
// CHECK:         vector.store
// CHECK:         kern.rows "two"
kern.part @another_op "micro" {
  kern.rows "one" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  %zero = arith.constant 0 : index
  %f = arith.constant dense<1.0> : vector<64xf32>
  vector.store %f, %a[%zero, %zero] : memref<96x64xf32>, vector<64xf32>
  kern.rows "two" 96 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %b[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
