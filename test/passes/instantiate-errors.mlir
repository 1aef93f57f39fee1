// Sizes, settings and recipes that cannot be: one error each, at its place, through the calls that led there.
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=K=100 2>&1 | FileCheck %s --check-prefix=HEADS
// HEADS: nanogpt.mlir:{{[0-9]+}}:3: error: the sizes break `H*K == D`: H = 6, K = 100, D = 768
// HEADS-NEXT: gpt.require H*K == D
// HEADS-NEXT: {{^  \^}}
// HEADS-NOT: error
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=attn_at=760 2>&1 | FileCheck %s --check-prefix=SLICE
// SLICE: nanogpt.mlir:{{[0-9]+}}:12: error: 'gpt.slice' op (C2) takes 760 to 772 of 768 columns ([16384, 768])
// SLICE: note: called from
// SLICE: %vblock(%x, %x0) (i = 0
// SLICE-NOT: error
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=window_unit=0 2>&1 | FileCheck %s --check-prefix=WINDOW
// WINDOW: error: 'gpt.attention' op has window = 0 at step 0; it must be a whole number, at least 1
// WINDOW-NOT: error
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=R=2.5 2>&1 | FileCheck %s --check-prefix=WHOLE
// WHOLE: error: 'gpt.yarn' op has count = 2.5; it must be a whole number, at least 1
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=F=0 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: 'gpt.param' op has the impossible size 0 in [11, 0, 768]
// ZERO-NOT: error
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=V=1000000000000000 2>&1 | FileCheck %s --check-prefix=HUGE
// HUGE: error: 'gpt.param' op has the impossible size [1000000000000000, 768]
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=DD=64 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: --set DD=64: no size or constant is named 'DD'; did you mean 'D'?
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=D=wide 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: --set D=wide: 'wide' is not a number, true or false
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=D=inf 2>&1 | FileCheck %s --check-prefix=INFINITE
// INFINITE: error: --set D=inf: 'inf' is not a number, true or false
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=D 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: --set D: write it as NAME=VALUE
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=T=64 2>&1 | FileCheck %s --check-prefix=TOKENS
// TOKENS: error: --set T=64: T follows from the recipe at each step; set the tokens of a step instead
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=micro_batches=7 2>&1 | FileCheck %s --check-prefix=DIVIDE
// DIVIDE: error: 'gpt.recipe' op gives a micro-batch T = 18724.571428571428 tokens at step 0, which must be a positive whole number: the tokens of a step divide into micro_batches = 7
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=val_slice=7 2>&1 | FileCheck %s --check-prefix=VALIDATE
// VALIDATE: error: 'gpt.recipe' op validates on validate_tokens = 10485760 tokens, which must be a multiple of validate_batch = 7
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=steps=1.5 2>&1 | FileCheck %s --check-prefix=STEPS
// STEPS: error: 'gpt.recipe' op has steps = 1.5; it must be a whole number, at least 1
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=document_token=-1 2>&1 | FileCheck %s --check-prefix=DOCUMENT
// DOCUMENT: error: 'gpt.recipe' op has document_token = -1; it must be a whole number, at least 0
// RUN: not gptc-opt %models/mlp.mlir --resolve-base --instantiate=set=document_token=256 2>&1 | FileCheck %s --check-prefix=BEYOND
// BEYOND: mlp.mlir:{{[0-9]+}}:3: error: 'gpt.recipe' op has document_token = 256, which is no token: 'tokens' are below 256
// BEYOND: mlp.mlir:{{[0-9]+}}:10: note: looked up here
// BEYOND-NOT: error
// RUN: not gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=sample_tokens=0 2>&1 | FileCheck %s --check-prefix=SAMPLE
// SAMPLE: error: 'gpt.recipe' op has sample_batch = 0; it must be a whole number, at least 1
// RUN: not gptc-opt %models/nanogpt.mlir --instantiate 2>&1 | FileCheck %s --check-prefix=VARIANT
// VARIANT: error: has a base: run resolve-base before instantiate

