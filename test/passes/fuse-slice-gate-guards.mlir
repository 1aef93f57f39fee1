// RUN: gptc-opt %s --fuse-slice-gate | FileCheck %s --implicit-check-not=gpt.gate
// RUN: gptc-opt %s --fuse-slice-gate --remarks-filter=fuse-slice-gate 2>&1 | FileCheck %s --check-prefix=REMARK

// Each graph breaks one guard of the pass.
// CHECK: gpt.model
gpt.model @m {
  %w1 = gpt.state "derived" -> [1, 12]
  %w4 = gpt.state "derived" -> [4, 12]
  %wide = gpt.state "derived" -> [1, 64]
  %lambda = gpt.state "derived" -> [] f32
  %mu = gpt.state "derived" -> [] f32
  %x = gpt.state "derived" -> [96, 64]
  %u = gpt.state "derived" -> [96, 64]
  %v = gpt.state "derived" -> [96, 16, 4]
  %v4 = gpt.state "derived" -> [96, 4, 4]
  %big = gpt.state "derived" -> [9, 57]
  %vb = gpt.state "derived" -> [96, 9, 4]
  %learned = gpt.state "derived" -> [1, 64]
  %one = gpt.state "derived" -> [1, 96, 64]
  %k = gpt.schedule(%step) {
    gpt.yield 2 * %step
  }

  // REMARK: Reason="its linear map does not read a slice"
  gpt.graph @whole_row {
    %z = gpt.linear %x, %wide : [96, 64], [1, 64] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.mul %g, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }
  // Of two reasons the first is told.
  // REMARK: Reason="its linear map does not read a slice"
  gpt.graph @whole_row_added {
    %z = gpt.linear %x, %wide : [96, 64], [1, 64] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.mul %g, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r, %g : [96, 64], [96, 1]
  }
  // REMARK: Reason="its linear map has another use"
  gpt.graph @logit_used {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.mul %g, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r, %z : [96, 64], [96, 1]
  }
  // REMARK: Reason="a value on the way to its product has another use"
  gpt.graph @gate_used {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.mul %g, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r, %g : [96, 64], [96, 1]
  }
  // REMARK: Reason="a factor changes with the step"
  gpt.graph @scheduled {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %h = gpt.scale %g by %k : [96, 1] -> [96, 1]
    %r = gpt.mul %h, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }
  // REMARK: Reason="it has two scalar factors"
  gpt.graph @two_scalars {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %h = gpt.mul %g, %lambda : [96, 1], [] f32 -> [96, 1]
    %i = gpt.mul %h, %mu : [96, 1], [] f32 -> [96, 1]
    %r = gpt.mul %i, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }
  // REMARK: Reason="it multiplies no tensor"
  gpt.graph @added {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.add %g, %u : [96, 1], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }
  // A reshape that moves heads is no detail.
  // REMARK: Reason="it multiplies no tensor"
  gpt.graph @reshaped {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w4 : [96, 12], [4, 12] -> [96, 4]
    %g = gpt.sigmoid %z : [96, 4] -> [96, 4]
    %h = gpt.reshape %g to [96, 2, 2] : [96, 4] -> [96, 2, 2]
    gpt.return %h : [96, 2, 2]
  }
  // REMARK: Reason="its product has another type than the tensor"
  gpt.graph @spread {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w4 : [96, 12], [4, 12] -> [96, 4]
    %g = gpt.sigmoid %z : [96, 4] -> [96, 4]
    %c = gpt.slice %u at 0 size 1 : [96, 64] -> [96, 1]
    %r = gpt.mul %g, %c : [96, 4], [96, 1] -> [96, 4]
    gpt.return %r : [96, 4]
  }
  // A gate that multiplies itself has two uses.
  // REMARK: Reason="a value on the way to its product has another use"
  gpt.graph @square {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %r = gpt.mul %g, %g : [96, 1], [96, 1] -> [96, 1]
    gpt.return %r : [96, 1]
  }
  // A reshape that makes rows of the gates' rows: each token takes the gate that
  // stands in its column.
  // REMARK: Reason="a reshape moves its gates to other rows or columns"
  gpt.graph @rows_moved {
    %s = gpt.slice %x at 0 size 12 : [96, 64] -> [96, 12]
    %z = gpt.linear %s, %w1 : [96, 12], [1, 12] -> [96, 1]
    %g = gpt.sigmoid %z : [96, 1] -> [96, 1]
    %h = gpt.reshape %g to [1, 96] : [96, 1] -> [1, 96]
    %r = gpt.mul %h, %one : [1, 96], [1, 96, 64] -> [1, 96, 64]
    gpt.return %r : [1, 96, 64]
  }
  // The gates of one row, a heads' dimension made of them.
  // REMARK: Reason="a reshape moves its gates to other rows or columns"
  gpt.graph @gates_as_rows {
    %s = gpt.slice %learned at 0 size 12 : [1, 64] -> [1, 12]
    %z = gpt.linear %s, %w4 : [1, 12], [4, 12] -> [1, 4]
    %g = gpt.sigmoid %z : [1, 4] -> [1, 4]
    %h = gpt.reshape %g to [4] : [1, 4] -> [4]
    %four = gpt.reshape %one to [4, 1536] : [1, 96, 64] -> [4, 1536]
    %r = gpt.mul %h, %four : [4], [4, 1536] -> [4, 1536]
    gpt.return %r : [4, 1536]
  }
  // One gate for all rows: its gradient is a sum over them.
  // REMARK: Reason="its rows are not those of the tensor"
  gpt.graph @one_row {
    %s = gpt.slice %learned at 0 size 12 : [1, 64] -> [1, 12]
    %z = gpt.linear %s, %w1 : [1, 12], [1, 12] -> [1, 1]
    %g = gpt.sigmoid %z : [1, 1] -> [1, 1]
    %r = gpt.mul %g, %u : [1, 1], [96, 64] -> [96, 64]
    gpt.return %r : [96, 64]
  }
  // 513 weights are a contraction's work.
  // REMARK: Reason="its weight is large: a contraction costs less than row-wise work"
  gpt.graph @large {
    %s = gpt.slice %x at 0 size 57 : [96, 64] -> [96, 57]
    %z = gpt.linear %s, %big : [96, 57], [9, 57] -> [96, 9]
    %g = gpt.sigmoid %z : [96, 9] -> [96, 9]
    %r = gpt.mul %g, %vb : [96, 9], [96, 9, 4] -> [96, 9, 4]
    gpt.return %r : [96, 9, 4]
  }
  // A function is looked at once it is inlined, and its shapes are known.
  %f = gpt.func(%a: [96, 64], %w: [1, 12]) {
    %s = gpt.slice %a at 0 size 12
    %z = gpt.linear %s, %w
    %g = gpt.sigmoid %z
    %r = gpt.mul %g, %a
    gpt.return %r
  }
}
