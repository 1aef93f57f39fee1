// Elementwise ops, shared rows, neighbours, embedding rows, indices, numbers.
%lr = arith.constant 0.37 : f64
%x = kern.buffer "x" "input" : memref<96x50xf32>
%w = kern.buffer "w" "input" : memref<50xf32>
%pos = kern.buffer "pos" "input" of "positive" : memref<96x50xf32>
%tokens = kern.buffer "tokens" "input" : memref<96xi32>
%table = kern.buffer "table" "parameter" : memref<11x50xf32>
kern.part @elementwise "micro" {
  %y0 = kern.buffer "y0" "workspace" : memref<96x50xf32>
  %y1 = kern.buffer "y1" "workspace" : memref<96x50xf32>
  %y2 = kern.buffer "y2" "workspace" : memref<96x50xf32>
  %y3 = kern.buffer "y3" "workspace" : memref<96x50xf32>
  %one = kern.buffer "one" "workspace" : memref<96x1xf32>
  %wv = kern.view %w : memref<50xf32> to memref<1x50xf32, strided<[50, 1]>>
  kern.rows "arith" 96 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<96x50xf32> -> vector<50xf32>
    %b = kern.load %pos[%t] : memref<96x50xf32> -> vector<50xf32>
    %s = kern.load %wv[] : memref<1x50xf32, strided<[50, 1]>> -> vector<50xf32>
    %n = kern.number %lr : vector<1xf32>
    %ns = kern.spread %n : vector<1xf32> -> vector<50xf32>
    %z = arith.constant dense<0.0> : vector<50xf32>
    %0 = arith.mulf %a, %s : vector<50xf32>
    %1 = arith.maximumf %0, %z : vector<50xf32>
    %2 = arith.divf %a, %b : vector<50xf32>
    %3 = arith.subf %2, %ns : vector<50xf32>
    %4 = math.exp %3 : vector<50xf32>
    %5 = math.log %b : vector<50xf32>
    %6 = math.sqrt %b : vector<50xf32>
    %7 = math.rsqrt %b : vector<50xf32>
    %8 = arith.addf %4, %5 : vector<50xf32>
    %9 = arith.addf %6, %7 : vector<50xf32>
    %10 = arith.negf %9 : vector<50xf32>
    %c = arith.cmpf ogt, %a, %s : vector<50xf32>
    %11 = arith.select %c, %8, %10 : vector<50xi1>, vector<50xf32>
    kern.store %1, %y0[%t] : vector<50xf32>, memref<96x50xf32>
    kern.store %11, %y1[%t] : vector<50xf32>, memref<96x50xf32>
  }
  kern.rows "neighbours" 96 {
  ^row(%t: index):
    %a = kern.load %x[%t by -1] : memref<96x50xf32> -> vector<50xf32>
    %b = kern.load %x[%t by 2] : memref<96x50xf32> -> vector<50xf32>
    %i = kern.load_index %tokens[%t by 1] : memref<96xi32>
    %e = kern.load %table[%i] : memref<11x50xf32> -> vector<50xf32>
    %0 = arith.addf %a, %b : vector<50xf32>
    %1 = arith.subf %0, %e : vector<50xf32>
    %j = kern.iota : vector<50xi32>
    %hit = kern.column_is %j, %i : vector<50xi32> -> vector<50xi1>
    %2 = arith.select %hit, %1, %a : vector<50xi1>, vector<50xf32>
    %r = kern.row_index %i : vector<1xi32>
    %rf = arith.sitofp %r : vector<1xi32> to vector<1xf32>
    %p = kern.pick %1[%i] : vector<50xf32> -> vector<1xf32>
    %q = arith.addf %rf, %p : vector<1xf32>
    kern.store %1, %y2[%t] : vector<50xf32>, memref<96x50xf32>
    kern.store %2, %y3[%t] : vector<50xf32>, memref<96x50xf32>
    kern.store %q, %one[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // Buffers with fewer rows than the kernel, sums of one column.
  %few = kern.view %x : memref<96x50xf32> to memref<40x50xf32, strided<[50, 1], offset: 100>>
  %single = kern.view %x : memref<96x50xf32> to memref<1x50xf32, strided<[50, 1], offset: 50>>
  %y4 = kern.buffer "y4" "workspace" : memref<96x50xf32>
  %ones = kern.buffer "ones" "workspace" : memref<2x1xf32>
  kern.rows "short" 96 {
  ^row(%t: index):
    %a = kern.load %few[%t] : memref<40x50xf32, strided<[50, 1], offset: 100>> -> vector<50xf32>
    %c = kern.load %single[] : memref<1x50xf32, strided<[50, 1], offset: 50>> -> vector<50xf32>
    %0 = arith.mulf %a, %c : vector<50xf32>
    %n = kern.reduce "max" %0 : vector<50xf32> -> vector<1xf32>
    %m = arith.mulf %n, %n : vector<1xf32>
    kern.partial %m, %ones[%t] : vector<1xf32>, memref<2x1xf32>
    kern.store %0, %y4[%t] : vector<50xf32>, memref<96x50xf32>
  }
  // Cross-entropy: maximum, sum, the target's column, the gradient.
  %logits = kern.view %x : memref<96x50xf32> to memref<2x2400xf32, strided<[2400, 1]>>
  %ce = kern.buffer "ce" "workspace" : memref<2x1xf32>
  %dlogits = kern.buffer "dlogits" "workspace" : memref<2x2400xf32>
  kern.rows "cross_entropy" 2 {
  ^row(%t: index):
    %z = kern.load %logits[%t] : memref<2x2400xf32, strided<[2400, 1]>> -> vector<2400xf32>
    %i = kern.load_index %tokens[%t] : memref<96xi32>
    %most = kern.reduce "max" %z : vector<2400xf32> -> vector<1xf32>
    %mosts = kern.spread %most : vector<1xf32> -> vector<2400xf32>
    %d = arith.subf %z, %mosts : vector<2400xf32>
    %e = math.exp %d : vector<2400xf32>
    %s = kern.reduce "add" %e : vector<2400xf32> -> vector<1xf32>
    %l = math.log %s : vector<1xf32>
    %p = kern.pick %d[%i] : vector<2400xf32> -> vector<1xf32>
    %loss = arith.subf %l, %p : vector<1xf32>
    %ss = kern.spread %s : vector<1xf32> -> vector<2400xf32>
    %q = arith.divf %e, %ss : vector<2400xf32>
    %j = kern.iota : vector<2400xi32>
    %hit = kern.column_is %j, %i : vector<2400xi32> -> vector<2400xi1>
    %unit = arith.constant dense<1.0> : vector<2400xf32>
    %none = arith.constant dense<0.0> : vector<2400xf32>
    %h = arith.select %hit, %unit, %none : vector<2400xi1>, vector<2400xf32>
    %g = arith.subf %q, %h : vector<2400xf32>
    kern.store %loss, %ce[%t] : vector<1xf32>, memref<2x1xf32>
    kern.store %g, %dlogits[%t] : vector<2400xf32>, memref<2x2400xf32>
  }
}
