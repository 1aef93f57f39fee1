// Each part has a gathered row that a reader beside a product, or none, could compute.
// RUN: gptc-opt %s --recompute-rows | FileCheck %s
// RUN: gptc-opt %s --recompute-rows --remarks-filter=recompute-rows 2>&1 | FileCheck %s --check-prefix=REMARK

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%u = kern.buffer "u" "input" : memref<96x64xbf16>
%y = kern.buffer "y" "output" : memref<96x64xbf16>
%z = kern.buffer "z" "output" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<64x64xbf16>
%wide = kern.buffer "wide" "parameter" : memref<128x64xbf16>
%table = kern.buffer "table" "parameter" : memref<500x64xbf16>
%bias = kern.buffer "bias" "parameter" : memref<1x64xf32>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%one = kern.buffer "one" "input" : memref<1x64xbf16>

// A contraction reads what the reader adds: it is no product.
// CHECK-LABEL: kern.part @read_by_contraction
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=read_by_contraction | Remark="make is computed by use"
kern.part @read_by_contraction "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %u, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %z[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A part of a product is no epilogue's.
// CHECK-LABEL: kern.part @part_of_product
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=part_of_product | Remark="make is computed by use"
kern.part @part_of_product "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<96x128xbf16>
  %n = kern.view %p : memref<96x128xbf16> to memref<96x64xbf16, strided<[128, 1]>>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %u, %wide m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %v: vector<128xf32>):
    kern.store %v, %p[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %n[%t] : memref<96x64xbf16, strided<[128, 1]>> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What an epilogue makes of a product is as good as a product.
// CHECK-LABEL: kern.part @through_epilogue
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use"
// REMARK: [Missed] row | Category:recompute-rows | Function=through_epilogue | Reason="its readers would read more than it takes to store it", Remark="make stores its row"
kern.part @through_epilogue "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %u, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "mid" 96 {
  ^row(%t: index):
    %v = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %v, %a : vector<64xf32>
    kern.store %c, %p[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %p[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A program beside the reader makes something of a product.
// CHECK-LABEL: kern.part @beside_product
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=beside_product | Remark="make is computed by use"
kern.part @beside_product "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "other" 96 {
  ^row(%t: index):
    %v = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %v, %a : vector<64xf32>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// No epilogue makes a norm of a product.
// CHECK-LABEL: kern.part @through_norm
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=through_norm | Remark="make is computed by use"
kern.part @through_norm "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %v = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %m = kern.reduce "max" %v : vector<64xf32> -> vector<1xf32>
    %k = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %v, %k : vector<64xf32>
    kern.store %d, %p[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %p[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A sum of other rows is no product.
// CHECK-LABEL: kern.part @no_product
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=no_product | Remark="make is computed by use"
kern.part @no_product "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %v, %a : vector<64xf32>
    kern.store %c, %p[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %p[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// What is made of itself ends the search.
// CHECK-LABEL: kern.part @around
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=around | Remark="make is computed by use"
kern.part @around "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "sum" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x64xbf16> -> vector<64xf32>
    %a = kern.load %u[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %v, %a : vector<64xf32>
    kern.store %c, %z[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %z[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A product's one row, which all rows read, is no epilogue's.
// CHECK-LABEL: kern.part @shared_product
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=shared_product | Remark="make is computed by use"
kern.part @shared_product "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %p = kern.buffer "p" "workspace" : memref<1x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %one, %w m 1 n 64 k 64 : memref<1x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %p[%m] : vector<64xf32>, memref<1x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %p[] : memref<1x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// A reader that is no epilogue has nothing to lose.
// CHECK-LABEL: kern.part @reader_is_norm
// CHECK-NOT: kern.rows "make"
// CHECK: kern.rows "make+use" 96
// REMARK: [Passed] row | Category:recompute-rows | Function=reader_is_norm | Remark="make is computed by use"
kern.part @reader_is_norm "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %v = arith.addf %a, %b : vector<64xf32>
    %m = kern.reduce "max" %v : vector<64xf32> -> vector<1xf32>
    %k = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %v, %k : vector<64xf32>
    kern.store %d, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// The sum is stored for a contraction, or for an epilogue behind: so it may be an epilogue itself.
// CHECK-LABEL: kern.part @sum_multiplied
// CHECK: kern.rows "make" 96
// CHECK: kern.rows "use" 96
// CHECK: kern.rows "make2" 96
// CHECK: kern.rows "use2" 96
// REMARK: [Missed] row | Category:recompute-rows | Function=sum_multiplied | Reason="its readers would read more than it takes to store it", Remark="make stores its row"
kern.part @sum_multiplied "micro" {
  %s = kern.buffer "s" "workspace" : memref<96x64xbf16>
  %q = kern.buffer "q" "workspace" : memref<96x64xbf16>
  %r = kern.buffer "r" "workspace" : memref<96x64xbf16>
  %s2 = kern.buffer "s2" "workspace" : memref<96x64xbf16>
  %r2 = kern.buffer "r2" "workspace" : memref<96x64xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %q[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use" 96 {
  ^row(%t: index):
    %a = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %r[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear2" %r, %w m 96 n 64 k 64 : memref<96x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %v: vector<64xf32>):
    kern.store %v, %z[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "make2" 96 {
  ^row(%t: index):
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %table[%i] : memref<500x64xbf16> -> vector<64xf32>
    kern.store %v, %s2[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "use2" 96 {
  ^row(%t: index):
    %a = kern.load %q[%t] : memref<96x64xbf16> -> vector<64xf32>
    %b = kern.load %s2[%t] : memref<96x64xbf16> -> vector<64xf32>
    %c = arith.addf %a, %b : vector<64xf32>
    kern.store %c, %r2[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "after" 96 {
  ^row(%t: index):
    %v = kern.load %r2[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}
