// What the text forms always write well, and MLIR's generic form may not (CheckForm.cpp).
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// Names are strings.
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op needs 'names' that are strings}}
  %f = "gpt.func"() <{name = "f", shapes = [tensor<4xbf16>], names = [1], defaults = []}> ({
  ^bb0(%a : !gpt.tensor):
    gpt.return %a
  }) : () -> !gpt.func
}

// -----
// One name has no value.
gpt.model @m {
  // expected-error @+1 {{'gpt.let' op needs 'args' that alternate names and values}}
  "gpt.let"() <{args = ["A", 1, "B"]}> : () -> ()
}

// -----
// A type that is no tensor's.
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op needs 'shapes' that are tensor types}}
  %f = "gpt.func"() <{name = "f", shapes = [f32], names = ["a"], defaults = []}> ({
  ^bb0(%a : !gpt.tensor):
    gpt.return %a
  }) : () -> !gpt.func
}

// -----
// More tensors than arguments.
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op needs a name for each of its values}}
  %f = "gpt.func"() <{name = "f", shapes = [tensor<4xbf16>, tensor<4xbf16>], names = ["a"], defaults = [0, 1, 2]}> ({
  ^bb0(%a : !gpt.tensor):
    gpt.return %a
  }) : () -> !gpt.func
}

// -----
// A number without its default.
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op needs a name for each of its values}}
  %f = "gpt.func"() <{name = "f", shapes = [tensor<4xbf16>], names = ["a", "b"], defaults = []}> ({
  ^bb0(%a : !gpt.tensor, %b : f64):
    gpt.return %a
  }) : () -> !gpt.func
}

// -----
// A body that ends in what is another op's.
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op has no value: end it with `gpt.return VALUE`}}
  %f = "gpt.func"() <{name = "f", shapes = [tensor<4xbf16>], names = ["a"], defaults = []}> ({
  ^bb0(%a : !gpt.tensor):
    llvm.unreachable
  }) : () -> !gpt.func
}

// -----
// A function that is an argument, and is not known therefore.
gpt.model @m {
  %f = "gpt.func"() <{name = "f", shapes = [tensor<4xbf16>], names = ["a"], defaults = []}> ({
  ^bb0(%a : !gpt.func):
    // expected-error @+1 {{'gpt.call' op (C1) callee is not a gpt.func}}
    %b = "gpt.call"(%a) <{args = [], operandSegmentSizes = array<i32: 1, 0, 0>}> : (!gpt.func) -> !gpt.tensor
    gpt.return %b
  }) : () -> !gpt.func
}

// -----
// A bank without its member -1.
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %g
  }
  // expected-error @+1 {{'gpt.param' op (C4) is without -1, which is none of its 2 members}}
  %w = "gpt.param"(%sgd) <{name = "w", shape = tensor<4xbf16>, count = 2 : i64, without = array<i64: -1>, init = 0, args = [], operandSegmentSizes = array<i32: 1, 0>}> : (!gpt.optimizer) -> !gpt.tensor
}

// -----
// One of three results has a type.
gpt.part @p "micro" {
  %x = gpt.input [6, 12] -> [6, 12]
  // expected-error @+1 {{'gpt.split' op gives [6, 4], not !gpt.tensor}}
  %a, %b, %c = "gpt.split"(%x) <{dims = #gpt.dims<[6, 4]>}> : (tensor<6x12xbf16>) -> (!gpt.tensor, tensor<6x4xbf16>, tensor<6x4xbf16>)
}

// -----
// Names, shapes and values that are not of one number.
gpt.model @m {
  // expected-error @+1 {{'gpt.func' op needs a name for each of its values}}
  %f = "gpt.func"() <{name = "f", shapes = [tensor<4xbf16>], names = [], defaults = []}> ({
    ^bb0(%p : !gpt.tensor):
      gpt.return %p
  }) : () -> !gpt.func
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.optimizer' op needs 'shapes' that are tensor types}}
  %o = "gpt.optimizer"() <{name = "o", shapes = [unit, unit], states = 0, names = ["p", "g"], defaults = [], every = 1 : i64}> ({
    ^bb0(%p : !gpt.tensor, %g : !gpt.tensor):
      gpt.return %p
  }) : () -> !gpt.optimizer
}

// -----
gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) {
    gpt.return %g
  }
  // expected-error @+1 {{'gpt.pack' op needs a name for each of its values}}
  %x, %y = "gpt.pack"(%sgd) <{name = "s", names = ["x"], shapes = [tensor<bf16>, tensor<bf16>], inits = [0, 0], args = [], operandSegmentSizes = array<i32: 1, 0>}> : (!gpt.optimizer) -> (!gpt.tensor, !gpt.tensor)
}

// -----
gpt.model @m {
  // expected-error @+1 {{'gpt.yarn' op needs a name for each of its values}}
  %freqs, %heat = "gpt.yarn"() <{names = ["freqs"], args = ["window", 8, "count", 4, "base", 1024, "alpha", 1, "beta", 32, "scale", 1, "growth", 1]}> : () -> (!gpt.tensor, f64)
}

// -----
// Several under one name, of which there are none.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op needs 'members' that are names}}
  %a = gpt.param [8, 4] init 0 by %sgd {members = []}
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    gpt.return %p
  }
}

// -----
// Several that have no names.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op needs 'members' that are names}}
  %a = gpt.param [8, 4] init 0 by %sgd {members = [3, 4]}
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    gpt.return %p
  }
}

// -----
// What is no list of names.
gpt.model @m {
  // expected-error @+1 {{'gpt.param' op needs 'members' that are names}}
  %a = gpt.param [8, 4] init 0 by %sgd {members = 5}
  %sgd = gpt.optimizer(%p : [M, N], %g) {
    gpt.return %p
  }
}
