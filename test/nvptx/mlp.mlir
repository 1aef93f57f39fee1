// RUN: gptc-nvptx-emit %s --ptx - | FileCheck %s
// RUN: gptc-nvptx-emit %s --launches - | FileCheck %s --check-prefix=TABLE

// An MLP block, forward and backward, as kernels: the row kernels around it,
// the contractions with the epilogues that the fusions give them.
// T = 256 tokens, D = 128, F = 512 (the numbers are all different, so that a
// test can put others in their place).

%x = kern.buffer "x" "workspace" : memref<256x128xbf16>
%xn = kern.buffer "xn" "workspace" : memref<256x128xbf16>
%w1 = kern.buffer "w1" "parameter" : memref<512x128xbf16>
%w2 = kern.buffer "w2" "parameter" : memref<128x512xbf16>
%pre = kern.buffer "pre" "workspace" : memref<256x512xbf16>
%act = kern.buffer "act" "workspace" : memref<256x512xbf16>
%y = kern.buffer "y" "workspace" : memref<256x128xbf16>
%dy = kern.buffer "dy" "workspace" : memref<256x128xbf16>
%dpre = kern.buffer "dpre" "workspace" : memref<256x512xbf16>
%dxn = kern.buffer "dxn" "workspace" : memref<256x128xbf16>
%dx = kern.buffer "dx" "workspace" : memref<256x128xbf16>
%dw1 = kern.buffer "dw1" "gradient" of "w1" : memref<512x128xf32>
%dw2 = kern.buffer "dw2" "gradient" of "w2" : memref<128x512xf32>

kern.part @forward "micro" {
  // xn = x rsqrt(mean(x²) + ε)
  kern.rows "rms_norm" 256 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<256x128xbf16> -> vector<128xf32>
    %v2 = arith.mulf %v, %v : vector<128xf32>
    %sum = kern.reduce "add" %v2 : vector<128xf32> -> vector<1xf32>
    %n = arith.constant dense<128.0> : vector<1xf32>
    %mean = arith.divf %sum, %n : vector<1xf32>
    %eps = arith.constant dense<1.1920929e-07> : vector<1xf32>
    %shifted = arith.addf %mean, %eps : vector<1xf32>
    %r = math.rsqrt %shifted : vector<1xf32>
    %rs = kern.spread %r : vector<1xf32> -> vector<128xf32>
    %o = arith.mulf %v, %rs : vector<128xf32>
    kern.store %o, %xn[%t] : vector<128xf32>, memref<256x128xbf16>
  }
  // pre = xn W1ᵀ, act = max(pre, 0)²
  kern.contract "fc_relu2" %xn, %w1 m 256 n 512 k 128
      : memref<256x128xbf16>, memref<512x128xbf16> {
  ^row(%m: index, %p: vector<512xf32>):
    %z = arith.constant dense<0.0> : vector<512xf32>
    %r = arith.maximumf %p, %z : vector<512xf32>
    %s = arith.mulf %r, %r : vector<512xf32>
    kern.store %p, %pre[%m] : vector<512xf32>, memref<256x512xbf16>
    kern.store %s, %act[%m] : vector<512xf32>, memref<256x512xbf16>
  }
  // y = act W2ᵀ + x
  kern.contract "proj_add" %act, %w2 m 256 n 128 k 512
      : memref<256x512xbf16>, memref<128x512xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %v = kern.load %x[%m] : memref<256x128xbf16> -> vector<128xf32>
    %s = arith.addf %p, %v : vector<128xf32>
    kern.store %s, %y[%m] : vector<128xf32>, memref<256x128xbf16>
  }
}

