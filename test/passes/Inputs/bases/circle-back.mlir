gpt.model @circle_back {
  %x = gpt.base "circle.mlir"
}
