// RUN: gptc-opt %s --expand-optimizer --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --expand-optimizer --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0
// RUN: gptc-opt %s --stack-parameters --expand-optimizer --split-input-file --verify-diagnostics

// A split copies one parameter to another, with what its optimizer knows.
gpt.model @adopt {
  gpt.recipe (steps = 4, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
  %sgd = gpt.optimizer(%p, %g) (%eta = 1) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %w = gpt.param [8, 8] f32 init 0 by %sgd -> [8, 8] f32
  %x = gpt.input [8, 8] -> [8, 8]
  // expected-error @+1 {{'gpt.adopt' op copies what is no parameter}}
  gpt.adopt %w from %x after 2 : [8, 8] f32, [8, 8]
}

// -----
// Numbers in parts, as stack-parameters makes none.
gpt.model @parts {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1) {
    %u = gpt.scale %g by %rate
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  // expected-error @+1 {{'w' gives its members 'rate' in parts that are not its members'}}
  %w = gpt.param [8, 4] init 0 by %muon (rate = parts(1, 1, 2, 2)) {members = ["a", "b"]} -> [8, 4]
}

// -----
gpt.model @unlike {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1, %shift = 0) {
    %u = gpt.scale %g by %rate
    %v = gpt.offset %u by %shift
    %q = gpt.sub %p, %v
    gpt.return %q
  }
  // expected-error @+1 {{'w' gives its numbers in unlike parts}}
  %w = gpt.param [12, 4] init 0 by %muon (rate = parts(1, 1, 2, 2), shift = parts(2, 1, 1, 2)) {members = ["a", "b", "c"]} -> [12, 4]
}

// -----
gpt.model @clamp {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%most = 1) {
    // expected-error @+1 {{'gpt.clamp' op takes a number that differs among the members of 'w'}}
    %u = gpt.clamp %g (max = %most)
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %w = gpt.param [8, 4] init 0 by %muon (most = parts(1, 1, 1, 2)) {members = ["a", "b"]} -> [8, 4]
  %w_gradient = gpt.state "gradient" of "w" -> [8, 4] f32
  gpt.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>} {
    %d = gpt.fill 1 -> [8, 4] f32
    gpt.accumulate %w_gradient += %d : [8, 4] f32, [8, 4] f32
  }
}

// -----
// A number breaks what the optimizer requires: the error stands at the member
// that gives it.
gpt.model @member {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1) {
    // expected-note @+1 {{it is required here}}
    gpt.require %rate < 3
    %u = gpt.scale %g by 1/(%rate - 2)
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %w = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  // expected-error @+1 {{the numbers break `4 < 3`}}
  %v = gpt.param [8, 4] init 0 by %muon (rate = 4) -> [8, 4]
  %w_gradient = gpt.state "gradient" of "w" -> [8, 4] f32
  %v_gradient = gpt.state "gradient" of "v" -> [8, 4] f32
  gpt.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>} {
    %d = gpt.fill 1 -> [8, 4] f32
    gpt.accumulate %w_gradient += %d : [8, 4] f32, [8, 4] f32
    gpt.accumulate %v_gradient += %d : [8, 4] f32, [8, 4] f32
  }
}

// -----
// And one that is none, at the op of the file.
gpt.model @infinite {
  %muon = gpt.optimizer(%p : [B, M, N], %g) (%rate = 1) {
    // expected-error @+1 {{'gpt.scale' op has by = infinity; it must be a finite number}}
    %u = gpt.scale %g by 1/(%rate - 2)
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %w = gpt.param [8, 4] init 0 by %muon -> [8, 4]
  %v = gpt.param [8, 4] init 0 by %muon (rate = 2) -> [8, 4]
  %w_gradient = gpt.state "gradient" of "w" -> [8, 4] f32
  %v_gradient = gpt.state "gradient" of "v" -> [8, 4] f32
  gpt.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>} {
    %d = gpt.fill 1 -> [8, 4] f32
    gpt.accumulate %w_gradient += %d : [8, 4] f32, [8, 4] f32
    gpt.accumulate %v_gradient += %d : [8, 4] f32, [8, 4] f32
  }
}
