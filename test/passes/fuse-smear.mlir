// RUN: gptc-opt %s --fuse-slice-gate --fuse-smear | FileCheck %s
// RUN: gptc-opt %s --fuse-slice-gate | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --fuse-slice-gate --fuse-smear --remarks-filter=fuse-smear 2>&1 | FileCheck %s --check-prefix=REMARK

gpt.model @m {
  %w = gpt.state "derived" -> [1, 12]
  %w2 = gpt.state "derived" -> [4, 2]
  %v = gpt.state "derived" -> [96, 4]
  %lambda = gpt.state "derived" -> [] f32
  %x = gpt.state "derived" -> [96, 64]
  %u = gpt.state "derived" -> [96, 64]

  // CHECK-LABEL: gpt.graph @smear
  // CHECK-NEXT: gpt.smear %x by %w times %lambda at 3
  // CHECK-NEXT: gpt.return
  // OFF-LABEL: gpt.graph @smear
  // OFF: gpt.shift
  // OFF: gpt.gate
  // REMARK: [Passed] smear | Category:fuse-smear
  gpt.graph @smear {
    %s = gpt.slice %x at 3 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %gl = gpt.mul %lambda, %g : [] f32, [96, 1] -> [96, 1]
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.mul %gl, %p : [96, 1], [96, 64] -> [96, 64]
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // Guard: by two tokens.
  // CHECK-LABEL: gpt.graph @two
  // CHECK: gpt.gate
  // REMARK: Reason="the shift is not by one token"
  gpt.graph @two {
    %p = gpt.shift %x by 2 : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // Guard: the gate reads another tensor.
  // CHECK-LABEL: gpt.graph @other
  // CHECK: gpt.gate
  // REMARK: Reason="the gate reads another tensor than the one that is shifted"
  gpt.graph @other {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %u at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // Guard: no λ.
  // CHECK-LABEL: gpt.graph @no_lambda
  // CHECK: gpt.gate
  // REMARK: Reason="its factor is not one scalar"
  gpt.graph @no_lambda {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16> -> tensor<96x64xbf16>
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // Guard: the gated tensor is used elsewhere too.
  // CHECK-LABEL: gpt.graph @used
  // CHECK: gpt.gate
  // REMARK: Reason="the gate or the shift has another use"
  gpt.graph @used {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r, %gp : [96, 64], [96, 64]
  }

  // Guard: added to something else.
  // CHECK-LABEL: gpt.graph @elsewhere
  // CHECK: gpt.gate
  // REMARK: Reason="it is not added to the tensor that is shifted"
  gpt.graph @elsewhere {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %u, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // The sum may name the gated row first.
  // CHECK-LABEL: gpt.graph @swapped
  // CHECK-NEXT: gpt.smear %x by %w times %lambda at 3
  // CHECK-NEXT: gpt.return
  gpt.graph @swapped {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %gp, %x : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // Guard: a gate a head.
  // CHECK-LABEL: gpt.graph @heads
  // CHECK: gpt.gate
  // REMARK: Reason="a gate a head, not a row"
  gpt.graph @heads {
    %p = gpt.shift %v : [96, 4] -> [96, 4]
    %gp = gpt.gate %p by %w2 on %v at 1 times %lambda factor 1.0 : tensor<96x4xbf16>, tensor<4x2xbf16>, tensor<96x4xbf16>, tensor<f32> -> tensor<96x4xbf16>
    %r = gpt.add %v, %gp : [96, 4], [96, 4] -> [96, 4]
    gpt.return %r : [96, 4]
  }

  // Guard: a number besides λ.
  // CHECK-LABEL: gpt.graph @number
  // CHECK: gpt.gate
  // REMARK: Reason="its factor is not one scalar"
  gpt.graph @number {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 2.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }

  // Guard: the shifted tensor is used elsewhere too.
  // CHECK-LABEL: gpt.graph @shift_used
  // CHECK: gpt.gate
  // REMARK: Reason="the gate or the shift has another use"
  gpt.graph @shift_used {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.add %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r, %p : [96, 64], [96, 64]
  }

  // Guard: subtracted.
  // CHECK-LABEL: gpt.graph @subtracted
  // CHECK: gpt.gate
  // REMARK: Reason="it is not added to the tensor that is shifted"
  gpt.graph @subtracted {
    %p = gpt.shift %x : [96, 64] -> [96, 64]
    %gp = gpt.gate %p by %w on %x at 3 times %lambda factor 1.0 : tensor<96x64xbf16>, tensor<1x12xbf16>, tensor<96x64xbf16>, tensor<f32> -> tensor<96x64xbf16>
    %r = gpt.sub %x, %gp : [96, 64], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }
}
