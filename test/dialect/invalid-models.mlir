// Mistakes that one guard of a rule, or of the walk over a model, finds.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// An input that has more than one number a token.
gpt.model @m {
  gpt.let T
  // expected-error @+1 {{'gpt.input' op (C1) has a whole number a token: 'tokens' is [T] i32, not [T, 2] i32}}
  %tokens = gpt.input [T, 2] i32
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %v = gpt.input [4]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.fill' op has no shape of its own: write its type, `-> [D]`}}
    %y = gpt.fill 0
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.graph @train {
    // expected-error @+1 {{'gpt.numbers' op has no shape of its own: write its type, `-> [D]`}}
    %n = gpt.numbers 2 x 0.5
    gpt.return %n
  }
}

// -----
// Two tables that differ.
gpt.model @m {
  gpt.let T, split = 2
  %a = gpt.param [8, 4] init 0 by %sgd
  %b = gpt.param [9, 4] init 0 by %sgd
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C1) ties [8, 4] to [9, 4]: the shapes must be equal}}
    %t = gpt.tied %a to %b until %at
    gpt.return %t
  }
  %at = gpt.schedule(%step) {
    gpt.yield split
  }
  %sgd = gpt.optimizer(%p, %g) (%rate = 1) {
    gpt.return %p
  }
}

// -----
// As many elements as no number counts.
gpt.model @m {
  gpt.let T
  %x = gpt.input [8, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.reshape' op has the impossible size [4294967296, 4294967296, 4]}}
    %y = gpt.reshape %x to [4294967296, 4294967296, 4]
    gpt.return %x
  }
}

// -----
// Half a token, however many frequencies there are.
gpt.model @m {
  gpt.let T, R
  %x = gpt.input [T, 2, 6]
  %f = gpt.input [R] f32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.rotary' op (C2) rotates quarters of a head: K must be a multiple of 4, not 6}}
    %y = gpt.rotary %x, %f
    gpt.return %x
  }
}

// -----
// Positions and targets that are no whole numbers.
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 2, 8]
  %starts = gpt.input [T]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.attention' op (C2) needs for each of T rows where its document begins, i32, not [T]}}
    %y = gpt.attention %x, %x, %x documents %starts (window = 8, scale = 1)
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %next = gpt.input [T]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.cross_entropy' op (C1) needs logits [T, V] and targets [T] i32, not [T, 8] and [T]}}
    %y = gpt.cross_entropy %x, %next
    gpt.return %x
  }
}

// -----
// A loss that would round at some steps.
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  %next = gpt.input [T] i32
  %on = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.cross_entropy' op (C3) rounds or does not: `bf16` is a constant, not a number of the step}}
    %y = gpt.cross_entropy %x, %next (w0 = 1, w1 = %on, bf16 = %on)
    gpt.return %x
  }
}

// -----
// An unknown size of a function, which its calls do not repeat.
gpt.model @m {
  gpt.let T
  // expected-error @+1 {{'gpt.func' op unknown size or constant 'Dx'}}
  %f = gpt.func(%a: [T, Dx]) {
    gpt.return %a
  }
  %x = gpt.input [T, 8]
  gpt.graph @train {
    %y = gpt.call %f(%x)
    gpt.return %y
  }
}

// -----
gpt.model @m {
  gpt.let T
  // expected-error @+1 {{'gpt.func' op unknown size or constant 'Dx'}}
  %f = gpt.func(%a: [T, Dx]) {
    gpt.return %a
  }
}

// -----
// Nor does its body repeat it.
gpt.model @m {
  gpt.let T
  %w = gpt.input [4, 8]
  // expected-error @+1 {{'gpt.func' op unknown size or constant 'Dx'}}
  %f = gpt.func(%a: [T, Dx]) {
    %b = gpt.linear %a, %w
    gpt.return %b
  }
}

// -----
// Two calls that read what is wrong once.
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  // expected-note @+1 {{'f' is declared here}}
  %f = gpt.func(%a: [T, 4]) {
    gpt.return %a
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.call' op of 'f' (C3) passes [T, 8] as 'a', which is [T, 4]}}
    %y = gpt.call %f(%x)
    %z = gpt.call %f(%x)
    gpt.return %x
  }
}

// -----
// What a reshape before a call makes too many of: the mistake is there.
gpt.model @m {
  gpt.let T, D = 8
  %x = gpt.input [T, D]
  %f = gpt.func(%a: [T, D]) {
    gpt.return %a
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.reshape' op (C1) makes [T, 3*D] of [T, D], which has another number of elements}}
    %y = gpt.reshape %x to [T, 3*D]
    // expected-note @+1 {{it does not fit here}}
    %z = gpt.call %f(%y)
    gpt.return %z
  }
}

// -----
// A number that the one parameter does not give.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C3) does not give 'sgd' its 'rate', which has no default}}
  %w = gpt.param [4] init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) (%rate) {
    gpt.return %p
  }
}

// -----
// Two constants in a circle, where sizes are asked for what a reshape makes.
gpt.model @m {
  gpt.let T, A = B, B = A
  %x = gpt.input [T, 8]
  %w = gpt.input [4, 8]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.reshape' op (C1) makes [T, A] of [T, 8], which has another number of elements}}
    %y = gpt.reshape %x to [T, A]
    // expected-note @+1 {{it does not fit here}}
    %z = gpt.linear %y, %w
    gpt.return %z
  }
}

// -----
// A function that takes any shape is checked for each call's, once for each, and
// has one error.
gpt.model @m {
  gpt.let T, D = 8
  %x = gpt.input [T, D]
  %w = gpt.input [4, D]
  %f = gpt.func(%a, %b : [4, D]) {
    // expected-error @+1 {{'gpt.linear' op (C2) contracts the last dimension of [4, 2] with the last of [4, D]: 2 is not D}}
    %y = gpt.linear %a, %b
    gpt.return %y
  }
  gpt.graph @train {
    %a = gpt.call %f(%x, %w)
    %b = gpt.call %f(%w, %w)
    %v = gpt.reshape %w to [4, 2]
    // expected-note @+1 {{called with these shapes here}}
    %c = gpt.call %f(%v, %w)
    %d = gpt.call %f(%v, %w)
    gpt.return %a
  }
}

// -----
gpt.model @m {
  gpt.let T
  %x = gpt.input [T, 8]
  // expected-note @+1 {{'f' is declared here}}
  %f = gpt.func(%a) {
    %b = gpt.gram %a
    // expected-error @+1 {{'gpt.call' op of 'f' (C6) stands inside it: a function cannot call itself}}
    %y = gpt.call %f(%b)
    gpt.return %y
  }
  gpt.graph @train {
    // expected-note @+1 {{called with these shapes here}}
    %y = gpt.call %f(%x)
    gpt.return %y
  }
}

// -----
// Nobody calls it: its names are known all the same.
gpt.model @m {
  gpt.let T, width = 4
  %f = gpt.func(%a) {
    // expected-error @+1 {{'gpt.scale' op unknown size or constant 'widht'; did you mean 'width'?}}
    %b = gpt.scale %a by 1/widht
    gpt.return %b
  }
}
