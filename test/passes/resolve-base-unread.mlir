// A variant that leaves parts of its base unread is told so once, where it replaces what read them.
// RUN: rm -rf %t && split-file %s %t && cp %S/Inputs/bases/*.mlir %models/*.mlir %t

// The record without its smear: a parameter and a part of a pack go without effect, the constant that the variant gives too.
// What costs nothing, the base's own constants and functions, goes without a word.
// RUN: gptc compile %t/no-smear.mlir --emit=step -o /dev/null 2>&1 | FileCheck %s --check-prefix=SMEAR --implicit-check-not=warning:
// SMEAR: no-smear.mlir:3:12: warning: nothing reads 'smear_gate', 'smear_lambda' of 'nanogpt-tiny.mlir' any more: it was '%start', replaced here, that did
//--- no-smear.mlir
gpt.model @no_smear {
  %embed, %lm_head, %tokens, %split = gpt.base "nanogpt-tiny.mlir"
  %start = gpt.func() {
    %table = gpt.tied %embed to %lm_head until %split
    %x  = gpt.embed %table[%tokens]
    %x0 = gpt.rms_norm %x
    gpt.return %x0
  }
}

// A variant of that variant names no more of it: the warning stays where the reader was replaced.
// RUN: gptc compile %t/narrow.mlir --emit=step -o /dev/null 2>&1 | FileCheck %s --check-prefix=SMEAR --implicit-check-not=warning:
//--- narrow.mlir
gpt.model @narrow {
  gpt.base "no-smear.mlir"
  gpt.let F = 256
}

// A constant that only what was replaced has read.
// RUN: gptc compile %t/constant.mlir --emit=step -o /dev/null 2>&1 | FileCheck %s --check-prefix=CONSTANT --implicit-check-not=warning:
// CONSTANT: constant.mlir:5:11: warning: nothing reads 'skip_gate', 'skip_lambda' of 'nanogpt-tiny.mlir' any more: it was '%skip', replaced here, that did
// CONSTANT: constant.mlir:4:3: warning: nothing reads the constant 'skip_at' any more: this changes nothing
//--- constant.mlir
gpt.model @constant {
  gpt.base "nanogpt-tiny.mlir"
  // One mistake each.
  gpt.let skip_at = 8
  %skip = gpt.func(%x : [T, D], %x0 : [T, D], %s : [T, D]) {
    %y = gpt.add %x, %s
    gpt.return %y
  }
}

// A graph that is replaced, and a replacement that goes on reading.
// RUN: gptc-opt %t/graph.mlir --resolve-base -o /dev/null 2>&1 | FileCheck %s --check-prefix=GRAPH --implicit-check-not=warning:
// GRAPH: graph.mlir:3:3: warning: nothing reads 'first', 'second' of 'whole.mlir' any more: it was @train, replaced here, that did
//--- graph.mlir
gpt.model @graph {
  %table, %head, %tokens, %targets = gpt.base "whole.mlir"
  gpt.graph @train {
    %x = gpt.embed %table[%tokens]
    %z = gpt.linear %x, %head
    %loss = gpt.cross_entropy %z, %targets (w0 = 1)
    gpt.return %loss
  }
}
// RUN: gptc-opt %t/same.mlir --resolve-base -o /dev/null 2>&1 | count 0
//--- same.mlir
gpt.model @same {
  %first = gpt.base "whole.mlir"
  gpt.let V = 32
  %body = gpt.func(%x : [T, D]) {
    %y = gpt.mul %first, %x
    %z = gpt.scale %y by 2
    gpt.return %z
  }
}
