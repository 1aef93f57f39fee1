// The examples of the kern ops' descriptions, whole: test/dialect/Inputs/check_examples.py finds each line of theirs here.
// They run: every one is lowered for the CPU and to PTX.
// RUN: gptc-opt %s --verify-roundtrip --verify-kernels -o /dev/null
// RUN: gptc compile %s --compile-from=kernels --emit=device -o - | FileCheck %s --check-prefix=CPU
// RUN: gptc compile %s --compile-from=kernels --target=sm_90a --emit=ptx -o - | FileCheck %s --check-prefix=PTX
// CPU: llvm.func @gptc_kernel_11
// PTX-COUNT-12: .entry

gpt.model @kernels {
  %seed = kern.host_number "seed"
  %lr = gpt.expr 0.5
  %window = gpt.expr 8
  %heat = gpt.expr 0.1
  %f0 = gpt.expr 1
  %f1 = gpt.expr 0.25
  %w = kern.buffer "w" "parameter" : memref<64x32xbf16>
  %w_of_2 = kern.buffer "w_of_2" "share" of "w" {ranks = 2 : i64, whole = "parameter"} : memref<32x32xbf16>
  %table = kern.buffer "table" "parameter" : memref<256x64xbf16>
  %gain = kern.buffer "gain" "parameter" : memref<1x64xf32>
  %w_gradient = kern.buffer "w_gradient" "gradient" of "w" : memref<64x32xf32>
  %table_gradient = kern.buffer "table_gradient" "gradient" of "table" : memref<256x64xf32>
  %tokens = kern.buffer "tokens" "input" {below = 256 : i64, bound_by = "the rows of 'table'"} : memref<96xi32>
  %order = kern.buffer "order" "input" : memref<96xi32>
  %docs = kern.buffer "docs" "input" : memref<96xi32>
  %loss = kern.buffer "loss" "output" : memref<f64>

  kern.part @micro_0 "micro" attributes {steps = array<i64: 0, 9>} {
    %x = kern.buffer "x" "workspace" : memref<96x64xf32>
    %y = kern.buffer "y" "workspace" : memref<96x64xf32>
    %h = kern.buffer "h" "workspace" : memref<96x32xbf16>
    %v = kern.buffer "v" "workspace" : memref<96x64xf32>
    %dx = kern.buffer "dx" "workspace" : memref<96x64xf32>
    %dq = kern.buffer "dq" "workspace" : memref<96x64xf32>
    %dk = kern.buffer "dk" "workspace" : memref<96x64xf32>
    %dv = kern.buffer "dv" "workspace" : memref<96x64xf32>
    %pairs = kern.buffer "pairs" "workspace" : memref<96x48xf32>
    %codes = kern.buffer "codes" "workspace" : memref<96x64xf8E5M2>
    %squares = kern.buffer "squares" "workspace" : memref<96x96xf32>
    %tall = kern.buffer "tall" "workspace" : memref<256x24xf32>
    %lse = kern.buffer "lse" "workspace" : memref<96x4xf32>
    %delta = kern.buffer "delta" "workspace" : memref<96x4xf32>
    %head = kern.buffer "head" "workspace" : memref<96x64xbf16>
    %dhead = kern.buffer "dhead" "workspace" : memref<96x64xbf16>
    %room = kern.buffer "room" "workspace" : memref<96x64xbf16>
    %lse1 = kern.buffer "lse1" "workspace" : memref<96x1xf32>
    %sums = kern.buffer "sums" "workspace" {partials} : memref<2x64xf32>
    %bank = kern.buffer "bank" "parameter" members ["bank.0", "bank.1"] : memref<64x32xbf16>
    %losses = kern.buffer "losses" "workspace" {partials} : memref<2x1xf32>
    %left = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1]>>
    %right = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
    kern.rows "embed" 96 {
    ^row(%t: index):
      %i = kern.load_index %tokens[%t] : memref<96xi32>
      %e = kern.load %table[%i] : memref<256x64xbf16> -> vector<64xf32>
      kern.store %e, %x[%t] : vector<64xf32>, memref<96x64xf32>
    }
    kern.rows "relu2" 96 {
    ^row(%t: index):
      %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
      %z = arith.constant dense<0.0> : vector<64xf32>
      %r = arith.maximumf %a, %z : vector<64xf32>
      %s = arith.mulf %r, %r : vector<64xf32>
      kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xf32>
    }
    kern.contract "linear" %y, %w transposed_b m 96 n 32 k 64 : memref<96x64xf32>, memref<64x32xbf16> {
    ^row(%m: index, %p: vector<32xf32>):
      kern.store %p, %h[%m] : vector<32xf32>, memref<96x32xbf16>
    }
    kern.contract "pairs" %x, %y batch 2 m 48 n 48 k 64 : memref<96x64xf32>, memref<96x64xf32> {
    ^row(%t: index, %p: vector<48xf32>):
      kern.store %p, %pairs[%t] : vector<48xf32>, memref<96x48xf32>
    }
    kern.contract "squares" %x, %x batch 2 m 48 n 48 k 64 symmetric : memref<96x64xf32>, memref<96x64xf32> {
    ^row(%t: index, %p: vector<48xf32>):
      kern.store %p, %pairs[%t] : vector<48xf32>, memref<96x48xf32>
    }
    kern.contract "codes" %codes, %codes m 96 n 96 k 64 promotion 64 : memref<96x64xf8E5M2>, memref<96x64xf8E5M2> {
    ^row(%t: index, %p: vector<96xf32>):
      kern.store %p, %squares[%t] : vector<96xf32>, memref<96x96xf32>
    }
    kern.transpose "transpose" %x to %tall batch 4 m 24 n 64 : memref<96x64xf32>, memref<256x24xf32>
    kern.rows "values" 96 {
    ^row(%t: index):
      %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
      %before = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
      %shared = kern.load %gain[] : memref<1x64xf32> -> vector<64xf32>
      %n = kern.number %lr : vector<1xf32>
      %spread = kern.spread %n : vector<1xf32> -> vector<64xf32>
      %sum = kern.reduce "add" %a : vector<64xf32> -> vector<4xf32>
      %heads = kern.spread %sum : vector<4xf32> -> vector<64xf32>
      %cut = kern.slice %a at 6 : vector<64xf32> -> vector<16xf32>
      %wide = kern.pad %cut at 6 : vector<16xf32> -> vector<64xf32>
      %four = kern.matvec %shared, %cut : vector<64xf32>, vector<16xf32> -> vector<4xf32>
      %back = kern.matvec %shared, %four transposed : vector<64xf32>, vector<4xf32> -> vector<16xf32>
      %outer = kern.outer %four, %back : vector<4xf32>, vector<16xf32> -> vector<64xf32>
      %all = kern.concat %cut, %back, %cut, %back : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32> -> vector<64xf32>
      %cos, %sin = kern.angles (%f0, %f1) at %t half 8 group 1 : vector<8xf32>, vector<8xf32>
      %turned = kern.rotate %all by %cos, %sin head 16 group 1 : vector<64xf32>, vector<8xf32>
      %grid = kern.round %turned to "e4m3" : vector<64xf32>
      %kept = kern.round %turned to "bf16" stored : vector<64xf32>
      %cut_half = kern.round %turned to "bf16_truncated" stored : vector<64xf32>
      %random = kern.random %seed at %t stream 3 draw 0 : vector<64xf32>
      %i = kern.load_index %tokens[%t by 1] : memref<96xi32>
      %at = kern.pick %a[%i] : vector<64xf32> -> vector<1xf32>
      %j = kern.iota : vector<64xi32>
      %hit = kern.column_is %j, %i : vector<64xi32> -> vector<64xi1>
      %one = kern.row_index %i : vector<1xi32>
      %zero = arith.constant dense<0> : vector<1xi32>
      %inside = arith.cmpi sge, %one, %zero : vector<1xi32>
      %none = arith.constant dense<0.0> : vector<1xf32>
      %picked = arith.select %inside, %at, %none : vector<1xi1>, vector<1xf32>
      %b1 = arith.select %hit, %grid, %random : vector<64xi1>, vector<64xf32>
      %b2 = arith.addf %before, %spread : vector<64xf32>
      %b3 = arith.addf %heads, %wide : vector<64xf32>
      %b4 = arith.addf %outer, %b1 : vector<64xf32>
      %b7 = arith.addf %b2, %kept : vector<64xf32>
      %b5 = arith.addf %b7, %b3 : vector<64xf32>
      %b6 = arith.addf %b4, %b5 : vector<64xf32>
      kern.store %b6, %v[%t] : vector<64xf32>, memref<96x64xf32>
      kern.partial %b6, %sums[%t] : vector<64xf32>, memref<2x64xf32>
      kern.partial %picked, %losses[%t] : vector<1xf32>, memref<2x1xf32>
    }
    kern.finish "sum" %losses to %loss accumulate : memref<2x1xf32> to memref<f64>
    kern.finish "gain" %sums to %gain : memref<2x64xf32> to memref<1x64xf32>
    kern.attention "heads" %x, %x, %v documents %docs to %y, %lse window %window scale %heat heads 4 of 16 group 1
      : memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96xi32>, memref<96x64xf32>, memref<96x4xf32>
    kern.attention_backward "heads" %dx, %x, %x, %v, %lse, %delta documents %docs to %dq, %dk, %dv window %window scale %heat heads 4 of 16 group 1
      : memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x4xf32>, memref<96x4xf32>, memref<96xi32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>
    kern.attention_backward "halves" %head, %head, %head, %head, %lse1, %lse1 documents %docs to %room, %dhead, %dhead window %window scale %heat heads 1 of 64 group 1
      : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
    ^row(%t: index, %gradient: vector<64xf32>, %of_keys: vector<64xf32>, %of_values: vector<64xf32>):
      %half = arith.constant dense<0.5> : vector<64xf32>
      %less = arith.mulf %gradient, %half : vector<64xf32>
      kern.store %less, %dhead[%t] : vector<64xf32>, memref<96x64xbf16>
    }
    kern.all_reduce %table_gradient : memref<256x64xf32>
    kern.all_reduce %x sum : memref<96x64xf32>
    kern.reduce_scatter %table_gradient to %x : memref<256x64xf32>, memref<96x64xf32>
    kern.all_gather %w_of_2 to %w : memref<32x32xbf16>, memref<64x32xbf16>
    kern.await %w : memref<64x32xbf16>
    kern.segments "embed" %dx at %tokens by %order to %table_gradient, %sums : memref<96x64xf32>, memref<96xi32>, memref<96xi32>, memref<256x64xf32>, memref<2x64xf32>
    kern.finish_segments "rest" %sums at %tokens by %order to %table_gradient : memref<2x64xf32>, memref<96xi32>, memref<96xi32>, memref<256x64xf32>
  }
  gpt.recipe (steps = 10, micro_batches = 1, T = 96, document_token = 0, max_document = 96)
}
