// What a model's file declares and nothing reads is one warning at its place; what is read, shown or a base's is none.
// RUN: gptc-opt %s --resolve-base --verify-model --verify-diagnostics -o /dev/null
// The models of the repository have none, in any pass.
// RUN: gptc compile %models/mlp.mlir --emit=launches -o /dev/null 2>&1 | count 0
// RUN: gptc compile %models/nanogpt.mlir --emit=step -o /dev/null 2>&1 | count 0
// RUN: gptc compile %models/nanogpt-base.mlir --emit=step -o /dev/null 2>&1 | count 0
// RUN: gptc compile %models/nanogpt-paired.mlir --emit=step -o /dev/null 2>&1 | count 0
// RUN: gptc compile %models/nanogpt-tiny.mlir --emit=launches -o /dev/null 2>&1 | count 0

gpt.model @m {
  // A collection of functions serves many models: here nothing names its %other, its %unread, its constant.
  %sgd, %scaled = gpt.base "Inputs/bases/collection.mlir"

  // A constant is read by expressions, through other constants and by `require`. T is what the recipe makes of it. Of two constants of which one reads the other, one is at fault.
  // expected-warning @+1 {{nothing reads the constant 'twice'; remove it, or name it where it belongs}}
  gpt.let T, V = 16, D = 6, F = 2*D, once = 3, twice = 2*once, most = 8
  gpt.require D <= most

  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  // expected-warning @+1 {{nothing reads the input 'docs'; remove it, or name it where it belongs}}
  %docs = gpt.input [T] i32

  %table = gpt.param [V, D] init 0 by %sgd
  %wide = gpt.param [F, D] init 0 by %sgd (rate = %rate)
  // expected-warning @+1 {{nothing reads the parameter 'unread'; remove it, or name it where it belongs}}
  %unread = gpt.param [V, D] init 0 by %sgd
  // expected-warning @+1 {{nothing reads the parameter 'bank'; remove it, or name it where it belongs}}
  %bank = gpt.param 3 x [V, D] init 0 by %sgd
  // expected-warning @+1 {{nothing reads 'second', a part of the pack 'scalars'; remove it, or name it where it belongs}}
  %first, %second = gpt.pack "scalars" [] f32 init 1, [] f32 init 2 by %sgd

  // What a function that nobody calls reads goes with it.
  // expected-note @+2 {{so nothing trains 'lonely', 'lonelier'}}
  // expected-warning @+1 {{nothing calls the function 'uncalled'; remove it, or call it where it belongs}}
  %uncalled = gpt.func(%x : [T, D]) {
    %a = gpt.linear %x, %lonely
    %b = gpt.call %deeper(%a)
    gpt.return %b
  }
  %deeper = gpt.func(%x : [T, D]) {
    %a = gpt.linear %x, %lonelier
    gpt.return %a
  }
  %lonely = gpt.param [D, D] init 0 by %sgd
  %lonelier = gpt.param [D, D] init 0 by %sgd

  // The argument `y` is not read: whoever calls the function may need its form.
  %block = gpt.func(%x : [T, D], %y : [T, D]) {
    %a = gpt.linear %x, %wide
    %b = gpt.relu2 %a
    // expected-warning @+1 {{nothing reads what this gives; remove it, or use it}}
    %c = gpt.scale %b by 2
    %d = gpt.matmul %b, %wide
    %e = gpt.call %scaled(%d)
    %f = gpt.mul %first, %e
    // One of three results is enough.
    %g, %h, %j = gpt.split %f to [T, 2]
    %i = gpt.linear %g, %out
    gpt.return %i
  }
  %out = gpt.param [V, 2] init 0 by %sgd
  %logits = gpt.func() {
    %x = gpt.embed %table[%tokens]
    %y = gpt.call %block(%x, %x)
    gpt.return %y
  }
  gpt.graph @train {
    %y = gpt.call %logits()
    %l = gpt.cross_entropy %y, %targets (w0 = 1, w1 = %next)
    gpt.return %l
  }
  gpt.graph @sample {
    %y = gpt.call %logits()
    %p = gpt.softmax %y
    gpt.return %p
  }

  %rate = gpt.schedule(%step) {
    gpt.yield 1 - %step/10
  }
  // expected-warning @+1 {{nothing reads the schedule 'late'; remove it, or write `{shown}` behind it to log it}}
  %next, %late = gpt.schedule(%step) {
    // expected-warning @+1 {{nothing reads what this gives; remove it, or use it}}
    %s = gpt.expr 2*%step
    gpt.yield %step/10, 3
  }
  %shown = gpt.schedule(%step) {
    gpt.yield 3*%step
  } {shown}
  // expected-warning @+1 {{no parameter names the optimizer 'adam'; remove it, or write `by %adam`}}
  %adam = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
}

// A constant has no meaning by its name.
gpt.model @names {
  // One warning a line of the file.
  // expected-warning @+1 {{nothing reads the constants 'window_unit', 'K'; remove them, or name them where they belong}}
  gpt.let window_unit = 1, K = 4
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
}
