// What a shape rule refuses, condition by condition, where other tests do not come by.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// Sizes that are no whole number, and none at all.
gpt.model @m {
  // expected-error @+1 {{has the impossible size}}
  %x = gpt.input [3/2, 8]
}

// -----
gpt.model @m {
  // expected-error @+1 {{has the impossible size}}
  %x = gpt.input [1e200*1e200, 8]
}

// -----
// Rows and columns by a number that is not whole, or below 0.
gpt.model @m {
  %x = gpt.input [6, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.row' op (C2) reads row 1.5 of 6}}
    %y = gpt.row %x[1.5]
    gpt.return %y
  }
}

// -----
gpt.model @m {
  %x = gpt.input [6, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.row' op (C2) reads row -1 of 6}}
    %y = gpt.row %x[-1]
    gpt.return %y
  }
}

// -----
gpt.model @m {
  %x = gpt.input [6, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 1.5 to}}
    %y = gpt.slice %x at 1.5 size 2
    gpt.return %y
  }
}

// -----
gpt.model @m {
  %x = gpt.input [6, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.slice' op (C2) takes -1 to}}
    %y = gpt.slice %x at -1 size 2
    gpt.return %y
  }
}

// -----
// Products of vectors.
gpt.model @m {
  %x = gpt.input [8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.linear' op}}
    %y = gpt.linear %x, %x
    gpt.return %y
  }
}

// -----
// A rotation of what has no heads.
gpt.model @m {
  %x = gpt.input [6, 8]
  %freqs = gpt.input [2] f32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.rotary' op (C1) works on heads, [T, H, K], not [6, 8]}}
    %y = gpt.rotary %x, %freqs
    gpt.return %y
  }
}

// -----
// What a transposition leaves where its condition is not known yet: a size by another condition, and one that is no choice.
gpt.model @m {
  gpt.let M, N
  %x = gpt.input [2*M, N]
  %y = gpt.input [3]
  gpt.graph @train {
    %a = gpt.transpose %x (on = M > N)
    %b = gpt.transpose %a (on = N > 7)
    // expected-error @+1 {{'gpt.add' op (C1) cannot combine [(2*M if M > N else N) if N > 7 else N if M > N else 2*M, (N if M > N else 2*M) if}}
    %c = gpt.add %b, %y
    gpt.return %c
  }
}

// -----
gpt.model @m {
  gpt.let M, N
  %x = gpt.input [2*M, N]
  %y = gpt.input [3]
  gpt.graph @train {
    %a = gpt.transpose %x (on = M)
    // expected-error @+1 {{'gpt.add' op (C1) cannot combine [N if M else 2*M, 2*M if M else N] and [3]}}
    %c = gpt.add %a, %y
    gpt.return %c
  }
}

// -----
// Numbers of a stack.
gpt.part @p "micro" {
  // expected-error @+1 {{'gpt.numbers' op (C1) needs a count, at least 1, for each number}}
  %y = "gpt.numbers"() <{values = [1.0, 2.0], counts = array<i64: 3>}> : () -> tensor<3xf32>
}

// -----
// An optimizer's function: one error for one mistake, and none for what reads it.
gpt.model @m {
  gpt.let n = 4
  %sgd = gpt.optimizer(%p, %g) {
    // expected-error @+1 {{'gpt.linear' op}}
    %q = gpt.linear %p, %g
    gpt.return %q
  }
  %w = gpt.param [8, n] init 0 by %sgd
}

// -----
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) states(%m) {
    // expected-error @+1 {{'gpt.return' op (C1) gives 3 values; 'sgd' returns the new parameter and its 1 states}}
    gpt.return %p, %m, %g
  }
  %w = gpt.param [8, 4] init 0 by %sgd
}

// -----
// One error, though it is one for each of two shapes; and one for a shape with a single row.
gpt.model @m {
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    // expected-error @+1 {{'gpt.rows' op (C2) takes 1 to}}
    %q = gpt.rows %p at 1 size 1
    gpt.return %q
  }
  %w = gpt.param [1, 4] init 0 by %sgd
}

// -----
gpt.model @m {
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 5 to 7 of 5 columns}}
    %q = gpt.slice %p at 5 size 2
    gpt.return %q
  }
  %v = gpt.param [6, 4] init 0 by %sgd
  %w = gpt.param [8, 5] init 0 by %sgd
}

// -----
// Two tensors of other functions: the one that has no shape yet is shown.
gpt.model @m {
  %x = gpt.input [8]
  %g = gpt.func(%a : [8]) {
    %y = gpt.call %f(%a)
    // expected-error @+1 {{'gpt.add' op reads a tensor of another function: return it there, or pass it}}
    %z = gpt.add %k, %late
    gpt.return %z
  }
  %f = gpt.func(%a : [8]) {
    %k = gpt.sigmoid %a
    gpt.return %k
  }
  %h = gpt.func(%a : [8]) {
    // expected-note @+1 {{it is declared here}}
    %late = gpt.sigmoid %a
    gpt.return %late
  }
}

// -----
// What rows, or columns, reach beyond a tensor is their mistake; what ends where it ends is none.
gpt.model @m {
  gpt.let T, D = 8, n = 6
  %x = gpt.input [D, T]
  %f = gpt.func(%a: [D, T]) {
    gpt.return %a
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.rows' op (C2) takes 4 to 4 + n of D}}
    %y = gpt.rows %x at 4 size n
    // expected-note @+1 {{it does not fit here}}
    %z = gpt.call %f(%y)
    gpt.return %z
  }
}

// -----
gpt.model @m {
  gpt.let T, D = 8, n = 6
  %x = gpt.input [D, T]
  // expected-note @+1 {{is declared here}}
  %f = gpt.func(%a: [D, T]) {
    gpt.return %a
  }
  gpt.graph @train {
    %y = gpt.rows %x at 2 size n
    // expected-error @+1 {{'gpt.call' op}}
    %z = gpt.call %f(%y)
    gpt.return %z
  }
}
