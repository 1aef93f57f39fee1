// RUN: gptc-opt %s --lower-to-kernels | FileCheck %s

// Each accumulation of a row sum adds the windows up itself and rounds once, so
// that values which share a sum get the same bits as values with sums of their
// own. Another user reads the sum.
gpt.model @sums {
  %x = gpt.state "derived" -> [96, 64]
  %a = gpt.state "gradient" of "a" -> [] f32
  %b = gpt.state "gradient" of "b" -> [] f32
  %c = gpt.state "derived" -> [] f32
  // CHECK-LABEL: kern.part @shared
  // CHECK: %[[P:.*]] = kern.buffer {{.*}} {partials} : memref<2x1xf32>
  // CHECK: kern.partial %{{.*}}, %[[P]]
  // CHECK-NOT: kern.finish {{.*}} %[[P]] to %{{[^ ]*}} : 
  // CHECK: kern.finish {{.*}} %[[P]] to %a accumulate
  // CHECK-NEXT: kern.finish {{.*}} %[[P]] to %b accumulate
  gpt.part @shared "micro" {
    %s = gpt.reduce %x to [] : [96, 64] -> [] f32
    gpt.accumulate %a += %s : [] f32, [] f32
    gpt.accumulate %b += %s : [] f32, [] f32
  }
  // CHECK-LABEL: kern.part @read
  // CHECK: kern.partial %{{.*}}, %[[Q:[a-z0-9_-]+]]
  // CHECK: kern.finish {{.*}} %[[Q]] to %[[S:[a-z0-9_-]+]] : memref<2x1xf32> to memref<f32>
  // CHECK: kern.finish {{.*}} %[[Q]] to %a accumulate
  // CHECK: kern.load %[[S]]
  gpt.part @read "micro" {
    %s = gpt.reduce %x to [] : [96, 64] -> [] f32
    gpt.accumulate %a += %s : [] f32, [] f32
    %t = gpt.scale %s by 2 : [] f32 -> [] f32
    gpt.update %c with %t : [] f32, [] f32
  }
}
