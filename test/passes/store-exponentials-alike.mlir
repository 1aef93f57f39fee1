// store-exponentials: what of the epilogue and of its readers is the same, each guard alone.

// RUN: gptc-opt %s --store-exponentials=target=sm_90a --remarks-filter=store-exponentials -o /dev/null 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK --implicit-check-not=Function=

%x = kern.buffer "x" "input" : memref<96x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%given = kern.buffer "given" "input" : memref<96x128xbf16>
%g = kern.buffer "g" "output" : memref<96x128xbf16>
%told = kern.buffer "told" "output" : memref<96x128xbf16>

// An exponential that is summed before the row is rounded is another; a constant that the epilogue needs besides is no part of the row.
// REMARK: Function=two | {{.*}}"exponentials are stored in the place of two"
kern.part @two "micro" {
  %z = kern.buffer "two" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "two" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %f = math.exp %p : vector<128xf32>
    %fs = kern.reduce "add" %f : vector<128xf32> -> vector<2xf32>
    kern.store %fs, %sums[%m] : vector<2xf32>, memref<96x2xf32>
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
    %again = arith.addf %p, %one : vector<128xf32>
    kern.store %again, %told[%m] : vector<128xf32>, memref<96x128xbf16>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// A row that is rounded, and not as it is stored, is none of this pass's.
kern.part @rounded "micro" {
  %z = kern.buffer "rounded" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "rounded" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" : vector<128xf32>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The row before it is rounded.
// REMARK-NEXT: Function=unrounded | {{.*}}"the exponent is made of more than the row"
kern.part @unrounded "micro" {
  %z = kern.buffer "unrounded" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "unrounded" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %d = arith.subf %capped, %p : vector<128xf32>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The least and the largest exponent that e may have, and the nearest that its bounds may be.
// REMARK-NEXT: Function=lowest | {{.*}}"exponentials are stored in the place of lowest"
kern.part @lowest "micro" {
  %z = kern.buffer "lowest" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "lowest" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %by = arith.constant dense<80.0> : vector<128xf32>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The same.
// REMARK-NEXT: Function=highest | {{.*}}"exponentials are stored in the place of highest"
kern.part @highest "micro" {
  %z = kern.buffer "highest" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "highest" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<81.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<1.0> : vector<128xf32>
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
    %c = arith.constant dense<81.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The same.
// REMARK-NEXT: Function=nearest | {{.*}}"exponentials are stored in the place of nearest"
kern.part @nearest "micro" {
  %z = kern.buffer "nearest" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "nearest" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %neg = arith.negf %v : vector<128xf32>
    %exp = math.exp %neg : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<16.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %by = arith.constant dense<8.0> : vector<128xf32>
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
    %c = arith.constant dense<16.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// A reader with another op, another attribute, another constant.
// REMARK-NEXT: Function=other_op | {{.*}}"a reader needs more of the row than its exponentials are of"
kern.part @other_op "micro" {
  %z = kern.buffer "other_op" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "other_op" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %more = arith.subf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The same.
// REMARK-NEXT: Function=other_flag | {{.*}}"a reader needs more of the row than its exponentials are of"
kern.part @other_flag "micro" {
  %z = kern.buffer "other_flag" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "other_flag" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %neg = arith.negf %v fastmath<nnan> : vector<128xf32>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// The same.
// REMARK-NEXT: Function=other_order | {{.*}}"a reader needs more of the row than its exponentials are of"
kern.part @other_order "micro" {
  %z = kern.buffer "other_order" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "other_order" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %more = arith.addf %exp, %one : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %parts = kern.load %sums[%t] : memref<96x2xf32> -> vector<2xf32>
    %sum = kern.reduce "add" %parts : vector<2xf32> -> vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<128xf32>
    %about = arith.subf %capped, %all : vector<128xf32>
    %q = math.exp %about : vector<128xf32>
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// A row that a row kernel hands on.
// REMARK-NEXT: Function=of_rows | {{.*}}"the row is not one that a contraction hands on"
kern.part @of_rows "micro" {
  %z = kern.buffer "of_rows" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.rows "of_rows" 96 {
  ^row(%m: index):
    %p = kern.load %given[%m] : memref<96x128xbf16> -> vector<128xf32>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// A row that data name.
// REMARK-NEXT: Function=by_index | {{.*}}"more than programs of its own rows touches the row"
kern.part @by_index "micro" {
  %z = kern.buffer "by_index" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "by_index" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
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
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %v = kern.load %z[%i] : memref<96x128xbf16> -> vector<128xf32>
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
    kern.store %q, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}

// A reader whose only exponential is one on the way to the exponent, of as large a factor.
// REMARK-NEXT: Function=on_the_way | {{.*}}"no reader takes exponentials of it"
kern.part @on_the_way "micro" {
  %z = kern.buffer "on_the_way" "workspace" : memref<96x128xbf16>
  %sums = kern.buffer "sums" "workspace" : memref<96x2xf32>
  kern.contract "on_the_way" %x, %w m 96 n 128 k 64 : memref<96x64xbf16>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<96x128xbf16>
    %v = kern.round %p to "bf16" stored : vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %a = math.absf %v : vector<128xf32>
    %k = arith.mulf %a, %c : vector<128xf32>
    %exp = math.exp %k : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    %capped = arith.mulf %s, %c : vector<128xf32>
    %d = arith.subf %capped, %c : vector<128xf32>
    %e = math.exp %d : vector<128xf32>
    %parts = kern.reduce "add" %e : vector<128xf32> -> vector<2xf32>
    kern.store %parts, %sums[%m] : vector<2xf32>, memref<96x2xf32>
  }
  kern.rows "loss" 96 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<96x128xbf16> -> vector<128xf32>
    %one = arith.constant dense<1.0> : vector<128xf32>
    %c = arith.constant dense<20.0> : vector<128xf32>
    %a = math.absf %v : vector<128xf32>
    %k = arith.mulf %a, %c : vector<128xf32>
    %exp = math.exp %k : vector<128xf32>
    %more = arith.addf %one, %exp : vector<128xf32>
    %s = arith.divf %one, %more : vector<128xf32>
    kern.store %s, %g[%t] : vector<128xf32>, memref<96x128xbf16>
  }
}
