// The examples of the gpt ops' descriptions, whole: test/dialect/Inputs/check_examples.py finds each line of theirs here.
// RUN: gptc-opt %s --verify-roundtrip -o /dev/null
// RUN: gptc-opt %models/nanogpt-tiny.mlir --verify-roundtrip -o /dev/null
// RUN: %python %S/Inputs/check_examples.py | FileCheck %s
// CHECK: ops, each with an example that is tested

gpt.model @language {
  gpt.let T, D = 16, H = 2, K = D/H, fp8 = true
  gpt.let steps = 10, gate = 12
  gpt.let scheduled_steps = 720, extension_steps = 40
  gpt.require H*K == D, mod(K, 4) == 0
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %docs = gpt.input [T] i32
  %bytes = gpt.input tokens [T] i32
  %table = gpt.param [D, D] init 0 by %sgd
  %head = gpt.param [D, D] init 0 by %sgd
  %wide = gpt.param [3*D, D] init 0 by %sgd
  %bank = gpt.param 11 x [D, D] without 6 init rows(8, uniform(sqrt(3/D)), 0) by %sgd (rate = 2)
  %lambda, %pairs = gpt.pack "scalars" [] f32 init 0.5, [11, 2] f32 init cycle(0.5, 1.0) by %sgd
  %twice = gpt.func(%row : [T, D]) (%by = 2) {
    %y = gpt.scale %row by %by
    gpt.return %y
  }
  // Of any shape, beside one that has a name.
  %plus = gpt.func(%any, %row : [T, D]) (%by) {
    %y = gpt.offset %any by %by
    gpt.return %y, %row
  }
  %model = gpt.func() {
    %t = gpt.tied %table to %head until %split
    %x = gpt.embed %t[%tokens]
    %s = gpt.slice %x at 4 size 12
    %w = gpt.row %bank[3]
    %o = gpt.rows %w at 0 size 8
    %a1 = gpt.linear %x, %w
    %a2 = gpt.matmul %a1, %w
    %xh = gpt.reshape %x to [T, H, K]
    %qkv = gpt.linear %x, %wide
    %q, %k, %v = gpt.split %qkv to [T, H, K]
    %qr = gpt.rotary %q, %freqs (group = 2, neighbours = true)
    %ko = gpt.key_offset %k (by = 1)
    %at = gpt.attention %qr, %ko, %v documents %docs (window = %window, scale = %heat)
    %b1 = gpt.add %x, %a2
    %b2 = gpt.sub %b1, %x
    %b3 = gpt.mul %lambda, %b2
    %b4 = gpt.div %b3, %b1
    %b5 = gpt.scale %b4 by 2*%next
    %b6 = gpt.offset %b5 by 1.0e-10
    %b7 = gpt.sigmoid %b6
    %b8 = gpt.relu2 %b7
    %b9 = gpt.sqrt %b8
    %c1 = gpt.positive %b9
    %c2 = gpt.cast %c1 to f32
    %xq = gpt.round %x to "e4m3" (scale = 100/448, on = fp8)
    %c3 = gpt.linear %xq, %w
    %c4 = gpt.round_gradient %c3 to "e5m2" (scale = 0.75/448, on = fp8)
    %c5 = gpt.rms_norm %c4
    %c6 = gpt.shift %c5 by 2
    %e1 = gpt.sign %x
    %e2 = gpt.clamp %x (min = -1, max = 2*%next)
    %e3 = gpt.stored %c2 to bf16
    %e4 = gpt.stored %c2 to bf16 truncated
    %a3 = gpt.gram %w
    %a4 = gpt.transpose %w (on = D > H)
    %c7 = gpt.call %twice(%c6) (by = 3)
    %z = gpt.linear %c7, %head
    %sc = gpt.softcap %z (scale = 23, shift = 5, width = 7.5)
    %p = gpt.softmax %sc (temperature = 0.8)
    %loss = gpt.cross_entropy %sc, %targets (w0 = 1, w1 = %next)
    gpt.return %loss
  }
  gpt.graph @train {
    %loss = gpt.call %model()
    gpt.return %loss
  }
  %next, %split = gpt.schedule(%step) {
    gpt.yield pick(floor(3*%step/steps), 0.5, 0.25, 0), %step > steps/2
  }
  %window, %due = gpt.schedule(%step) {
    %peak = gpt.expr 1.73 if %step > 2/3*steps else sqrt(D)
    gpt.yield 8*ceil(%peak), 0
  }
  %freqs, %heat = gpt.yarn (window = %window, count = K/4, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2)
  %sgd = gpt.optimizer(%p, %g) states(%m) (%lr = 0.1, %beta = 0.9, %rate = 1) every 1 {
    %a = gpt.scale %m by %beta
    %b = gpt.add %a, %g
    %u = gpt.scale %b by %lr * %rate
    %p1 = gpt.sub %p, %u
    gpt.return %p1, %b
  }
  gpt.recipe (steps = steps, micro_batches = 8, T = 4096/8, document_token = 0, max_document = 512, validate = %due,
              validate_tokens = 16384, validate_batch = 2048, sample_batch = 256)
}

