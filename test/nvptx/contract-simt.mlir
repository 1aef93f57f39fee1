// RUN: gptc-nvptx-emit %s --ptx %t.ptx --remarks 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=PTX < %t.ptx

// What the tensor cores cannot contract runs without them, and a remark says
// why. contract.py interprets such kernels.

%a = kern.buffer "a" "workspace" : memref<9x33xbf16>
%w = kern.buffer "w" "parameter" : memref<7x33xbf16>
%f = kern.buffer "f" "workspace" : memref<9x64xf32>
%b = kern.buffer "b" "parameter" : memref<7x64xbf16>
%h = kern.buffer "h" "workspace" : memref<9x64xbf16>
%y = kern.buffer "y" "workspace" : memref<9x7xf32>

kern.part @part "micro" {
  // CHECK: [[@LINE+3]]:3: remark: [Missed] contract
  // CHECK-SAME: rows of an operand do not begin at multiples of 8 elements (16 bytes): let their width be a multiple of 8
  // CHECK-SAME: "odd runs without tensor cores"
  kern.contract "odd" %a, %w m 9 n 7 k 33 : memref<9x33xbf16>, memref<7x33xbf16> {
  ^row(%m: index, %p: vector<7xf32>):
    kern.store %p, %y[%m] : vector<7xf32>, memref<9x7xf32>
  }
  // CHECK: [[@LINE+2]]:3: remark: [Missed] contract
  // CHECK-SAME: an operand is f32, and tensor cores multiply bf16
  kern.contract "single" %f, %b m 9 n 7 k 64 : memref<9x64xf32>, memref<7x64xbf16> {
  ^row(%m: index, %p: vector<7xf32>):
    kern.store %p, %y[%m] : vector<7xf32>, memref<9x7xf32>
  }
  // CHECK-NOT: [Missed]
  kern.contract "tensor" %h, %b m 9 n 7 k 64 : memref<9x64xbf16>, memref<7x64xbf16> {
  ^row(%m: index, %p: vector<7xf32>):
    kern.store %p, %y[%m] : vector<7xf32>, memref<9x7xf32>
  }
}

// PTX-LABEL: .entry odd_
// PTX-NOT: wgmma
// PTX: ld.global.b16
// PTX: fma.rn.f32
// PTX-LABEL: .entry single_
// PTX-NOT: wgmma
// PTX: fma.rn.f32
// PTX-LABEL: .entry tensor_
// PTX: wgmma
