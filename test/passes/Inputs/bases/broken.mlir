gpt.model @broken {
  gpt.let D = 4, E = D +
}
