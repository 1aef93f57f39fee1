// Each part has one row that the row before goes into, and one reason for or against computing it again.
// RUN: gptc-opt %s --recompute-neighbours | FileCheck %s
// RUN: gptc-opt %s --recompute-rows --remarks-filter=recompute-rows 2>&1 | FileCheck %s --check-prefix=OTHER

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%z = kern.buffer "z" "input" : memref<96x64xbf16>
%few = kern.buffer "few" "input" : memref<96x32xbf16>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%ds = kern.buffer "ds" "output" : memref<96x64xbf16>
%sums = kern.buffer "sums" "output" : memref<2x32xf32>

// 32 columns, one a lane of a warp, are few: a function of them costs two readers nothing. Of recompute-rows it costs.
// CHECK-LABEL: kern.part @lanes
// CHECK-NOT:     kern.rows "weighted" 96
// CHECK:         kern.rows "weighted+use" 96
// OTHER: [Missed] row | Category:recompute-rows | Function=lanes | Reason="it is dear to compute, and several read it", Remark="weighted stores its row"
kern.part @lanes "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "weighted" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %r = kern.slice %v at 0 : vector<64xf32> -> vector<32xf32>
    %e = math.exp %r : vector<32xf32>
    %w = kern.spread %e : vector<32xf32> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %p, %w : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %v, %u : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %u : vector<64xf32>
    kern.store %d, %ds[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// To recompute-rows a function is dear, of however few columns: all that is read here is the own row, which its readers have.
// CHECK-LABEL: kern.part @own
// CHECK:         kern.rows "weighted" 96
// OTHER: [Missed] row | Category:recompute-rows | Function=own | Reason="it is dear to compute, and several read it", Remark="weighted stores its row"
kern.part @own "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "weighted" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %r = kern.slice %v at 0 : vector<64xf32> -> vector<16xf32>
    %e = math.exp %r : vector<16xf32>
    %w = kern.spread %e : vector<16xf32> -> vector<64xf32>
    %d = arith.mulf %v, %w : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %v, %u : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %u : vector<64xf32>
    kern.store %d, %ds[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A row index is no row value, and costs nothing.
// CHECK-LABEL: kern.part @index
// CHECK-NOT:     kern.rows "where" 96
// CHECK:         kern.rows "where+use" 96
// CHECK:           kern.row_index
kern.part @index "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "where" 96 {
  ^row(%t: index):
    %i = kern.row_index %t : vector<1xi32>
    %n = arith.sitofp %i : vector<1xi32> to vector<1xf32>
    %w = kern.spread %n : vector<1xf32> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %p, %w : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %v, %u : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Few columns at their place in a row of zeros are a row, looked for column by column.
// CHECK-LABEL: kern.part @padded
// CHECK:         kern.rows "pad" 96
kern.part @padded "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "pad" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %r = kern.slice %v at 0 : vector<64xf32> -> vector<16xf32>
    %w = kern.pad %r at 8 : vector<16xf32> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %p, %w : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What adds to a column sum does it once, however few the columns are.
// CHECK-LABEL: kern.part @counted
// CHECK:         kern.rows "sum" 96
// CHECK:           kern.partial
// CHECK-NOT:       kern.partial
kern.part @counted "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x32xbf16>
  kern.rows "sum" 96 {
  ^row(%t: index):
    %v = kern.load %few[%t] : memref<96x32xbf16> -> vector<32xf32>
    %p = kern.load %few[%t by -1] : memref<96x32xbf16> -> vector<32xf32>
    %d = arith.addf %p, %v : vector<32xf32>
    kern.partial %d, %sums[%t] : vector<32xf32>, memref<2x32xf32>
    kern.store %d, %s[%t] : vector<32xf32>, memref<96x32xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x32xbf16> -> vector<32xf32>
    %w = kern.spread %v : vector<32xf32> -> vector<64xf32>
    kern.store %w, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// The row before that of a token is no neighbour's.
// CHECK-LABEL: kern.part @gathered
// CHECK:         kern.rows "gather" 96
kern.part @gathered "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "gather" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %p = kern.load %x[%i by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %p, %p : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Nor is a token's row under way where the own one is: two rows read for one stored and read.
// CHECK-LABEL: kern.part @tokens
// CHECK:         kern.rows "gather" 96
kern.part @tokens "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "gather" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %j = kern.load_index %tokens[%t by 1] : memref<96xi32>
    %v = kern.load %x[%i] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%j] : memref<96x64xbf16> -> vector<64xf32>
    %p = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %q = arith.addf %u, %v : vector<64xf32>
    %d = arith.addf %p, %q : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.mulf %v, %u : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// The reader's own rows are those beside the neighbours', where the maker has none.
// CHECK-LABEL: kern.part @beside
// CHECK-NOT:     kern.rows "before" 96
// CHECK:         kern.rows "before+use" 96
kern.part @beside "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "before" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %p = kern.load %z[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
    %d = arith.addf %v, %p : vector<64xf32>
    kern.store %d, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %v = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %u = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %w = kern.load %z[%t] : memref<96x64xbf16> -> vector<64xf32>
    %p = arith.mulf %v, %u : vector<64xf32>
    %d = arith.addf %p, %w : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
