// fuse-attention: row kernels that keep to a head go into the attention whose gradient they read.

// RUN: gptc-opt %s --fuse-attention=target=sm_90a --remarks-filter=fuse-attention -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t
// RUN: gptc-opt %s --fuse-attention | FileCheck %s --check-prefix=CPU
// CPU-NOT: program
// What a second run finds is as it was.
// RUN: gptc-opt %t --fuse-attention=target=sm_90a | diff %t -
// RUN: gptc-opt %t --verify-kernels | diff %t -

%window = arith.constant 128.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<300x384xbf16>
%docs = kern.buffer "docs" "input" : memref<300xi32>
%lse = kern.buffer "lse" "input" : memref<300x3xf32>
%cos = kern.buffer "cos" "input" : memref<300x64xbf16>
%sin = kern.buffer "sin" "input" : memref<300x64xbf16>
%out = kern.buffer "out" "output" : memref<300x1152xbf16>
%out_q = kern.view %out : memref<300x1152xbf16> to memref<300x384xbf16, strided<[1152, 1]>>
%out_k = kern.view %out : memref<300x1152xbf16> to memref<300x384xbf16, strided<[1152, 1], offset: 384>>
%out_v = kern.view %out : memref<300x1152xbf16> to memref<300x384xbf16, strided<[1152, 1], offset: 768>>

