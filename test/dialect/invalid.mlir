// Each mistake, its place, and what the message says.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// An unknown parameter.
gpt.model @m {
  gpt.let T = 8, D = 4
  %x = gpt.input [T, D]
  gpt.graph @g {
    // expected-error @+1 {{use of undeclared SSA value name}}
    %y = gpt.linear %x, %weight
    gpt.return %y
  }
}

// -----
// A range beyond the row.
gpt.model @m {
  gpt.let T = 8
  %x = gpt.input [T, 16]
  gpt.graph @g {
    // expected-error @+1 {{'gpt.slice' op (C2) takes 12 to 24 of 16 columns ([T, 16])}}
    %y = gpt.slice %x at 12 size 12
    gpt.return %y
  }
}

// -----
// Shapes that do not fit.
gpt.model @m {
  gpt.let T = 8, D = 4, F = 16
  %x = gpt.input [T, D]
  %w = gpt.param [D, F] init 0 by %adam
  gpt.graph @g {
    // expected-error @+1 {{'gpt.linear' op (C2) contracts the last dimension of [T, D] with the last of [D, F]: D is not F}}
    %y = gpt.linear %x, %w
    gpt.return %y
  }
  %adam = gpt.optimizer(%p, %g) (%rate = 1) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
}

// -----
// One name, two values.
gpt.model @m {
  // expected-note @+1 {{previously defined here}}
  %w = gpt.param [4, 4] init 0 by %adam
  // expected-error @+1 {{redefinition of SSA value '%w'}}
  %w = gpt.param [4, 4] init 0 by %adam
  %adam = gpt.optimizer(%p, %g) (%rate = 1) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
}

// -----
gpt.model @m {
  gpt.let D = 4
  // expected-error @+1 {{'gpt.let' op (C1) 'D' has a value already}}
  gpt.let D = 5
}

// -----
// A parameter that nothing trains.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C1) 'w' has no optimizer: write `by %adam (…)`, or make it an input}}
  %w = gpt.param [4, 4] init 0
}

// -----
// A row beyond the bank: a pattern longer than the blocks.
gpt.model @m {
  %w = gpt.param 11 x [4, 4] without 9, 6 init 0 by %adam
  gpt.graph @g {
    // expected-error @+1 {{'gpt.row' op (C2) reads row 11 of 11 ([11, 4, 4])}}
    %y = gpt.row %w[11]
    gpt.return %y
  }
  %adam = gpt.optimizer(%p, %g) (%rate = 1) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
}

// -----
gpt.model @m {
  %w = gpt.param 11 x [4, 4] without 9, 6 init 0 by %adam
  gpt.graph @g {
    // expected-error @+1 {{'gpt.row' op (C3) reads row 6, which 'w' is declared without}}
    %z = gpt.row %w[6]
    gpt.return %z
  }
  %adam = gpt.optimizer(%p, %g) (%rate = 1) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
}

// -----
// Calls with wrong arguments.
gpt.model @m {
  gpt.let T = 8, D = 4, F = 16
  %x = gpt.input [T, D]
  %y = gpt.input [T, F]
  // expected-note @+1 {{'scale' is declared here}}
  %scale = gpt.func(%a : [T, D]) (%factor, %table = 0) {
    %b = gpt.scale %a by %factor
    gpt.return %b
  }
  gpt.graph @g {
    // expected-error @+1 {{'gpt.call' op of 'scale' (C3) passes [T, F] as 'a', which is [T, D]}}
    %0 = gpt.call %scale(%y) (factor = 2)
    // expected-error @+1 {{'gpt.call' op of 'scale' (C2) passes 2 tensors, it takes 1}}
    %1 = gpt.call %scale(%x, %x) (factor = 2)
    // expected-error @+1 {{'gpt.call' op of 'scale' (C7) names 2 results, it returns 1}}
    %2, %3 = gpt.call %scale(%x) (factor = 2)
    gpt.return %x
  }
}

// -----
gpt.model @m {
  gpt.let T = 8
  %x = gpt.input [T]
  // expected-note @+1 {{'scale' is declared here}}
  %scale = gpt.func(%a : [T]) (%factor, %table = 0) {
    %b = gpt.scale %a by %factor
    gpt.return %b
  }
  gpt.graph @g {
    // One that is misspelt is not missing as well.
    // expected-error @+1 {{'gpt.call' op of 'scale' (C5) gives 'facter', which it does not take; did you mean 'factor'?}}
    %0 = gpt.call %scale(%x) (facter = 2)
    // expected-error @+1 {{'gpt.call' op of 'scale' (C4) does not give 'factor', which has no default}}
    %1 = gpt.call %scale(%x) (table = 2)
    gpt.return %x
  }
}

