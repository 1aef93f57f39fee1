// Guards of the checker that no other mistake shows.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// Members of a bank have as many dimensions as other tensors, counting none for their number.
gpt.model @m {
  %b = gpt.param 3 x [2, 2, 2, 2] init 0 by %sgd
  // expected-error @+1 {{'gpt.param' op has 5 dimensions ([2, 2, 2, 2, 2]), at most 4 are possible}}
  %w = gpt.param [2, 2, 2, 2, 2] init 0 by %sgd
  // expected-error @+1 {{'gpt.input' op has 5 dimensions ([2, 2, 2, 2, 2]), at most 4 are possible}}
  %x = gpt.input [2, 2, 2, 2, 2]
  // expected-error @+1 {{'gpt.param' op has 6 dimensions ([3, 2, 2, 2, 2, 2]), at most 4 are possible}}
  %c = gpt.param 3 x [2, 2, 2, 2, 2] init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
}

// -----
// Two that are at fault for one op: the nearest is told.
gpt.model @m {
  gpt.let T, D = 8, n = 6
  %x = gpt.input [T, D]
  %f = gpt.func(%a: [T, D], %b: [T, D]) {
    gpt.return %a
  }
  gpt.graph @train {
    %y = gpt.slice %x at 4 size n
    // expected-error @+1 {{'gpt.slice' op (C2) takes 5 to 5 + n of D ([T, D])}}
    %z = gpt.slice %x at 5 size n
    // expected-note @+1 {{it does not fit here}}
    %u = gpt.call %f(%y, %z)
    gpt.return %u
  }
}

// -----
// A function that takes any shape beside one of its own: what is passed in another is one mistake.
gpt.model @m {
  gpt.let T, D = 8, F = 16
  %x = gpt.input [T, D]
  %w = gpt.input [T, F]
  // expected-note @+1 {{'f' is declared here}}
  %f = gpt.func(%a, %b: [T, D]) {
    %c = gpt.add %b, %x
    gpt.return %c
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.call' op of 'f' (C3) passes [T, F] as 'b', which is [T, D]}}
    %u = gpt.call %f(%x, %w)
    gpt.return %u
  }
}

// -----
// Names, once each: of a function that nobody calls, of its shapes, of one that takes any shape, and of an optimizer.
gpt.model @m {
  gpt.let T, D = 8
  %x = gpt.input [T, D]
  %f = gpt.func(%a: [T, D]) {
    // expected-error @+1 {{unknown size or constant 'L'}}
    %b = gpt.reshape %a to [L, D]
    gpt.return %b
  }
  // expected-error @+1 {{unknown size or constant 'N'}}
  %g = gpt.func(%a: [N, D]) {
    gpt.return %a
  }
  %h = gpt.func(%a) {
    // expected-error @+1 {{unknown size or constant 'M'}}
    %b = gpt.reshape %a to [M, D]
    gpt.return %b
  }
  gpt.graph @train {
    // expected-note @+1 {{called with these shapes here}}
    %y = gpt.call %h(%x)
    gpt.return %y
  }
}

// -----
gpt.model @m {
  %w = gpt.param [4, 4] init 0 by %sgd
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    // expected-error @+1 {{unknown size or constant 'L'}}
    %r = gpt.reduce %g to [M, L]
    gpt.return %g
  }
}

// -----
// An optimizer's mistake is one, whatever the shapes that it serves.
gpt.model @m {
  %v = gpt.param [6, 4] init 0 by %sgd
  %w = gpt.param [8, 5] init 0 by %sgd
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 5 to 7 of}}
    %q = gpt.slice %p at 5 size 2
    gpt.return %q
  }
}

// -----
// Sizes of an optimizer are names, or numbers, which may be equal; the norm is one number.
gpt.model @m {
  %w = gpt.param [4, 4] init 0 by %square
  %square = gpt.optimizer(%p : [4, 4], %g) {
    gpt.return %g
  }
  %norm = gpt.optimizer(%p, %g, %n) {
    // expected-error @+1 {{'gpt.softmax' op (C1) needs a tensor with columns, not a single number}}
    %s = gpt.softmax %n
    gpt.return %g
  }
}

// -----
// A function of any shape is faulty once, whatever it is called with; what it would return is not known.
gpt.model @m {
  gpt.let T, D = 8
  %x = gpt.input [T, D]
  %y = gpt.input [T, 4]
  %f = gpt.func(%a) {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 12 to 24 of 8 columns}}
    %b = gpt.slice %a at 12 size 12
    gpt.return %b
  }
  gpt.graph @train {
    // expected-note @+1 {{called with these shapes here}}
    %u = gpt.call %f(%z)
    %v = gpt.call %f(%y)
    %w, %s = gpt.call %f(%z)
    gpt.return %u
  }
  %z = gpt.input [T, 8]
}

// -----
// A name, or a number, that is none comes before what does not fit.
gpt.model @m {
  gpt.let D = 8
  %x = gpt.input [D, D, D]
  %s = gpt.input []
  gpt.graph @train {
    // expected-error @+1 {{unknown size or constant 'L'}}
    %a = gpt.slice %x at L size 2
    // expected-error @+1 {{'gpt.softmax' op has temperature = -1; it must be}}
    %b = gpt.softmax %s (temperature = -1)
    gpt.return %b
  }
}

// -----
// A call of what is defined further down is one mistake.
gpt.model @m {
  %x = gpt.input [8]
  %f = gpt.func(%a: [8]) {
    gpt.return %a
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.call' op reads a tensor of another function: return it there, or pass it}}
    %y = gpt.call %f(%z)
    gpt.return %y
  }
  %g = gpt.func(%a: [8]) {
    // expected-note @+1 {{it is declared here}}
    %z = gpt.sigmoid %a
    gpt.return %z
  }
}

// -----
// A function of one shape is at fault itself, whoever calls it.
gpt.model @m {
  %x = gpt.input [8]
  gpt.graph @train {
    %y = gpt.call %f(%x)
    gpt.return %y
  }
  %f = gpt.func(%a: [8]) {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 12 to 24 of 8 rows ([8])}}
    %b = gpt.slice %a at 12 size 12
    gpt.return %b
  }
}

// -----
// A number without which there is no rule; one that is misspelt is rather one that is missing.
gpt.model @m {
  %x = gpt.input [8]
  // expected-error @+1 {{'gpt.yarn' op needs 'count = …'}}
  %freqs, %heat = gpt.yarn (window = 8, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2)
  // expected-note @+1 {{'f' is declared here}}
  %f = gpt.func(%a: [8]) (%facto = 1, %factory) {
    %b = gpt.scale %a by %facto*%factory
    gpt.return %b
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.call' op of 'f' (C5) gives 'factor', which it does not take; did you mean 'factory'?}}
    %y = gpt.call %f(%x) (factor = 2)
    gpt.return %y
  }
}

// -----
// A number that one parameter gives is missing at the others: one error, at the first.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C3) does not give 'sgd' its 'rate', which has no default}}
  %w = gpt.param [4, 4] init 0 by %sgd
  // expected-note @+1 {{nor does this}}
  %v = gpt.param [4, 4] init 0 by %sgd
  %x = gpt.param [4, 4] init 0 by %sgd (rate = 2)
  %sgd = gpt.optimizer(%p, %g) (%rate) {
    %u = gpt.scale %g by %rate
    gpt.return %u
  }
}
