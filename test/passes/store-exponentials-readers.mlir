// store-exponentials: each guard of who reads the row alone. Nothing is stored in another's place but in the last part.

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

// REMARK: Function=output | {{.*}}"the row is not one that a contraction hands on"
kern.part @output "micro" {
  %z = kern.buffer "output" "output" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "output" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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

// A reader that needs the row.
// REMARK: Function=row_itself | {{.*}}"a reader needs more of the row than its exponentials are of"
kern.part @row_itself "micro" {
  %z = kern.buffer "row_itself" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "row_itself" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %r = arith.mulf %q, %v : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// And one that needs it with what is made of it.
// REMARK: Function=on_the_way | {{.*}}"a reader needs more of the row than its exponentials are of"
kern.part @on_the_way "micro" {
  %z = kern.buffer "on_the_way" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "on_the_way" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %r = arith.mulf %q, %exp : vector<128xf32>
    kern.store %r, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// By another factor it is not the same exponential.
// REMARK: Function=factor | {{.*}}"no reader takes exponentials of it"
kern.part @factor "micro" {
  %z = kern.buffer "factor" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "factor" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %c = arith.constant dense<10.0> : vector<128xf32>
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

// REMARK: Function=next_row | {{.*}}"more than programs of its own rows touches the row"
kern.part @next_row "micro" {
  %z = kern.buffer "next_row" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "next_row" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
  kern.rows "next" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t by 1] : memref<96x128xbf16> -> vector<128xf32>
    kern.store %v, %caps[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// REMARK: Function=multiplied | {{.*}}"more than programs of its own rows touches the row"
kern.part @multiplied "micro" {
  %z = kern.buffer "multiplied" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "multiplied" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
  kern.contract "multiplied" %z, %square m 96 n 128 k 128 : memref<96x128xbf16>, memref<128x128xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %caps[%m] : vector<128xf32>, memref<96x128xbf16>
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
