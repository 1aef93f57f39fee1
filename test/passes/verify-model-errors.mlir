// RUN: gptc-opt %s --split-input-file --verify-model --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file --verify-model 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// An attribute that no op knows would be silently nothing.
gpt.model @schedule {
  // expected-error @+1 {{'gpt.schedule' op has no attribute 'show'; did you mean 'shown'?}}
  %lr = gpt.schedule(%step) {
    gpt.yield %step
  } {show}
}

// -----
// Also in a body, and on an op that has none of its own.
gpt.model @body {
  %f = gpt.func(%x : [4]) {
    // expected-error @+1 {{'gpt.relu2' op has no attribute 'inplace'}}
    %y = gpt.relu2 %x {inplace = true}
    gpt.return %y
  }
}

// -----
// What passes note on a graph is not for model files.
gpt.model @graph {
  // expected-error @+1 {{'gpt.graph' op has no attribute 'tokens'}}
  gpt.graph @train attributes {tokens = 8 : i64} {
    gpt.return
  }
}

// -----
gpt.model @variant {
  // expected-error @+1 {{'gpt.base' op has not been resolved: run resolve-base first}}
  gpt.base "Inputs/bases/whole.mlir"
}
