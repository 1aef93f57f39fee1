// Functions of any shape that call each other twice are checked once for each shape, not once for each path.
// RUN: gptc-opt %s -o /dev/null
gpt.model @m {
  gpt.let T, D = 8
  %x = gpt.input [T, D]
  %f0 = gpt.func(%a) {
    gpt.return %a
  }
  %f1 = gpt.func(%a) {
    %b = gpt.call %f0(%a)
    %c = gpt.call %f0(%b)
    gpt.return %c
  }
  %f2 = gpt.func(%a) {
    %b = gpt.call %f1(%a)
    %c = gpt.call %f1(%b)
    gpt.return %c
  }
  %f3 = gpt.func(%a) {
    %b = gpt.call %f2(%a)
    %c = gpt.call %f2(%b)
    gpt.return %c
  }
  %f4 = gpt.func(%a) {
    %b = gpt.call %f3(%a)
    %c = gpt.call %f3(%b)
    gpt.return %c
  }
  %f5 = gpt.func(%a) {
    %b = gpt.call %f4(%a)
    %c = gpt.call %f4(%b)
    gpt.return %c
  }
  %f6 = gpt.func(%a) {
    %b = gpt.call %f5(%a)
    %c = gpt.call %f5(%b)
    gpt.return %c
  }
  %f7 = gpt.func(%a) {
    %b = gpt.call %f6(%a)
    %c = gpt.call %f6(%b)
    gpt.return %c
  }
  %f8 = gpt.func(%a) {
    %b = gpt.call %f7(%a)
    %c = gpt.call %f7(%b)
    gpt.return %c
  }
  %f9 = gpt.func(%a) {
    %b = gpt.call %f8(%a)
    %c = gpt.call %f8(%b)
    gpt.return %c
  }
  %f10 = gpt.func(%a) {
    %b = gpt.call %f9(%a)
    %c = gpt.call %f9(%b)
    gpt.return %c
  }
  %f11 = gpt.func(%a) {
    %b = gpt.call %f10(%a)
    %c = gpt.call %f10(%b)
    gpt.return %c
  }
  %f12 = gpt.func(%a) {
    %b = gpt.call %f11(%a)
    %c = gpt.call %f11(%b)
    gpt.return %c
  }
  %f13 = gpt.func(%a) {
    %b = gpt.call %f12(%a)
    %c = gpt.call %f12(%b)
    gpt.return %c
  }
  %f14 = gpt.func(%a) {
    %b = gpt.call %f13(%a)
    %c = gpt.call %f13(%b)
    gpt.return %c
  }
  %f15 = gpt.func(%a) {
    %b = gpt.call %f14(%a)
    %c = gpt.call %f14(%b)
    gpt.return %c
  }
  %f16 = gpt.func(%a) {
    %b = gpt.call %f15(%a)
    %c = gpt.call %f15(%b)
    gpt.return %c
  }
  %f17 = gpt.func(%a) {
    %b = gpt.call %f16(%a)
    %c = gpt.call %f16(%b)
    gpt.return %c
  }
  %f18 = gpt.func(%a) {
    %b = gpt.call %f17(%a)
    %c = gpt.call %f17(%b)
    gpt.return %c
  }
  %f19 = gpt.func(%a) {
    %b = gpt.call %f18(%a)
    %c = gpt.call %f18(%b)
    gpt.return %c
  }
  %f20 = gpt.func(%a) {
    %b = gpt.call %f19(%a)
    %c = gpt.call %f19(%b)
    gpt.return %c
  }
  %f21 = gpt.func(%a) {
    %b = gpt.call %f20(%a)
    %c = gpt.call %f20(%b)
    gpt.return %c
  }
  %f22 = gpt.func(%a) {
    %b = gpt.call %f21(%a)
    %c = gpt.call %f21(%b)
    gpt.return %c
  }
  %f23 = gpt.func(%a) {
    %b = gpt.call %f22(%a)
    %c = gpt.call %f22(%b)
    gpt.return %c
  }
  %f24 = gpt.func(%a) {
    %b = gpt.call %f23(%a)
    %c = gpt.call %f23(%b)
    gpt.return %c
  }
  %f25 = gpt.func(%a) {
    %b = gpt.call %f24(%a)
    %c = gpt.call %f24(%b)
    gpt.return %c
  }
  %f26 = gpt.func(%a) {
    %b = gpt.call %f25(%a)
    %c = gpt.call %f25(%b)
    gpt.return %c
  }
  %f27 = gpt.func(%a) {
    %b = gpt.call %f26(%a)
    %c = gpt.call %f26(%b)
    gpt.return %c
  }
  %f28 = gpt.func(%a) {
    %b = gpt.call %f27(%a)
    %c = gpt.call %f27(%b)
    gpt.return %c
  }
  %f29 = gpt.func(%a) {
    %b = gpt.call %f28(%a)
    %c = gpt.call %f28(%b)
    gpt.return %c
  }
  %f30 = gpt.func(%a) {
    %b = gpt.call %f29(%a)
    %c = gpt.call %f29(%b)
    gpt.return %c
  }
  gpt.graph @train {
    %y = gpt.call %f30(%x)
    gpt.return %y
  }
}
