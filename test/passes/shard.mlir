// RUN: gptc-opt %s --shard --remarks-filter=shard 2>&1 | FileCheck %s
// RUN: gptc-opt %s --shard | gptc-opt --lower-to-kernels --legalize-storage | FileCheck %s --check-prefix=KERN

// Every parameter's gradient that an update reads is the mean over the ranks
// before anything reads it: in the order of the states, whatever order the
// part's ops have. Also one that is only measured, since it waits: the norm is
// that of the step. A gradient of a derived value is no parameter's; one that is
// only cleared is not read; the micro part knows of no ranks. A loss that was not
// finite on one rank keeps the update of all from happening.
// CHECK: remark: [Passed] shard | Category:shard | Function=update_0_0 | all_reduces=2, bytes=144
// CHECK: remark: [Passed] shard | Category:shard | Function=update_0_1 | all_reduces=2, bytes=132
// CHECK-LABEL: gpt.part @micro_0 "micro"
// CHECK-NEXT: gpt.fill
// CHECK-LABEL: gpt.part @update_0_0 "update"
// CHECK-NEXT: gpt.all_reduce %w_gradient : [8, 4] f32
// CHECK-NEXT: gpt.all_reduce %b_gradient : [4] f32
// CHECK-NEXT: gpt.row
// CHECK-NOT: gpt.all_reduce
// CHECK-LABEL: gpt.part @update_0_1 "update"
// CHECK-NEXT: gpt.all_reduce %w_gradient
// CHECK-NEXT: gpt.all_reduce %nonfinite : [] f32
// CHECK-NEXT: gpt.dot

// It stands between kernels as one that reads and writes all of the buffer.
// KERN-LABEL: kern.part @update_0_0
// KERN-DAG: kern.all_reduce %w_gradient : memref<8x4xf32>
// KERN-DAG: kern.all_reduce %b_gradient : memref<4xf32>
// KERN: kern.rows
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %w = gpt.param [8, 4] f32 init 0 by %sgd -> [8, 4] f32
  %b = gpt.param [4] f32 init 0 by %sgd -> [4] f32
  %w_gradient = gpt.state "gradient" of "w" -> [8, 4] f32
  %b_gradient = gpt.state "gradient" of "b" -> [4] f32
  %d = gpt.state "derived" -> [8, 4] f32
  %d_gradient = gpt.state "gradient" -> [8, 4] f32
  %norm = gpt.state "output" -> [] f64
  %nonfinite = gpt.state "output" -> [] f32
  gpt.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>} {
    %one = gpt.fill 1 -> [8, 4] f32
    gpt.accumulate %w_gradient += %one : [8, 4] f32, [8, 4] f32
  }
  gpt.part @update_0_0 "update" attributes {steps = array<i64: 0, 0>} {
    %r = gpt.row %b_gradient[0] : [4] f32 -> [] f32
    %s = gpt.mul %r, %w_gradient : [] f32, [8, 4] f32 -> [8, 4] f32
    %t = gpt.mul %s, %d_gradient : [8, 4] f32, [8, 4] f32 -> [8, 4] f32
    gpt.update %w with %t : [8, 4] f32, [8, 4] f32
  }
  gpt.part @update_0_1 "update" attributes {steps = array<i64: 1, 1>} {
    %n = gpt.dot %w_gradient, %w_gradient : [8, 4] f32, [8, 4] f32 -> [] f32
    gpt.update %norm with %n : [] f64, [] f32
    %k = gpt.if_finite %n then %nonfinite else %n : [] f32, [] f32, [] f32 -> [] f32
    gpt.update %nonfinite with %k : [] f32, [] f32
    %zero = gpt.fill 0 -> [4] f32
    gpt.update %b_gradient with %zero : [4] f32, [4] f32
  }
}
