// Optimizers of the Adam family, for models that name this file. Their rates follow the schedule %lr, which a model replaces.
gpt.model @optimizers {
  gpt.let adam_lr = 0.008, adam_eps = 1.0e-10, adam_decay = 0.005, stand_in_lr = 0.002

  %lr = gpt.schedule(%step) {
    gpt.yield 1
  }

  // Adam with bias correction (arXiv:1412.6980) and cautious decay: only where the step and the parameter have one sign.
  %adam = gpt.optimizer(%p, %g) states(%m, %v) (%beta1 = 0.9, %beta2 = 0.99, %lr_mul = 1, %wd_mul = 1, %count) every 2 {
    %m0 = gpt.scale %m by %beta1
    %m1 = gpt.scale %g by 1 - %beta1
    %mn = gpt.add %m0, %m1
    %gg = gpt.mul %g, %g
    %v0 = gpt.scale %v by %beta2
    %v1 = gpt.scale %gg by 1 - %beta2
    %vn = gpt.add %v0, %v1
    %r  = gpt.sqrt %vn
    %re = gpt.offset %r by adam_eps
    %d  = gpt.div %mn, %re
    %rate = gpt.expr adam_lr*%lr*%lr_mul
    %u  = gpt.scale %d by %rate * sqrt(1 - pow(%beta2, %count)) / (1 - pow(%beta1, %count))
    %up = gpt.mul %u, %p
    %c  = gpt.positive %up
    %cp = gpt.mul %c, %p
    %w  = gpt.scale %cp by %rate*%rate*adam_decay*%wd_mul
    %uw = gpt.add %u, %w
    %pn = gpt.sub %p, %uw
    gpt.return %pn, %mn, %vn
  }

  // Adam's rule on every step, in the place of NorMuon. A matrix may be `parts` matrices one above the other.
  %normuon = gpt.optimizer(%p, %g) states(%m, %v) (%lr_mul = 1, %wd_mul = 1, %parts = 1, %count) stand_in "NorMuon" {
    %m0 = gpt.scale %m by 0.9
    %m1 = gpt.scale %g by 0.1
    %mn = gpt.add %m0, %m1
    %gg = gpt.mul %g, %g
    %v0 = gpt.scale %v by 0.99
    %v1 = gpt.scale %gg by 0.01
    %vn = gpt.add %v0, %v1
    %r  = gpt.sqrt %vn
    %re = gpt.offset %r by adam_eps
    %d  = gpt.div %mn, %re
    %rate = gpt.expr stand_in_lr*%lr*%lr_mul
    %u  = gpt.scale %d by %rate * sqrt(1 - pow(0.99, %count)) / (1 - pow(0.9, %count))
    %up = gpt.mul %u, %p
    %c  = gpt.positive %up
    %cp = gpt.mul %c, %p
    %w  = gpt.scale %cp by %rate*%rate*adam_decay*%wd_mul
    %uw = gpt.add %u, %w
    %pn = gpt.sub %p, %uw
    gpt.return %pn, %mn, %vn
  }
}
