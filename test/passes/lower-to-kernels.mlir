// RUN: gptc-opt %S/Inputs/mlp-graph.mlir --hoist-step-invariants --differentiate --expand-optimizer --expand-init --canonicalize --cse --lower-to-kernels | FileCheck %s

// Parameters and states are buffers of the model; an input has the least bound
// of what is looked up by it.
// CHECK: gpt.model @mlp {
// CHECK-DAG: %table = kern.buffer "table" "parameter" : memref<64x32xf32>
// CHECK-DAG: %up_gradient = kern.buffer "up_gradient" "gradient" of "up" : memref<96x32xf32>
// CHECK-DAG: %tokens = kern.buffer "tokens" "input" {below = 64 : i64, bound_by = "the rows of the table at mlp-graph.mlir:21"} : memref<128xi32>
// CHECK-DAG: %targets = kern.buffer "targets" "input" {below = 64 : i64, bound_by = "the columns of the logits at mlp-graph.mlir:32"} : memref<128xi32>

// CHECK-LABEL: kern.part @micro_0 "micro"
// A look-up reads the row that the token names.
// CHECK: kern.rows "embed.mlp-graph_{{[0-9]+}}" 128 {
// CHECK: %[[I:.*]] = kern.load_index %tokens[%{{.*}}]
// CHECK: kern.load %table[%[[I]]] : memref<64x32xf32> -> vector<32xf32>
// A contraction stores its product.
// CHECK: kern.contract "linear.mlp-graph_{{[0-9]+}}" %{{.*}}, %mul_0 m 128 n 96 k 32
// CHECK: ^{{.*}}(%[[M:.*]]: index, %[[ROW:.*]]: vector<96xf32>)
// CHECK-NEXT: kern.store %[[ROW]], %{{.*}}[%[[M]]]
// One row of a parameter is a view of it.
// CHECK: kern.view %gain : memref<2xf32> to memref<f32, strided<[], offset: 1>>
// The loss is a column sum of f32 partials, finished in f64 into what the host reads.
// CHECK: %[[P:.*]] = kern.buffer "cross_entropy.mlp-graph_{{[0-9]+}}" "workspace" {partials} : memref<2x1xf32>
// CHECK: kern.partial %{{.*}}, %[[P]]
// CHECK: kern.finish "cross_entropy.mlp-graph_{{[0-9]+}}.finish" %[[P]] to %loss : memref<2x1xf32> to memref<f64>
// A weight's gradient is added to its accumulator by the contraction itself.
// CHECK: kern.contract "{{.*}}" %{{.*}} transposed_a, %{{.*}} transposed_b m 64 n 32 k 128
// CHECK: %[[OLD:.*]] = kern.load %table_gradient
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK: kern.store %[[NEW]], %table_gradient
// A scalar's gradient is finished into its accumulator.
// CHECK: kern.finish "{{.*}}" %{{.*}} to %{{.*}} accumulate : memref<2x1xf32> to memref<f32, strided<[], offset: 1>>
// So is what ordered segments leave of tokens that stand in several windows.
// CHECK: kern.segments "{{.*}}" %{{.*}} at %tokens by %order to %table_gradient, %[[PIECES:.*]] :
// CHECK: kern.finish_segments "{{.*}}" %[[PIECES]] at %tokens by %order to %table_gradient

// The update writes parameters and states in place.
// CHECK-LABEL: kern.part @update_0_1 "update"
// CHECK: kern.store %{{.*}}, %table[
// CHECK-NOT: gpt.update