// -----
// A function that calls itself.
gpt.model @m {
  // expected-note @+1 {{'f' is declared here}}
  %f = gpt.func(%a : [4]) {
    // expected-error @+1 {{'gpt.call' op of 'f' (C6) stands inside it: a function cannot call itself}}
    %b = gpt.call %f(%a)
    gpt.return %b
  }
}

// -----
// A schedule without a value, and one with too few.
gpt.model @m {
  // expected-error @+1 {{(C1) has no value: end it with `gpt.yield VALUE`}}
  %lr = gpt.schedule(%step) {
    %x = gpt.expr %step / 10
  }
}

// -----
gpt.model @m {
  // expected-note @+1 {{the names stand here: `%a, %b = gpt.schedule`}}
  %short, %long = gpt.schedule(%step) {
    // expected-error @+1 {{'gpt.yield' op (C2) gives 1 values, its schedule names 2}}
    gpt.yield %step
  }
}

// -----
// Names: a size, an argument, a function of expressions.
gpt.model @m {
  gpt.let D = 4, scheduled_steps = 10
  %x = gpt.input [D, D]
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{'gpt.yield' op unknown size or constant 'sheduled_steps'; did you mean 'scheduled_steps'?}}
    gpt.yield %step / sheduled_steps
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.softcap' op has no 'shifts'; did you mean 'shift'?; there are scale, shift, width}}
    %y = gpt.softcap %x (scale = 1, shifts = 2, width = 3)
    // expected-error @+1 {{'gpt.softcap' op needs 'shift = …' and 'width = …'}}
    %z = gpt.softcap %x (scale = 1)
    gpt.return %z
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{unknown function 'sqr'; did you mean 'sqrt'?; there are min, max, floor, ceil, sqrt, log, exp, pow, mod, pick, and as an init normal, uniform, rows, cycle, parts}}
  gpt.let D = 4, E = sqr(D)
}

// -----
// A number where a tensor must be.
gpt.model @m {
  %x = gpt.input [4]
  // expected-note @+1 {{prior use here}}
  %n = gpt.expr 3
  gpt.graph @g {
    // expected-error @+1 {{use of value '%n' expects different type than prior uses: '!gpt.tensor' vs 'f64'}}
    %y = gpt.mul %n, %x
    gpt.return %y
  }
}

// -----
// What a parameter gives its optimizer.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op (C2) gives 'sgd' a 'lr_mull', which it does not take; did you mean 'lr_mul'?; there are rate, lr_mul}}
  %w = gpt.param [4, 4] init 0 by %sgd (lr_mull = 2)
  // expected-error @+1 {{'gpt.param' op (C3) does not give 'sgd' its 'rate', which has no default}}
  %v = gpt.param [4, 4] init 0 by %sgd (lr_mul = 2)
  %x = gpt.param [4, 4] init 0 by %sgd (rate = 2)
  %sgd = gpt.optimizer(%p, %g) (%rate, %lr_mul = 1, %count) {
    %u = gpt.scale %g by %rate*%lr_mul/%count
    %q = gpt.sub %p, %u
    gpt.return %q
  }
}

// -----
// Optimizers of sizes by name.
gpt.model @m {
  gpt.let D = 8
  // expected-error @+1 {{'gpt.optimizer' op (C3) names the sizes of its parameter, each once, as in `%p : [M, N]`: not M twice}}
  %a = gpt.optimizer(%p : [M, M], %g) {
    gpt.return %g
  }
  // expected-error @+1 {{'gpt.optimizer' op (C3) names the sizes of its parameter, each once, as in `%p : [M, N]`: not 2*M}}
  %b = gpt.optimizer(%p : [2*M, N], %g) {
    gpt.return %g
  }
  %c = gpt.optimizer(%p : [B, M, N], %g) states(%s : [B, M]) {
    // expected-error @+1 {{'gpt.return' op (C2) gives [1, 8, 4] f32 where [1, 8] f32, the shape of 's', must stand}}
    gpt.return %g, %g
  }
  %w = gpt.param [D, 4] init 0 by %c
  %d = gpt.optimizer(%p : [B, M, N], %g) {
    gpt.return %g
  }
  // expected-error @+1 {{'gpt.param' op (C6) 'v' is [D]; its optimizer 'd' serves [B, M, N]: give it another, or sizes that it serves, `by %d as [B, M, N]`}}
  %v = gpt.param [D] init 0 by %d
  // expected-error @+1 {{'gpt.param' op (C6) 'u' is [8, 4], 32 elements, and seen as [2, 4, D], 64}}
  %u = gpt.param [8, 4] init 0 by %d as [2, 4, D]
  // expected-error-re @+1 {{'gpt.pack' op (C6) 'scalars' is a vector of parts; its optimizer 'd' serves [B, M, N]: give it another{{$}}}}
  %x, %y = gpt.pack "scalars" [] f32 init 0, [] f32 init 0 by %d
  %e = gpt.optimizer(%p, %g) {
    gpt.return %g
  }
  // expected-error @+1 {{'gpt.param' op (C6) 't' is seen as [2, 4, 4] by 'e', which names no sizes and serves any: remove `as`, or write `gpt.optimizer(%p : [B, M, N], %g)`}}
  %t = gpt.param [8, 4] init 0 by %e as [2, 4, 4]
  %f = gpt.optimizer(%p : [B, M, N], %g) {
    // expected-error @+1 {{'gpt.reduce' op unknown size or constant 'L'}}
    %r = gpt.reduce %g to [B, L]
    gpt.return %g
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{(C3) a gradient has the sizes of its parameter, and a norm is one number: write `(%p : [M, N], %g)`}}
  %a = gpt.optimizer(%p, %g : [M, N]) {
    gpt.return %g
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{(C3) a state has sizes of its own where the parameter has: write `(%p : [M, N], %g)`}}
  %a = gpt.optimizer(%p, %g) states(%s : [M]) {
    gpt.return %g, %s
  }
}

