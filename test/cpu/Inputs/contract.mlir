// Every layout at odd sizes, epilogues, strided views, tiny shapes.
%lr = arith.constant 0.37 : f64
%a = kern.buffer "a" "input" : memref<75x300xf32>
%at = kern.buffer "at" "input" : memref<300x75xf32>
%b = kern.buffer "b" "input" : memref<410x300xf32>
%bt = kern.buffer "bt" "input" : memref<300x410xf32>
%b320 = kern.buffer "b320" "input" : memref<320x300xf32>
%short = kern.buffer "short" "input" : memref<3x20xf32>
%b4096 = kern.buffer "b4096" "input" : memref<4096x20xf32>
%bias = kern.buffer "bias" "input" : memref<1x410xf32>
%acc = kern.buffer "acc" "gradient" : memref<75x410xf32>
%k6 = kern.buffer "k6" "input" : memref<6x300xf32>
%one = kern.buffer "one" "input" : memref<1x300xf32>
kern.part @layouts "micro" {
  %y0 = kern.buffer "y0" "workspace" : memref<75x410xf32>
  %y1 = kern.buffer "y1" "workspace" : memref<75x410xf32>
  %y2 = kern.buffer "y2" "workspace" : memref<75x410xf32>
  %y3 = kern.buffer "y3" "workspace" : memref<75x410xf32>
  %y4 = kern.buffer "y4" "workspace" : memref<75x410xf32>
  %y5 = kern.buffer "y5" "workspace" : memref<75x6xf32>
  %y6 = kern.buffer "y6" "workspace" : memref<75x1xf32>
  %y7 = kern.buffer "y7" "workspace" : memref<1x6xf32>
  %y8 = kern.buffer "y8" "workspace" : memref<10x72xf32>
  %y9 = kern.buffer "y9" "workspace" : memref<75x5xf32>
  %y10 = kern.buffer "y10" "workspace" : memref<75x320xf32>
  %y11 = kern.buffer "y11" "workspace" : memref<3x64xf32>
  %partials = kern.buffer "partials" "workspace" : memref<2x410xf32>
  kern.contract "plain" %a, %b m 75 n 410 k 300 : memref<75x300xf32>, memref<410x300xf32> {
  ^row(%m: index, %p: vector<410xf32>):
    kern.store %p, %y0[%m] : vector<410xf32>, memref<75x410xf32>
  }
  kern.contract "ta" %at transposed_a, %b m 75 n 410 k 300 : memref<300x75xf32>, memref<410x300xf32> {
  ^row(%m: index, %p: vector<410xf32>):
    kern.store %p, %y1[%m] : vector<410xf32>, memref<75x410xf32>
  }
  kern.contract "tb" %a, %bt transposed_b m 75 n 410 k 300 : memref<75x300xf32>, memref<300x410xf32> {
  ^row(%m: index, %p: vector<410xf32>):
    kern.store %p, %y2[%m] : vector<410xf32>, memref<75x410xf32>
  }
  kern.contract "both" %at transposed_a, %bt transposed_b m 75 n 410 k 300 : memref<300x75xf32>, memref<300x410xf32> {
  ^row(%m: index, %p: vector<410xf32>):
    %n = kern.number %lr : vector<1xf32>
    %ns = kern.spread %n : vector<1xf32> -> vector<410xf32>
    %old = kern.load %acc[%m] : memref<75x410xf32> -> vector<410xf32>
    %s = kern.load %bias[] : memref<1x410xf32> -> vector<410xf32>
    %0 = arith.mulf %p, %ns : vector<410xf32>
    %1 = arith.addf %0, %old : vector<410xf32>
    %2 = arith.mulf %1, %s : vector<410xf32>
    kern.store %1, %acc[%m] : vector<410xf32>, memref<75x410xf32>
    kern.store %2, %y3[%m] : vector<410xf32>, memref<75x410xf32>
    kern.partial %1, %partials[%m] : vector<410xf32>, memref<2x410xf32>
  }
  kern.contract "relu2" %a, %b m 75 n 410 k 300 : memref<75x300xf32>, memref<410x300xf32> {
  ^row(%m: index, %p: vector<410xf32>):
    %z = arith.constant dense<0.0> : vector<410xf32>
    %0 = arith.maximumf %p, %z : vector<410xf32>
    %1 = arith.mulf %0, %0 : vector<410xf32>
    kern.store %1, %y4[%m] : vector<410xf32>, memref<75x410xf32>
  }
  // Sums of windows; few columns in blocks of whole ones, many.
  kern.contract "windows" %a, %b320 m 75 n 320 k 300 : memref<75x300xf32>, memref<320x300xf32> {
  ^row(%m: index, %p: vector<320xf32>):
    %0 = arith.mulf %p, %p : vector<320xf32>
    %w = kern.reduce "add" %0 : vector<320xf32> -> vector<5xf32>
    kern.store %w, %y9[%m] : vector<5xf32>, memref<75x5xf32>
    kern.store %p, %y10[%m] : vector<320xf32>, memref<75x320xf32>
  }
  kern.contract "many_windows" %short, %b4096 m 3 n 4096 k 20 : memref<3x20xf32>, memref<4096x20xf32> {
  ^row(%m: index, %p: vector<4096xf32>):
    %w = kern.reduce "add" %p : vector<4096xf32> -> vector<64xf32>
    kern.store %w, %y11[%m] : vector<64xf32>, memref<3x64xf32>
  }
  kern.contract "n6" %a, %k6 m 75 n 6 k 300 : memref<75x300xf32>, memref<6x300xf32> {
  ^row(%m: index, %p: vector<6xf32>):
    kern.store %p, %y5[%m] : vector<6xf32>, memref<75x6xf32>
  }
  kern.contract "n1" %a, %one m 75 n 1 k 300 : memref<75x300xf32>, memref<1x300xf32> {
  ^row(%m: index, %p: vector<1xf32>):
    kern.store %p, %y6[%m] : vector<1xf32>, memref<75x1xf32>
  }
  kern.contract "m1" %one, %k6 m 1 n 6 k 300 : memref<1x300xf32>, memref<6x300xf32> {
  ^row(%m: index, %p: vector<6xf32>):
    kern.store %p, %y7[%m] : vector<6xf32>, memref<1x6xf32>
  }
  %left = kern.view %a : memref<75x300xf32> to memref<10x12xf32, strided<[300, 1], offset: 7>>
  %right = kern.view %bt : memref<300x410xf32> to memref<72x12xf32, strided<[410, 1], offset: 500>>
  kern.contract "strided" %left, %right m 10 n 72 k 12 : memref<10x12xf32, strided<[300, 1], offset: 7>>, memref<72x12xf32, strided<[410, 1], offset: 500>> {
  ^row(%m: index, %p: vector<72xf32>):
    kern.store %p, %y8[%m] : vector<72xf32>, memref<10x72xf32>
  }
}
