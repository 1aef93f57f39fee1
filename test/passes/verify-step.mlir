// RUN: gptc-opt %s --split-input-file --verify-step --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file --verify-step 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

gpt.model @graph {
  // expected-error @+1 {{is of the phase 'graph': differentiate makes parts of it}}
  gpt.graph @train {
    %y = gpt.fill 0 -> [] f32
    gpt.return %y : [] f32
  }
}

// -----

// An optimizer stays where it is declared: its body has no shapes.
gpt.model @optimizer {
  %sgd = gpt.optimizer(%p, %g) (%lr = 0.1) {
    %u = gpt.scale %g by %lr
    %p1 = gpt.sub %p, %u
    gpt.return %p1
  }
}

// -----

// Reading before an update, and another view after it, may be.
gpt.model @fine {
  %p = gpt.state "derived" -> [96, 64]
  %m = gpt.state "optimizer" of "p" -> [96, 64] f32
  gpt.part @update "update" {
    %a = gpt.rows %p at 0 size 48 : [96, 64] -> [48, 64]
    %b = gpt.rows %p at 48 size 48 : [96, 64] -> [48, 64]
    %x = gpt.relu2 %a : [48, 64] -> [48, 64]
    gpt.update %a with %x : [48, 64], [48, 64]
    %y = gpt.relu2 %b : [48, 64] -> [48, 64]
    gpt.update %b with %y : [48, 64], [48, 64]
  }
}

// -----

gpt.model @stale {
  %p = gpt.state "derived" -> [96, 64]
  gpt.part @update "update" {
    %x = gpt.relu2 %p : [96, 64] -> [96, 64]
    // expected-note @+1 {{updated here}}
    gpt.update %p with %x : [96, 64], [96, 64]
    // expected-error @+1 {{reads what has its new value already}}
    %y = gpt.relu2 %p : [96, 64] -> [96, 64]
  }
}

// -----

gpt.model @view {
  %p = gpt.state "derived" -> [96, 64]
  gpt.part @update "update" {
    %a = gpt.rows %p at 0 size 48 : [96, 64] -> [48, 64]
    %x = gpt.relu2 %p : [96, 64] -> [96, 64]
    // expected-note @+1 {{updated here}}
    gpt.update %p with %x : [96, 64], [96, 64]
    // expected-error @+1 {{reads what has its new value already}}
    %y = gpt.relu2 %a : [48, 64] -> [48, 64]
  }
}

// -----

// Columns taken apart are views too: they are read where their reader stands.
gpt.model @columns {
  %p = gpt.state "derived" -> [96, 96]
  gpt.part @update "update" {
    %a, %b, %c = gpt.split %p to [96, 32] : [96, 96] -> [96, 32], [96, 32], [96, 32]
    %x = gpt.relu2 %p : [96, 96] -> [96, 96]
    // expected-note @+1 {{updated here}}
    gpt.update %p with %x : [96, 96], [96, 96]
    // expected-error @+1 {{reads what has its new value already}}
    %y = gpt.relu2 %b : [96, 32] -> [96, 32]
  }
}
