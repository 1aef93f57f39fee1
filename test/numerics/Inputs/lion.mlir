// Lion (arXiv:2302.06675): the sign of a mean of gradient and momentum.
gpt.model @lion {
  %lr = gpt.base "../../../models/mlp.mlir"
  gpt.let rate = 0.003, decay = 0.1
  gpt.require rate > 0, decay >= 0

  %lion = gpt.optimizer(%p, %g) states(%m) (%beta1 = 0.9, %beta2 = 0.99) {
    %m0 = gpt.scale %m by %beta1
    %g0 = gpt.scale %g by 1 - %beta1
    %c  = gpt.add %m0, %g0
    %s  = gpt.sign %c
    %w  = gpt.scale %p by decay
    %sw = gpt.add %s, %w
    %u  = gpt.scale %sw by rate*%lr
    %pn = gpt.sub %p, %u
    %m1 = gpt.scale %m by %beta2
    %g1 = gpt.scale %g by 1 - %beta2
    %mn = gpt.add %m1, %g1
    gpt.return %pn, %mn
  }
  %embed  = gpt.param [V, D] init normal(1) by %lion
  %c_fc   = gpt.param [F, D] init uniform(sqrt(3/D)) by %lion
  %c_proj = gpt.param [F, D] init 0 by %lion
  %head   = gpt.param [V, D] init normal(0.05) by %lion (beta1 = 0.95)
}
