// The record's model in a laptop's size, on bytes: all of its blocks, minutes on a CPU. Byte 0 ends a text.
gpt.model @nanogpt_tiny {
  gpt.base "nanogpt.mlir"
  gpt.let V = 256, D = 128, H = 4, K = 32, F = 512, window_unit = 32, document_token = 0, max_document_tokens = 512
  gpt.let micro_batches = 2, tokens_stage1 = 1024, tokens_stage2 = 1024, tokens_stage3 = 1024, sample_tokens = 256
  gpt.let scheduled_steps = 440, extension_steps = 40
  gpt.let val_tokens = 16384, val_slice = 2048, val_every = 50, val_every_extension = 10, temperature = 0.7
}
