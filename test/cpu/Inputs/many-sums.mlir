// Sums whose terms, 64 rows of each side by side, no block's shared memory holds.
%x = kern.buffer "x" "input" : memref<70x128xf32>
%p0 = kern.buffer "p0" "workspace" : memref<2x128xf32>
%p1 = kern.buffer "p1" "workspace" : memref<2x128xf32>
%p2 = kern.buffer "p2" "workspace" : memref<2x128xf32>
%p3 = kern.buffer "p3" "workspace" : memref<2x128xf32>
%p4 = kern.buffer "p4" "workspace" : memref<2x128xf32>
%p5 = kern.buffer "p5" "workspace" : memref<2x128xf32>
%p6 = kern.buffer "p6" "workspace" : memref<2x128xf32>
%p7 = kern.buffer "p7" "workspace" : memref<2x128xf32>
%g0 = kern.buffer "g0" "gradient" : memref<128xf32>
%g1 = kern.buffer "g1" "gradient" : memref<128xf32>
%g2 = kern.buffer "g2" "gradient" : memref<128xf32>
%g3 = kern.buffer "g3" "gradient" : memref<128xf32>
%g4 = kern.buffer "g4" "gradient" : memref<128xf32>
%g5 = kern.buffer "g5" "gradient" : memref<128xf32>
%g6 = kern.buffer "g6" "gradient" : memref<128xf32>
%g7 = kern.buffer "g7" "gradient" : memref<128xf32>
kern.part @sums "micro" {
  kern.rows "many" 70 {
  ^row(%t: index):
    %v0 = kern.load %x[%t] : memref<70x128xf32> -> vector<128xf32>
    kern.partial %v0, %p0[%t] : vector<128xf32>, memref<2x128xf32>
    %v1 = arith.mulf %v0, %v0 : vector<128xf32>
    kern.partial %v1, %p1[%t] : vector<128xf32>, memref<2x128xf32>
    %v2 = arith.mulf %v1, %v0 : vector<128xf32>
    kern.partial %v2, %p2[%t] : vector<128xf32>, memref<2x128xf32>
    %v3 = arith.mulf %v2, %v0 : vector<128xf32>
    kern.partial %v3, %p3[%t] : vector<128xf32>, memref<2x128xf32>
    %v4 = arith.mulf %v3, %v0 : vector<128xf32>
    kern.partial %v4, %p4[%t] : vector<128xf32>, memref<2x128xf32>
    %v5 = arith.mulf %v4, %v0 : vector<128xf32>
    kern.partial %v5, %p5[%t] : vector<128xf32>, memref<2x128xf32>
    %v6 = arith.mulf %v5, %v0 : vector<128xf32>
    kern.partial %v6, %p6[%t] : vector<128xf32>, memref<2x128xf32>
    %v7 = arith.mulf %v6, %v0 : vector<128xf32>
    kern.partial %v7, %p7[%t] : vector<128xf32>, memref<2x128xf32>
  }
  kern.finish "sum0" %p0 to %g0 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum1" %p1 to %g1 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum2" %p2 to %g2 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum3" %p3 to %g3 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum4" %p4 to %g4 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum5" %p5 to %g5 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum6" %p6 to %g6 : memref<2x128xf32> to memref<128xf32>
  kern.finish "sum7" %p7 to %g7 : memref<2x128xf32> to memref<128xf32>
}
