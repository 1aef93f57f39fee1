// Several products in one kernel, at odd sizes, in every layout.
%lr = arith.constant 0.37 : f64
%a = kern.buffer "a" "input" : memref<207x300xf32>
%at = kern.buffer "at" "input" : memref<900x69xf32>
%b = kern.buffer "b" "input" : memref<321x300xf32>
%bt = kern.buffer "bt" "input" : memref<900x107xf32>
%acc = kern.buffer "acc" "gradient" : memref<207x107xf32>
%few = kern.buffer "few" "input" : memref<30x3xf32>
%sixty = kern.buffer "sixty" "input" : memref<128x20xf32>
kern.part @batches "micro" {
  %y0 = kern.buffer "y0" "workspace" : memref<207x107xf32>
  %y1 = kern.buffer "y1" "workspace" : memref<207x107xf32>
  %y2 = kern.buffer "y2" "workspace" : memref<207x107xf32>
  %y3 = kern.buffer "y3" "workspace" : memref<207x107xf32>
  %y4 = kern.buffer "y4" "workspace" : memref<30x2xf32>
  %y5 = kern.buffer "y5" "workspace" : memref<30x9xf32>
  %y6 = kern.buffer "y6" "workspace" : memref<128x64xf32>
  %sums = kern.buffer "sums" "workspace" {partials} : memref<2x64xf32>
  kern.contract "plain" %a, %b batch 3 m 69 n 107 k 300 : memref<207x300xf32>, memref<321x300xf32> {
  ^row(%t: index, %p: vector<107xf32>):
    kern.store %p, %y0[%t] : vector<107xf32>, memref<207x107xf32>
  }
  kern.contract "ta" %at transposed_a, %b batch 3 m 69 n 107 k 300 : memref<900x69xf32>, memref<321x300xf32> {
  ^row(%t: index, %p: vector<107xf32>):
    kern.store %p, %y1[%t] : vector<107xf32>, memref<207x107xf32>
  }
  kern.contract "tb" %a, %bt transposed_b batch 3 m 69 n 107 k 300 : memref<207x300xf32>, memref<900x107xf32> {
  ^row(%t: index, %p: vector<107xf32>):
    kern.store %p, %y2[%t] : vector<107xf32>, memref<207x107xf32>
  }
  kern.contract "both" %at transposed_a, %bt transposed_b batch 3 m 69 n 107 k 300 : memref<900x69xf32>, memref<900x107xf32> {
  ^row(%t: index, %p: vector<107xf32>):
    %n = kern.number %lr : vector<1xf32>
    %ns = kern.spread %n : vector<1xf32> -> vector<107xf32>
    %old = kern.load %acc[%t] : memref<207x107xf32> -> vector<107xf32>
    %0 = arith.mulf %p, %ns : vector<107xf32>
    %1 = arith.addf %0, %old : vector<107xf32>
    kern.store %1, %acc[%t] : vector<107xf32>, memref<207x107xf32>
    kern.store %p, %y3[%t] : vector<107xf32>, memref<207x107xf32>
  }
  kern.contract "many" %few, %few batch 15 m 2 n 2 k 3 : memref<30x3xf32>, memref<30x3xf32> {
  ^row(%t: index, %p: vector<2xf32>):
    kern.store %p, %y4[%t] : vector<2xf32>, memref<30x2xf32>
  }
  %left = kern.view %a : memref<207x300xf32> to memref<10x12xf32, strided<[300, 1], offset: 7>>
  %right = kern.view %b : memref<321x300xf32> to memref<18x12xf32, strided<[300, 1], offset: 500>>
  %wide = kern.view %y5 : memref<30x9xf32> to memref<10x9xf32, strided<[27, 1]>>
  kern.contract "strided" %left, %right batch 2 m 5 n 9 k 12 : memref<10x12xf32, strided<[300, 1], offset: 7>>, memref<18x12xf32, strided<[300, 1], offset: 500>> {
  ^row(%t: index, %p: vector<9xf32>):
    kern.store %p, %wide[%t] : vector<9xf32>, memref<10x9xf32, strided<[27, 1]>>
  }
  kern.contract "sums" %sixty, %sixty batch 2 m 64 n 64 k 20 : memref<128x20xf32>, memref<128x20xf32> {
  ^row(%t: index, %p: vector<64xf32>):
    kern.store %p, %y6[%t] : vector<64xf32>, memref<128x64xf32>
    kern.partial %p, %sums[%t] : vector<64xf32>, memref<2x64xf32>
  }
}
