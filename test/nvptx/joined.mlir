// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json
// RUN: FileCheck %s --implicit-check-not=.entry < %t.ptx
// RUN: %python -c "import json, sys; [print(l['kernel'], *(a['value'] for a in l['arguments'] if a['kind'] == 'value')) for l in json.load(open(sys.argv[1]))]" %t.json | FileCheck %s --check-prefix=LAUNCHES

// What does less than another kernel is that kernel, told what to leave out (JoinedPrograms.h); joined.py holds it to the bits that it has alone.
// CHECK: .entry whole_store_joined_{{[0-9]+}}(
// CHECK: .entry whole_number_joined_{{[0-9]+}}(
// CHECK: .entry whole_factor_joined_{{[0-9]+}}(
// CHECK: .entry whole_tile_joined_{{[0-9]+}}(

// A store that is not made: behind the rows and their order, 1.
// LAUNCHES:      whole_store_joined_{{[0-9]+}} 70 0 0
// LAUNCHES-NEXT: whole_store_joined_{{[0-9]+}} 40 0 1
// Two terms that are not there have one argument: the constant that is compared with 0.5 is 0.
// LAUNCHES-NEXT: whole_number_joined_{{[0-9]+}} 1 0 1065353216{{$}}
// LAUNCHES-NEXT: whole_number_joined_{{[0-9]+}} 1 0 0{{$}}
// A factor of 1.
// LAUNCHES-NEXT: whole_factor_joined_{{[0-9]+}} 70 0 1077936128
// LAUNCHES-NEXT: whole_factor_joined_{{[0-9]+}} 40 0 1065353216
// A tile that is copied to rows which no matrix has.
// LAUNCHES-NEXT: whole_tile_joined_{{[0-9]+}} 130 64 {{.*}}0{{$}}
// LAUNCHES-NEXT: whole_tile_joined_{{[0-9]+}} 70 64 {{.*}}1073741824{{$}}

// Kernels of their own remain: of what would compute a value to no end, or load a row; where nothing at hand has the type of what
// is lacking; and of programs that load what they have stored, whose stores have an order.
// CHECK: .entry whole_value_joined_{{[0-9]+}}(
// CHECK: .entry apart_value_joined_{{[0-9]+}}(
// CHECK: .entry whole_row_joined_{{[0-9]+}}(
// CHECK: .entry apart_row_joined_{{[0-9]+}}(
// CHECK: .entry whole_type_joined_{{[0-9]+}}(
// CHECK: .entry apart_type_joined_{{[0-9]+}}(
// CHECK: .entry whole_order_joined_{{[0-9]+}}(
// CHECK: .entry apart_order_joined_{{[0-9]+}}(

