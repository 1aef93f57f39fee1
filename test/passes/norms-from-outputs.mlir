// norms-from-outputs: where it fires (its guards: norms-from-outputs-guards.mlir).

// RUN: gptc-opt %s --norms-from-outputs --remarks-filter=norms-from-outputs -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t
// RUN: gptc-opt %t --verify-kernels | diff %t -
// What a second run finds is as it was.
// RUN: gptc-opt %t --norms-from-outputs | diff %t -

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%dy = kern.buffer "dy" "input" : memref<96x256xbf16>
%v = kern.buffer "v" "input" : memref<96x256xbf16>
%lse = kern.buffer "lse" "input" : memref<96x2xf32>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%any = kern.buffer "any" "input" : memref<96x64xbf16>
%cosines = kern.buffer "cosines" "derived" : memref<96x64xbf16>
%sines = kern.buffer "sines" "derived" : memref<96x64xbf16>
%out_q = kern.buffer "out_q" "output" : memref<96x256xbf16>
%out_k = kern.buffer "out_k" "output" : memref<96x256xbf16>
%out_v = kern.buffer "out_v" "output" : memref<96x256xbf16>

kern.part @tables "prologue" {
  kern.rows "table" 96 {
  ^row(%t: index):
    %cos, %sin = kern.angles (%scale) at %t half 64 group 1 : vector<64xf32>, vector<64xf32>
    %c = kern.round %cos to "bf16" : vector<64xf32>
    kern.store %c, %cosines[%t] : vector<64xf32>, memref<96x64xbf16>
    %s = kern.round %sin to "bf16" : vector<64xf32>
    kern.store %s, %sines[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Of a gradient that goes back through a rotation and a norm: the rotation comes last, and of what was normed a number a head is left.
// CHECK-LABEL: kern.part @turned
// CHECK:         %[[ROOTS:.*]] = kern.buffer "norm" "workspace" : memref<96x2xf32>
// CHECK:         kern.rows "norm"
// CHECK:           %[[ROOT:.*]] = math.sqrt
// CHECK:           kern.store %[[ROOT]], %[[ROOTS]][%{{.*}}] : vector<2xf32>, memref<96x2xf32>
// CHECK:         kern.attention_backward "heads" %{{.*}}, %[[Q:q[^,]*]],
// CHECK:         ^bb0(%[[T:.*]]: index, %[[DQ:.*]]: vector<256xf32>, %{{.*}}: vector<256xf32>, %{{.*}}: vector<256xf32>):
// CHECK:           %[[COS:.*]] = kern.load
// CHECK-NEXT:      %[[SIN:.*]] = kern.load
// CHECK-NEXT:      %[[OWN:.*]] = kern.load %[[Q]][%[[T]]]
// CHECK-NEXT:      %[[S:.*]] = kern.load %[[ROOTS]][%[[T]]] : memref<96x2xf32> -> vector<2xf32>
// CHECK-NEXT:      %[[MEAN:.*]] = arith.constant dense<7.812500e-03>
// CHECK-NEXT:      %[[ONE:.*]] = arith.constant dense<1.000000e+00>
// CHECK-NEXT:      %[[R:.*]] = arith.divf %[[ONE]], %[[S]]
// CHECK-NEXT:      %[[PRODUCT:.*]] = arith.mulf %[[DQ]], %[[OWN]]
// CHECK-NEXT:      %[[SUM:.*]] = kern.reduce "add" %[[PRODUCT]]
// CHECK-NEXT:      %[[DOT:.*]] = arith.mulf %[[SUM]], %[[S]]
// CHECK-NEXT:      %[[SHARE:.*]] = arith.mulf %[[DOT]], %[[MEAN]]
// CHECK-NEXT:      %[[RR:.*]] = arith.mulf %[[R]], %[[R]]
// CHECK-NEXT:      %[[W:.*]] = arith.mulf %[[RR]], %[[SHARE]]
// CHECK-NEXT:      %[[WS:.*]] = arith.mulf %[[W]], %[[S]]
// CHECK-NEXT:      %[[ALL:.*]] = kern.spread %[[WS]]
// CHECK-NEXT:      %[[AWAY:.*]] = arith.mulf %[[OWN]], %[[ALL]]
// CHECK-NEXT:      %[[REST:.*]] = arith.subf %[[DQ]], %[[AWAY]]
// CHECK-NEXT:      %[[DN:.*]] = kern.rotate %[[REST]] by %[[COS]], %[[SIN]] head 128 group 1 inverse
// CHECK-NEXT:      %[[RS:.*]] = kern.spread %[[R]]
// CHECK-NEXT:      %[[DX:.*]] = arith.mulf %[[DN]], %[[RS]]
// CHECK-NEXT:      kern.store %[[DX]]
// CHECK-NEXT:    }
// REMARK:      [Passed] norm {{.*}}Function=turned | {{.*}}"heads starts from what norm made"
kern.part @turned "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Without a rotation, too.
// CHECK-LABEL: kern.part @normed
// CHECK:         kern.attention_backward "heads"
// CHECK-NOT:       kern.rotate
// CHECK:           arith.subf
// CHECK-NOT:       math.sqrt
// CHECK:         }
// REMARK-NEXT: [Passed] norm {{.*}}Function=normed | {{.*}}"heads starts from what norm made"
kern.part @normed "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    kern.store %8, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dq, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dq, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// As @normed does, of other rows: the same program stores the same roots.
// CHECK-LABEL: kern.part @alike
// CHECK:         %[[ROOTS:.*]] = kern.buffer "norm" "workspace" : memref<32x2xf32>
// CHECK:           %[[ROOT:.*]] = math.sqrt
// CHECK:           kern.store %[[ROOT]], %[[ROOTS]][%{{.*}}] : vector<2xf32>, memref<32x2xf32>
kern.part @alike "validate" {
  %x = kern.buffer "x" "workspace" : memref<32x512xbf16>
  %x_q = kern.view %x : memref<32x512xbf16> to memref<32x256xbf16, strided<[512, 1]>>
  %q = kern.buffer "q" "workspace" : memref<32x256xbf16>
  kern.rows "norm" 32 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<32x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    kern.store %8, %q[%t] : vector<256xf32>, memref<32x256xbf16>
  }
}

// Another norm.
// CHECK-LABEL: kern.part @unlike
// CHECK-NOT:     memref<32x2xf32>
// CHECK:         math.sqrt
// CHECK-NOT:     memref<32x2xf32>
kern.part @unlike "validate" {
  %x = kern.buffer "x" "workspace" : memref<32x512xbf16>
  %x_q = kern.view %x : memref<32x512xbf16> to memref<32x256xbf16, strided<[512, 1]>>
  %q = kern.buffer "q" "workspace" : memref<32x256xbf16>
  kern.rows "norm" 32 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<32x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<2.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    kern.store %8, %q[%t] : vector<256xf32>, memref<32x256xbf16>
  }
}
