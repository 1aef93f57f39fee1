// SGD with Nesterov's momentum; embedding and head on the last of every three steps, with the sum of their gradients.
gpt.model @sgd {
  %lr = gpt.base "../../../models/mlp.mlir"
  gpt.let rate = 0.0005
  gpt.require rate > 0

  %sgd = gpt.optimizer(%p, %g) states(%m) (%beta = 0.9) {
    %b  = gpt.scale %m by %beta
    %mn = gpt.add %b, %g
    %c  = gpt.scale %mn by %beta
    %d  = gpt.add %c, %g
    %u  = gpt.scale %d by rate*%lr
    %pn = gpt.sub %p, %u
    gpt.return %pn, %mn
  }
  %seldom = gpt.optimizer(%p, %g) states(%m) (%beta = 0.9) every 3 {
    %b  = gpt.scale %m by %beta
    %mn = gpt.add %b, %g
    %u  = gpt.scale %mn by rate*%lr
    %pn = gpt.sub %p, %u
    gpt.return %pn, %mn
  }
  %embed  = gpt.param [V, D] init normal(1) by %seldom
  %c_fc   = gpt.param [F, D] init uniform(sqrt(3/D)) by %sgd
  %c_proj = gpt.param [F, D] init 0 by %sgd (beta = 0.8)
  %head   = gpt.param [V, D] init normal(0.05) by %seldom
}
