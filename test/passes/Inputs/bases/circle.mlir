gpt.model @circle {
  %x = gpt.base "circle-back.mlir"
}
