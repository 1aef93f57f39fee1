// store-exponentials: each guard of the exponential alone. Nothing is stored in another's place but in the last part.

// RUN: gptc-opt %s --store-exponentials=target=sm_90a --remarks-filter=store-exponentials -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

// CHECK-NOT: fastmath<afn>
// CHECK:     kern.part @does
// CHECK:     fastmath<afn>

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%square = kern.buffer "square" "parameter" : memref<128x128xbf16>
%g = kern.buffer "g" "output" : memref<96x128xbf16>
%caps = kern.buffer "caps" "output" : memref<96x128xbf16>
%seed = arith.constant 0.5 : f64

// What is stored in f32 needs no such thing.
// REMARK: Function=f32 | {{.*}}"the row is not stored in bf16"
kern.part @f32 "micro" {
  %z = kern.buffer "f32" "workspace" : memref<96x128xf32>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "f32" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xf32>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xf32> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// REMARK: Function=truncated | {{.*}}"the row is not stored in bf16"
kern.part @truncated "micro" {
  %z = kern.buffer "truncated" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "truncated" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16_truncated" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// A factor of the step.
// REMARK: Function=number | {{.*}}"the exponent is made of more than the row"
kern.part @number "micro" {
  %z = kern.buffer "number" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "number" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s0 = arith.divf %one, %more : vector<128xf32>
    %n = kern.number %seed : vector<1xf32>
    %ns = kern.spread %n : vector<1xf32> -> vector<128xf32>
    %s = arith.mulf %s0, %ns : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s0 = arith.divf %one, %more : vector<128xf32>
    %n = kern.number %seed : vector<1xf32>
    %ns = kern.spread %n : vector<1xf32> -> vector<128xf32>
    %s = arith.mulf %s0, %ns : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// What is rounded on the way, as PyTorch does it, cannot be had from an exponential.
// REMARK: Function=rounded | {{.*}}"a rounding stands between the row and its exponential"
kern.part @rounded "micro" {
  %z = kern.buffer "rounded" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "rounded" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s0 = arith.divf %one, %more : vector<128xf32>
    %s = kern.round %s0 to "bf16" : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s0 = arith.divf %one, %more : vector<128xf32>
    %s = kern.round %s0 to "bf16" : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The epilogue stores what is capped, too.
// REMARK: Function=kept | {{.*}}"the epilogue needs more of the row than one exponential"
kern.part @kept "micro" {
  %z = kern.buffer "kept" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "kept" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
    kern.store %s, %caps[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// And the row as it is rounded.
// REMARK: Function=rows_kept | {{.*}}"the epilogue needs more of the row than one exponential"
kern.part @rows_kept "micro" {
  %z = kern.buffer "rows_kept" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "rows_kept" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
    kern.store %v, %caps[%m] : vector<128xf32>, memref<96x128xbf16>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// exp(-90) is no normal number.
// REMARK: Function=low | {{.*}}"the exponential may leave the normal numbers of bf16"
kern.part @low "micro" {
  %z = kern.buffer "low" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "low" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<90.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<90.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<90.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// exp(90) is none.
// REMARK: Function=high | {{.*}}"the exponential may leave the normal numbers of bf16"
kern.part @high "micro" {
  %z = kern.buffer "high" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "high" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<90.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<0.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<90.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// Of a cap of 15, 8 bits of an exponential say too little.
// REMARK: Function=near | {{.*}}"the exponent's bounds are too near each other"
kern.part @near "micro" {
  %z = kern.buffer "near" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "near" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<15.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<15.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<15.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// REMARK: Function=does | {{.*}}"exponentials are stored in the place of does"
kern.part @does "micro" {
  %z = kern.buffer "does" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "does" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<20.0> : vector<128xf32>
    %d = arith.subf %capped, %by : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    %r = arith.mulf %q, %s : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}