// -----
// An optimizer that forgets its state, and one that changes the shape.
gpt.model @m {
  %a = gpt.optimizer(%p, %g) states(%m) {
    // expected-error @+1 {{'gpt.return' op (C1) gives 1 values; 'a' returns the new parameter and its 1 states}}
    gpt.return %p
  }
  %b = gpt.optimizer(%p, %g) {
    %q = gpt.row %p[0]
    // expected-error @+1 {{'gpt.return' op (C2) gives [] f32 where the parameter's shape must stand}}
    gpt.return %q
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{an optimizer takes two tensors, the parameter and its gradient: `gpt.optimizer(%p, %g)`, and perhaps a third, the norm of all gradients}}
  %a = gpt.optimizer(%p) {
    gpt.return %p
  }
}

// -----
// Roundings (C1).
gpt.model @m {
  %x = gpt.input [4, 4]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.round' op (C1) rounds to "e4m3", "e5m2" or "bf16", not "e3m4"}}
    %y = gpt.round %x to "e3m4" (scale = 1)
    gpt.return %y
  }
}

// -----
gpt.model @m {
  %x = gpt.input [4, 4]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.round_gradient' op (C1) rounds to "e4m3", "e5m2" or "bf16", not "fp8"}}
    %y = gpt.round_gradient %x to "fp8" (scale = 1)
    gpt.return %y
  }
}

// -----
// Documents are one number a row.
gpt.model @m {
  %q = gpt.input [8, 2, 4]
  %docs = gpt.input [4] i32
  gpt.graph @train {
    // expected-error @+1 {{'gpt.attention' op (C2) needs for each of 8 rows where its document begins, i32, not [4] i32}}
    %y = gpt.attention %q, %q, %q documents %docs (window = 8, scale = 1)
    gpt.return %y
  }
}

// -----
// A number that the shape rule itself reads.
gpt.model @m {
  // expected-error @+1 {{'gpt.yarn' op has no 'counts'; did you mean 'count'?; there are window, count, base, alpha, beta, scale, growth}}
  %freqs, %heat = gpt.yarn (window = 8, counts = 4, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2)
}

// -----
// What no text form writes (CheckForm.cpp).
gpt.model @m {
  // expected-error @+1 {{'gpt.let' op needs 'args' that alternate names and values}}
  "gpt.let"() <{args = [1, 2]}> : () -> ()
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op needs 'shapes' that are tensor types}}
  %f = "gpt.func"() <{name = "f", shapes = [1], names = ["p"], defaults = []}> ({
    ^bb0(%p : !gpt.tensor):
      gpt.return %p
  }) : () -> !gpt.func
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.optimizer' op needs a name for each of its values}}
  %o = "gpt.optimizer"() <{name = "o", shapes = [], states = 5, names = [], defaults = [], every = 1 : i64}> ({
    ^bb0(%p : !gpt.tensor):
      gpt.return %p
  }) : () -> !gpt.optimizer
}

// -----
gpt.model @m {
  // expected-error @+1 {{'sqrt' takes 1 number, not 2}}
  gpt.let D = sqrt(4, 2)
}

// -----
gpt.model @m {
  // expected-error @+1 {{'pick' takes 2 or more numbers, not 1}}
  gpt.let D = pick(1)
}

// -----
gpt.model @m {
  %k = gpt.input [8, 2, 6]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.key_offset' op (C2) moves quarters of a head: K must be a multiple of 4, not 6}}
    %y = gpt.key_offset %k (by = 1)
    gpt.return %y
  }
}

