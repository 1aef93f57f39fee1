// RUN: gptc-opt %s --split-input-file --verify-graph --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file --verify-graph 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// Numbers instead of names: good.
gpt.model @good {
  %x = gpt.input [16] i32 -> [16] i32
}

// -----

gpt.model @unshaped {
  // expected-error @+1 {{still has a result without a shape}}
  %x = gpt.input [16] i32
}

// -----

gpt.model @names {
  // expected-error @+1 {{is of the phase 'model': instantiate replaces it}}
  gpt.let D = 4
}

// -----

gpt.model @functions {
  // expected-error @+1 {{is of the phase 'model': instantiate replaces it}}
  %f = gpt.func(%x : [4]) () {
    gpt.return %x
  }
}