// A setting that changes nothing: of a name that nothing reads (an optimizer's that the model does not use), or before another.
// RUN: gptc-opt %models/mlp.mlir --resolve-base --instantiate=set=muon_lr=1,D=64,D=32,adam_lr=1 -o /dev/null 2>&1 | FileCheck %s --check-prefix=IDLE --implicit-check-not=warning:
// IDLE: mlp.mlir:2:1: warning: --set muon_lr=1: nothing reads 'muon_lr', so this changes nothing
// IDLE: mlp.mlir:2:1: warning: --set D=64: --set D=32, further on, takes its place
// A constant's own value, and one that only `require` reads, are set as they should be.
// RUN: gptc-opt %models/nanogpt.mlir --resolve-base --instantiate=set=D=768,window_unit=128,sample_tokens=256 -o /dev/null 2>&1 | count 0

// RUN: gptc-opt %s --split-input-file --instantiate --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file --instantiate 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// Optimizers that never act in ten steps; one that acts once; one that trains nothing.
gpt.model @m {
  gpt.let period = 11
  %a = gpt.param [4, 4] init 0 by %never
  %b = gpt.param [4, 4] init 0 by %once
  %c, %d = gpt.pack "scalars" [] f32 init 0, [] f32 init 0 by %never
  %e = gpt.param 2 x [4, 4] init 0 by %never
  %f = gpt.param [4, 4] init 0 by %never
  // expected-warning @+1 {{acts on the last of every 11 steps, and the run has 10: it never trains 'a', 'e', 'f' and 1 more}}
  %never = gpt.optimizer(%p, %g) every period {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %once = gpt.optimizer(%p, %g) every 10 {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %idle = gpt.optimizer(%p, %g) every period {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A window that is nothing, at one step of the schedule.
gpt.model @m {
  %q = gpt.input [8, 2, 4]
  %docs = gpt.input [8] i32
  %window = gpt.schedule(%step) {
    gpt.yield 8 if %step < 5 else 0
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.attention' op has window = 0 at step 5; it must be a whole number, at least 1}}
    %y = gpt.attention %q, %q, %q documents %docs (window = %window, scale = 1)
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A size without a value.
gpt.model @m {
  // expected-error @+1 {{'D' has no value: give one with --set D=…}}
  gpt.let D
  %x = gpt.input [D]
}

// -----
// Sizes that stand for each other in a circle.
gpt.model @m {
  // expected-error @+1 {{'A' has no value: give one with --set A=…}}
  gpt.let A = B, B = A
}

// -----
// A constant that is no number.
gpt.model @m {
  // expected-error @+1 {{'A' is 1/0, which is no number}}
  gpt.let A = 1/0
}

// -----
// expected-error @+1 {{needs a gpt.recipe: steps and batches}}
gpt.model @m {
}

// -----
// A schedule that is not defined at a step.
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 3: 'lr' is infinity there}}
    gpt.yield 1/(%step - 3)
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// An index that is only known while training.
gpt.model @m {
  %x = gpt.input [8]
  %n = gpt.schedule(%step) {
    gpt.yield %step
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.row' op has an index that changes with the step}}
    %y = gpt.row %x[%n]
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A structure that is only known while training.
gpt.model @m {
  %x = gpt.input [8, 2, 4]
  %n = gpt.schedule(%step) {
    gpt.yield %step
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.key_offset' op needs a whole number that does not change with the step as 'by'}}
    %y = gpt.key_offset %x (by = %n)
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %x = gpt.input [8]
  // expected-error @+1 {{'gpt.graph' op must be @train, @validate or @sample}}
  gpt.graph @forward {
    gpt.return %x
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A tie of a table that no parameter holds.
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %0 = gpt.sub %p, %g
    gpt.return %0
  }
  %w = gpt.param [8, 4] init 0 by %sgd
  %x = gpt.input [8, 4]
  %split = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C2) ties what is no parameter}}
    %t = gpt.tied %x to %w until %split
    gpt.return %t
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A tied table that is read before the split, too.
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    %0 = gpt.sub %p, %g
    gpt.return %0
  }
  %a = gpt.param [8, 4] init 0 by %sgd
  %b = gpt.param [8, 4] init 0 by %sgd
  %split = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C3) gives 'a' its values at the split, so nothing else may read it}}
    %t = gpt.tied %a to %b until %split
    // expected-note @+1 {{read here}}
    %s = gpt.add %t, %a
    gpt.return %s
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// Two optimizers that know different things.
gpt.model @m {
  %tokens = gpt.input [8] i32
  // expected-note @+1 {{'a' is declared here}}
  %a = gpt.param [8, 4] init 0 by %momentum
  %b = gpt.param [8, 4] init 0 by %sgd
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C4) gives 'a' the optimizer state of 'b' at the split, but 'momentum' and 'sgd' differ in their states or in `every`: give both parameters one optimizer}}
    %t = gpt.tied %a to %b until %split
    %x = gpt.embed %t[%tokens]
    %h = gpt.embed %b[%tokens]
    gpt.return %x, %h
  }
  %split = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  %momentum = gpt.optimizer(%p, %g) states(%m) {
    %n = gpt.add %m, %g
    %q = gpt.sub %p, %n
    gpt.return %q, %n
  }
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// Two optimizers that count differently.
gpt.model @m {
  %tokens = gpt.input [8] i32
  // expected-note @+1 {{'a' is declared here}}
  %a = gpt.param [8, 4] init 0 by %seldom
  %b = gpt.param [8, 4] init 0 by %sgd
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C4) gives 'a' the optimizer state of 'b' at the split, but 'seldom' and 'sgd' differ}}
    %t = gpt.tied %a to %b until %split
    %x = gpt.embed %t[%tokens]
    %h = gpt.embed %b[%tokens]
    gpt.return %x, %h
  }
  %split = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  %seldom = gpt.optimizer(%p, %g) every 2 {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A split that is taken back.
gpt.model @m {
  %tokens = gpt.input [8] i32
  %a = gpt.param [8, 4] init 0 by %sgd
  %b = gpt.param [8, 4] init 0 by %sgd
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C5) is tied again at step 5: a split lasts to the end of the run}}
    %t = gpt.tied %a to %b until %split
    %x = gpt.embed %t[%tokens]
    %h = gpt.embed %b[%tokens]
    gpt.return %x, %h
  }
  %split = gpt.schedule(%step) {
    gpt.yield mod(%step, 5) > 3
  }
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// Two splits of one pair.
gpt.model @m {
  %tokens = gpt.input [8] i32
  %a = gpt.param [8, 4] init 0 by %sgd
  %b = gpt.param [8, 4] init 0 by %sgd
  gpt.graph @train {
    // expected-error @+1 {{'gpt.tied' op (C5) and another tie of the same parameters do not split at one step}}
    %u = gpt.tied %a to %b until %later
    // expected-note @+1 {{the other tie}}
    %t = gpt.tied %a to %b until %split
    %y = gpt.embed %u[%tokens]
    %x = gpt.embed %t[%tokens]
    %h = gpt.embed %b[%tokens]
    gpt.return %x, %h, %y
  }
  %later = gpt.schedule(%step) {
    gpt.yield %step > 5
  }
  %split = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// What is not defined makes undefined whatever reads it, in any order.
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield min(1, log(%step - 3))
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield min(log(%step - 3), 1)
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield max(1, log(%step - 3))
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield max(log(%step - 3), 1)
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield pick(log(%step - 3), 1, 2)
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield 1 if log(%step - 3) > 1 else 0
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield 1 if 1 > log(%step - 3) else 0
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield 1 if sqrt(%step - 3) else 0
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  %lr = gpt.schedule(%step) {
    // expected-error @+1 {{is not defined at step 0: 'lr' is NaN there}}
    gpt.yield log(%step - 3) == 1
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// What is not taken may be undefined.
gpt.model @m {
  %lr = gpt.schedule(%step) {
    gpt.yield (log(%step - 3) if %step > 3 else 1) + pick(%step > 3, 1, log(%step - 3))
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A program holds each step's numbers.
gpt.model @m {
  // expected-error @+1 {{'gpt.recipe' op has steps = 100000000, more than the 2000000 that a program can hold the parts of}}
  gpt.recipe (steps = 100000000, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A program a value of T.
gpt.model @m {
  %x = gpt.input [T]
  gpt.let T
  gpt.graph @train {
    gpt.return %x
  }
  %tokens = gpt.schedule(%step) {
    gpt.yield %step + 1
  }
  // expected-error @+1 {{'gpt.recipe' op makes more than 64 program variants of @train by step 64, each compiled for itself: T = 65 there; let T take fewer values}}
  gpt.recipe (steps = 100, micro_batches = 1, T = %tokens, max_document = 8, document_token = 0)
}

// -----
// A number that leaves its domain: the first step, and its value.
gpt.model @m {
  %x = gpt.input [8, 16]
  %targets = gpt.input [8] i32
  %w = gpt.schedule(%step) {
    gpt.yield 2 - %step
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.cross_entropy' op has w0 = -1 at step 3; it must be at least 0}}
    %y = gpt.cross_entropy %x, %targets (w0 = %w)
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// A constant that leaves it.
gpt.model @m {
  gpt.let heat = -1/2
  %x = gpt.input [8, 16]
  gpt.graph @train {
    // expected-error @+1 {{'gpt.softmax' op has temperature = -0.5; it must be at least 0}}
    %y = gpt.softmax %x (temperature = heat)
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  gpt.let alpha = 32
  // expected-error @+1 {{'gpt.yarn' op has beta = 32; it must be above alpha}}
  %freqs, %heat = gpt.yarn (window = 8, count = 4, base = 1024, alpha = alpha, beta = 32, scale = 0.1, growth = 0.2)
  gpt.graph @train {
    %y = gpt.scale %freqs by %heat
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// NaN and infinity in any number, not in schedules alone; the op that makes it, and who reads it.
gpt.model @m {
  %x = gpt.input [8]
  %lr = gpt.schedule(%step) {
    gpt.yield 3 - %step
  }
  gpt.graph @train {
    // expected-error @+1 {{'gpt.scale' op has by = -infinity at step 3; it must be a finite number}}
    %y = gpt.scale %x by log(%lr)
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// What a parameter gives its optimizer.
gpt.model @m {
  %lr = gpt.schedule(%step) {
    gpt.yield 3 - %step
  }
  // expected-error @+1 {{'gpt.param' op has rate = NaN at step 4; it must be a finite number}}
  %w = gpt.param [8] init 0 by %sgd (rate = sqrt(%lr))
  %sgd = gpt.optimizer(%p, %g) (%rate) {
    %u = gpt.scale %g by %rate
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// What a function demands of its numbers is the mistake of the call that gives others.
gpt.model @m {
  %x = gpt.input [8]
  %f = gpt.func(%a : [8]) (%part) {
    // expected-note @+1 {{it is required here}}
    gpt.require %part >= 0, %part <= 1
    %b = gpt.scale %a by %part
    gpt.return %b
  }
  %lr = gpt.schedule(%step) {
    gpt.yield %step/4
  }
  gpt.graph @train {
    %y = gpt.call %f(%x) (part = 0.5)
    // expected-error @+1 {{the numbers break `1.25 <= 1` at step 5}}
    %z = gpt.call %f(%y) (part = %lr)
    gpt.return %z
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
// Through functions that call each other: the call that gives the numbers, and how it comes to be made.
gpt.model @m {
  %x = gpt.input [8]
  %inner = gpt.func(%a : [8]) (%part) {
    // expected-note @+1 {{it is required here}}
    gpt.require %part <= 1
    %b = gpt.scale %a by %part
    gpt.return %b
  }
  %outer = gpt.func(%a : [8]) {
    // expected-error @+1 {{the numbers break `2 <= 1`}}
    %b = gpt.call %inner(%a) (part = 2)
    gpt.return %b
  }
  gpt.graph @train {
    // expected-note @+1 {{called from here}}
    %y = gpt.call %outer(%x)
    gpt.return %y
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}

// -----
gpt.model @m {
  gpt.let low = 2
  %lr = gpt.schedule(%step) {
    gpt.yield %step
  } {shown}
  // expected-error @+1 {{the numbers break `3 <= 2` at step 3}}
  gpt.require %lr <= low
  gpt.recipe (steps = 10, micro_batches = 1, T = 8, max_document = 8, document_token = 0)
}
