// RUN: gptc-nvptx-emit %s --ptx %t.ptx --remarks 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX < %t.ptx
// CHECK: remark: [Missed] attention
// CHECK-SAME: a head has 36 columns, and tensor cores take heads of 64 and 128
// CHECK-SAME: "short runs without tensor cores"
// PTX: .entry short_
// PTX-NOT: wgmma
//
// Small enough to interpret: documents, a window, two positions a row, head sizes
// that fill a warp's lanes and that do not.
%wide = arith.constant 1000.0 : f64
%short = arith.constant 9.0 : f64
%scale = arith.constant 0.3 : f64
%q = kern.buffer "q" "input" : memref<40x72xf32>
%kv = kern.buffer "kv" "input" : memref<40x144xf32>
%docs = kern.buffer "docs" "input" : memref<40xi32>
%docs2 = kern.buffer "docs2" "input" : memref<20xi32>
%dy = kern.buffer "dy" "input" : memref<40x72xf32>
%delta = kern.buffer "delta" "input" : memref<40x2xf32>
%delta1 = kern.buffer "delta1" "input" : memref<40x6xf32>
%gates1 = kern.buffer "gates1" "input" : memref<40x6xf32>
kern.part @attention "micro" {
  %k = kern.view %kv : memref<40x144xf32> to memref<40x72xf32, strided<[144, 1]>>
  %v = kern.view %kv : memref<40x144xf32> to memref<40x72xf32, strided<[144, 1], offset: 72>>
  %y = kern.buffer "y" "workspace" : memref<40x72xf32>
  %lse = kern.buffer "lse" "workspace" : memref<40x2xf32>
  %dq = kern.buffer "dq" "workspace" : memref<40x72xf32>
  %dkv = kern.buffer "dkv" "workspace" : memref<40x144xf32>
  %dk = kern.view %dkv : memref<40x144xf32> to memref<40x72xf32, strided<[144, 1]>>
  %dv = kern.view %dkv : memref<40x144xf32> to memref<40x72xf32, strided<[144, 1], offset: 72>>
  kern.attention "short" %q, %k, %v documents %docs to %y, %lse window %short scale %scale heads 2 of 36 group 1
    : memref<40x72xf32>, memref<40x72xf32, strided<[144, 1]>>, memref<40x72xf32, strided<[144, 1], offset: 72>>, memref<40xi32>, memref<40x72xf32>, memref<40x2xf32>
  kern.attention_backward "short" %dy, %q, %k, %v, %lse, %delta documents %docs to %dq, %dk, %dv window %short scale %scale heads 2 of 36 group 1
    : memref<40x72xf32>, memref<40x72xf32>, memref<40x72xf32, strided<[144, 1]>>, memref<40x72xf32, strided<[144, 1], offset: 72>>, memref<40x2xf32>, memref<40x2xf32>, memref<40xi32>, memref<40x72xf32>, memref<40x72xf32, strided<[144, 1]>>, memref<40x72xf32, strided<[144, 1], offset: 72>>
  %y1 = kern.buffer "y1" "workspace" : memref<40x72xf32>
  %lse1 = kern.buffer "lse1" "workspace" : memref<40x6xf32>
  %dq1 = kern.buffer "dq1" "workspace" : memref<40x72xf32>
  %dk1 = kern.buffer "dk1" "workspace" : memref<40x72xf32>
  %dv1 = kern.buffer "dv1" "workspace" : memref<40x72xf32>
  kern.attention "paired" %q, %k, %v documents %docs2 to %y1, %lse1 window %wide scale %scale heads 6 of 12 group 2 gates %gates1
    : memref<40x72xf32>, memref<40x72xf32, strided<[144, 1]>>, memref<40x72xf32, strided<[144, 1], offset: 72>>, memref<20xi32>, memref<40x72xf32>, memref<40x6xf32>, memref<40x6xf32>
  kern.attention_backward "paired" %dy, %q, %k, %v, %lse1, %delta1 documents %docs2 to %dq1, %dk1, %dv1 window %wide scale %scale heads 6 of 12 group 2
    : memref<40x72xf32>, memref<40x72xf32>, memref<40x72xf32, strided<[144, 1]>>, memref<40x72xf32, strided<[144, 1], offset: 72>>, memref<40x6xf32>, memref<40x6xf32>, memref<20xi32>, memref<40x72xf32>, memref<40x72xf32>, memref<40x72xf32>
}
