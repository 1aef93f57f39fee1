// A rule asks nothing of a size that has no number yet: it may fit.
// RUN: gptc-opt %s | FileCheck %s

// CHECK-LABEL: gpt.model @unknown
gpt.model @unknown {
  gpt.let T, D, H, K, R, V, n
  %x = gpt.input [T, D]
  %eight = gpt.input [T, 8]
  %heads = gpt.input [T, 2, K]
  %quarters = gpt.input [T, 2, 8]
  %freqs = gpt.input [R] f32
  %four = gpt.input [4] f32
  %docs = gpt.input [T] i32
  %some = gpt.input [V, 8]
  %twenty_four = gpt.input [6, 24]
  // Seen as other matrices, of which one side has no number yet; and what an optimizer serves is not known, but for one size.
  %opt = gpt.optimizer(%p : [B, M, 4], %g) {
    gpt.return %g
  }
  %banks = gpt.param [D, 4] init 0 by %opt as [2, 4, 4]
  %parts = gpt.param [8, 4] init 0 by %opt as [n, 2, 4]
  %w = gpt.input [1, n]
  %w4 = gpt.input [1, 4]
  gpt.graph @train {
    // CHECK: gpt.rotary
    %0 = gpt.rotary %heads, %freqs
    %1 = gpt.rotary %heads, %four
    %2 = gpt.rotary %quarters, %freqs
    %3 = gpt.reshape %eight to [T, D]
    %4 = gpt.reshape %x to [6, 8]
    %5 = gpt.reshape %four to [D]
    %6, %7, %8 = gpt.split %x to [T, H, K]
    %9 = gpt.pad %eight at D in 16
    %10 = gpt.pad %eight at 0 in D
    %11 = gpt.pad %x at 12 in 16
    %12 = gpt.slice %x at 4 size n
    %13 = gpt.slice %eight at n size 4
    %14 = gpt.slice %eight at 4 size n
    %15 = gpt.embed %some[%docs]
    %limited = gpt.clamp %eight (min = n, max = -1)
    %16 = gpt.gate %eight by %w on %eight at 6 factor 1.0 : !gpt.tensor, !gpt.tensor, !gpt.tensor -> !gpt.tensor
    %17 = gpt.gate %x by %w4 on %x at 6 factor 1.0 : !gpt.tensor, !gpt.tensor, !gpt.tensor -> !gpt.tensor
    %19, %20 = "gpt.rotary_table"(%freqs) <{rows = 1 : i64, half = 8 : i64, group = 1 : i64}> : (!gpt.tensor) -> (!gpt.tensor, !gpt.tensor)
    %21 = "gpt.rotate"(%heads, %eight, %eight) <{group = 1 : i64}> : (!gpt.tensor, !gpt.tensor, !gpt.tensor) -> !gpt.tensor
    %22 = "gpt.rotate"(%quarters, %x, %x) <{group = 1 : i64}> : (!gpt.tensor, !gpt.tensor, !gpt.tensor) -> !gpt.tensor
    %18 = gpt.key_offset %heads (by = 1)
    %23, %24, %25 = gpt.split %twenty_four to [T, H, K]
    // CHECK: gpt.return
    gpt.return %x
  }
}

// CHECK-LABEL: gpt.model @known
gpt.model @known {
  gpt.let D
  %docs = gpt.input [6] i32
  %byte_order = gpt.input [6] i32
  %some = gpt.input [D, 8]
  %six = gpt.input [6, 8]
  %x = gpt.input [6, 1, 1]
  %y = gpt.input [6, 4, 1]
  %q = gpt.input [6, 2, 8]
  %freqs = gpt.input [4] f32
  // As many elements as a tensor may have.
  %w = gpt.input [1000000, 1000000]
  // CHECK: gpt.func
  %f = gpt.func(%a: [6, 2, 8], %starts: [6] i32) {
    %0 = gpt.attention %a, %a, %a documents %starts (window = 8, scale = 1)
    gpt.return %0
  }
  gpt.graph @train {
    // As many rows as positions, or as none can say.
    // CHECK: gpt.embed
    %0 = gpt.embed %some[%docs]
    %1 = gpt.embed %six[%docs]
    %2 = gpt.embed %six[%byte_order]
    // Repeated inside, where inside is nothing.
    %3 = gpt.mul %x, %y
    %4 = gpt.call %f(%q, %docs)
    // Every pair of a head turns, and a table has no column more.
    %5 = gpt.rotary %q, %freqs
    %6, %7 = "gpt.rotary_table"(%freqs) <{rows = 6 : i64, half = 4 : i64, group = 1 : i64}> : (!gpt.tensor) -> (!gpt.tensor, !gpt.tensor)
    // CHECK: gpt.return
    gpt.return %4
  }
}

// What is computed of two tensors has the elements of the one with more dimensions, of the first if both have as many: else these
// calls would pass something else than the functions take.
// CHECK-LABEL: gpt.model @elements
gpt.model @elements {
  %a = gpt.input [8, 4]
  %b = gpt.input [8, 4] f32
  %c = gpt.input [8] f32
  %d = gpt.input [1, 4] f32
  %f = gpt.func(%x: [8, 4]) {
    gpt.return %x
  }
  %g = gpt.func(%x: [8, 4] f32) {
    gpt.return %x
  }
  gpt.graph @train {
    %0 = gpt.add %a, %b
    %1 = gpt.call %f(%0)
    %2 = gpt.add %b, %a
    %3 = gpt.call %g(%2)
    %4 = gpt.add %a, %c
    %5 = gpt.call %f(%4)
    %6 = gpt.add %c, %a
    %7 = gpt.call %f(%6)
    %8 = gpt.sub %d, %a
    %9 = gpt.call %g(%8)
    gpt.return %9
  }
}
