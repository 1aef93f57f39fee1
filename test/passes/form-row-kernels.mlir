// RUN: gptc-opt %s --form-row-kernels | FileCheck %s
// RUN: gptc-opt %s --form-row-kernels=budget=64 | FileCheck %s --check-prefix=TIGHT
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --form-row-kernels --remarks-filter=form-row-kernels 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x64xf32>
%y = kern.buffer "y" "output" : memref<96x64xf32>
%z = kern.buffer "z" "output" : memref<96x64xf32>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>

// A chain: the value stays, its buffer goes, the name tells both.
// CHECK-LABEL: kern.part @chain
// CHECK-NOT:     kern.buffer
// CHECK:         kern.rows "scale+add" 96
// CHECK:           %[[V:.*]] = kern.load %{{.*}}[%[[T:.*]]]
// CHECK-NEXT:      %[[S:.*]] = arith.mulf %[[V]], %[[V]]
// CHECK-NEXT:      %[[A:.*]] = arith.addf %[[S]], %[[S]]
// CHECK-NEXT:      kern.store %[[A]], %{{y.*}}[%[[T]]]
// CHECK-NEXT:    }
// CHECK-NOT:     kern.rows
// OFF-LABEL: kern.part @chain
// OFF:         kern.rows "scale" 96
// OFF:         kern.rows "add" 96
// TIGHT-LABEL: kern.part @chain
// TIGHT:         kern.rows "scale" 96
// TIGHT:         kern.rows "add" 96
// REMARK: remark: [Passed] row-kernels | Category:form-row-kernels | Function=chain | {{.*}}"add runs with scale"
kern.part @chain "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x64xf32>
  kern.rows "scale" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.mulf %v, %v : vector<64xf32>
    kern.store %s, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 96 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.addf %v, %v : vector<64xf32>
    kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Two gates that slice one row at overlapping places read it once.
// CHECK-LABEL: kern.part @slices
// CHECK:         %[[W:.*]] = kern.view %x{{.*}} to memref<96x18xf32, strided<[64, 1], offset: 6>>
// CHECK:         kern.rows "first+second" 96
// CHECK:           %[[R:.*]] = kern.load %[[W]][%{{.*}}]{{.*}} -> vector<18xf32>
// CHECK-NEXT:      kern.slice %[[R]] at 0 : vector<18xf32> -> vector<12xf32>
// CHECK-NOT:       kern.load
// CHECK:           kern.slice %[[R]] at 6 : vector<18xf32> -> vector<12xf32>
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @slices "micro" {
  %l = kern.view %x : memref<96x64xf32> to memref<96x12xf32, strided<[64, 1], offset: 6>>
  %r = kern.view %x : memref<96x64xf32> to memref<96x12xf32, strided<[64, 1], offset: 12>>
  %yl = kern.view %y : memref<96x64xf32> to memref<96x12xf32, strided<[64, 1], offset: 0>>
  %yr = kern.view %y : memref<96x64xf32> to memref<96x12xf32, strided<[64, 1], offset: 12>>
  kern.rows "first" 96 {
  ^row(%t: index):
    %v = kern.load %l[%t] : memref<96x12xf32, strided<[64, 1], offset: 6>> -> vector<12xf32>
    %s = arith.mulf %v, %v : vector<12xf32>
    kern.store %s, %yl[%t] : vector<12xf32>, memref<96x12xf32, strided<[64, 1], offset: 0>>
  }
  kern.rows "second" 96 {
  ^row(%t: index):
    %v = kern.load %r[%t] : memref<96x12xf32, strided<[64, 1], offset: 12>> -> vector<12xf32>
    %s = arith.mulf %v, %v : vector<12xf32>
    kern.store %s, %yr[%t] : vector<12xf32>, memref<96x12xf32, strided<[64, 1], offset: 12>>
  }
}