// -----
gpt.model @m {
  %x = gpt.input []
  gpt.graph @train {
    // expected-error @+1 {{'gpt.softmax' op (C1) needs a tensor with columns, not a single number}}
    %y = gpt.softmax %x
    gpt.return %y
  }
}

// -----
gpt.model @m {
  gpt.graph @train {
    // expected-error @+1 {{'gpt.cycle' op has no values to repeat}}
    %y = gpt.cycle [] -> [8] f32
    gpt.return %y : [8] f32
  }
}

// -----
// A value is seen in the function that declares it.
gpt.model @m {
  %x = gpt.input [8]
  %f = gpt.func(%a : [8]) {
    // expected-error @+1 {{'gpt.add' op reads a tensor of another function: return it there, or pass it}}
    %b = gpt.add %inner, %a
    gpt.return %b
  }
  %g = gpt.func(%a : [8]) {
    // expected-note @+1 {{it is declared here}}
    %inner = gpt.add %a, %a
    gpt.return %inner
  }
}

// -----
// An exponent that is none.
gpt.model @m {
  // expected-error @+1 {{expected a number like 1e-5}}
  gpt.let D = 1e5x
}

// -----
// One mistake, one error: what reads the same values fails for the same reason.
gpt.model @m {
  gpt.let T = 8, D = 4, F = 16
  %x = gpt.input [T, D]
  %w = gpt.param [D, F] init 0 by %sgd
  %v = gpt.param [F, D] init 0 by %sgd
  gpt.graph @g {
    // expected-error @+1 {{'gpt.linear' op (C2) contracts the last dimension of [T, D] with the last of [D, F]: D is not F}}
    %y = gpt.linear %x, %w
    %z = gpt.add %y, %v
    %n = gpt.rms_norm %x
    %u = gpt.linear %n, %w
    // This one has nothing to do with it.
    // expected-error @+1 {{'gpt.rows' op (C2) takes 12 to 20 of 16 rows ([16, 4])}}
    %r = gpt.rows %c at 12 size 8
    gpt.return %u
  }
  %c = gpt.param [16, 4] init 0 by %sgd
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
}

// -----
// What a function gives is wrong for all that call it.
gpt.model @m {
  gpt.let T = 8, D = 4
  %x = gpt.input [T, D]
  %f = gpt.func(%a : [T, D]) {
    %b = gpt.reshape %a to [D, T]
    gpt.return %b
  }
  gpt.graph @train {
    %y = gpt.call %f(%x)
    // expected-error @+1 {{'gpt.add' op (C1) cannot combine [T, D] and [D, T]: dimension 0 is T and D}}
    %z = gpt.add %x, %y
    gpt.return %z
  }
  gpt.graph @validate {
    %y = gpt.call %f(%x)
    %z = gpt.add %x, %y
    gpt.return %z
  }
}

// -----
// A split that does not fit is seen by its sizes, where what reads it does not.
gpt.model @m {
  gpt.let T, H = 2, K = 4, D = H*K
  %x = gpt.input [T, 3*D]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.split' op (C1) makes three of [T, K] of [T, 3*D], which has another number of elements}}
    %q, %k, %v = gpt.split %x to [T, K]
    %n = gpt.rms_norm %q
    // expected-note @+1 {{it does not fit here}}
    %o = gpt.key_offset %n (by = 1)
    gpt.return %o
  }
}

// -----
gpt.model @m {
  %x = gpt.input [8]
  %f = gpt.func(%a : [8]) {
    // expected-error @+1 {{'gpt.return' op (C1) gives nothing: a function returns at least one value}}
    gpt.return
  }
  gpt.graph @train {
    %y = gpt.call %f(%x)
    gpt.return %y
  }
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.input' op (C1) has a whole number a token: 'targets' is [T] i32, not [8]}}
  %targets = gpt.input [8]
}

// -----
// A number that no parameter gives is the optimizer's mistake.
gpt.model @m {
  // expected-note @+1 {{or `by %sgd (rate = …)` at each}}
  %a = gpt.param [8] init 0 by %sgd
  %b = gpt.param [8] init 0 by %sgd (wd = 1)
  %c = gpt.param [8] init 0 by %sgd
  // expected-error @+1 {{'gpt.optimizer' op has a number 'rate' without a default, and none of its 3 parameters gives it: write `%rate = …` here}}
  %sgd = gpt.optimizer(%p, %g) (%rate, %wd = 0) {
    %u = gpt.scale %g by %rate + %wd
    %q = gpt.sub %p, %u
    gpt.return %q
  }
}

// -----
// An element type by another name.
gpt.model @m {
  // expected-error @+1 {{there are no elements of 'fp32'; did you mean 'f32'?; there are bf16, f32 and i32}}
  %x = gpt.input [8] fp32
}
