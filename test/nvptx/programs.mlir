// RUN: gptc-nvptx-emit %s --ptx - | FileCheck %s
// CHECK: .entry any_epilogue_
// CHECK-DAG: m64n64k16
// CHECK: .entry codes_
// CHECK: .entry in_fp8_
// CHECK: m64n{{[0-9]+}}k32.f32.e4m3.e4m3
// CHECK: .entry wide_rows_
//
// Row programs that no source file of the target names: numbers of the step,
// one-column loads, shared rows, functions, roundings, views with strides and
// offsets, another row. programs.py interprets them.

%a = kern.buffer "a" "workspace" : memref<256x192xbf16>
%b = kern.buffer "b" "parameter" : memref<320x64xbf16>
%av = kern.view %a : memref<256x192xbf16> to memref<256x64xbf16, strided<[192, 1], offset: 64>>
%bias = kern.buffer "bias" "parameter" : memref<320xf32>
%biasrow = kern.view %bias : memref<320xf32> to memref<1x320xf32>
%scale = kern.buffer "scale" "workspace" : memref<256xf32>
%y = kern.buffer "y" "workspace" : memref<256x640xf32>
%yv = kern.view %y : memref<256x640xf32> to memref<256x320xf32, strided<[640, 1], offset: 320>>
%q = kern.buffer "q" "workspace" : memref<256x320xbf16>
%u = kern.buffer "u" "workspace" : memref<40x1920xbf16>
%v = kern.buffer "v" "workspace" : memref<40x1920xf32>
%h = kern.buffer "h" "workspace" : memref<40x320xf32>
%top = kern.buffer "top" "workspace" : memref<40xf32>
%e = kern.buffer "e" "workspace" : memref<130x144xf32>
%ec = kern.buffer "ec" "workspace" : memref<130x144xf8E4M3FN>
%ef = kern.buffer "ef" "workspace" : memref<130x144xf8E5M2>
%tc = kern.buffer "tc" "workspace" : memref<80x148xf8E5M2>
%ct = kern.buffer "ct" "workspace" : memref<148x80xf8E5M2>
%fc = kern.buffer "fc" "workspace" : memref<72x144xf8E4M3FN>
%g = kern.buffer "g" "workspace" : memref<130x72xf32>
%one = arith.constant 0.75 : f64
%two = arith.constant -0.3 : f64

