// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json
// RUN: FileCheck %s --implicit-check-not=.entry < %t.ptx
// RUN: %python -c "import json, sys; [print(l['kernel'], l['blocks'], *(a['value'] for a in l['arguments'] if a['kind'] == 'value')) for l in json.load(open(sys.argv[1]))]" %t.json | FileCheck %s --check-prefix=LAUNCHES

// A kernel fills any matrix whose rows lie side by side: it is told the 16 bytes that it has whole, and how often two bytes are left. What does
// not begin at 16 bytes is filled two by two. A constant of bf16 stands twice in what it is told. Rows that lie apart keep their kernel, and so do
// a program that stores something twice and one that fills a part of a matrix.
// Copies from another buffer of the same type are one kernel, too; a conversion, and a copy within a buffer, are not.
// CHECK:      .entry small_fills
// CHECK:      st.global.v4.b32
// CHECK:      st.global.b16
// CHECK:      .entry apart_fills
// CHECK:      .entry part_fills
// CHECK:      .entry copy_fills
// CHECK:      ld.global.v4.b32
// CHECK:      st.global.v4.b32
// CHECK:      .entry rounded_fills
// CHECK:      .entry within_fills

// LAUNCHES:      small_fills_{{[0-9]+}} 1 0 18 0
// LAUNCHES-NEXT: small_fills_{{[0-9]+}} 1 0 0 100
// LAUNCHES-NEXT: small_fills_{{[0-9]+}} 2 1065353216 1536 0
// LAUNCHES-NEXT: small_fills_{{[0-9]+}} 1 1065369472 1 4
// LAUNCHES-NEXT: apart_fills
// LAUNCHES-NEXT: part_fills
// LAUNCHES-NEXT: copy_fills_{{[0-9]+}} 2 1536 0
// LAUNCHES-NEXT: copy_fills_{{[0-9]+}} 1 1 4
// LAUNCHES-NEXT: rounded_fills
// LAUNCHES-NEXT: within_fills
%a = kern.buffer "a" "state" : memref<6x12xf32>
%b = kern.buffer "b" "state" : memref<72xf32>
%c = kern.buffer "c" "state" : memref<2x3072xf32>
%d = kern.buffer "d" "state" : memref<1x12xbf16>
%e = kern.buffer "e" "state" : memref<8x192xf32>
%f = kern.buffer "f" "state" : memref<2x3072xf32>
%g = kern.buffer "g" "state" : memref<1x12xbf16>
%h = kern.buffer "h" "state" : memref<1x12xf32>
kern.part @micro_0 "micro" {
  kern.rows "small" 6 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<12xf32>
    kern.store %0, %a[%t] : vector<12xf32>, memref<6x12xf32>
  }
  %end = kern.view %b : memref<72xf32> to memref<10x5xf32, strided<[5, 1], offset: 22>>
  kern.rows "other" 10 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<5xf32>
    kern.store %0, %end[%t] : vector<5xf32>, memref<10x5xf32, strided<[5, 1], offset: 22>>
  }
  kern.rows "long" 2 {
  ^row(%t: index):
    %0 = arith.constant dense<1.0> : vector<3072xf32>
    kern.store %0, %c[%t] : vector<3072xf32>, memref<2x3072xf32>
  }
  kern.rows "half" 1 {
  ^row(%t: index):
    %0 = arith.constant dense<1.001> : vector<12xf32>
    kern.store %0, %d[%t] : vector<12xf32>, memref<1x12xbf16>
  }
  %left = kern.view %e : memref<8x192xf32> to memref<8x64xf32, strided<[192, 1]>>
  kern.rows "apart" 8 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<64xf32>
    kern.store %0, %left[%t] : vector<64xf32>, memref<8x64xf32, strided<[192, 1]>>
  }
  kern.rows "part" 1 {
  ^row(%t: index):
    %0 = arith.constant dense<0.0> : vector<3072xf32>
    kern.store %0, %c[%t] : vector<3072xf32>, memref<2x3072xf32>
  }
  kern.rows "copy" 2 {
  ^row(%t: index):
    %0 = kern.load %c[%t] : memref<2x3072xf32> -> vector<3072xf32>
    kern.store %0, %f[%t] : vector<3072xf32>, memref<2x3072xf32>
  }
  kern.rows "copy_half" 1 {
  ^row(%t: index):
    %0 = kern.load %d[%t] : memref<1x12xbf16> -> vector<12xf32>
    kern.store %0, %g[%t] : vector<12xf32>, memref<1x12xbf16>
  }
  kern.rows "rounded" 1 {
  ^row(%t: index):
    %0 = kern.load %h[%t] : memref<1x12xf32> -> vector<12xf32>
    kern.store %0, %g[%t] : vector<12xf32>, memref<1x12xbf16>
  }
  %first = kern.view %b : memref<72xf32> to memref<1x12xf32>
  %second = kern.view %b : memref<72xf32> to memref<1x12xf32, strided<[12, 1], offset: 12>>
  kern.rows "within" 1 {
  ^row(%t: index):
    %0 = kern.load %first[%t] : memref<1x12xf32> -> vector<12xf32>
    kern.store %0, %second[%t] : vector<12xf32>, memref<1x12xf32, strided<[12, 1], offset: 12>>
  }
}
