gpt.model @one {
}
gpt.model @two {
}
