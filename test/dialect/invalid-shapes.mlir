// What a rule lets pass, every target serves.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 4, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.slice' op (C1) slices the heads of [T, 4, 8]: slice the row before it is reshaped}}
    %y = gpt.slice %x at 0 size 2
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 1, 8]
  %w = gpt.input [T, 4, 8]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.mul' op (C2) repeats [T, 1, 8] inside [T, 4, 8]: only rows and trailing dimensions can be repeated}}
    %y = gpt.mul %x, %w
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 4, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.reduce' op (C2) sums [T, 4, 8] over dimensions inside it, to [T, 1, 8]: only rows and whole trailing dimensions can be summed}}
    %y = gpt.reduce %x to [T, 1, 8]
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 4, 8]
  %w = gpt.input [8, 8]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.linear' op (C1) contracts matrices, not [T, 4, 8] and [8, 8]: reshape to [rows, columns] first}}
    %y = gpt.linear %x, %w
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 4, 6]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.split' op (C2) splits the columns of a matrix, not of [T, 4, 6]: reshape it to [rows, columns] first}}
    %a, %b, %c = gpt.split %x to [T, 8]
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 16]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.split' op (C2) splits 16 columns ([T, 16]) in three}}
    %a, %b, %c = gpt.split %x to [T, 8]
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.rms_norm' op (C1) works on the columns of a row; [8] has rows alone: reshape it to [1, 8]}}
    %y = gpt.rms_norm %x
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.shift' op computes with bf16 or f32, not with [T] i32: i32 serves as an index alone}}
    %y = gpt.shift %tokens
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.embed' op (C1) looks up i32 tokens in a table [rows, columns], not [4] in [T, 8]}}
    %y = gpt.embed %x[%w]
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.cast' op (C1) casts to bf16 or f32, not 'f64'}}
    %y = gpt.cast %x to f64
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.pad' op (C2) puts [T, 8] at column 4 of 10}}
    %y = gpt.pad %x at 4 in 10
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 4, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.pad' op (C1) pads the columns of a matrix, not of [T, 4, 8]: reshape it to [rows, columns] first}}
    %y = gpt.pad %x at 4 in 16
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [6, 8]
  %w = gpt.input [4]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.pad_rows' op (C2) puts [6, 8] at row 4 of 9}}
    %y = gpt.pad_rows %x at 4 in 9
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 4, 8]
  %w = gpt.input [4, 2]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.rotary' op (C2) needs a vector of frequencies, not [4, 2]}}
    %y = gpt.rotary %x, %w
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %w = gpt.input [2, 2, 2, 2]
  %tokens = gpt.input [T] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.reshape' op has 5 dimensions ([2, 2, 2, 2, 1]), at most 4 are possible}}
    %y = gpt.reshape %w to [2, 2, 2, 2, 1]
    gpt.return %x
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.input' op has elements of 'f64' ([4] f64): there are bf16, f32 and i32}}
  %x = gpt.input [4] f64
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C5) has elements of bf16 or f32, not [4] f64}}
  %w = gpt.param [4] f64 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C5) has elements of bf16 or f32, not [4] i32}}
  %w = gpt.param [4] i32 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.pack' op (C5) has elements of bf16 or f32, not [] f64}}
  %a = gpt.pack "s" [] f64 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.pack' op (C4) packs [] f32 with []: its parts have one element type, for they are one parameter}}
  %a, %b = gpt.pack "s" [] f32 init 0, [] init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C4) is without 11, which is none of its 11 members}}
  %w = gpt.param 11 x [4, 4] without 6, 11 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C4) is without 6 twice}}
  %w = gpt.param 11 x [4, 4] without 6, 6 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C4) is a bank without any member}}
  %w = gpt.param 2 x [4, 4] without 1, 0 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C4) is without 0, which is none of a bank's members: write `N x [D, D]`}}
  %w = gpt.param [4, 4] without 0 init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
}

// -----
// A transposition that sizes decide is taken back by another, and by nothing else.
gpt.model @m {
  gpt.let T = 8, M = 4, N = 8
  %x = gpt.input [M, N]
  %y = gpt.input [M, N]
  gpt.graph @train {
    %a = gpt.transpose %x (on = M > N)
    %g = gpt.gram %a
    %h = gpt.matmul %g, %a
    %b = gpt.transpose %h (on = M > N)
    %c = gpt.add %b, %y
    %e = gpt.transpose %x (on = 1 > 2)
    %f = gpt.add %e, %y
    %i = gpt.transpose %x (on = M > 2*N)
    %j = gpt.transpose %i (on = M > 2*N)
    %k = gpt.add %j, %y
    // expected-error @+1 {{'gpt.add' op (C1) cannot combine [N if M > N else M, M if M > N else N] and [M, N]: dimension 0 is N if M > N else M and M}}
    %d = gpt.add %h, %y
    gpt.return %d
  }
}

// -----
gpt.model @m {
  gpt.let T = 8
  %x = gpt.input [T, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.clamp' op has max = 1; it must be above min}}
    %a = gpt.clamp %x (min = 1, max = 1)
    // expected-error @+1 {{'gpt.transpose' op has on = 2; it must be true or false}}
    %b = gpt.transpose %x (on = 2)
    // expected-error @+1 {{'gpt.clamp' op has no 'least'; there are min, max}}
    %c = gpt.clamp %x (least = 1)
    gpt.return %x
  }
}

// -----
// The shorter of two may stand first.
gpt.model @m {
  gpt.let T = 8
  %x = gpt.input [T, 8]
  %short = gpt.input [6] f32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.add' op (C1) cannot combine [6] f32 and [T, 8]: dimension 0 is 6 and T}}
    %a = gpt.add %short, %x
    gpt.return %a
  }
}
