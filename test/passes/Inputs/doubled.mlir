// Twenty-four functions, each of which calls the one before it twice.
gpt.model @doubled {
  gpt.let T
  %in = gpt.input [T]
  %f0 = gpt.func(%x : [T]) {
    %y = gpt.scale %x by 2
    gpt.return %y
  }
  %f1 = gpt.func(%x : [T]) {
    %y = gpt.call %f0(%x)
    %z = gpt.call %f0(%y)
    gpt.return %z
  }
  %f2 = gpt.func(%x : [T]) {
    %y = gpt.call %f1(%x)
    %z = gpt.call %f1(%y)
    gpt.return %z
  }
  %f3 = gpt.func(%x : [T]) {
    %y = gpt.call %f2(%x)
    %z = gpt.call %f2(%y)
    gpt.return %z
  }
  %f4 = gpt.func(%x : [T]) {
    %y = gpt.call %f3(%x)
    %z = gpt.call %f3(%y)
    gpt.return %z
  }
  %f5 = gpt.func(%x : [T]) {
    %y = gpt.call %f4(%x)
    %z = gpt.call %f4(%y)
    gpt.return %z
  }
  %f6 = gpt.func(%x : [T]) {
    %y = gpt.call %f5(%x)
    %z = gpt.call %f5(%y)
    gpt.return %z
  }
  %f7 = gpt.func(%x : [T]) {
    %y = gpt.call %f6(%x)
    %z = gpt.call %f6(%y)
    gpt.return %z
  }
  %f8 = gpt.func(%x : [T]) {
    %y = gpt.call %f7(%x)
    %z = gpt.call %f7(%y)
    gpt.return %z
  }
  %f9 = gpt.func(%x : [T]) {
    %y = gpt.call %f8(%x)
    %z = gpt.call %f8(%y)
    gpt.return %z
  }
  %f10 = gpt.func(%x : [T]) {
    %y = gpt.call %f9(%x)
    %z = gpt.call %f9(%y)
    gpt.return %z
  }
  %f11 = gpt.func(%x : [T]) {
    %y = gpt.call %f10(%x)
    %z = gpt.call %f10(%y)
    gpt.return %z
  }
  %f12 = gpt.func(%x : [T]) {
    %y = gpt.call %f11(%x)
    %z = gpt.call %f11(%y)
    gpt.return %z
  }
  %f13 = gpt.func(%x : [T]) {
    %y = gpt.call %f12(%x)
    %z = gpt.call %f12(%y)
    gpt.return %z
  }
  %f14 = gpt.func(%x : [T]) {
    %y = gpt.call %f13(%x)
    %z = gpt.call %f13(%y)
    gpt.return %z
  }
  %f15 = gpt.func(%x : [T]) {
    %y = gpt.call %f14(%x)
    %z = gpt.call %f14(%y)
    gpt.return %z
  }
  %f16 = gpt.func(%x : [T]) {
    %y = gpt.call %f15(%x)
    %z = gpt.call %f15(%y)
    gpt.return %z
  }
  %f17 = gpt.func(%x : [T]) {
    %y = gpt.call %f16(%x)
    %z = gpt.call %f16(%y)
    gpt.return %z
  }
  %f18 = gpt.func(%x : [T]) {
    %y = gpt.call %f17(%x)
    %z = gpt.call %f17(%y)
    gpt.return %z
  }
  %f19 = gpt.func(%x : [T]) {
    %y = gpt.call %f18(%x)
    %z = gpt.call %f18(%y)
    gpt.return %z
  }
  %f20 = gpt.func(%x : [T]) {
    %y = gpt.call %f19(%x)
    %z = gpt.call %f19(%y)
    gpt.return %z
  }
  %f21 = gpt.func(%x : [T]) {
    %y = gpt.call %f20(%x)
    %z = gpt.call %f20(%y)
    gpt.return %z
  }
  %f22 = gpt.func(%x : [T]) {
    %y = gpt.call %f21(%x)
    %z = gpt.call %f21(%y)
    gpt.return %z
  }
  %f23 = gpt.func(%x : [T]) {
    %y = gpt.call %f22(%x)
    %z = gpt.call %f22(%y)
    gpt.return %z
  }
  %f24 = gpt.func(%x : [T]) {
    %y = gpt.call %f23(%x)
    %z = gpt.call %f23(%y)
    gpt.return %z
  }
  gpt.graph @train {
    %y = gpt.call %f24(%in)
    gpt.return %y
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = 32, document_token = 0, max_document = 32)
}
