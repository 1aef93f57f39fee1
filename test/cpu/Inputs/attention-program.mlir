// A program on the rows of the backward's gradients: of queries' a rotation, less what a head gives; keys' stand in their own
// place; values' are not kept.
%short = arith.constant 37.0 : f64
%scale = arith.constant 0.3 : f64
%q = kern.buffer "q" "input" : memref<300x72xf32>
%kv = kern.buffer "kv" "input" : memref<300x144xf32>
%docs = kern.buffer "docs" "input" : memref<300xi32>
%dy = kern.buffer "dy" "input" : memref<300x72xf32>
%delta = kern.buffer "delta" "input" : memref<300x2xf32>
%cos = kern.buffer "cos" "input" : memref<300x18xf32>
%sin = kern.buffer "sin" "input" : memref<300x18xf32>
kern.part @attention "micro" {
  %k = kern.view %kv : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1]>>
  %v = kern.view %kv : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1], offset: 72>>
  %y = kern.buffer "y" "workspace" : memref<300x72xf32>
  %lse = kern.buffer "lse" "workspace" : memref<300x2xf32>
  kern.attention "short" %q, %k, %v documents %docs to %y, %lse window %short scale %scale heads 2 of 36 group 1
    : memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300xi32>, memref<300x72xf32>, memref<300x2xf32>
  %dq = kern.buffer "dq" "workspace" : memref<300x72xf32>
  %dk = kern.buffer "dk" "workspace" : memref<300x72xf32>
  %dv = kern.buffer "dv" "workspace" : memref<300x72xf32>
  %turned = kern.buffer "turned" "workspace" : memref<300x144xf32>
  %to = kern.view %turned : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1], offset: 72>>
  kern.attention_backward "program" %dy, %q, %k, %v, %lse, %delta documents %docs to %dq, %dk, %dv window %short scale %scale heads 2 of 36 group 1
    : memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300x2xf32>, memref<300x2xf32>, memref<300xi32>, memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32> program {
  ^row(%t: index, %gq: vector<72xf32>, %gk: vector<72xf32>, %gv: vector<72xf32>):
    %cos_row = kern.load %cos[%t] : memref<300x18xf32> -> vector<18xf32>
    %sin_row = kern.load %sin[%t] : memref<300x18xf32> -> vector<18xf32>
    %0 = kern.rotate %gq by %cos_row, %sin_row head 36 group 1 inverse : vector<72xf32>, vector<18xf32>
    %q_row = kern.load %q[%t] : memref<300x72xf32> -> vector<72xf32>
    %1 = arith.mulf %0, %q_row : vector<72xf32>
    %2 = kern.reduce "add" %1 : vector<72xf32> -> vector<2xf32>
    %3 = kern.spread %2 : vector<2xf32> -> vector<72xf32>
    %4 = arith.subf %0, %3 : vector<72xf32>
    kern.store %4, %to[%t] : vector<72xf32>, memref<300x72xf32, strided<[144, 1], offset: 72>>
    %5 = kern.rotate %gk by %cos_row, %sin_row head 36 group 1 : vector<72xf32>, vector<18xf32>
    kern.store %5, %dk[%t] : vector<72xf32>, memref<300x72xf32>
  }
}
