// What sizes by name allow: NorMuon on both sides of a matrix, a parameter seen as several matrices (one a head), and
// Adafactor's second moments of rows and columns (arXiv:1804.04235), which are no state of the parameter's shape.
gpt.model @heads {
  %lr = gpt.base "../../../models/mlp.mlir"
  %normuon = gpt.base "../../../models/optimizers.mlir"
  gpt.let rate = 0.02, beta = 0.9
  gpt.require rate > 0, beta >= 0, beta < 1

  %adafactor = gpt.optimizer(%p : [M, N], %g) states(%r : [M, 1], %c : [1, N]) {
    %gg = gpt.mul %g, %g
    %ge = gpt.offset %gg by 1.0e-20
    %gr = gpt.reduce %ge to [M, 1]
    %gc = gpt.reduce %ge to [1, N]
    %r0 = gpt.scale %r by beta
    %r1 = gpt.scale %gr by (1 - beta)/N
    %rn = gpt.add %r0, %r1
    %c0 = gpt.scale %c by beta
    %c1 = gpt.scale %gc by (1 - beta)/M
    %cn = gpt.add %c0, %c1
    %s  = gpt.reduce %rn to [1, 1]
    %sm = gpt.scale %s by 1/M
    %rs = gpt.div %rn, %sm
    %v  = gpt.mul %rs, %cn
    %q  = gpt.sqrt %v
    %d  = gpt.div %g, %q
    %u  = gpt.scale %d by rate*%lr
    %pn = gpt.sub %p, %u
    gpt.return %pn, %rn, %cn
  }
  %embed  = gpt.param [V, D] init normal(1) by %adafactor
  %c_fc   = gpt.param [F, D] init uniform(sqrt(3/D)) by %normuon as [4, F/4, D]
  %c_proj = gpt.param [F, D] init uniform(sqrt(3/D)) by %normuon (lr_mul = 2, mu = 0.9)
  %head   = gpt.param [V, D] init normal(0.05) by %normuon
}
