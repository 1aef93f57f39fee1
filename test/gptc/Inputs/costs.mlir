gpt.model @costs attributes {constants = {}} {
  gpt.recipe (steps = 2, micro_batches = 3, T = 96, document_token = 0, max_document = 64)
  %window = gpt.schedule(%step) {
    gpt.yield 3.5 + 1000*%step
  }
  %heat = gpt.schedule(%step) {
    gpt.yield 0.5
  }
  %w = kern.buffer "w" "parameter" : memref<32x64xbf16>
  %table = kern.buffer "table" "parameter" : memref<8x64xbf16>
  %wide = kern.buffer "wide" "parameter" : memref<256x64xbf16>
  %g = kern.buffer "g" "gradient" of "wide" : memref<256x64xf32>
  %tokens = kern.buffer "tokens" "input" {below = 8 : i64, bound_by = "the rows"} : memref<96xi32>
  %docs = kern.buffer "docs" "input" : memref<96xi32>
  %order = kern.buffer "order" "input" : memref<96xi32>
  %loss = kern.buffer "loss" "output" : memref<f64>
  kern.part @micro_0 "micro" attributes {steps = array<i64: 0, 1>, tokens = 96 : i64, loss_tokens = 96 : i64} {
    %x = kern.buffer "x" "workspace" : memref<96x64xbf16>
    %y = kern.buffer "y" "workspace" : memref<96x64xbf16>
    %h = kern.buffer "h" "workspace" : memref<96x32xbf16>
    %pairs = kern.buffer "pairs" "workspace" : memref<96x48xf32>
    %tall = kern.buffer "tall" "workspace" : memref<64x96xbf16>
    %lse = kern.buffer "lse" "workspace" : memref<96x4xf32>
    %sums = kern.buffer "sums" "workspace" {partials} : memref<2x64xf32>
    %one = kern.buffer "one" "workspace" {partials} : memref<2x1xf32>
    %half = kern.view %x : memref<96x64xbf16> to memref<96x32xbf16, strided<[64, 1], offset: 32>>
    kern.rows "windows" 96 {
    ^row(%t: index):
      %a = kern.load %x[%t] : memref<96x64xbf16> -> vector<64xf32>
      %before = kern.load %x[%t by -1] : memref<96x64xbf16> -> vector<64xf32>
      %right = kern.load %half[%t] : memref<96x32xbf16, strided<[64, 1], offset: 32>> -> vector<32xf32>
      %s = arith.addf %a, %before : vector<64xf32>
      kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xbf16>
      %own = kern.load %y[%t] : memref<96x64xbf16> -> vector<64xf32>
      %r = kern.reduce "add" %own : vector<64xf32> -> vector<1xf32>
      kern.partial %r, %one[%t] : vector<1xf32>, memref<2x1xf32>
      kern.store %right, %h[%t] : vector<32xf32>, memref<96x32xbf16>
    }
    kern.rows "lookups" 96 {
    ^row(%t: index):
      %i = kern.load_index %tokens[%t] : memref<96xi32>
      %few = kern.load %table[%i] : memref<8x64xbf16> -> vector<64xf32>
      %many = kern.load %wide[%i] : memref<256x64xbf16> -> vector<64xf32>
      %first = kern.load %table[] : memref<8x64xbf16> -> vector<64xf32>
      %s = arith.addf %few, %many : vector<64xf32>
      %u = arith.mulf %s, %first : vector<64xf32>
      kern.store %u, %x[%t] : vector<64xf32>, memref<96x64xbf16>
    }
    kern.contract "product" %x, %w m 96 n 32 k 64 : memref<96x64xbf16>, memref<32x64xbf16> {
    ^row(%m: index, %p: vector<32xf32>):
      %old = kern.load %h[%m] : memref<96x32xbf16> -> vector<32xf32>
      %sum = arith.addf %old, %p : vector<32xf32>
      kern.store %sum, %h[%m] : vector<32xf32>, memref<96x32xbf16>
    }
    kern.contract "gram" %x, %x batch 2 m 48 n 48 k 64 : memref<96x64xbf16>, memref<96x64xbf16> {
    ^row(%m: index, %p: vector<48xf32>):
      kern.store %p, %pairs[%m] : vector<48xf32>, memref<96x48xf32>
    }
    kern.transpose "turn" %x to %tall m 96 n 64 : memref<96x64xbf16>, memref<64x96xbf16>
    kern.attention "heads" %x, %x, %y documents %docs to %y, %lse window %window scale %heat heads 4 of 16 group 1
      : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96xi32>, memref<96x64xbf16>, memref<96x4xf32>
    kern.attention_backward "back" %y, %x, %x, %x, %lse, %lse documents %docs to %y, %y, %y window %window scale %heat heads 4 of 16 group 1
      : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x4xf32>, memref<96x4xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>
    kern.segments "rows" %x at %tokens by %order to %g, %sums : memref<96x64xbf16>, memref<96xi32>, memref<96xi32>, memref<256x64xf32>, memref<2x64xf32>
    kern.finish_segments "rest" %sums at %tokens by %order to %g : memref<2x64xf32>, memref<96xi32>, memref<96xi32>, memref<256x64xf32>
    kern.finish "sum" %one to %loss accumulate : memref<2x1xf32> to memref<f64>
  }
}
