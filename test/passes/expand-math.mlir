// RUN: gptc-opt --expand-math %s | FileCheck %s
// RUN: gptc-opt --expand-math %s | FileCheck %s --check-prefix=GONE

// GONE-NOT: math.exp %
// GONE-NOT: math.log
// GONE-NOT: math.tanh
// GONE-NOT: math.rsqrt
// GONE-NOT: math.sin
// GONE-NOT: math.cos
// GONE-NOT: kern.round
// GONE-NOT: math.fma

// Scalars and vectors alike; a square root is an instruction and stays.
// CHECK-LABEL: llvm.func @functions
// CHECK: arith.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
// CHECK: math.sqrt
// CHECK: arith.divf
// CHECK: arith.bitcast {{.*}} : f32 to i32
llvm.func @functions(%x: vector<16xf32>, %s: f32) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.rsqrt %0 : vector<16xf32>
  %t = math.tanh %s : f32
  %2 = math.log %t : f32
  %3 = vector.broadcast %2 : f32 to vector<16xf32>
  %4 = arith.addf %1, %3 : vector<16xf32>
  llvm.return %4 : vector<16xf32>
}

// Angles are f64; sin and cos of f32 go by way of f64 and are rounded once.
// CHECK-LABEL: llvm.func @angles
// CHECK: arith.bitcast {{.*}} : vector<4xf64> to vector<4xi64>
// CHECK: arith.extf {{.*}} : f32 to f64
// CHECK: arith.truncf {{.*}} : f64 to f32
llvm.func @angles(%x: vector<4xf64>, %s: f32) -> f32 {
  %0 = math.cos %x : vector<4xf64>
  %1 = math.sin %s : f32
  %2 = vector.extract %0[0] : f64 from vector<4xf64>
  %3 = arith.truncf %2 : f64 to f32
  %4 = arith.addf %1, %3 : f32
  llvm.return %4 : f32
}

// A grid is left by adding and subtracting a multiple of its steps.
// CHECK-LABEL: llvm.func @grids
// CHECK: arith.maxui
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[MAGIC:.*]] : vector<8xf32>
// CHECK: arith.subf %[[SUM]], %[[MAGIC]] : vector<8xf32>
llvm.func @grids(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = kern.round %x to "e4m3" : vector<8xf32>
  %1 = kern.round %0 to "bf16" : vector<8xf32>
  llvm.return %1 : vector<8xf32>
}

// Toward zero the lower half is cut, of all but NaN.
// CHECK-LABEL: llvm.func @cut
// CHECK: %[[BITS:.*]] = arith.bitcast
// CHECK: arith.andi %[[BITS]], %{{.*}} : vector<8xi32>
// CHECK-NOT: arith.addi
// CHECK: arith.cmpf uno
llvm.func @cut(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = kern.round %x to "bf16_truncated" : vector<8xf32>
  llvm.return %0 : vector<8xf32>
}

// What has no expansion stays as it is.
// CHECK-LABEL: llvm.func @others
// CHECK: math.absf
// CHECK: math.exp2
llvm.func @others(%x: f32) -> f32 {
  %0 = math.absf %x : f32
  %1 = math.exp2 %0 : f32
  llvm.return %1 : f32
}
