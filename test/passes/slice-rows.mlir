// slice-rows: what a slice sees of each buffer, and how sums over all rows come together.

// RUN: gptc-opt %s --slice-rows=limit=66000 --verify-kernels --remarks-filter=slice-rows -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

// Buffers of no more than the limit are left alone.
// RUN: gptc-opt %s --slice-rows -o %t.alone
// RUN: gptc-opt %s -o %t.as-it-was
// RUN: diff %t.alone %t.as-it-was

%tokens = kern.buffer "tokens" "input" : memref<256xi32>
%targets = kern.buffer "targets" "input" : memref<256xi32>
%table = kern.buffer "table" "parameter" : memref<256x64xbf16>
%x = kern.buffer "x" "input" : memref<256x64xbf16>
%xt = kern.buffer "xt" "input" : memref<64x256xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%g = kern.buffer "g" "gradient" : memref<128x64xf32>
%narrow = kern.buffer "narrow" "gradient" : memref<128x64xbf16>
%dx = kern.buffer "dx" "output" : memref<256x64xbf16>
%loss = kern.buffer "loss" "output" : memref<f64>

// A head: the product, its loss with the target after the next, both gradients. z and d, which are large, and s have a slice's
// rows; of all others a slice is seen, of the targets one more. The weight's gradient is added up in its target, and its second
// operand has its tokens in columns.
kern.part @head "micro" {
  // CHECK:       kern.part @head
  // CHECK-DAG:   %[[Z:.*]] = kern.buffer "z" "workspace" : memref<128x128xf32>
  // CHECK-DAG:   %[[D:.*]] = kern.buffer "d" "workspace" : memref<128x128xf32>
  // CHECK-DAG:   %[[S:.*]] = kern.buffer "s" "workspace" : memref<128x2xf32>
  // CHECK-DAG:   %[[PARTIALS:.*]] = kern.buffer "partials" "workspace" {partials} : memref<4x1xf32>
  // CHECK:       kern.rows "before" 1
  // CHECK:       %[[X0:.*]] = kern.view %x : memref<256x64xbf16> to memref<128x64xbf16>
  // CHECK:       kern.contract "logits" %[[X0]], %w m 128 n 128 k 64
  // CHECK:         kern.store %{{.*}}, %[[Z]][
  // CHECK:         kern.store %{{.*}}, %[[S]][
  // CHECK:       %[[T0:.*]] = kern.view %targets : memref<256xi32> to memref<129xi32>
  // CHECK:       %[[P0:.*]] = kern.view %[[PARTIALS]] : memref<4x1xf32> to memref<2x1xf32>
  // CHECK:       kern.rows "loss" 128 {
  // CHECK:         kern.load %[[Z]][
  // CHECK:         kern.load_index %[[T0]][%{{.*}} by 1] : memref<129xi32>
  // CHECK:         kern.load_index %{{.*}}[%{{.*}}] : memref<128xi32>
  // CHECK:         kern.load %table[%{{.*}}] : memref<256x64xbf16>
  // CHECK:         kern.partial %{{.*}}, %[[P0]]
  // CHECK:         kern.store %{{.*}}, %[[D]][
  // CHECK:       %[[DX0:.*]] = kern.view %dx : memref<256x64xbf16> to memref<128x64xbf16>
  // CHECK:       kern.contract "dx" %[[D]], %w transposed_b m 128 n 64 k 128
  // CHECK:         kern.store %{{.*}}, %[[DX0]][
  // CHECK:       %[[XT0:.*]] = kern.view %xt : memref<64x256xbf16> to memref<64x128xbf16, strided<[256, 1]>>
  // CHECK:       kern.contract "dw" %[[D]] transposed_a, %[[XT0]] m 128 n 64 k 128
  // CHECK:         kern.load %g[
  // CHECK:         kern.store %{{.*}}, %g[
  // CHECK:       %[[X1:.*]] = kern.view %x : memref<256x64xbf16> to memref<128x64xbf16, strided<[64, 1], offset: 8192>>
  // CHECK:       kern.contract "logits" %[[X1]], %w m 128 n 128 k 64
  // CHECK:       kern.view %targets : memref<256xi32> to memref<128xi32, strided<[1], offset: 128>>
  // CHECK:       kern.view %[[PARTIALS]] : memref<4x1xf32> to memref<2x1xf32, strided<[1, 1], offset: 2>>
  // CHECK:       kern.rows "loss" 128 {
  // CHECK:       kern.contract "dx" %[[D]]
  // CHECK:       %[[XT1:.*]] = kern.view %xt : memref<64x256xbf16> to memref<64x128xbf16, strided<[256, 1], offset: 128>>
  // CHECK:       kern.contract "dw" %[[D]] transposed_a, %[[XT1]] m 128 n 64 k 128
  // CHECK:         kern.load %g[
  // CHECK:       kern.finish "sum" %[[PARTIALS]] to %loss
  // REMARK:      [Passed] slices | Category:slice-rows | Function=head | Remark="d is made a slice of rows at a time", bytes=65536, kernels=4, rows=128
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %d = kern.buffer "d" "workspace" : memref<256x128xf32>
  %s = kern.buffer "s" "workspace" : memref<256x2xf32>
  %one = kern.buffer "one" "workspace" : memref<f32>
  %partials = kern.buffer "partials" "workspace" {partials} : memref<4x1xf32>
  kern.contract "logits" %x, %w m 256 n 128 k 64 : memref<256x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<256x128xf32>
    %r = kern.reduce "add" %p : vector<128xf32> -> vector<2xf32>
    kern.store %r, %s[%m] : vector<2xf32>, memref<256x2xf32>
  }
  kern.rows "before" 1 {
  ^row(%t: index):
    %c = arith.constant dense<1.0> : vector<1xf32>
    kern.store %c, %one[%t] : vector<1xf32>, memref<f32>
  }
  kern.rows "loss" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    %r = kern.load %s[%t] : memref<256x2xf32> -> vector<2xf32>
    %i = kern.load_index %targets[%t by 1] : memref<256xi32>
    %token = kern.load_index %tokens[%t] : memref<256xi32>
    %e = kern.load %table[%token] : memref<256x64xbf16> -> vector<64xf32>
    %seed = kern.load %one[] : memref<f32> -> vector<1xf32>
    %q = kern.pick %v[%i] : vector<128xf32> -> vector<1xf32>
    %a = kern.reduce "add" %e : vector<64xf32> -> vector<1xf32>
    %b = kern.reduce "add" %r : vector<2xf32> -> vector<1xf32>
    %l = arith.mulf %q, %seed : vector<1xf32>
    %k = arith.mulf %l, %a : vector<1xf32>
    %n = arith.mulf %k, %b : vector<1xf32>
    kern.partial %n, %partials[%t] : vector<1xf32>, memref<4x1xf32>
    %all = kern.spread %n : vector<1xf32> -> vector<128xf32>
    %o = arith.mulf %v, %all : vector<128xf32>
    kern.store %o, %d[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.finish "sum" %partials to %loss : memref<4x1xf32> to memref<f64>
  kern.contract "dx" %d, %w transposed_b m 256 n 64 k 128 : memref<256x128xf32>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %dx[%m] : vector<64xf32>, memref<256x64xbf16>
  }
  kern.contract "dw" %d transposed_a, %xt m 128 n 64 k 256 : memref<256x128xf32>, memref<64x256xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %c = arith.constant dense<0.5> : vector<64xf32>
    %h = arith.mulf %p, %c : vector<64xf32>
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %h : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// A target that is rounded gets the sum of all slices at once: those before are summed beside it.
kern.part @rounded "micro" {
  // CHECK:       kern.part @rounded
  // CHECK:       kern.rows "d" 128
  // CHECK:       %[[SUM:.*]] = kern.buffer "slices" "workspace" : memref<128x64xf32>
  // CHECK:       kern.contract "dw" {{.*}} k 128
  // CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<64xf32>):
  // CHECK-NEXT:    kern.store %[[P]], %[[SUM]][%[[M]]]
  // CHECK-NEXT:  }
  // CHECK:       kern.rows "d" 128
  // CHECK:       kern.contract "dw" {{.*}} k 128
  // CHECK-NEXT:  ^{{.*}}(%[[M:.*]]: index, %[[P:.*]]: vector<64xf32>):
  // CHECK-NEXT:    %[[BEFORE:.*]] = kern.load %[[SUM]][%[[M]]]
  // CHECK-NEXT:    %[[ALL:.*]] = arith.addf %[[BEFORE]], %[[P]]
  // CHECK-NEXT:    %[[OLD:.*]] = kern.load %narrow[%[[M]]]
  // CHECK-NEXT:    %[[ROUND:.*]] = kern.round %[[ALL]] to "bf16"
  // CHECK-NEXT:    %[[NEW:.*]] = arith.addf %[[OLD]], %[[ROUND]]
  // CHECK-NEXT:    kern.store %[[NEW]], %narrow[%[[M]]]
  // CHECK-NEXT:  }
  %d = kern.buffer "d" "workspace" : memref<256x128xf32>
  kern.rows "d" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %d[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %d transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %narrow[%m] : memref<128x64xbf16> -> vector<64xf32>
    %r = kern.round %p to "bf16" : vector<64xf32>
    %n = arith.addf %o, %r : vector<64xf32>
    kern.store %n, %narrow[%m] : vector<64xf32>, memref<128x64xbf16>
  }
}

