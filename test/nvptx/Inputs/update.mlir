// Parameters as the record has them, in small: a bank's matrices that NorMuon sees as a stack, two kinds that become one though
// they differ in factors of their rate, and a table, gates and scalars for Adam. The loss is linear: gradients are the file's `_a`.
gpt.model @update {
  %adam, %normuon = gpt.base "../../../models/optimizers.mlir"
  gpt.let T, D = 64, F = 128, V = 70
  %lr = gpt.schedule(%step) {
    gpt.yield pick(%step, 1, 0.5)
  }
  %fixed = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %attn   = gpt.param 2 x [2*D, D] without 0 init 0 by %normuon (mu = 0.9) as [2, D, D]
  %up     = gpt.param [F, D] init 0 by %normuon
  %down   = gpt.param [F, D] init 0 by %normuon (lr_mul = 2, wd_mul = 3)
  %table  = gpt.param [V, D] init 0 by %adam (beta1 = 0.5, beta2 = 0.95, wd_mul = 150)
  %gates  = gpt.param [3, 2, 12] init 0 by %adam
  %scales = gpt.param [11] f32 init 0 by %adam (lr_mul = 5, wd_mul = 0)
  %attn_a   = gpt.param 2 x [2*D, D] f32 without 0 init 0 by %fixed
  %up_a     = gpt.param [F, D] f32 init 0 by %fixed
  %down_a   = gpt.param [F, D] f32 init 0 by %fixed
  %table_a  = gpt.param [V, D] f32 init 0 by %fixed
  %gates_a  = gpt.param [3, 2, 12] f32 init 0 by %fixed
  %scales_a = gpt.param [11] f32 init 0 by %fixed
  %two = gpt.func(%x, %x_a) {
    %m = gpt.mul %x, %x_a
    %s = gpt.reduce %m to []
    gpt.return %s
  }
  gpt.graph @train {
    %attn1 = gpt.row %attn[1]
    %attn1a = gpt.row %attn_a[1]
    %l0 = gpt.call %two(%attn1, %attn1a)
    %l1 = gpt.call %two(%up, %up_a)
    %l2 = gpt.call %two(%down, %down_a)
    %l3 = gpt.call %two(%table, %table_a)
    %l4 = gpt.call %two(%gates, %gates_a)
    %l5 = gpt.call %two(%scales, %scales_a)
    %s1 = gpt.add %l0, %l1
    %s2 = gpt.add %s1, %l2
    %s3 = gpt.add %s2, %l3
    %s4 = gpt.add %s3, %l4
    %s5 = gpt.add %s4, %l5
    gpt.return %s5
  }
  gpt.recipe (steps = 2, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
}
