// Once tensors have types, the ops show them; and what canonicalize makes of them.
// RUN: gptc-opt %s --verify-roundtrip | FileCheck %s
// RUN: gptc-opt %s --canonicalize --cse | FileCheck %s --check-prefix=CANON

// CHECK-LABEL: gpt.model @m
// CANON-LABEL: gpt.model @m
gpt.model @m {
  %freqs, %heat = gpt.yarn (window = 8, count = 4, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2) -> [4] f32
  // CHECK: %w_gradient = gpt.state "gradient" of "w" -> [8, 16] f32
  %w_gradient = gpt.state "gradient" of "w" -> [8, 16] f32
  %w2_gradient = gpt.state "gradient" of "w2" -> [16, 8] f32
  // CHECK: gpt.part @micro_0 "micro"
  gpt.part @micro_0 "micro" attributes {tokens = 6 : i64} {
    %x = gpt.input [6, 2, 16] -> [6, 2, 16]
    %a = gpt.input [6, 8] -> [6, 8]
    %b = gpt.input [6, 16] -> [6, 16]
    %tokens = gpt.input [6] i32 -> [6] i32
    // The two pairings share no table, two layers of one pairing do.
    // CANON: %[[C:.*]], %[[S:.*]] = gpt.rotary_table %freqs rows 6 half 8 group 1 : [4] f32 -> [6, 8], [6, 8]
    // CANON: %[[R:.*]] = gpt.rotate %x by %[[C]], %[[S]] group 1 : [6, 2, 16], [6, 8], [6, 8] -> [6, 2, 16]
    // CANON: %[[Q:.*]] = gpt.rotate %[[R]] by %[[C]], %[[S]] group 1 :
    // CANON: gpt.rotary_table %freqs rows 6 half 8 group 2 : [4] f32 -> [6, 16], [6, 16]
    // CANON: gpt.rotate %[[Q]] by %{{.*}}, %{{.*}} group 2 neighbours :
    // CHECK: gpt.rotary %x, %freqs : [6, 2, 16], [4] f32 -> [6, 2, 16]
    %0 = gpt.rotary %x, %freqs : [6, 2, 16], [4] f32 -> [6, 2, 16]
    %1 = gpt.rotary %0, %freqs : [6, 2, 16], [4] f32 -> [6, 2, 16]
    %2 = gpt.rotary %1, %freqs (group = 2, neighbours = 1) : [6, 2, 16], [4] f32 -> [6, 2, 16]
    // Nothing moves by no token, and nothing rounds where it is off.
    // CANON-NOT: gpt.key_offset
    // CANON-NOT: gpt.round
    %3 = gpt.key_offset %2 (by = 0) : [6, 2, 16] -> [6, 2, 16]
    %4 = gpt.round %3 to "e4m3" (scale = 0.5, on = 0) : [6, 2, 16] -> [6, 2, 16]
    %5 = gpt.round_gradient %4 to "e5m2" (scale = 0.5, on = 0) : [6, 2, 16] -> [6, 2, 16]
    // But they do where it is on.
    // CANON: gpt.key_offset %{{.*}} (by = 1)
    // CANON: gpt.round %{{.*}} to "e4m3" (scale = 0.5, on = 1)
    // CANON: gpt.round %{{.*}} to "e5m2" (scale = 0.5)
    %6 = gpt.key_offset %5 (by = 1) : [6, 2, 16] -> [6, 2, 16]
    %7 = gpt.round %6 to "e4m3" (scale = 0.5, on = 1) : [6, 2, 16] -> [6, 2, 16]
    %8 = gpt.round %7 to "e5m2" (scale = 0.5) : [6, 2, 16] -> [6, 2, 16]
    // Nor is anything transposed; where it is, that need not be said.
    // CANON-NOT: gpt.transpose %a
    // CANON: gpt.transpose %b : [6, 16] -> [16, 6]
    %off = gpt.transpose %a (on = 0) : [6, 8] -> [6, 8]
    %on = gpt.transpose %b (on = 1) : [6, 16] -> [16, 6]
    %both = gpt.matmul %on, %off : [16, 6], [6, 8] -> [16, 8]
    gpt.accumulate_outer %w_gradient += %off, %b : [8, 16] f32, [6, 8], [6, 16]
    gpt.accumulate %w2_gradient += %both : [16, 8] f32, [16, 8]
    %9 = gpt.reshape %8 to [6, 32] : [6, 2, 16] -> [6, 32]
    // CHECK: gpt.concat %x, %x, %x : [6, 2, 16], [6, 2, 16], [6, 2, 16] -> [6, 96]
    %10 = gpt.concat %x, %x, %x : [6, 2, 16], [6, 2, 16], [6, 2, 16] -> [6, 96]
    // CHECK: gpt.pad %a at 4 in 16 : [6, 8] -> [6, 16]
    %11 = gpt.pad %a at 4 in 16 : [6, 8] -> [6, 16]
    // CHECK: gpt.reduce %b to [1, 16] : [6, 16] -> [1, 16] f32
    %12 = gpt.reduce %b to [1, 16] : [6, 16] -> [1, 16] f32
    // CHECK: gpt.outer %a, %b : [6, 8], [6, 16] -> [8, 16] f32
    %13 = gpt.outer %a, %b : [6, 8], [6, 16] -> [8, 16] f32
    // CHECK: gpt.accumulate %w_gradient += %{{.*}} : [8, 16] f32, [8, 16] f32
    gpt.accumulate %w_gradient += %13 : [8, 16] f32, [8, 16] f32
    // CHECK: gpt.accumulate_outer %w_gradient += %a, %b : [8, 16] f32, [6, 8], [6, 16]
    gpt.accumulate_outer %w_gradient += %a, %b : [8, 16] f32, [6, 8], [6, 16]
    // CHECK: gpt.accumulate_rows %w_gradient[%tokens by %tokens] += %b : [8, 16] f32, [6] i32, [6] i32, [6, 16]
    gpt.accumulate_rows %w_gradient[%tokens by %tokens] += %b : [8, 16] f32, [6] i32, [6] i32, [6, 16]
    // CHECK: gpt.fill 0 -> [8, 16] f32
    %14 = gpt.fill 0 -> [8, 16] f32
    // CHECK: gpt.update %w_gradient with %{{.*}} : [8, 16] f32, [8, 16] f32
    gpt.update %w_gradient with %14 : [8, 16] f32, [8, 16] f32
    %out = gpt.state "output" -> [6, 32]
    gpt.update %out with %9 : [6, 32], [6, 32]
  }
}
