// RUN: gptc-nvptx-emit %s --ptx - --launches %t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=TABLE < %t.json

// Rows whose heads need nothing of each other are shared out by 256 columns, and lanes have what they need of each other by
// shuffles; what needs a whole row, or loads what it stores, goes through shared memory. rows.py interprets these.

%x = kern.buffer "x" "input" : memref<67x768xf32>
%g = kern.buffer "g" "input" : memref<67x768xf32>
%t = kern.buffer "t" "input" : memref<67x64xf32>
%u = kern.buffer "u" "input" : memref<67x64xf32>
%w = kern.buffer "w" "input" : memref<67x576xf32>
%wv = kern.view %w : memref<67x576xf32> to memref<67x192xf32, strided<[576, 1], offset: 192>>
%f = kern.buffer "f" "input" : memref<67x5xf32>
%p = kern.buffer "p" "input" : memref<67x512xf32>
%s = kern.buffer "s" "input" : memref<67x320xf32>
%y = kern.buffer "y" "workspace" : memref<67x1536xf32>
%y0 = kern.view %y : memref<67x1536xf32> to memref<67x768xf32, strided<[1536, 1]>>
%y1 = kern.view %y : memref<67x1536xf32> to memref<67x768xf32, strided<[1536, 1], offset: 768>>
%z = kern.buffer "z" "workspace" : memref<67x192xf32>
%v = kern.buffer "v" "workspace" : memref<67x512xf32>
%o = kern.buffer "o" "workspace" : memref<67x320xf32>
%a = kern.buffer "a" "workspace" : memref<67x768xf32>
%b = kern.buffer "b" "workspace" : memref<67x6xf32>
%c = kern.buffer "c" "workspace" : memref<67x768xf32>

