// One document of 257 positions, whole head, no window.
%wide = arith.constant 1000000.0 : f64
%scale = arith.constant 0.12 : f64
%q = kern.buffer "q" "input" : memref<257x64xf32>
%k = kern.buffer "k" "input" : memref<257x64xf32>
%v = kern.buffer "v" "input" : memref<257x64xf32>
%dy = kern.buffer "dy" "input" : memref<257x64xf32>
%docs = kern.buffer "single" "input" of "zero" : memref<257xi32>
%delta = kern.buffer "delta" "input" : memref<257x1xf32>
kern.part @attention "micro" {
  %y = kern.buffer "y" "workspace" : memref<257x64xf32>
  %lse = kern.buffer "lse" "workspace" : memref<257x1xf32>
  %dq = kern.buffer "dq" "workspace" : memref<257x64xf32>
  %dk = kern.buffer "dk" "workspace" : memref<257x64xf32>
  %dv = kern.buffer "dv" "workspace" : memref<257x64xf32>
  kern.attention "whole" %q, %k, %v documents %docs to %y, %lse window %wide scale %scale heads 1 of 64 group 1
    : memref<257x64xf32>, memref<257x64xf32>, memref<257x64xf32>, memref<257xi32>, memref<257x64xf32>, memref<257x1xf32>
  kern.attention_backward "whole" %dy, %q, %k, %v, %lse, %delta documents %docs to %dq, %dk, %dv window %wide scale %scale heads 1 of 64 group 1
    : memref<257x64xf32>, memref<257x64xf32>, memref<257x64xf32>, memref<257x64xf32>, memref<257x1xf32>, memref<257x1xf32>, memref<257xi32>, memref<257x64xf32>, memref<257x64xf32>, memref<257x64xf32>
}
