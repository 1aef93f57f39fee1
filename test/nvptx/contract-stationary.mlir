// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json --remarks 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX < %t.ptx
// RUN: FileCheck %s --check-prefix=LAUNCHES < %t.json

// Codes whose second operand has all of its k for 192 columns in shared memory, four steps of 128 to six: it stays there.
// CHECK: contract-stationary.mlir:[[#@LINE+46]]:3: remark:{{.*}}"six keeps a tile's columns of its second operand in shared memory"
// CHECK: remark:{{.*}}"four keeps a tile's columns
// Not of too few or too many steps, of a gradient's codes or what is summed in f32, of an epilogue that stores two tiles or loads one,
// where 192 columns do not fit n, and where a tile is asked for.
// CHECK-NOT: keeps

// Three consumers of 160 registers take turns; a step brings 8 KiB of the first operand, and 24 of the second where its columns are new.
// PTX: .entry six
// PTX: .reqntid 512
// PTX: setmaxnreg.inc.sync.aligned.u32 160
// PTX: m64n192k32.f32.e4m3.e4m3
// What is stored waits for its slot behind what makes it.
// PTX: wgmma.wait_group.sync.aligned 0
// PTX: stmatrix
// PTX-NOT: wait_group.read
// PTX: mul.rn.f32
// PTX: cp.async.bulk.wait_group.read 0
// PTX: stmatrix
// PTX: setmaxnreg.dec.sync.aligned.u32 32
// PTX: or.pred [[NEW:%p[0-9]+]]
// PTX: mbarrier.try_wait
// PTX: 32768
// PTX: .entry four
// PTX: .reqntid 512
// PTX: .entry {{short|long|gradient|summed|two|loads|cut|asked}}
// PTX: .reqntid 384
// PTX-NOT: .reqntid 512

// Six steps of 24 KiB, seven stages of 8 and a block of 8 KiB for each of three consumers.
// LAUNCHES: "kernel": "six
// LAUNCHES: "threads": 512
// LAUNCHES: "sharedBytes": 229440
%a = kern.buffer "a" "workspace" : memref<256x768xf8E4M3FN>
%b = kern.buffer "b" "workspace" : memref<384x768xf8E4M3FN>
%g = kern.buffer "g" "workspace" : memref<256x768xf8E5M2>
%ashort = kern.buffer "ashort" "workspace" : memref<256x384xf8E4M3FN>
%bshort = kern.buffer "bshort" "workspace" : memref<384x384xf8E4M3FN>
%along = kern.buffer "along" "workspace" : memref<256x784xf8E4M3FN>
%blong = kern.buffer "blong" "workspace" : memref<384x784xf8E4M3FN>
%bcut = kern.buffer "bcut" "workspace" : memref<256x768xf8E4M3FN>
%afour = kern.buffer "afour" "workspace" : memref<256x400xf8E4M3FN>
%bfour = kern.buffer "bfour" "workspace" : memref<384x400xf8E4M3FN>
%x = kern.buffer "x" "workspace" : memref<256x384xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
%z = kern.buffer "z" "workspace" : memref<256x256xbf16>
kern.part @p "micro" {
  kern.contract "six" %a, %b m 256 n 384 k 768 : memref<256x768xf8E4M3FN>, memref<384x768xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    %q = arith.mulf %p, %p : vector<384xf32>
    kern.store %q, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "four" %afour, %bfour m 256 n 384 k 400 : memref<256x400xf8E4M3FN>, memref<384x400xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "short" %ashort, %bshort m 256 n 384 k 384 : memref<256x384xf8E4M3FN>, memref<384x384xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "long" %along, %blong m 256 n 384 k 784 : memref<256x784xf8E4M3FN>, memref<384x784xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "gradient" %g, %b m 256 n 384 k 768 : memref<256x768xf8E5M2>, memref<384x768xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "summed" %a, %b m 256 n 384 k 768 promotion 128 : memref<256x768xf8E4M3FN>, memref<384x768xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  kern.contract "two" %a, %b m 256 n 384 k 768 : memref<256x768xf8E4M3FN>, memref<384x768xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    %r = arith.negf %p : vector<384xf32>
    kern.store %r, %y[%m] : vector<384xf32>, memref<256x384xbf16>
    %q = arith.addf %p, %p : vector<384xf32>
    kern.store %q, %x[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  %sums = kern.buffer "sums" "workspace" : memref<256x6xf32>
  kern.contract "loads" %a, %b m 256 n 384 k 768 : memref<256x768xf8E4M3FN>, memref<384x768xf8E4M3FN> {
  ^row(%m: index, %p: vector<384xf32>):
    %v = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %q = arith.mulf %p, %v : vector<384xf32>
    %w = kern.reduce "add" %q : vector<384xf32> -> vector<6xf32>
    kern.store %w, %sums[%m] : vector<6xf32>, memref<256x6xf32>
  }
  kern.contract "cut" %a, %bcut m 256 n 256 k 768 : memref<256x768xf8E4M3FN>, memref<256x768xf8E4M3FN> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %z[%m] : vector<256xf32>, memref<256x256xbf16>
  }
  kern.contract "asked" %a, %b m 256 n 384 k 768 : memref<256x768xf8E4M3FN>, memref<384x768xf8E4M3FN> attributes {tile = {columns = 192, turns}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
}