// A chain moves op by op; what another gradient goes through, too, is a program of its own. Rows between do not matter.
// CHECK-LABEL: kern.part @chain
// CHECK:         kern.rows "other"
// CHECK:         kern.attention_backward "heads+rotate+norm_backward+gate"
// CHECK-SAME:      program {
// CHECK-NEXT:    ^bb0(%[[T:.*]]: index, %[[DQ:.*]]: vector<384xf32>, %[[DK:.*]]: vector<384xf32>, %[[DV:.*]]: vector<384xf32>):
// CHECK-NEXT:      kern.store %[[DV]], %{{.*}}[%[[T]]] : vector<384xf32>, memref<300x384xbf16, strided<[1152, 1], offset: 768>>
// CHECK-NEXT:      %[[COS:.*]] = kern.load
// CHECK-NEXT:      %[[SIN:.*]] = kern.load
// CHECK-NEXT:      %[[G:.*]] = kern.rotate %[[DQ]] by %[[COS]], %[[SIN]] head 128 group 1 inverse
// CHECK:           kern.rotate %[[DK]]
// CHECK:           %[[X:.*]] = kern.load %{{.*}}[%[[T]]] : memref<300x384xbf16> -> vector<384xf32>
// CHECK-NEXT:      arith.mulf %[[G]], %[[X]]
// CHECK-NEXT:      kern.reduce "add"
// CHECK-NEXT:      kern.spread
// CHECK-NEXT:      arith.subf %[[G]]
// CHECK-NEXT:      kern.store %{{.*}}, %{{.*}}[%[[T]]] : vector<384xf32>, memref<300x384xbf16, strided<[1152, 1]>>
// CHECK:           kern.store %{{.*}} : vector<384xf32>, memref<300x384xbf16, strided<[1152, 1], offset: 384>>
// CHECK-NOT:     kern.rows
// REMARK:      [Passed] attention {{.*}}Function=chain | {{.*}}"rotate is computed in heads"
// REMARK-NEXT: [Passed] attention {{.*}}Function=chain | {{.*}}"rotate is computed in heads"
// REMARK-NEXT: [Passed] attention {{.*}}Function=chain | {{.*}}"norm_backward is computed in heads"
// REMARK-NEXT: [Passed] attention {{.*}}Function=chain | {{.*}}"gate is computed in heads"
kern.part @chain "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x3x128xbf16>
  %dq_rows = kern.view %dq : memref<300x3x128xbf16> to memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  %gq = kern.buffer "gq" "workspace" : memref<300x384xbf16>
  %gk = kern.buffer "gk" "workspace" : memref<300x384xbf16>
  %other = kern.buffer "other" "output" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq_rows, %dk, %out_v window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16, strided<[1152, 1], offset: 768>>
  kern.rows "other" 300 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %0, %other[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "rotate" 300 {
  ^row(%t: index):
    %0 = kern.load %dq[%t] : memref<300x3x128xbf16> -> vector<384xf32>
    %c = kern.load %cos[%t] : memref<300x64xbf16> -> vector<64xf32>
    %s = kern.load %sin[%t] : memref<300x64xbf16> -> vector<64xf32>
    %1 = kern.rotate %0 by %c, %s head 128 group 1 inverse : vector<384xf32>, vector<64xf32>
    kern.store %1, %gq[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "rotate" 300 {
  ^row(%t: index):
    %0 = kern.load %dk[%t] : memref<300x384xbf16> -> vector<384xf32>
    %c = kern.load %cos[%t] : memref<300x64xbf16> -> vector<64xf32>
    %s = kern.load %sin[%t] : memref<300x64xbf16> -> vector<64xf32>
    %1 = kern.rotate %0 by %c, %s head 128 group 1 inverse : vector<384xf32>, vector<64xf32>
    kern.store %1, %gk[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "norm_backward" 300 {
  ^row(%t: index):
    %g = kern.load %gq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %0 = kern.load %x[%t] : memref<300x384xbf16> -> vector<384xf32>
    %1 = arith.mulf %g, %0 : vector<384xf32>
    %2 = kern.reduce "add" %1 : vector<384xf32> -> vector<3xf32>
    %3 = kern.spread %2 : vector<3xf32> -> vector<384xf32>
    %4 = arith.subf %g, %3 : vector<384xf32>
    kern.store %4, %out_q[%t] : vector<384xf32>, memref<300x384xbf16, strided<[1152, 1]>>
  }
  kern.rows "gate" 300 {
  ^row(%t: index):
    %g = kern.load %gk[%t] : memref<300x384xbf16> -> vector<384xf32>
    %0 = kern.load %lse[%t] : memref<300x3xf32> -> vector<3xf32>
    %1 = math.exp %0 : vector<3xf32>
    %2 = kern.spread %1 : vector<3xf32> -> vector<384xf32>
    %3 = arith.mulf %g, %2 : vector<384xf32>
    kern.store %3, %out_k[%t] : vector<384xf32>, memref<300x384xbf16, strided<[1152, 1], offset: 384>>
  }
}

// One row is read beside each gradient: the second stays outside.
// CHECK-LABEL: kern.part @reads
// CHECK:         kern.attention_backward "heads+add"
// CHECK:         kern.rows "add"
// REMARK-NEXT: [Passed] attention {{.*}}Function=reads | {{.*}}"add is computed in heads"
// REMARK-NEXT: [Missed] attention {{.*}}Function=reads | {{.*}}Reason="it would read too many rows", Remark="add stays outside of heads"
kern.part @reads "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "output" : memref<300x384xbf16>
  %one = kern.buffer "one" "workspace" : memref<300x384xbf16>
  %y = kern.buffer "y" "input" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %out_v window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16, strided<[1152, 1], offset: 768>>
  kern.rows "add" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %0 = kern.load %x[%t] : memref<300x384xbf16> -> vector<384xf32>
    %1 = arith.addf %g, %0 : vector<384xf32>
    kern.store %1, %one[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "add" 300 {
  ^row(%t: index):
    %g = kern.load %one[%t] : memref<300x384xbf16> -> vector<384xf32>
    %0 = kern.load %y[%t] : memref<300x384xbf16> -> vector<384xf32>
    %1 = arith.addf %g, %0 : vector<384xf32>
    kern.store %1, %out_q[%t] : vector<384xf32>, memref<300x384xbf16, strided<[1152, 1]>>
  }
}