kern.part @backward "micro" {
  // dW2 += dYᵀ act
  kern.contract "proj_dw" %dy transposed_a, %act transposed_b m 128 n 512 k 256
      : memref<256x128xbf16>, memref<256x512xbf16> {
  ^row(%m: index, %p: vector<512xf32>):
    %old = kern.load %dw2[%m] : memref<128x512xf32> -> vector<512xf32>
    %new = arith.addf %old, %p : vector<512xf32>
    kern.store %new, %dw2[%m] : vector<512xf32>, memref<128x512xf32>
  }
  // dpre = (dY W2) 2 max(pre, 0)
  kern.contract "proj_dx_relu2" %dy, %w2 transposed_b m 256 n 512 k 128
      : memref<256x128xbf16>, memref<128x512xbf16> {
  ^row(%m: index, %p: vector<512xf32>):
    %v = kern.load %pre[%m] : memref<256x512xbf16> -> vector<512xf32>
    %z = arith.constant dense<0.0> : vector<512xf32>
    %two = arith.constant dense<2.0> : vector<512xf32>
    %r = arith.maximumf %v, %z : vector<512xf32>
    %d = arith.mulf %r, %two : vector<512xf32>
    %o = arith.mulf %p, %d : vector<512xf32>
    kern.store %o, %dpre[%m] : vector<512xf32>, memref<256x512xbf16>
  }
  // dW1 += dpreᵀ xn
  kern.contract "fc_dw" %dpre transposed_a, %xn transposed_b m 512 n 128 k 256
      : memref<256x512xbf16>, memref<256x128xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    %old = kern.load %dw1[%m] : memref<512x128xf32> -> vector<128xf32>
    %new = arith.addf %old, %p : vector<128xf32>
    kern.store %new, %dw1[%m] : vector<128xf32>, memref<512x128xf32>
  }
  // dxn = dpre W1
  kern.contract "fc_dx" %dpre, %w1 transposed_b m 256 n 128 k 512
      : memref<256x512xbf16>, memref<512x128xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %dxn[%m] : vector<128xf32>, memref<256x128xbf16>
  }
  // dx = r (dxn − xn mean(dxn xn)) + dY, r as in the forward
  kern.rows "rms_norm_backward" 256 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<256x128xbf16> -> vector<128xf32>
    %g = kern.load %dxn[%t] : memref<256x128xbf16> -> vector<128xf32>
    %h = kern.load %dy[%t] : memref<256x128xbf16> -> vector<128xf32>
    %v2 = arith.mulf %v, %v : vector<128xf32>
    %sum = kern.reduce "add" %v2 : vector<128xf32> -> vector<1xf32>
    %n = arith.constant dense<128.0> : vector<1xf32>
    %mean = arith.divf %sum, %n : vector<1xf32>
    %eps = arith.constant dense<1.1920929e-07> : vector<1xf32>
    %shifted = arith.addf %mean, %eps : vector<1xf32>
    %r = math.rsqrt %shifted : vector<1xf32>
    %rs = kern.spread %r : vector<1xf32> -> vector<128xf32>
    %vn = arith.mulf %v, %rs : vector<128xf32>
    %gv = arith.mulf %g, %vn : vector<128xf32>
    %dot = kern.reduce "add" %gv : vector<128xf32> -> vector<1xf32>
    %dotmean = arith.divf %dot, %n : vector<1xf32>
    %ds = kern.spread %dotmean : vector<1xf32> -> vector<128xf32>
    %c = arith.mulf %vn, %ds : vector<128xf32>
    %d = arith.subf %g, %c : vector<128xf32>
    %e = arith.mulf %d, %rs : vector<128xf32>
    %o = arith.addf %e, %h : vector<128xf32>
    kern.store %o, %dx[%t] : vector<128xf32>, memref<256x128xbf16>
  }
}

// The second operand of a forward is K-major (0, 0), that of dx MN-major (0, 1),
// both of dW (1, 1).
// CHECK-LABEL: .entry rms_norm_
// CHECK-DAG: sqrt.rn.f32
// CHECK-LABEL: .entry fc_relu2_
// CHECK-DAG: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {{.*}}, 0, 0;
// CHECK-DAG: max.NaN.f32
// CHECK-DAG: cvt.rn.bf16x2.f32
// CHECK-LABEL: .entry proj_add_
// CHECK-DAG: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}, 0, 0;
// CHECK-LABEL: .entry proj_dw_
// CHECK-DAG: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, 1, 1;
// CHECK-DAG: min.u32
// CHECK-DAG: ld.global.v2.b32
// CHECK-DAG: st.global.v2.b32
// CHECK-LABEL: .entry proj_dx_relu2_
// CHECK-DAG: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {{.*}}, 0, 1;
// CHECK-LABEL: .entry fc_dw_
// CHECK-LABEL: .entry fc_dx_
// CHECK-LABEL: .entry rms_norm_backward_

// T is an argument of the launch: m of a product over tokens, k of a gradient.
// TABLE: "part": "forward",
// TABLE-NEXT: "kernel": "rms_norm_
// TABLE: "kernel": "fc_relu2_
// TABLE-NEXT: "blocks": 4,
// TABLE-NEXT: "persistent": true,
// TABLE-NEXT: "threads": 384,
// TABLE: "kind": "tensor map",
// TABLE-NEXT: "buffer": "xn",
// TABLE: "boxRows": 128
// TABLE: "value": 256
// TABLE: "kernel": "proj_dw_
// TABLE: "boxRows": 64
