gpt.model @broken {
  gpt.lett D = 4
}
