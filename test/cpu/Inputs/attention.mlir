// Forward and backward: documents, windows, two positions a row, head sizes, odd ones too.
%wide = arith.constant 1000.0 : f64
%short = arith.constant 37.0 : f64
%scale = arith.constant 0.3 : f64
%q = kern.buffer "q" "input" : memref<300x72xf32>
%kv = kern.buffer "kv" "input" : memref<300x144xf32>
%docs = kern.buffer "docs" "input" : memref<300xi32>
%docs2 = kern.buffer "docs2" "input" : memref<150xi32>
%dy = kern.buffer "dy" "input" : memref<300x72xf32>
%delta = kern.buffer "delta" "input" : memref<300x2xf32>
%delta1 = kern.buffer "delta1" "input" : memref<300x18xf32>
%gates1 = kern.buffer "gates1" "input" : memref<300x18xf32>
%delta2 = kern.buffer "delta2" "input" : memref<300x8xf32>
%delta3 = kern.buffer "delta3" "input" : memref<300x12xf32>
%delta4 = kern.buffer "delta4" "input" : memref<300x72xf32>
kern.part @attention "micro" {
  %k = kern.view %kv : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1]>>
  %v = kern.view %kv : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1], offset: 72>>
  %y = kern.buffer "y" "workspace" : memref<300x72xf32>
  %lse = kern.buffer "lse" "workspace" : memref<300x2xf32>
  %dq = kern.buffer "dq" "workspace" : memref<300x72xf32>
  %dkv = kern.buffer "dkv" "workspace" : memref<300x144xf32>
  %dk = kern.view %dkv : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1]>>
  %dv = kern.view %dkv : memref<300x144xf32> to memref<300x72xf32, strided<[144, 1], offset: 72>>
  kern.attention "short" %q, %k, %v documents %docs to %y, %lse window %short scale %scale heads 2 of 36 group 1
    : memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300xi32>, memref<300x72xf32>, memref<300x2xf32>
  kern.attention_backward "short" %dy, %q, %k, %v, %lse, %delta documents %docs to %dq, %dk, %dv window %short scale %scale heads 2 of 36 group 1
    : memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300x2xf32>, memref<300x2xf32>, memref<300xi32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>
  %y1 = kern.buffer "y1" "workspace" : memref<300x72xf32>
  %lse1 = kern.buffer "lse1" "workspace" : memref<300x18xf32>
  %dq1 = kern.buffer "dq1" "workspace" : memref<300x72xf32>
  %dk1 = kern.buffer "dk1" "workspace" : memref<300x72xf32>
  %dv1 = kern.buffer "dv1" "workspace" : memref<300x72xf32>
  kern.attention "paired" %q, %k, %v documents %docs2 to %y1, %lse1 window %wide scale %scale heads 18 of 4 group 2 gates %gates1
    : memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<150xi32>, memref<300x72xf32>, memref<300x18xf32>, memref<300x18xf32>
  kern.attention_backward "paired" %dy, %q, %k, %v, %lse1, %delta1 documents %docs2 to %dq1, %dk1, %dv1 window %wide scale %scale heads 18 of 4 group 2
    : memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300x18xf32>, memref<300x18xf32>, memref<150xi32>, memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32>
  %y2 = kern.buffer "y2" "workspace" : memref<300x72xf32>
  %lse2 = kern.buffer "lse2" "workspace" : memref<300x8xf32>
  %dq2 = kern.buffer "dq2" "workspace" : memref<300x72xf32>
  %dk2 = kern.buffer "dk2" "workspace" : memref<300x72xf32>
  %dv2 = kern.buffer "dv2" "workspace" : memref<300x72xf32>
  kern.attention "of_9" %q, %k, %v documents %docs to %y2, %lse2 window %short scale %scale heads 8 of 9 group 1
    : memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300xi32>, memref<300x72xf32>, memref<300x8xf32>
  kern.attention_backward "of_9" %dy, %q, %k, %v, %lse2, %delta2 documents %docs to %dq2, %dk2, %dv2 window %short scale %scale heads 8 of 9 group 1
    : memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300x8xf32>, memref<300x8xf32>, memref<300xi32>, memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32>
  %y3 = kern.buffer "y3" "workspace" : memref<300x72xf32>
  %lse3 = kern.buffer "lse3" "workspace" : memref<300x12xf32>
  %dq3 = kern.buffer "dq3" "workspace" : memref<300x72xf32>
  %dk3 = kern.buffer "dk3" "workspace" : memref<300x72xf32>
  %dv3 = kern.buffer "dv3" "workspace" : memref<300x72xf32>
  kern.attention "of_6" %q, %k, %v documents %docs to %y3, %lse3 window %short scale %scale heads 12 of 6 group 1
    : memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300xi32>, memref<300x72xf32>, memref<300x12xf32>
  kern.attention_backward "of_6" %dy, %q, %k, %v, %lse3, %delta3 documents %docs to %dq3, %dk3, %dv3 window %short scale %scale heads 12 of 6 group 1
    : memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300x12xf32>, memref<300x12xf32>, memref<300xi32>, memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32>
  %y4 = kern.buffer "y4" "workspace" : memref<300x72xf32>
  %lse4 = kern.buffer "lse4" "workspace" : memref<300x72xf32>
  %dq4 = kern.buffer "dq4" "workspace" : memref<300x72xf32>
  %dk4 = kern.buffer "dk4" "workspace" : memref<300x72xf32>
  %dv4 = kern.buffer "dv4" "workspace" : memref<300x72xf32>
  kern.attention "of_1" %q, %k, %v documents %docs to %y4, %lse4 window %short scale %scale heads 72 of 1 group 1
    : memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300xi32>, memref<300x72xf32>, memref<300x72xf32>
  kern.attention_backward "of_1" %dy, %q, %k, %v, %lse4, %delta4 documents %docs to %dq4, %dk4, %dv4 window %short scale %scale heads 72 of 1 group 1
    : memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32, strided<[144, 1]>>, memref<300x72xf32, strided<[144, 1], offset: 72>>, memref<300x72xf32>, memref<300x72xf32>, memref<300xi32>, memref<300x72xf32>, memref<300x72xf32>, memref<300x72xf32>
}
