// Each guard of bound-row-maxima alone.

// RUN: gptc-opt %s --bound-row-maxima --remarks-filter=bound-row-maxima -o /dev/null 2>&1 | grep Category: | FileCheck %s

%x = kern.buffer "x" "input" : memref<96x64xf32>
%y = kern.buffer "y" "output" : memref<96x1xf32>
%one = kern.buffer "one" "output" : memref<96x1xf32>
%groups = kern.buffer "groups" "output" : memref<96x4xf32>

kern.part @p "micro" {
  // Bounds that are 64 apart serve.
  // CHECK: Function=span | {{.*}}"the bound 32.00 stands for the maximum of a row"
  kern.rows "span" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %lo = arith.constant dense<-32.0> : vector<64xf32>
    %hi = arith.constant dense<32.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %lo : vector<64xf32>
    %z = arith.select %less, %lo, %hi : vector<64xi1>, vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // Above alone is no bound.
  // CHECK-NEXT: Function=one_sided | {{.*}}Reason="no bounds of the row are known"
  kern.rows "one_sided" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %e = math.exp %v : vector<64xf32>
    %z = arith.negf %e : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // A quotient by what is below 0 is known,
  // CHECK-NEXT: Function=negative | {{.*}}"the bound -0.17 stands for the maximum of a row"
  kern.rows "negative" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %lo = arith.constant dense<-6.0> : vector<64xf32>
    %hi = arith.constant dense<-2.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %lo : vector<64xf32>
    %b = arith.select %less, %lo, %hi : vector<64xi1>, vector<64xf32>
    %1 = arith.constant dense<1.0> : vector<64xf32>
    %z = arith.divf %1, %b : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // one by what may be either is not,
  // CHECK-NEXT: Function=across_zero | {{.*}}Reason="no bounds of the row are known"
  kern.rows "across_zero" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %lo = arith.constant dense<-1.0> : vector<64xf32>
    %hi = arith.constant dense<1.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %lo : vector<64xf32>
    %b = arith.select %less, %lo, %hi : vector<64xi1>, vector<64xf32>
    %1 = arith.constant dense<1.0> : vector<64xf32>
    %z = arith.divf %1, %b : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // and zeros have either sign.
  // CHECK-NEXT: Function=zero_below | {{.*}}Reason="no bounds of the row are known"
  kern.rows "zero_below" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %lo = arith.constant dense<-2.0> : vector<64xf32>
    %hi = arith.constant dense<0.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %lo : vector<64xf32>
    %b = arith.select %less, %lo, %hi : vector<64xi1>, vector<64xf32>
    %1 = arith.constant dense<1.0> : vector<64xf32>
    %q = arith.divf %1, %b : vector<64xf32>
    %w = arith.negf %q : vector<64xf32>
    %z = math.exp %w : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // and zeros have either sign.
  // CHECK-NEXT: Function=zero_above | {{.*}}Reason="no bounds of the row are known"
  kern.rows "zero_above" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %lo = arith.constant dense<0.0> : vector<64xf32>
    %hi = arith.constant dense<2.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %lo : vector<64xf32>
    %b = arith.select %less, %lo, %hi : vector<64xi1>, vector<64xf32>
    %1 = arith.constant dense<1.0> : vector<64xf32>
    %q = arith.divf %1, %b : vector<64xf32>
    %w = arith.negf %q : vector<64xf32>
    %z = math.exp %w : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // Infinity times 0 is nothing, and all else is 0.
  // CHECK-NEXT: Function=times_zero | {{.*}}"the bound 0.00 stands for the maximum of a row"
  kern.rows "times_zero" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %e = math.exp %v : vector<64xf32>
    %0 = arith.constant dense<0.0> : vector<64xf32>
    %z = arith.mulf %e, %0 : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // Groups of columns have a maximum each.
  // CHECK-NEXT: Function=groups | {{.*}}"the bound 2.00 stands for the maximum of a row"
  kern.rows "groups" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<4xf32>
    %mm = kern.spread %m : vector<4xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<4xf32>
    %log = math.log %sum : vector<4xf32>
    %lse = arith.addf %log, %m : vector<4xf32>
    kern.store %lse, %groups[%t] : vector<4xf32>, memref<96x4xf32>
  }
  // Nothing reads it,
  // CHECK-NEXT: Function=unused | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "unused" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
  }
  // or what reads it makes something else of it than a difference,
  // CHECK-NEXT: Function=spread_multiplied | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "spread_multiplied" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.mulf %z, %mm : vector<64xf32>
    %sum = kern.reduce "add" %d : vector<64xf32> -> vector<1xf32>
    kern.store %sum, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // a difference of something else,
  // CHECK-NEXT: Function=of_another | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "of_another" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %o = arith.constant dense<3.0> : vector<64xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %o, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // a difference of which no exponential is taken,
  // CHECK-NEXT: Function=no_exponential | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "no_exponential" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = arith.mulf %d, %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // the largest exponential (which is a maximum itself),
  // CHECK-NEXT: Function=no_sum | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  // CHECK-NEXT: Function=no_sum | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "no_sum" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "max" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // a sum of which more than the logarithm is taken,
  // CHECK-NEXT: Function=sum_twice | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "sum_twice" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %square = arith.mulf %sum, %sum : vector<1xf32>
    kern.store %square, %one[%t] : vector<1xf32>, memref<96x1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // a logarithm that it is taken from,
  // CHECK-NEXT: Function=subtracted | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "subtracted" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.subf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // another sum beside that one,
  // CHECK-NEXT: Function=added_elsewhere | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "added_elsewhere" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
    %other = arith.addf %m, %m : vector<1xf32>
    kern.store %other, %one[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // a logarithm that something else reads,
  // CHECK-NEXT: Function=log_stored | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "log_stored" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    kern.store %log, %one[%t] : vector<1xf32>, memref<96x1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // or that it is not added to,
  // CHECK-NEXT: Function=not_added | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "not_added" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    kern.store %log, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // and two logarithms of which one lacks it.
  // CHECK-NEXT: Function=two_logarithms | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "two_logarithms" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
    %mm2 = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d2 = arith.subf %z, %mm2 : vector<64xf32>
    %f2 = math.exp %d2 : vector<64xf32>
    %sum2 = kern.reduce "add" %f2 : vector<64xf32> -> vector<1xf32>
    %log2 = math.log %sum2 : vector<1xf32>
    kern.store %log2, %one[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// Through memory: what nobody writes, what is updated in place, rows of a view, of a neighbour (beyond the first row there are
// zeros), and what something else than a row program writes.
kern.part @memory "micro" {
  %unwritten = kern.buffer "unwritten" "workspace" : memref<96x64xf32>
  %place = kern.buffer "place" "workspace" : memref<96x64xf32>
  %two = kern.buffer "two" "workspace" : memref<96x64xf32>
  %half = kern.view %two : memref<96x64xf32> to memref<96x64xf32, strided<[64, 1]>>
  %turned = kern.buffer "turned" "workspace" : memref<96x64xf32>
  %tall = kern.buffer "tall" "input" : memref<64x96xf32>
  kern.rows "write" 96 {
  ^row(%t: index):
    %c = arith.constant dense<2.0> : vector<64xf32>
    kern.store %c, %two[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %c, %place[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %c, %turned[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "update" 96 {
  ^row(%t: index):
    %c = arith.constant dense<0.5> : vector<64xf32>
    %v = kern.load %place[%t] : memref<96x64xf32> -> vector<64xf32>
    %w = arith.mulf %v, %c : vector<64xf32>
    kern.store %w, %place[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.transpose "turn" %tall to %turned m 64 n 96 : memref<64x96xf32>, memref<96x64xf32>
  // All of it is written:
  // CHECK-NEXT: Function=two | {{.*}}"the bound 2.00 stands for the maximum of a row"
  kern.rows "two" 96 {
  ^row(%t: index):
    %z = kern.load %two[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // not so here,
  // CHECK-NEXT: Function=unwritten | {{.*}}Reason="no bounds of the row are known"
  kern.rows "unwritten" 96 {
  ^row(%t: index):
    %u = kern.load %unwritten[%t] : memref<96x64xf32> -> vector<64xf32>
    %1 = arith.constant dense<1.0> : vector<64xf32>
    %z = arith.divf %1, %u : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // here it follows from itself,
  // CHECK-NEXT: Function=in_place | {{.*}}Reason="no bounds of the row are known"
  kern.rows "in_place" 96 {
  ^row(%t: index):
    %z = kern.load %place[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // of a view,
  // CHECK-NEXT: Function=view | {{.*}}Reason="no bounds of the row are known"
  kern.rows "view" 96 {
  ^row(%t: index):
    %z = kern.load %half[%t] : memref<96x64xf32, strided<[64, 1]>> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // of a row before,
  // CHECK-NEXT: Function=neighbour | {{.*}}Reason="no bounds of the row are known"
  kern.rows "neighbour" 96 {
  ^row(%t: index):
    %z = kern.load %two[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // and of another kernel.
  // CHECK-NEXT: Function=turned | {{.*}}Reason="no bounds of the row are known"
  kern.rows "turned" 96 {
  ^row(%t: index):
    %z = kern.load %turned[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // Of a product nothing is known.
  // CHECK-NEXT: Category:bound-row-maxima | Reason="no bounds of the row are known"
  kern.contract "product" %x, %x m 96 n 96 k 64 : memref<96x64xf32>, memref<96x64xf32> {
  ^row(%t: index, %z: vector<96xf32>):
    %m = kern.reduce "max" %z : vector<96xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<96xf32>
    %d = arith.subf %z, %mm : vector<96xf32>
    %f = math.exp %d : vector<96xf32>
    %sum = kern.reduce "add" %f : vector<96xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
}
// CHECK-NOT: Category:
