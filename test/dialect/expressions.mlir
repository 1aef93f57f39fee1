// What `gpt.expr` says of expressions: how they bind, and what each function gives.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics --print-schedules -o /dev/null | FileCheck %s

gpt.model @values {
  // CHECK: {"T":16,"a":-4,"aa":1,"ab":2,"b":5,"c":6,"d":-12,"e":1,"f":0,"g":8,"h":5,"i":10,"j":20,"k":30,"l":10,"m":1,
  // CHECK-SAME: "n":2,"o":-2,"p":-1,"q":1.5,"r":1,"s":4,"step":0,"t":-1,"u":-0,"v":2,"w":0.5,"x":2,"y":10.1,"z":1}
  gpt.let T, four = 4, steps = 1
  %a, %b, %c, %d, %e = gpt.schedule(%step) {
    gpt.yield 1 - 2 - 3, 2*3 - 4/8*2, -2*-3, -(1 + 2)*four, (1 < 2) == true
  }
  // A comparison binds more weakly than a sum, `if` than a comparison, and its other value may be one more.
  %f, %g, %h = gpt.schedule(%step) {
    gpt.yield 1 + 1 < 2, 7 if 1 > 2 else 8 if 2 > 1 else 9, 5 if 0.5 else 6
  }
  %i, %j, %k, %l, %m = gpt.schedule(%step) {
    gpt.yield pick(-1, 10, 20, 30), pick(1.9, 10, 20, 30), pick(7, 10, 20, 30), pick(-0.5, 10, 20), pick(0, 1)
  }
  %n, %o, %p, %q = gpt.schedule(%step) {
    gpt.yield mod(-1, 3), mod(7, -3), mod(-7, -3), mod(5.5, 2)
  }
  %r, %s, %t, %u, %v = gpt.schedule(%step) {
    gpt.yield min(3, 1, 2), max(4), floor(-0.5), ceil(-0.5), log(exp(2))
  }
  %w, %x, %y, %z = gpt.schedule(%step) {
    gpt.yield pow(2, -1), sqrt(four), 1e-1 + 1.0E1, true + false
  }
  // What is not taken may be undefined.
  %aa, %ab = gpt.schedule(%step) {
    gpt.yield 1 if true else 0/0, pick(1, sqrt(-1), 2)
  }
  gpt.recipe (steps = steps, micro_batches = 1, T = 16, document_token = 0, max_document = 16)
}

// -----
// a < b < c would compare 1 or 0 with c.
gpt.model @chain {
  %a = gpt.schedule(%step) {
    // expected-error @+1 {{a comparison of a comparison: put the one that comes first in brackets}}
    gpt.yield 1 < 2 < 3
  }
}
