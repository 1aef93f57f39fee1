// Reductions, spreads, slices, pads, concatenations, rotations, small matrices.
%f0 = arith.constant 1.0 : f64
%f1 = arith.constant 0.25 : f64
%f2 = arith.constant 0.001 : f64
%seed = arith.constant 12345678901.0 : f64
%x = kern.buffer "x" "input" : memref<70x192xf32>
%small = kern.buffer "small" "input" : memref<70x12xf32>
%gates = kern.buffer "gates" "parameter" : memref<6x12xf32>
%table = kern.buffer "table" "input" : memref<70x32xf32>
%table2 = kern.buffer "table2" "input" : memref<70x32xf32>
%state = kern.buffer "state" "optimizer" : memref<70x192xf32>
kern.part @columns "micro" {
  %y0 = kern.buffer "y0" "workspace" : memref<70x192xf32>
  %y1 = kern.buffer "y1" "workspace" : memref<70x6xf32>
  %y2 = kern.buffer "y2" "workspace" : memref<70x200xf32>
  %y3 = kern.buffer "y3" "workspace" : memref<70x200xf32>
  %y4 = kern.buffer "y4" "workspace" : memref<70x192xf32>
  %y5 = kern.buffer "y5" "workspace" : memref<70x192xf32>
  %y6 = kern.buffer "y6" "workspace" : memref<70x6xf32>
  %y7 = kern.buffer "y7" "workspace" : memref<70x12xf32>
  %y8 = kern.buffer "y8" "workspace" : memref<70x72xf32>
  %y9 = kern.buffer "y9" "workspace" : memref<70x24xf32>
  %y10 = kern.buffer "y10" "workspace" : memref<70x24xf32>
  %y11 = kern.buffer "y11" "workspace" : memref<70x192xf32>
  %y12 = kern.buffer "y12" "workspace" : memref<70x1xf32>
  %y13 = kern.buffer "y13" "workspace" : memref<70x72xf32>
  %y14 = kern.buffer "y14" "workspace" : memref<70x192xf32>
  %partials = kern.buffer "partials" "workspace" : memref<2x72xf32>
  %few = kern.buffer "few" "workspace" : memref<1x72xf32>
  %g = kern.view %gates : memref<6x12xf32> to memref<1x72xf32, strided<[72, 1]>>
  kern.rows "norm_heads" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x192xf32> -> vector<192xf32>
    %sq = arith.mulf %a, %a : vector<192xf32>
    %s = kern.reduce "add" %sq : vector<192xf32> -> vector<6xf32>
    %m = kern.reduce "max" %a : vector<192xf32> -> vector<6xf32>
    %r = math.rsqrt %s : vector<6xf32>
    %rs = kern.spread %r : vector<6xf32> -> vector<192xf32>
    %y = arith.mulf %a, %rs : vector<192xf32>
    %all = kern.reduce "add" %y : vector<192xf32> -> vector<1xf32>
    kern.store %y, %y0[%t] : vector<192xf32>, memref<70x192xf32>
    kern.store %m, %y1[%t] : vector<6xf32>, memref<70x6xf32>
    kern.store %all, %y12[%t] : vector<1xf32>, memref<70x1xf32>
  }
  kern.rows "pieces" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x192xf32> -> vector<192xf32>
    %b = kern.load %small[%t] : memref<70x12xf32> -> vector<12xf32>
    %s = kern.slice %a at 5 : vector<192xf32> -> vector<47xf32>
    %e = math.exp %s : vector<47xf32>
    %p = kern.pad %e at 19 : vector<47xf32> -> vector<200xf32>
    %u = kern.slice %a at 16 : vector<192xf32> -> vector<141xf32>
    %c = kern.concat %e, %b, %u : vector<47xf32>, vector<12xf32>, vector<141xf32> -> vector<200xf32>
    %d = arith.addf %c, %p : vector<200xf32>
    %v = kern.slice %d at 30 : vector<200xf32> -> vector<24xf32>
    %n = kern.reduce "add" %d : vector<200xf32> -> vector<1xf32>
    %ns = kern.spread %n : vector<1xf32> -> vector<24xf32>
    %vn = arith.mulf %v, %ns : vector<24xf32>
    kern.store %p, %y2[%t] : vector<200xf32>, memref<70x200xf32>
    kern.store %d, %y3[%t] : vector<200xf32>, memref<70x200xf32>
    kern.store %vn, %y9[%t] : vector<24xf32>, memref<70x24xf32>
  }
  // What a gate reads: a dozen columns among many, at a place that no chunk has.
  kern.rows "padded" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x192xf32> -> vector<192xf32>
    %b = kern.load %small[%t] : memref<70x12xf32> -> vector<12xf32>
    %n = arith.negf %b : vector<12xf32>
    %p = kern.pad %b at 18 : vector<12xf32> -> vector<192xf32>
    %q = kern.pad %n at 173 : vector<12xf32> -> vector<192xf32>
    %d = arith.addf %p, %q : vector<192xf32>
    %e = arith.addf %d, %a : vector<192xf32>
    %s = kern.reduce "add" %e : vector<192xf32> -> vector<6xf32>
    %ss = kern.spread %s : vector<6xf32> -> vector<192xf32>
    %y = arith.mulf %e, %ss : vector<192xf32>
    kern.store %y, %y14[%t] : vector<192xf32>, memref<70x192xf32>
  }
  kern.rows "rotate" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x192xf32> -> vector<192xf32>
    %cos = kern.load %table[%t] : memref<70x32xf32> -> vector<32xf32>
    %sin = kern.load %table2[%t] : memref<70x32xf32> -> vector<32xf32>
    %c0 = kern.slice %cos at 16 : vector<32xf32> -> vector<16xf32>
    %s0 = kern.slice %sin at 16 : vector<32xf32> -> vector<16xf32>
    %0 = kern.rotate %a by %cos, %sin head 32 group 2 : vector<192xf32>, vector<32xf32>
    %1 = kern.rotate %0 by %c0, %s0 head 32 group 1 neighbours inverse : vector<192xf32>, vector<16xf32>
    %2 = kern.rotate %a by %cos, %sin head 32 group 2 neighbours : vector<192xf32>, vector<32xf32>
    %3 = kern.rotate %2 by %c0, %s0 head 32 group 1 inverse : vector<192xf32>, vector<16xf32>
    kern.store %1, %y4[%t] : vector<192xf32>, memref<70x192xf32>
    kern.store %3, %y5[%t] : vector<192xf32>, memref<70x192xf32>
  }
  kern.rows "gates" 70 {
  ^row(%t: index):
    %w = kern.load %g[] : memref<1x72xf32, strided<[72, 1]>> -> vector<72xf32>
    %b = kern.load %small[%t] : memref<70x12xf32> -> vector<12xf32>
    %z = kern.matvec %w, %b : vector<72xf32>, vector<12xf32> -> vector<6xf32>
    %e = math.exp %z : vector<6xf32>
    %es = kern.spread %e : vector<6xf32> -> vector<72xf32>
    %bt = kern.matvec %w, %e transposed : vector<72xf32>, vector<6xf32> -> vector<12xf32>
    %o = kern.outer %e, %b : vector<6xf32>, vector<12xf32> -> vector<72xf32>
    %u = arith.mulf %o, %es : vector<72xf32>
    kern.store %z, %y6[%t] : vector<6xf32>, memref<70x6xf32>
    kern.store %bt, %y7[%t] : vector<12xf32>, memref<70x12xf32>
    kern.store %o, %y8[%t] : vector<72xf32>, memref<70x72xf32>
    kern.store %u, %y13[%t] : vector<72xf32>, memref<70x72xf32>
    kern.partial %o, %partials[%t] : vector<72xf32>, memref<2x72xf32>
  }
  kern.rows "generated" 70 {
  ^row(%t: index):
    %cos, %sin = kern.angles (%f0, %f1, %f2) at %t half 6 group 2 : vector<12xf32>, vector<12xf32>
    %cs = kern.concat %cos, %sin : vector<12xf32>, vector<12xf32> -> vector<24xf32>
    %r = kern.random %seed at %t stream 3 draw 1 : vector<192xf32>
    kern.store %cs, %y10[%t] : vector<24xf32>, memref<70x24xf32>
    kern.store %r, %y11[%t] : vector<192xf32>, memref<70x192xf32>
  }
  // In place: rotated and scaled by a sum over what is overwritten.
  kern.rows "in_place" 70 {
  ^row(%t: index):
    %a = kern.load %state[%t] : memref<70x192xf32> -> vector<192xf32>
    %cos = kern.load %table[%t] : memref<70x32xf32> -> vector<32xf32>
    %sin = kern.load %table2[%t] : memref<70x32xf32> -> vector<32xf32>
    %0 = kern.rotate %a by %cos, %sin head 64 group 1 : vector<192xf32>, vector<32xf32>
    kern.store %0, %state[%t] : vector<192xf32>, memref<70x192xf32>
    %s = kern.reduce "add" %a : vector<192xf32> -> vector<1xf32>
    kern.store %s, %y12[%t] : vector<1xf32>, memref<70x1xf32>
    %again = kern.load %state[%t] : memref<70x192xf32> -> vector<192xf32>
    %d = arith.addf %again, %a : vector<192xf32>
    kern.store %d, %y0[%t] : vector<192xf32>, memref<70x192xf32>
  }
  // A value that was loaded before its buffer changed, used after.
  kern.rows "old_and_new" 70 {
  ^row(%t: index):
    %a = kern.load %state[%t] : memref<70x192xf32> -> vector<192xf32>
    %b = arith.addf %a, %a : vector<192xf32>
    kern.store %b, %state[%t] : vector<192xf32>, memref<70x192xf32>
    %c = kern.load %state[%t] : memref<70x192xf32> -> vector<192xf32>
    %d = arith.mulf %c, %a : vector<192xf32>
    kern.store %d, %y4[%t] : vector<192xf32>, memref<70x192xf32>
  }
  // A window that is not whole is a block's.
  kern.rows "few_rows" 40 {
  ^row(%t: index):
    %a = kern.load %y8[%t] : memref<70x72xf32> -> vector<72xf32>
    kern.partial %a, %few[%t] : vector<72xf32>, memref<1x72xf32>
  }
}