// Small programs that differ in width are one kernel, too, which is told of columns, behind the rows (RowWidths.cpp): the order of their ops, and
// how the only row is loaded, do not count. Sums over columns of a matrix wider than a warp's row keep theirs.
// CHECK: .entry whole_gate_joined_{{[0-9]+}}(
// CHECK: .entry whole_dot_joined_{{[0-9]+}}(
// CHECK: .entry whole_mean_joined_{{[0-9]+}}(
// CHECK: .entry apart_dot_joined_{{[0-9]+}}(
// LAUNCHES:      whole_gate_joined_{{[0-9]+}} 1 12 0
// LAUNCHES-NEXT: whole_gate_joined_{{[0-9]+}} 10 72 0
// LAUNCHES-NEXT: whole_dot_joined_{{[0-9]+}} 1 12 0
// LAUNCHES-NEXT: whole_dot_joined_{{[0-9]+}} 10 72 0
// LAUNCHES-NEXT: whole_mean_joined_{{[0-9]+}} 10 776 0
// LAUNCHES-NEXT: whole_mean_joined_{{[0-9]+}} 22 300 0
%a = kern.buffer "a" "input" : memref<70x200xf32>
%b = kern.buffer "b" "input" : memref<70x200xf32>
%c = kern.buffer "c" "input" : memref<70x200xf32>
%d = kern.buffer "d" "input" : memref<70x200xf32>
%e = kern.buffer "e" "input" : memref<40x200xf32>
%f = kern.buffer "f" "input" : memref<40x200xf32>
%g = kern.buffer "g" "input" : memref<40x200xf32>
%x = kern.buffer "x" "input" : memref<f32>
%y = kern.buffer "y" "input" : memref<f32>
%z = kern.buffer "z" "input" : memref<f32>
%w = kern.buffer "w" "input" : memref<f32>
%m = kern.buffer "m" "workspace" : memref<70x200xf32>
%n = kern.buffer "n" "workspace" : memref<70x200xf32>
%o = kern.buffer "o" "workspace" : memref<40x200xf32>
%r = kern.buffer "r" "workspace" : memref<f32>
%gate = kern.buffer "gate" "parameter" : memref<1x12xbf16>
%gate_m = kern.buffer "gate_m" "state" : memref<1x12xf32>
%bank = kern.buffer "bank" "parameter" : memref<10x6x12xbf16>
%bank_m = kern.buffer "bank_m" "state" : memref<10x6x12xf32>
%means = kern.buffer "means" "state" : memref<10x776xf32>
%others = kern.buffer "others" "state" : memref<22x300xf32>
%sums = kern.buffer "sums" "workspace" {partials} : memref<1x1xf32>
%half = kern.buffer "half" "workspace" : memref<70x200xbf16>
%long = kern.buffer "long" "input" : memref<130x64xbf16>
%short = kern.buffer "short" "input" : memref<70x64xbf16>
%weight = kern.buffer "weight" "input" : memref<192x64xbf16>
%first = kern.buffer "first" "workspace" : memref<130x192xbf16>
%second = kern.buffer "second" "workspace" : memref<130x192xbf16>
%only = kern.buffer "only" "workspace" : memref<70x192xbf16>
kern.part @p "micro" {
  kern.rows "whole_store" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = arith.mulf %0, %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
    %2 = arith.addf %1, %0 : vector<200xf32>
    kern.store %2, %n[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "part_store" 40 {
  ^row(%t: index):
    %0 = kern.load %e[%t] : memref<40x200xf32> -> vector<200xf32>
    %1 = arith.mulf %0, %0 : vector<200xf32>
    %2 = arith.addf %1, %0 : vector<200xf32>
    kern.store %2, %o[%t] : vector<200xf32>, memref<40x200xf32>
  }
  kern.rows "whole_number" 1 {
  ^row(%t: index):
    %0 = kern.load %x[] : memref<f32> -> vector<1xf32>
    %1 = kern.load %y[] : memref<f32> -> vector<1xf32>
    %2 = arith.addf %0, %1 : vector<1xf32>
    %3 = kern.load %z[] : memref<f32> -> vector<1xf32>
    %4 = arith.addf %2, %3 : vector<1xf32>
    %5 = kern.load %w[] : memref<f32> -> vector<1xf32>
    %6 = arith.addf %4, %5 : vector<1xf32>
    %7 = math.sqrt %6 : vector<1xf32>
    kern.store %7, %r[%t] : vector<1xf32>, memref<f32>
  }
  kern.rows "part_number" 1 {
  ^row(%t: index):
    %0 = kern.load %w[] : memref<f32> -> vector<1xf32>
    %1 = kern.load %x[] : memref<f32> -> vector<1xf32>
    %2 = arith.addf %0, %1 : vector<1xf32>
    %3 = math.sqrt %2 : vector<1xf32>
    kern.store %3, %r[%t] : vector<1xf32>, memref<f32>
  }
  kern.rows "whole_factor" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = arith.subf %0, %0 : vector<200xf32>
    %2 = arith.divf %1, %0 : vector<200xf32>
    %3 = arith.constant dense<3.0> : vector<200xf32>
    %4 = arith.mulf %2, %3 : vector<200xf32>
    kern.store %4, %m[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "part_factor" 40 {
  ^row(%t: index):
    %0 = kern.load %e[%t] : memref<40x200xf32> -> vector<200xf32>
    %1 = arith.subf %0, %0 : vector<200xf32>
    %2 = arith.divf %1, %0 : vector<200xf32>
    kern.store %2, %o[%t] : vector<200xf32>, memref<40x200xf32>
  }
  kern.contract "whole_tile" %long, %weight m 130 n 192 k 64 : memref<130x64xbf16>, memref<192x64xbf16> {
  ^row(%t: index, %p: vector<192xf32>):
    %0 = arith.mulf %p, %p : vector<192xf32>
    kern.store %0, %first[%t] : vector<192xf32>, memref<130x192xbf16>
    %1 = arith.addf %0, %p : vector<192xf32>
    kern.store %1, %second[%t] : vector<192xf32>, memref<130x192xbf16>
  }
  kern.contract "part_tile" %short, %weight m 70 n 192 k 64 : memref<70x64xbf16>, memref<192x64xbf16> {
  ^row(%t: index, %p: vector<192xf32>):
    %0 = arith.mulf %p, %p : vector<192xf32>
    %1 = arith.addf %0, %p : vector<192xf32>
    kern.store %1, %only[%t] : vector<192xf32>, memref<70x192xbf16>
  }
  kern.rows "whole_value" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = math.exp %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
    %2 = arith.divf %0, %0 : vector<200xf32>
    kern.store %2, %n[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "apart_value" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = math.exp %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "whole_row" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = math.log %0 : vector<200xf32>
    %2 = kern.load %b[%t] : memref<70x200xf32> -> vector<200xf32>
    %3 = arith.addf %1, %2 : vector<200xf32>
    kern.store %3, %m[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "apart_row" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = math.log %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "whole_type" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = arith.negf %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
    kern.store %1, %half[%t] : vector<200xf32>, memref<70x200xbf16>
  }
  kern.rows "apart_type" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = arith.negf %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "whole_order" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = math.absf %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
    %2 = kern.load %m[%t by -1] : memref<70x200xf32> -> vector<200xf32>
    kern.store %1, %n[%t] : vector<200xf32>, memref<70x200xf32>
    kern.store %2, %d[%t] : vector<200xf32>, memref<70x200xf32>
  }
  kern.rows "apart_order" 70 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<70x200xf32> -> vector<200xf32>
    %1 = math.absf %0 : vector<200xf32>
    kern.store %1, %m[%t] : vector<200xf32>, memref<70x200xf32>
    %2 = kern.load %m[%t by -1] : memref<70x200xf32> -> vector<200xf32>
    kern.store %2, %d[%t] : vector<200xf32>, memref<70x200xf32>
  }
}
kern.part @u "update" {
  kern.rows "whole_gate" 1 {
  ^row(%t: index):
    %0 = kern.load %gate[] : memref<1x12xbf16> -> vector<12xf32>
    %1 = kern.load %gate_m[] : memref<1x12xf32> -> vector<12xf32>
    %product = arith.mulf %0, %1 : vector<12xf32>
    %one = arith.constant dense<1.0> : vector<12xf32>
    %2 = arith.addf %product, %one : vector<12xf32>
    %3 = kern.reduce "add" %2 : vector<12xf32> -> vector<1xf32>
    %4 = kern.spread %3 : vector<1xf32> -> vector<12xf32>
    %5 = arith.subf %4, %1 : vector<12xf32>
    kern.store %5, %gate_m[%t] : vector<12xf32>, memref<1x12xf32>
    kern.store %2, %gate[%t] : vector<12xf32>, memref<1x12xbf16>
  }
  kern.rows "part_gate" 10 {
  ^row(%t: index):
    %0 = kern.load %bank_m[%t] : memref<10x6x12xf32> -> vector<72xf32>
    %1 = kern.load %bank[%t] : memref<10x6x12xbf16> -> vector<72xf32>
    %product = arith.mulf %1, %0 : vector<72xf32>
    %one = arith.constant dense<1.0> : vector<72xf32>
    %2 = arith.addf %product, %one : vector<72xf32>
    %3 = kern.reduce "add" %2 : vector<72xf32> -> vector<1xf32>
    %4 = kern.spread %3 : vector<1xf32> -> vector<72xf32>
    %5 = arith.subf %4, %0 : vector<72xf32>
    kern.store %5, %bank_m[%t] : vector<72xf32>, memref<10x6x12xf32>
    kern.store %2, %bank[%t] : vector<72xf32>, memref<10x6x12xbf16>
  }
  kern.rows "whole_dot" 1 {
  ^row(%t: index):
    %0 = kern.load %gate_m[] : memref<1x12xf32> -> vector<12xf32>
    %1 = kern.reduce "add" %0 : vector<12xf32> -> vector<1xf32>
    kern.partial %1, %sums[%t] : vector<1xf32>, memref<1x1xf32>
  }
  kern.rows "part_dot" 10 {
  ^row(%t: index):
    %0 = kern.load %bank_m[%t] : memref<10x6x12xf32> -> vector<72xf32>
    %1 = kern.reduce "add" %0 : vector<72xf32> -> vector<1xf32>
    kern.partial %1, %sums[%t] : vector<1xf32>, memref<1x1xf32>
  }
  kern.rows "whole_mean" 10 {
  ^row(%t: index):
    %0 = kern.load %means[%t] : memref<10x776xf32> -> vector<776xf32>
    %1 = arith.mulf %0, %0 : vector<776xf32>
    %2 = kern.reduce "add" %1 : vector<776xf32> -> vector<1xf32>
    %3 = kern.spread %2 : vector<1xf32> -> vector<776xf32>
    %4 = arith.divf %0, %3 : vector<776xf32>
    kern.store %4, %means[%t] : vector<776xf32>, memref<10x776xf32>
  }
  kern.rows "part_mean" 22 {
  ^row(%t: index):
    %0 = kern.load %others[%t] : memref<22x300xf32> -> vector<300xf32>
    %1 = arith.mulf %0, %0 : vector<300xf32>
    %2 = kern.reduce "add" %1 : vector<300xf32> -> vector<1xf32>
    %3 = kern.spread %2 : vector<1xf32> -> vector<300xf32>
    %4 = arith.divf %0, %3 : vector<300xf32>
    kern.store %4, %others[%t] : vector<300xf32>, memref<22x300xf32>
  }
  kern.rows "apart_dot" 10 {
  ^row(%t: index):
    %0 = kern.load %means[%t] : memref<10x776xf32> -> vector<776xf32>
    %1 = kern.reduce "add" %0 : vector<776xf32> -> vector<1xf32>
    kern.partial %1, %sums[%t] : vector<1xf32>, memref<1x1xf32>
  }
}
