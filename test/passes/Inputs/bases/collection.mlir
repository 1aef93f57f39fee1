// Functions for models to choose from: no graph, no recipe.
gpt.model @collection {
  gpt.let T, D = 4, factor = 2, other_factor = 3
  %unread = gpt.param [D, D] init 0 by %sgd
  %scaled = gpt.func(%x : [T, D]) {
    %y = gpt.scale %x by factor
    gpt.return %y
  }
  %other = gpt.func(%x : [T, D]) {
    %a = gpt.scale %x by 3
    %y = gpt.scale %x by other_factor
    gpt.return %y
  }
  %sgd = gpt.optimizer(%p, %g) (%rate = 1) {
    %u = gpt.scale %g by %rate
    %q = gpt.sub %p, %u
    gpt.return %q
  }
}
