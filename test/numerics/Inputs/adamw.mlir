// AdamW (arXiv:1711.05101): a linear warm-up, then half a cosine; gradients are clipped to a global norm.
gpt.model @adamw {
  gpt.base "../../../models/mlp.mlir"
  gpt.let peak = 0.01, floor_lr = 0.001, warm_up = 3, clip = 2, eps = 1.0e-8, decay = 0.1, pi = 3.141592653589793
  gpt.require peak > 0, floor_lr >= 0, warm_up >= 1, warm_up < steps, clip > 0, eps > 0, decay >= 0

  %lr = gpt.schedule(%step) {
    %x = gpt.expr (%step - warm_up) / (steps - warm_up)
    // cos(πx) by its series: nothing else needs one.
    %y = gpt.expr pow(pi*(%x - 0.5), 2)
    %sine = gpt.expr pi*(%x - 0.5)*(1 - %y/6*(1 - %y/20*(1 - %y/42*(1 - %y/72*(1 - %y/110*(1 - %y/156*(1 - %y/210)))))))
    gpt.yield peak*(%step + 1) / warm_up if %step < warm_up else floor_lr + (peak - floor_lr)*(1 - %sine)/2
  } {shown}

  %adamw = gpt.optimizer(%p, %g, %norm) states(%m, %v) (%beta1 = 0.9, %beta2 = 0.95, %wd_mul = 1, %count) {
    %over = gpt.scale %norm by 1/clip
    %by   = gpt.clamp %over (min = 1)
    %gc   = gpt.div %g, %by
    %m0 = gpt.scale %m by %beta1
    %m1 = gpt.scale %gc by 1 - %beta1
    %mn = gpt.add %m0, %m1
    %gg = gpt.mul %gc, %gc
    %v0 = gpt.scale %v by %beta2
    %v1 = gpt.scale %gg by 1 - %beta2
    %vn = gpt.add %v0, %v1
    %vh = gpt.scale %vn by 1/(1 - pow(%beta2, %count))
    %r  = gpt.sqrt %vh
    %re = gpt.offset %r by eps
    %mh = gpt.scale %mn by 1/(1 - pow(%beta1, %count))
    %d  = gpt.div %mh, %re
    %w  = gpt.scale %p by decay*%wd_mul
    %dw = gpt.add %d, %w
    %u  = gpt.scale %dw by %lr
    %pn = gpt.sub %p, %u
    gpt.return %pn, %mn, %vn
  }
  %embed  = gpt.param [V, D] init normal(1) by %adamw (wd_mul = 0)
  %c_fc   = gpt.param [F, D] init uniform(sqrt(3/D)) by %adamw
  %c_proj = gpt.param [F, D] init 0 by %adamw
  %head   = gpt.param [V, D] init normal(0.05) by %adamw (beta2 = 0.99)
}