gpt.model @step {
  %freqs, %heat = gpt.yarn (window = 8, count = 4, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2) -> [4] f32
  %lambda = gpt.param [3] f32 init 0 by %sgd -> [3] f32
  %one = gpt.param [] f32 init 0 by %sgd -> [] f32
  %gate = gpt.param [1, 12] init 0 by %sgd -> [1, 12]
  %w = gpt.param [8, 16] init 0 by %sgd -> [8, 16]
  %w2 = gpt.param [8, 16] init 0 by %sgd -> [8, 16]
  %derived = gpt.state "derived" -> [8, 16]
  %w_gradient = gpt.state "gradient" of "w" -> [8, 16] f32
  %w_of_4 = gpt.state "share" of "w" {ranks = 4 : i64, whole = "parameter"} -> [2, 16]
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  %rate = gpt.setting "rate" = 0.02
  %lr = gpt.setting "lr" = 1
  gpt.check %rate > 0 "the rate is {}" of %rate at [0, 9]
  gpt.adopt %w from %w2 after 41 : [8, 16], [8, 16]
  gpt.part @prologue_0 "prologue" attributes {steps = array<i64: 0, 9>} {
    %mine = gpt.numbers 2 x 0.5*%lr, 1 x %lr {ranks = 2 : i64} -> [2] f32
    %r = gpt.row %lambda[0] : [3] f32 -> [] f32
    %wl = gpt.mul %r, %w : [] f32, [8, 16] -> [8, 16]
    gpt.update %derived with %wl : [8, 16], [8, 16]
  }
  gpt.part @micro_0 "micro" attributes {tokens = 6 : i64} {
    %x = gpt.input [6, 16] -> [6, 16]
    %dy = gpt.input [6, 8] -> [6, 8]
    %q = gpt.input [6, 2, 16] -> [6, 2, 16]
    %tokens = gpt.input [6] i32 -> [6] i32
    %docs = gpt.input [6] i32 -> [6] i32
    %order = gpt.input [6] i32 -> [6] i32
    %seed = gpt.seed_cotangent -> [] f32
    %dw = gpt.outer %dy, %x : [6, 8], [6, 16] -> [8, 16] f32
    %cos, %sin = gpt.rotary_table %freqs rows 6 half 8 group 1 : [4] f32 -> [6, 8], [6, 8]
    %qr = gpt.rotate %q by %cos, %sin group 1 : [6, 2, 16], [6, 8], [6, 8] -> [6, 2, 16]
    %dk = gpt.key_offset_backward %qr by 1 : [6, 2, 16] -> [6, 2, 16]
    %y, %lse = gpt.attention_saving %q, %q, %q documents %docs (window = 8, scale = 0.1) : [6, 2, 16], [6, 2, 16], [6, 2, 16], [6] i32 -> [6, 2, 16], [6, 2] f32
    %da, %db, %dc = gpt.attention_backward %dk, %q, %q, %q, %y, %lse documents %docs (window = 8, scale = 0.1) : [6, 2, 16], [6, 2, 16], [6, 2, 16], [6, 2, 16], [6, 2, 16], [6, 2] f32, [6] i32 -> [6, 2, 16], [6, 2, 16], [6, 2, 16]
    %dz = gpt.softcap_backward %x, %x (scale = 23, shift = 5, width = 7.5) : [6, 16], [6, 16] -> [6, 16]
    %dl = gpt.cross_entropy_backward %seed, %x, %tokens (w0 = 1) : [] f32, [6, 16], [6] i32 -> [6, 16]
    gpt.accumulate %w_gradient += %dw : [8, 16] f32, [8, 16] f32
    gpt.all_reduce %w_gradient : [8, 16] f32
    %mine = gpt.reduce_scatter %w_gradient : [8, 16] f32 -> [2, 16] f32
    gpt.all_gather %w from %w_of_4 : [8, 16], [2, 16]
    gpt.accumulate_outer %w_gradient += %dy, %x : [8, 16] f32, [6, 8], [6, 16]
    gpt.accumulate_rows %w_gradient[%tokens by %order] += %x : [8, 16] f32, [6] i32, [6] i32, [6, 16]
    %zero = gpt.fill 0 -> [8, 16] f32
    %rates = gpt.numbers 2 x 0.5*%lr, 1 x %lr -> [3] f32
    %ab = gpt.cycle [5.000000e-01, 1.000000e+00] -> [11, 2] f32
    %init = gpt.random "uniform" scale 5.000000e-01 stream 3 -> [8, 16]
    %f = gpt.element %freqs[2] : tensor<4xf32>
    %squares = gpt.dot %dw, %dw : [8, 16] f32, [8, 16] f32 -> [] f32
    %all = gpt.sum_ranks %squares : [] f32 -> [] f32
    %next = gpt.if_finite %squares then %dw else %w_gradient : [] f32, [8, 16] f32, [8, 16] f32 -> [8, 16] f32
    %qkv = gpt.concat %q, %q, %q : [6, 2, 16], [6, 2, 16], [6, 2, 16] -> [6, 96]
    %wide = gpt.pad %dy at 4 in 16 : [6, 8] -> [6, 16]
    %tall = gpt.pad_rows %dy at 2 in 16 : [6, 8] -> [16, 8]
    %sum = gpt.reduce %x to [1, 16] : [6, 16] -> [1, 16] f32
    %gated = gpt.gate %x by %gate on %x at 2 times %one factor 2.000000e+00 : tensor<6x16xbf16>, tensor<1x12xbf16>, tensor<6x16xbf16>, tensor<f32> -> tensor<6x16xbf16>
    %dv, %ds, %dg, %dt = gpt.gate_backward %x, %x by %gate on %x at 2 times %one factor 2.000000e+00 : (tensor<6x16xbf16>, tensor<6x16xbf16>, tensor<1x12xbf16>, tensor<6x16xbf16>, tensor<f32>) -> (tensor<6x16xbf16>, tensor<6x12xbf16>, tensor<1x12xf32>, tensor<f32>)
    %sm = gpt.smear %x by %gate times %one at 0 : [6, 16], [1, 12], [] f32 -> [6, 16]
    %dnext, %dsl, %dgate, %dlambda = gpt.smear_backward %x, %x by %gate times %one at 0 : [6, 16], [6, 16], [1, 12], [] f32 -> [6, 16], [6, 12], [1, 12] f32, [] f32
    %sb = gpt.sigmoid_backward %x, %x : [6, 16], [6, 16] -> [6, 16]
    %rb = gpt.relu2_backward %x, %x : [6, 16], [6, 16] -> [6, 16]
    %cb = gpt.clamp_backward %x, %x (min = -1) : [6, 16], [6, 16] -> [6, 16]
    %nb = gpt.rms_norm_backward %x, %x : [6, 16], [6, 16] -> [6, 16]
  }
}