%points = kern.buffer "points" "workspace" : memref<4x128xf32>
%exps = kern.buffer "exps" "workspace" : memref<4x128xf32>
%inverses = kern.buffer "inverses" "workspace" : memref<4x128xf32>
%sevenths = kern.buffer "sevenths" "workspace" : memref<4x128xf32>
%xs = kern.buffer "xs" "workspace" : memref<9x2060xf32>
%ys = kern.buffer "ys" "workspace" : memref<9x2060xf32>
%targets = kern.buffer "targets" "input" : memref<9xi32>
kern.part @part "micro" {
  // y = exp(((p + bias) one + two) scale_t), q = bf16(y) / (1 + y)
  kern.contract "any_epilogue" %av, %b m 256 n 320 k 64
      : memref<256x64xbf16, strided<[192, 1], offset: 64>>, memref<320x64xbf16> {
  ^row(%m: index, %p: vector<320xf32>):
    %c = kern.load %biasrow[] : memref<1x320xf32> -> vector<320xf32>
    %s = kern.load %scale[%m] : memref<256xf32> -> vector<1xf32>
    %n1 = kern.number %one : vector<1xf32>
    %n2 = kern.number %two : vector<1xf32>
    %w1 = kern.spread %n1 : vector<1xf32> -> vector<320xf32>
    %w2 = kern.spread %n2 : vector<1xf32> -> vector<320xf32>
    %ws = kern.spread %s : vector<1xf32> -> vector<320xf32>
    %x0 = arith.addf %p, %c : vector<320xf32>
    %x1 = arith.mulf %x0, %w1 : vector<320xf32>
    %x2 = arith.addf %x1, %w2 : vector<320xf32>
    %x3 = arith.mulf %x2, %ws : vector<320xf32>
    %x4 = math.exp %x3 : vector<320xf32>
    kern.store %x4, %yv[%m] : vector<320xf32>, memref<256x320xf32, strided<[640, 1], offset: 320>>
    %r = kern.round %x4 to "bf16" : vector<320xf32>
    %k = arith.constant dense<1.0> : vector<320xf32>
    %d = arith.addf %k, %x4 : vector<320xf32>
    %o = arith.divf %r, %d : vector<320xf32>
    kern.store %o, %q[%m] : vector<320xf32>, memref<256x320xbf16>
  }
  // Codes of FP8, and their product: k reaches into the second tile
  kern.rows "codes" 130 {
  ^row(%t: index):
    %x = kern.load %e[%t] : memref<130x144xf32> -> vector<144xf32>
    %r = kern.round %x to "e4m3" : vector<144xf32>
    kern.store %r, %ec[%t] : vector<144xf32>, memref<130x144xf8E4M3FN>
    %s = kern.round %x to "e5m2" : vector<144xf32>
    kern.store %s, %ef[%t] : vector<144xf32>, memref<130x144xf8E5M2>
  }
  kern.contract "in_fp8" %ec, %fc m 130 n 72 k 144 : memref<130x144xf8E4M3FN>, memref<72x144xf8E4M3FN> {
  ^row(%m: index, %p: vector<72xf32>):
    %s = arith.constant dense<0.5> : vector<72xf32>
    %x = arith.mulf %p, %s : vector<72xf32>
    kern.store %x, %g[%m] : vector<72xf32>, memref<130x72xf32>
  }
  // Of no tile's size
  kern.transpose "turned" %tc to %ct m 80 n 148 : memref<80x148xf8E5M2>, memref<148x80xf8E5M2>
  // v_t = two u_{t-1}, on rows too wide for registers
  kern.rows "wide_rows" 40 {
  ^row(%t: index):
    %x = kern.load %u[%t by -1] : memref<40x1920xbf16> -> vector<1920xf32>
    %n = kern.number %two : vector<1xf32>
    %w = kern.spread %n : vector<1xf32> -> vector<1920xf32>
    %o = arith.mulf %x, %w : vector<1920xf32>
    kern.store %o, %v[%t] : vector<1920xf32>, memref<40x1920xf32>
  }
  // Two columns of a long row, of which either may be missing: chunks that none
  // is in are stored by a copy of the program without comparisons.
  // CHECK: .entry two_columns_
  // CHECK-COUNT-4: st.global.v4
  kern.rows "two_columns" 9 {
  ^row(%t: index):
    %x = kern.load %xs[%t] : memref<9x2060xf32> -> vector<2060xf32>
    %i = kern.load_index %targets[%t] : memref<9xi32>
    %next = kern.load_index %targets[%t by 1] : memref<9xi32>
    %j = kern.iota : vector<2060xi32>
    %ones = arith.constant dense<1.0> : vector<2060xf32>
    %zeros = arith.constant dense<0.0> : vector<2060xf32>
    %is = kern.column_is %j, %i : vector<2060xi32> -> vector<2060xi1>
    %a_ = arith.select %is, %ones, %zeros : vector<2060xi1>, vector<2060xf32>
    %xa = arith.subf %x, %a_ : vector<2060xf32>
    %too = kern.column_is %j, %next : vector<2060xi32> -> vector<2060xi1>
    %b_ = arith.select %too, %x, %ones : vector<2060xi1>, vector<2060xf32>
    %y_ = arith.mulf %xa, %b_ : vector<2060xf32>
    kern.store %y_, %ys[%t] : vector<2060xf32>, memref<9x2060xf32>
  }
  // The largest element, and the row less it
  kern.rows "maximum" 40 {
  ^row(%t: index):
    %x = kern.load %h[%t] : memref<40x320xf32> -> vector<320xf32>
    %m = kern.reduce "max" %x : vector<320xf32> -> vector<1xf32>
    %w = kern.spread %m : vector<1xf32> -> vector<320xf32>
    %o = arith.subf %x, %w : vector<320xf32>
    kern.store %m, %top[%t] : vector<1xf32>, memref<40xf32>
    kern.store %o, %h[%t] : vector<320xf32>, memref<40x320xf32>
  }
  // Functions of the special function unit
  kern.rows "unit" 4 {
  ^row(%t: index):
    %x = kern.load %points[%t] : memref<4x128xf32> -> vector<128xf32>
    %seven = arith.constant dense<7.5> : vector<128xf32>
    %half = arith.constant dense<0.5> : vector<128xf32>
    %exp = math.exp %x : vector<128xf32>
    %inverse = arith.divf %half, %x : vector<128xf32>
    %seventh = arith.divf %x, %seven : vector<128xf32>
    kern.store %exp, %exps[%t] : vector<128xf32>, memref<4x128xf32>
    kern.store %inverse, %inverses[%t] : vector<128xf32>, memref<4x128xf32>
    kern.store %seventh, %sevenths[%t] : vector<128xf32>, memref<4x128xf32>
  }
}
