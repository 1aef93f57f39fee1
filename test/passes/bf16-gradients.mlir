// RUN: mkdir -p %t && cp %S/../../models/optimizers.mlir %t
// RUN: sed 's/gpt.recipe (/gpt.recipe (bf16_gradients = 1, /; s/F, D] init uniform/F, D] f32 init uniform/' %S/../../models/mlp.mlir > %t/on.mlir
// RUN: sed 's/gpt.recipe (/gpt.recipe (bf16_gradients = 0, /' %S/../../models/mlp.mlir > %t/off.mlir
// RUN: sed 's/gpt.recipe (/gpt.recipe (bf16_gradients = 2, /' %S/../../models/mlp.mlir > %t/two.mlir
// RUN: gptc compile %t/on.mlir --target=sm_90a --emit=step | FileCheck %s
// RUN: gptc compile %t/on.mlir --target=sm_90a --emit=kernels | FileCheck %s --check-prefix=KERNELS
// RUN: gptc compile %t/on.mlir --emit=launches | FileCheck %s --check-prefix=CPU
// RUN: gptc compile %t/off.mlir --target=sm_90a --emit=step | FileCheck %s --check-prefix=OFF
// RUN: gptc compile %S/../../models/mlp.mlir --target=sm_90a --emit=step | FileCheck %s --check-prefix=OFF
// RUN: not gptc compile %t/two.mlir --emit=step 2>&1 | FileCheck %s --check-prefix=TWO

// Gradients of bf16 parameters are summed in bf16, of others in their own type.
// CHECK-DAG: %embed_gradient = gpt.state "gradient" of "embed" -> [256, 128]{{$}}
// CHECK-DAG: %c_proj_gradient = gpt.state "gradient" of "c_proj" -> [512, 128]{{$}}
// CHECK-DAG: %c_fc_gradient = gpt.state "gradient" of "c_fc" -> [512, 128] f32{{$}}
// OFF-DAG: %embed_gradient = gpt.state "gradient" of "embed" -> [256, 128] f32
// OFF-DAG: %c_proj_gradient = gpt.state "gradient" of "c_proj" -> [512, 128] f32
// TWO: two.mlir:[[#]]:3: error: 'gpt.recipe' op has bf16_gradients = 2; it must be true or false

// What a micro-batch adds is rounded before it is added, where bf16 is stored.
// KERNELS: kern.contract "{{.*}}" {{.*}} m 512 n 128 k 2048
// KERNELS: %[[OLD:.*]] = kern.load %c_proj_gradient
// KERNELS: %[[ROUNDED:.*]] = kern.round %{{.*}} to "bf16" stored
// KERNELS: %[[NEW:.*]] = arith.addf %[[OLD]], %[[ROUNDED]]
// KERNELS: kern.store %[[NEW]], %c_proj_gradient[%{{.*}}] : vector<128xf32>, memref<512x128xbf16>
// KERNELS: kern.contract "{{.*}}" {{.*}} m 512 n 128 k 2048
// KERNELS-NOT: kern.round
// KERNELS: kern.store %{{.*}}, %c_fc_gradient[%{{.*}}] : vector<128xf32>, memref<512x128xf32>
// KERNELS: kern.segments {{.*}} to %embed_gradient, {{.*}}memref<256x128xbf16>, memref<32x128xf32>
// KERNELS: kern.reduce_scatter %embed_gradient to %{{.*}} : memref<256x128xbf16>, memref<128x128xbf16>

// The CPU stores f32 alone, and rounds nothing.
// CPU: kern.buffer "embed_gradient" "gradient" of "embed" at {{.*}}memref<256x128xf32>
// CPU-NOT: kern.round
