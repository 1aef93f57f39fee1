// RUN: gptc-opt %s --split-input-file --verify-collectives --verify-diagnostics

// Two steps: the update of the even ones exchanges w's gradient, of which the backward is complete, and w, which the next step's
// prologue reads. Of one rank nothing is looked at.
gpt.model @fine {
  %w = kern.buffer "w" "parameter" at 0 : memref<64x16xf32>
  %w_of_2 = kern.buffer "w_of_2" "share" of "w" at 0 {ranks = 2 : i64, whole = "parameter"} : memref<32x16xf32>
  %g = kern.buffer "g" "gradient" of "w" at 0 : memref<64x16xf32>
  %mean = kern.buffer "g_mean_of_2" "share" of "g" at 0 {in_place, ranks = 2 : i64, whole = "gradient"} : memref<32x16xf32>
  kern.part @prologue "prologue" attributes {steps = array<i64: 0, 3>} {
    kern.await %w : memref<64x16xf32>
    kern.rows "reads" 64 {
    ^row(%t: index):
      %0 = kern.load %w[%t] : memref<64x16xf32> -> vector<16xf32>
    }
  }
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
    kern.rows "backward" 64 {
    ^row(%t: index):
      %0 = kern.load %w[%t] : memref<64x16xf32> -> vector<16xf32>
      kern.store %0, %g[%t] : vector<16xf32>, memref<64x16xf32>
    }
    kern.reduce_scatter %g to %mean {ranks = 2 : i64} : memref<64x16xf32>, memref<32x16xf32>
  }
  kern.part @update "update" attributes {ranks = 1 : i64, steps = array<i64: 0, 3>} {
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    kern.await %g : memref<64x16xf32>
    kern.rows "descends" 32 {
    ^row(%t: index):
      %0 = kern.load %mean[%t] : memref<32x16xf32> -> vector<16xf32>
      kern.store %0, %w_of_2[%t] : vector<16xf32>, memref<32x16xf32>
    }
    kern.all_gather %w_of_2 to %w : memref<32x16xf32>, memref<64x16xf32>
  }
}

// -----

// Nothing waits for a parameter from one step to the next.
gpt.model @parameter {
  %w = kern.buffer "w" "parameter" at 0 : memref<64x16xf32>
  %w_of_2 = kern.buffer "w_of_2" "share" of "w" at 0 {ranks = 2 : i64, whole = "parameter"} : memref<32x16xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
    // expected-error @+1 {{reads what is being exchanged: nothing waits for that before, 'w'}}
    kern.rows "reads" 64 {
    ^row(%t: index):
      %0 = kern.load %w[%t] : memref<64x16xf32> -> vector<16xf32>
    }
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    // expected-note @+1 {{the collective, of a run of 2 ranks}}
    kern.all_gather %w_of_2 to %w : memref<32x16xf32>, memref<64x16xf32>
  }
}

// -----

// It begins before the backward is through with its operand.
gpt.model @operand {
  %g = kern.buffer "g" "gradient" at 0 : memref<64x16xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
    // expected-note @+1 {{the collective, of a run of 4 ranks}}
    kern.all_reduce %g : memref<64x16xf32>
    // expected-error @+1 {{writes what is being exchanged: that began before its operand was complete, or nothing waits for it, 'g'}}
    kern.rows "backward" 64 {
    ^row(%t: index):
      %0 = arith.constant dense<1.0> : vector<16xf32>
      kern.store %0, %g[%t] : vector<16xf32>, memref<64x16xf32>
    }
  }
  kern.part @update_of_4 "update" attributes {ranks = 4 : i64, steps = array<i64: 0, 3>} {
    kern.await %g : memref<64x16xf32>
  }
}

// -----

// What is only read by a collective may be read beside it, and not written.
gpt.model @cleared {
  %g = kern.buffer "g" "gradient" at 0 : memref<64x16xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    %mean = kern.buffer "mean" "workspace" at 0 : memref<32x16xf32>
    // expected-note @+1 {{the collective, of a run of 2 ranks}}
    kern.reduce_scatter %g to %mean : memref<64x16xf32>, memref<32x16xf32>
    kern.rows "reads" 64 {
    ^row(%t: index):
      %0 = kern.load %g[%t] : memref<64x16xf32> -> vector<16xf32>
    }
    // expected-error @+1 {{writes what is being exchanged}}
    kern.rows "clears" 64 {
    ^row(%t: index):
      %0 = arith.constant dense<0.0> : vector<16xf32>
      kern.store %0, %g[%t] : vector<16xf32>, memref<64x16xf32>
    }
    kern.await %mean : memref<32x16xf32>
  }
}

// -----

// Another part's workspace is where this one's was.
gpt.model @workspace {
  kern.part @micro "micro" attributes {steps = array<i64: 0, 3>} {
  }
  // expected-error @+1 {{ends while its workspace is exchanged: nothing waits for that, 'sum'}}
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    %sum = kern.buffer "sum" "workspace" at 0 : memref<f32>
    // expected-note @+1 {{the collective, of a run of 2 ranks}}
    kern.all_reduce %sum sum : memref<f32>
  }
}

// -----

// A mean that nobody has taken.
gpt.model @unmade {
  %g = kern.buffer "g" "gradient" at 0 : memref<64x16xf32>
  %mean = kern.buffer "g_mean_of_2" "share" of "g" at 0 {in_place, ranks = 2 : i64, whole = "gradient"} : memref<32x16xf32>
  kern.part @micro "micro" attributes {steps = array<i64: 0, 1>} {
    kern.reduce_scatter %g to %mean {ranks = 2 : i64} : memref<64x16xf32>, memref<32x16xf32>
  }
  kern.part @micro_2 "micro" attributes {steps = array<i64: 2, 3>} {
  }
  kern.part @update_of_2 "update" attributes {ranks = 2 : i64, steps = array<i64: 0, 3>} {
    kern.await %g : memref<64x16xf32>
    // expected-error @+1 {{reads a mean that no collective of its step has made before, 'g_mean_of_2'}}
    kern.rows "reads" 32 {
    ^row(%t: index):
      %0 = kern.load %mean[%t] : memref<32x16xf32> -> vector<16xf32>
    }
  }
}

// -----

// Slices of a validation are shared out.
gpt.model @places {
  %g = kern.buffer "g" "gradient" at 0 : memref<64x16xf32>
  kern.part @validate "validate" attributes {steps = array<i64: 0, 3>} {
    // expected-error @+1 {{stands in a part that not every rank runs as often}}
    kern.all_reduce %g : memref<64x16xf32>
  }
}

// -----

gpt.model @one {
  %g = kern.buffer "g" "gradient" at 0 : memref<64x16xf32>
  kern.part @update "update" attributes {ranks = 1 : i64, steps = array<i64: 0, 3>} {
    // expected-error @+1 {{stands in a part of one rank}}
    kern.all_reduce %g : memref<64x16xf32>
  }
}
