// A function of the base that reads a function and an input which the base does not have.
gpt.model @new_function {
  %table, %first = gpt.base "bases/whole.mlir"
  %docs = gpt.input [T] i32
  %shifted = gpt.func(%x : [T, D]) {
    %e = gpt.embed %table[%docs]
    %y = gpt.add %x, %e
    gpt.return %y
  }
  %body = gpt.func(%x : [T, D]) {
    %t = gpt.call %shifted(%x)
    %y = gpt.mul %first, %t
    gpt.return %y
  }
}