// Products that have been squared cannot be added one by one, nor where the target is read twice; three slices, the last of them
// shorter, are a first sum, one that is added to and the whole.
kern.part @squared "micro" {
  // CHECK:       kern.part @squared
  // CHECK-COUNT-2: kern.contract "dw" {{.*}} k 128
  // CHECK:         kern.load %[[SUM:slices.*]][
  // CHECK:         kern.store %{{.*}}, %[[SUM]][
  // CHECK:       kern.rows "d" 44
  // CHECK:       kern.contract "dw" {{.*}} k 44
  // CHECK:         %[[OF:.*]] = kern.load %[[SUM]][
  // CHECK-NEXT:    %[[ALL:.*]] = arith.addf %[[OF]], %{{.*}}
  // CHECK:         arith.mulf %[[ALL]], %[[ALL]]
  // REMARK:      Function=squared | {{.*}}rows=128
  %y = kern.buffer "y" "workspace" : memref<300x64xf32>
  %d = kern.buffer "d" "workspace" : memref<300x128xf32>
  kern.rows "y" 300 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<64xf32>
    kern.store %v, %y[%t] : vector<64xf32>, memref<300x64xf32>
  }
  kern.rows "d" 300 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %d[%t] : vector<128xf32>, memref<300x128xf32>
  }
  kern.contract "dw" %d transposed_a, %y transposed_b m 128 n 64 k 300 : memref<300x128xf32>, memref<300x64xf32> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %r = arith.mulf %p, %p : vector<64xf32>
    %n = arith.addf %o, %r : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}