kern.part @heads "micro" {
  // Three parts of 67 rows, two a block. All loads, those of angles too, come before what lanes need of each other.
  // CHECK: .entry norm_and_turn_
  // CHECK: .reqntid 64, 1, 1
  // CHECK-NOT: st.shared
  // CHECK-NOT: bar.
  // CHECK-COUNT-8: ld.global.v4
  // CHECK: shfl
  // CHECK-NOT: ld.global
  // CHECK-NOT: st.shared
  // CHECK-NOT: bar.
  // CHECK: .entry turn_back_
  // TABLE: "kernel": "norm_and_turn_
  // TABLE-NEXT: "blocks": 101
  kern.rows "norm_and_turn" 67 {
  ^row(%i: index):
    %0 = kern.load %x[%i] : memref<67x768xf32> -> vector<768xf32>
    %1 = arith.mulf %0, %0 : vector<768xf32>
    %2 = kern.reduce "add" %1 : vector<768xf32> -> vector<6xf32>
    %e = arith.constant dense<1.0e-3> : vector<6xf32>
    %3 = arith.addf %2, %e : vector<6xf32>
    %4 = math.sqrt %3 : vector<6xf32>
    %one = arith.constant dense<1.0> : vector<6xf32>
    %5 = arith.divf %one, %4 : vector<6xf32>
    %6 = kern.spread %5 : vector<6xf32> -> vector<768xf32>
    %7 = arith.mulf %0, %6 : vector<768xf32>
    %cos = kern.load %t[%i] : memref<67x64xf32> -> vector<64xf32>
    %sin = kern.load %u[%i] : memref<67x64xf32> -> vector<64xf32>
    %8 = kern.rotate %7 by %cos, %sin head 128 group 1 : vector<768xf32>, vector<64xf32>
    kern.store %8, %y0[%i] : vector<768xf32>, memref<67x768xf32, strided<[1536, 1]>>
    %9 = kern.load %g[%i] : memref<67x768xf32> -> vector<768xf32>
    %10 = kern.rotate %9 by %cos, %sin head 128 group 1 inverse : vector<768xf32>, vector<64xf32>
    %11 = arith.mulf %10, %7 : vector<768xf32>
    %12 = kern.reduce "add" %11 : vector<768xf32> -> vector<6xf32>
    %13 = arith.mulf %12, %5 : vector<6xf32>
    %14 = kern.spread %13 : vector<6xf32> -> vector<768xf32>
    %15 = arith.subf %10, %14 : vector<768xf32>
    kern.store %15, %y1[%i] : vector<768xf32>, memref<67x768xf32, strided<[1536, 1], offset: 768>>
  }
  // 192 columns: a part with lanes beyond the row. Tables of two positions a row, another row's columns.
  // CHECK-NOT: st.shared
  // CHECK-NOT: bar.
  // CHECK: .entry wide_heads_
  kern.rows "turn_back" 67 {
  ^row(%i: index):
    %0 = kern.load %wv[%i by -1] : memref<67x192xf32, strided<[576, 1], offset: 192>> -> vector<192xf32>
    %1 = kern.load %wv[%i] : memref<67x192xf32, strided<[576, 1], offset: 192>> -> vector<192xf32>
    %j = kern.iota : vector<192xi32>
    %n = arith.constant dense<32> : vector<192xi32>
    %two = arith.constant dense<2> : vector<192xi32>
    %2 = arith.divsi %j, %n : vector<192xi32>
    %3 = arith.remsi %2, %two : vector<192xi32>
    %zero = arith.constant dense<0> : vector<192xi32>
    %4 = arith.cmpi eq, %3, %zero : vector<192xi32>
    %5 = arith.select %4, %0, %1 : vector<192xi1>, vector<192xf32>
    %cos = kern.load %t[%i] : memref<67x64xf32> -> vector<64xf32>
    %sin = kern.load %u[%i] : memref<67x64xf32> -> vector<64xf32>
    %6 = kern.rotate %5 by %cos, %sin head 64 group 2 inverse : vector<192xf32>, vector<64xf32>
    %7 = kern.reduce "max" %6 : vector<192xf32> -> vector<3xf32>
    %8 = kern.spread %7 : vector<3xf32> -> vector<192xf32>
    %9 = arith.subf %6, %8 : vector<192xf32>
    kern.store %9, %z[%i] : vector<192xf32>, memref<67x192xf32>
  }
  // CHECK-NOT: st.shared
  // CHECK-NOT: bar.
  // CHECK: .entry narrow_heads_
  kern.rows "wide_heads" 67 {
  ^row(%i: index):
    %0 = kern.load %p[%i] : memref<67x512xf32> -> vector<512xf32>
    %1 = kern.reduce "add" %0 : vector<512xf32> -> vector<2xf32>
    %2 = kern.spread %1 : vector<2xf32> -> vector<512xf32>
    %3 = arith.addf %0, %2 : vector<512xf32>
    kern.store %3, %v[%i] : vector<512xf32>, memref<67x512xf32>
  }
  // A column for each 64, which is loaded.
  // CHECK-NOT: st.shared
  // CHECK-NOT: bar.
  // CHECK: .entry stores_a_sum_
  kern.rows "narrow_heads" 67 {
  ^row(%i: index):
    %0 = kern.load %s[%i] : memref<67x320xf32> -> vector<320xf32>
    %1 = kern.load %f[%i] : memref<67x5xf32> -> vector<5xf32>
    %2 = arith.mulf %1, %1 : vector<5xf32>
    %3 = kern.spread %2 : vector<5xf32> -> vector<320xf32>
    %4 = arith.mulf %0, %3 : vector<320xf32>
    %cos = kern.load %t[%i] : memref<67x64xf32> -> vector<64xf32>
    %sin = kern.load %u[%i] : memref<67x64xf32> -> vector<64xf32>
    %5 = kern.rotate %4 by %cos, %sin head 32 group 4 : vector<320xf32>, vector<64xf32>
    kern.store %5, %o[%i] : vector<320xf32>, memref<67x320xf32>
  }
  // CHECK: st.shared
  // CHECK: .entry in_place_
  kern.rows "stores_a_sum" 67 {
  ^row(%i: index):
    %0 = kern.load %x[%i] : memref<67x768xf32> -> vector<768xf32>
    %1 = kern.reduce "add" %0 : vector<768xf32> -> vector<6xf32>
    %2 = kern.spread %1 : vector<6xf32> -> vector<768xf32>
    %3 = arith.addf %0, %2 : vector<768xf32>
    kern.store %3, %a[%i] : vector<768xf32>, memref<67x768xf32>
    kern.store %1, %b[%i] : vector<6xf32>, memref<67x6xf32>
  }
  // CHECK: st.shared
  kern.rows "in_place" 67 {
  ^row(%i: index):
    %0 = kern.load %a[%i] : memref<67x768xf32> -> vector<768xf32>
    %cos = kern.load %t[%i] : memref<67x64xf32> -> vector<64xf32>
    %sin = kern.load %u[%i] : memref<67x64xf32> -> vector<64xf32>
    %1 = kern.rotate %0 by %cos, %sin head 128 group 1 : vector<768xf32>, vector<64xf32>
    kern.store %1, %a[%i] : vector<768xf32>, memref<67x768xf32>
    %2 = kern.load %a[%i] : memref<67x768xf32> -> vector<768xf32>
    %3 = arith.mulf %2, %0 : vector<768xf32>
    kern.store %3, %c[%i] : vector<768xf32>, memref<67x768xf32>
  }
}