// Equal indices of an embedding are loaded once, and the row with them.
// CHECK-LABEL: kern.part @embeddings
// CHECK:         kern.rows "embed+twice" 96
// CHECK-COUNT-1:   kern.load_index
// CHECK-COUNT-1:   kern.load %
// CHECK-NOT:       kern.load
// CHECK:         }
kern.part @embeddings "micro" {
  kern.rows "embed" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "twice" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %x[%i] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.addf %v, %v : vector<64xf32>
    kern.store %s, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// An update in place: the load stays before the store that overwrites it, and
// of two stores the last one remains. The name has the last op's source place.
// CHECK-LABEL: kern.part @in_place
// CHECK:         kern.rows "decay+step.model_7" 96
// CHECK-COUNT-1:   kern.load
// CHECK-COUNT-1:   kern.store
// CHECK-NOT:       kern.store
// CHECK:         }
kern.part @in_place "update" {
  kern.rows "decay.model_3" 96 {
  ^row(%t: index):
    %v = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.mulf %v, %v : vector<64xf32>
    kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "step.model_7" 96 {
  ^row(%t: index):
    %v = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.addf %v, %v : vector<64xf32>
    kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// A load behind a store that it reads a part of does not join the read before.
// CHECK-LABEL: kern.part @stored_between
// CHECK:         kern.load %{{.*}} -> vector<40xf32>
// CHECK:         kern.store
// CHECK:         kern.load %{{.*}} -> vector<64xf32>
// CHECK:         kern.store
kern.part @stored_between "update" {
  %l = kern.view %y : memref<96x64xf32> to memref<96x40xf32, strided<[64, 1], offset: 0>>
  %r = kern.view %y : memref<96x64xf32> to memref<96x24xf32, strided<[64, 1], offset: 40>>
  kern.rows "partly" 96 {
  ^row(%t: index):
    %v = kern.load %l[%t] : memref<96x40xf32, strided<[64, 1], offset: 0>> -> vector<40xf32>
    %s = kern.slice %v at 8 : vector<40xf32> -> vector<24xf32>
    kern.store %s, %r[%t] : vector<24xf32>, memref<96x24xf32, strided<[64, 1], offset: 40>>
    %w = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %w, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Zeros that clear two buffers are computed twice, and tie nothing together; one
// row that a program loads twice is loaded once.
// CHECK-LABEL: kern.part @fill
// CHECK-NOT:     kern.buffer
// CHECK:         kern.rows "clear_y" 96
// CHECK:           kern.store
// CHECK:         kern.rows "clear_z" 96
// CHECK-COUNT-1:   kern.load
// CHECK-NOT:       kern.load
// CHECK:         }
// OFF-LABEL: kern.part @fill
// OFF:         kern.rows "fill" 96
kern.part @fill "update" {
  %f = kern.buffer "f" "workspace" : memref<96x64xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %c = arith.constant dense<0.0> : vector<64xf32>
    kern.store %c, %f[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "clear_y" 96 {
  ^row(%t: index):
    %v = kern.load %f[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "clear_z" 96 {
  ^row(%t: index):
    %v = kern.load %f[%t] : memref<96x64xf32> -> vector<64xf32>
    %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %b = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.mulf %a, %b : vector<64xf32>
    %u = arith.addf %s, %v : vector<64xf32>
    kern.store %u, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: the row before may not be there yet.
// CHECK-LABEL: kern.part @halo
// CHECK:         kern.rows "scale"
// CHECK:         kern.rows "shift"
// REMARK: remark: [Missed] row-kernels | Category:form-row-kernels | Function=halo | Reason="one reads other rows of what the other stores"
kern.part @halo "micro" {
  kern.rows "scale" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "shift" 96 {
  ^row(%t: index):
    %u = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %y[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.addf %u, %v : vector<64xf32>
    kern.store %s, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: an index names any row.
// CHECK-LABEL: kern.part @indexed
// CHECK:         kern.rows "scale"
// CHECK:         kern.rows "embed"
kern.part @indexed "micro" {
  kern.rows "scale" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "embed" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %u = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    %v = kern.load %y[%i] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.addf %u, %v : vector<64xf32>
    kern.store %s, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: other row counts.
// CHECK-LABEL: kern.part @rows
// CHECK:         kern.rows "scale" 96
// CHECK:         kern.rows "add" 48
kern.part @rows "micro" {
  %half = kern.view %x : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  %into = kern.view %z : memref<96x64xf32> to memref<48x64xf32, strided<[64, 1]>>
  kern.rows "scale" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "add" 48 {
  ^row(%t: index):
    %v = kern.load %half[%t] : memref<48x64xf32, strided<[64, 1]>> -> vector<64xf32>
    kern.store %v, %into[%t] : vector<64xf32>, memref<48x64xf32, strided<[64, 1]>>
  }
}

// Guard: the sum over rows is finished between them.
// CHECK-LABEL: kern.part @finish
// CHECK:         kern.rows "sum"
// CHECK:         kern.finish
// CHECK:         kern.rows "use"
kern.part @finish "micro" {
  %p = kern.buffer "p" "workspace" {partials} : memref<2x64xf32>
  %s = kern.buffer "s" "workspace" : memref<64xf32>
  kern.rows "sum" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.partial %v, %p[%t] : vector<64xf32>, memref<2x64xf32>
  }
  kern.finish "sum" %p to %s : memref<2x64xf32> to memref<64xf32>
  %shared = kern.view %s : memref<64xf32> to memref<1x64xf32, strided<[64, 1]>>
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %u = kern.load %shared[] : memref<1x64xf32, strided<[64, 1]>> -> vector<64xf32>
    %w = arith.mulf %v, %u : vector<64xf32>
    kern.store %w, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: nothing in common.
// CHECK-LABEL: kern.part @apart
// CHECK:         kern.rows "one"
// CHECK:         kern.rows "two"
kern.part @apart "micro" {
  %l = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 0>>
  %r = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  %yl = kern.view %y : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 0>>
  %yr = kern.view %y : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
  kern.rows "one" 96 {
  ^row(%t: index):
    %v = kern.load %l[%t] : memref<96x32xf32, strided<[64, 1], offset: 0>> -> vector<32xf32>
    kern.store %v, %yl[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 0>>
  }
  kern.rows "two" 96 {
  ^row(%t: index):
    %v = kern.load %r[%t] : memref<96x32xf32, strided<[64, 1], offset: 32>> -> vector<32xf32>
    kern.store %v, %yr[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 32>>
  }
}

// Guard: only a part of the row was stored; the rest is memory's.
// CHECK-LABEL: kern.part @half_stored
// CHECK:         kern.rows "half"
// CHECK:         kern.rows "whole"
// REMARK: Function=half_stored | {{.*}}Reason="one reads more columns than the other stores"
kern.part @half_stored "micro" {
  %yl = kern.view %y : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 0>>
  %l = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 0>>
  kern.rows "half" 96 {
  ^row(%t: index):
    %v = kern.load %l[%t] : memref<96x32xf32, strided<[64, 1], offset: 0>> -> vector<32xf32>
    kern.store %v, %yl[%t] : vector<32xf32>, memref<96x32xf32, strided<[64, 1], offset: 0>>
  }
  kern.rows "whole" 96 {
  ^row(%t: index):
    %v = kern.load %y[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %v, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// Guard: a very wide row joins only programs over it.
// CHECK-LABEL: kern.part @wide
// CHECK:         kern.rows "loss" 4
// CHECK:         kern.rows "cap+gradient" 4
kern.part @wide "micro" {
  %logits = kern.buffer "logits" "workspace" : memref<4x20000xf32>
  %capped = kern.buffer "capped" "workspace" : memref<4x20000xf32>
  %n = kern.buffer "n" "workspace" : memref<4x64xf32>
  %o = kern.buffer "o" "workspace" : memref<4x64xf32>
  %out = kern.view %y : memref<96x64xf32> to memref<4x64xf32, strided<[64, 1]>>
  %back = kern.view %z : memref<96x64xf32> to memref<4x64xf32, strided<[64, 1]>>
  kern.rows "loss" 4 {
  ^row(%t: index):
    %v = kern.load %out[%t] : memref<4x64xf32, strided<[64, 1]>> -> vector<64xf32>
    kern.store %v, %n[%t] : vector<64xf32>, memref<4x64xf32>
  }
  kern.rows "cap" 4 {
  ^row(%t: index):
    %w = kern.load %n[%t] : memref<4x64xf32> -> vector<64xf32>
    %r = kern.reduce "add" %w : vector<64xf32> -> vector<1xf32>
    %v = kern.spread %r : vector<1xf32> -> vector<20000xf32>
    kern.store %v, %logits[%t] : vector<20000xf32>, memref<4x20000xf32>
  }
  kern.rows "gradient" 4 {
  ^row(%t: index):
    %v = kern.load %logits[%t] : memref<4x20000xf32> -> vector<20000xf32>
    %r = kern.reduce "max" %v : vector<20000xf32> -> vector<1xf32>
    %w = kern.spread %r : vector<1xf32> -> vector<64xf32>
    kern.store %w, %back[%t] : vector<64xf32>, memref<4x64xf32, strided<[64, 1]>>
  }
}

// What nobody reads goes, whole kernels too; what outlives the part stays.
// CHECK-LABEL: kern.part @unread
// CHECK-NOT:     kern.rows "useless"
// CHECK:         kern.rows "kept"
kern.part @unread "micro" {
  %a = kern.buffer "a" "workspace" : memref<96x64xf32>
  kern.rows "useless" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = arith.mulf %v, %v : vector<64xf32>
    kern.store %s, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "kept" 48 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
}

// What two programs compute of one row is computed once, sums too.
// CHECK-LABEL: kern.part @once
// CHECK:         kern.rows "largest+share" 96
// CHECK:           kern.reduce
// CHECK-NOT:       kern.reduce
// CHECK:         }
kern.part @once "micro" {
  kern.rows "largest" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "max" %v : vector<64xf32> -> vector<1xf32>
    %w = kern.spread %r : vector<1xf32> -> vector<64xf32>
    kern.store %w, %y[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "share" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %r = kern.reduce "max" %v : vector<64xf32> -> vector<1xf32>
    %w = kern.spread %r : vector<1xf32> -> vector<64xf32>
    %d = arith.divf %v, %w : vector<64xf32>
    kern.store %d, %z[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
