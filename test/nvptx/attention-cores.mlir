// RUN: gptc-nvptx-emit %s --ptx %t.ptx --launches %t.json --remarks 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX --implicit-check-not=atom.global.add --implicit-check-not=red.global < %t.ptx
// RUN: FileCheck %s --check-prefix=TABLE < %t.json

// Heads of 64 and 128 columns of bf16 run on the tensor cores, and nothing is added by atomics: one counts which items
// blocks have taken. attention.py interprets such kernels.

// CHECK: remark: [Missed] attention
// CHECK-SAME: its rows are not bf16, which tensor cores multiply
// CHECK-SAME: "single runs without tensor cores"
// CHECK: remark: [Missed] attention
// CHECK-SAME: rows do not begin at multiples of 8 elements (16 bytes): let their width be a multiple of 8
// CHECK-SAME: "odd runs without tensor cores"

%wide = arith.constant 1000.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<200x384xbf16>
%f = kern.buffer "f" "input" : memref<200x128xf32>
%o = kern.buffer "o" "input" : memref<200x129xbf16>
%docs = kern.buffer "docs" "input" : memref<200xi32>
%lse = kern.buffer "lse" "workspace" : memref<200x3xf32>
%lse1 = kern.buffer "lse1" "workspace" : memref<200x1xf32>
%delta = kern.buffer "delta" "workspace" : memref<200x3xf32>
%y = kern.buffer "y" "workspace" : memref<200x384xbf16>
%dq = kern.buffer "dq" "workspace" : memref<200x384xbf16>
%dk = kern.buffer "dk" "workspace" : memref<200x384xbf16>
%dv = kern.buffer "dv" "workspace" : memref<200x384xbf16>
kern.part @attention "micro" {
  // PTX: .entry forward_
  // PTX-DAG: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
  // PTX-DAG: atom.global.inc.u32
  // Two tiles of 128 positions, three heads.
  // TABLE: "kernel": "forward_
  // TABLE-NEXT: "blocks": 6
  kern.attention "forward" %x, %x, %x documents %docs to %y, %lse window %wide scale %scale heads 3 of 128 group 1
    : memref<200x384xbf16>, memref<200x384xbf16>, memref<200x384xbf16>, memref<200xi32>, memref<200x384xbf16>, memref<200x3xf32>
  // PTX: .entry backward_
  // PTX: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
  kern.attention_backward "backward" %y, %x, %x, %x, %lse, %delta documents %docs to %dq, %dk, %dv window %wide scale %scale heads 3 of 128 group 1
    : memref<200x384xbf16>, memref<200x384xbf16>, memref<200x384xbf16>, memref<200x384xbf16>, memref<200x3xf32>, memref<200x3xf32>, memref<200xi32>, memref<200x384xbf16>, memref<200x384xbf16>, memref<200x384xbf16>
  kern.attention "single" %f, %f, %f documents %docs to %f, %lse1 window %wide scale %scale heads 1 of 128 group 1
    : memref<200x128xf32>, memref<200x128xf32>, memref<200x128xf32>, memref<200xi32>, memref<200x128xf32>, memref<200x1xf32>
  %v = kern.view %o : memref<200x129xbf16> to memref<200x128xbf16, strided<[129, 1]>>
  kern.attention "odd" %v, %v, %v documents %docs to %v, %lse1 window %wide scale %scale heads 1 of 128 group 1
    : memref<200x128xbf16, strided<[129, 1]>>, memref<200x128xbf16, strided<[129, 1]>>, memref<200x128xbf16, strided<[129, 1]>>, memref<200xi32>, memref<200x128xbf16, strided<[129, 1]>>, memref<200x1xf32>
}
