// Shape rules once tensors have types; the numbers are those of the ops' descriptions.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// A result that does not follow from its operands.
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [4, 8] -> [4, 8]
  // expected-error @+1 {{'gpt.linear' op gives [6, 4], not [6, 8]}}
  %y = gpt.linear %x, %w : [6, 8], [4, 8] -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [4] -> [4]
  // expected-error @+1 {{'gpt.gate' op (C1) needs weights [G, n] and rows [T, D], not [4] and [6, 8]}}
  %y = gpt.gate %x by %w on %x at 0 factor 1.0 : tensor<6x8xbf16>, tensor<4xbf16>, tensor<6x8xbf16> -> tensor<6x8xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  // expected-error @+1 {{'gpt.gate' op (C2) reads columns 6 to 10 of [6, 8]}}
  %y = gpt.gate %x by %w on %x at 6 factor 1.0 : tensor<6x8xbf16>, tensor<1x4xbf16>, tensor<6x8xbf16> -> tensor<6x8xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [2, 4] -> [2, 4]
  // expected-error @+1 {{'gpt.gate' op (C3) has 2 gates for [6, 8]}}
  %y = gpt.gate %x by %w on %x at 0 factor 1.0 : tensor<6x8xbf16>, tensor<2x4xbf16>, tensor<6x8xbf16> -> tensor<6x8xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.reduce' op (C1) cannot sum [6, 8] to [4], which does not repeat to it}}
  %y = gpt.reduce %x to [4] : [6, 8] -> [4]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.pad' op (C2) puts [6, 8] at column 4 of 10}}
  %y = gpt.pad %x at 4 in 10 : [6, 8] -> [6, 10]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %z = gpt.input [6, 4] -> [6, 4]
  // expected-error @+1 {{'gpt.dot' op (C4) needs two tensors of one shape, not [6, 8] and [6, 4]}}
  %y = gpt.dot %x, %z : [6, 8], [6, 4] -> [] f32
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 8] -> [6, 2, 8]
  %t = gpt.input [6, 4] -> [6, 4]
  // expected-error @+1 {{'gpt.rotate' op (C2) needs a table [T, group*K/2] for [6, 2, 8], not [6, 4]}}
  %y = gpt.rotate %x by %t, %t group 2 : [6, 2, 8], [6, 4], [6, 4] -> [6, 2, 8]
}

// -----
// Positions go up to T − 1, whatever they look up.
gpt.part @p "micro" {
  %docs = gpt.input [6] i32 -> [6] i32
  %table = gpt.input [4, 8] -> [4, 8]
  // expected-error @+1 {{'gpt.embed' op (C2) takes 'docs', positions up to 5, among 4 rows: it needs as many as there are tokens, 6}}
  %y = gpt.embed %table[%docs] : [4, 8], [6] i32 -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %docs = gpt.input [6] i32 -> [6] i32
  %x = gpt.input [6, 5] -> [6, 5]
  // expected-error @+1 {{'gpt.cross_entropy' op (C2) takes 'docs', positions up to 5, among 5 columns: it needs as many as there are tokens, 6}}
  %y = gpt.cross_entropy %x, %docs : [6, 5], [6] i32 -> [] f32
}

// -----
gpt.part @p "micro" {
  %tokens = gpt.input [6] i32 -> [6] i32
  %x = gpt.input [6, 2, 8] -> [6, 2, 8]
  // expected-error @+1 {{'gpt.attention' op (C4) takes 'tokens' for where documents begin: that is an input of 'docs'}}
  %y = gpt.attention %x, %x, %x documents %tokens (window = 8, scale = 1) : [6, 2, 8], [6, 2, 8], [6, 2, 8], [6] i32 -> [6, 2, 8]
}

// -----
// A gate stands beside the rows that it gates.
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %r = gpt.input [1, 8] -> [1, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  // expected-error @+1 {{'gpt.gate' op (C3) has gates for the rows of [1, 8], not of [6, 8]}}
  %y = gpt.gate %x by %w on %r at 0 factor 1.0 : tensor<6x8xbf16>, tensor<1x4xbf16>, tensor<1x8xbf16> -> tensor<6x8xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [2, 4] -> [2, 4]
  %one = gpt.input [] f32 -> [] f32
  // expected-error @+1 {{'gpt.smear' op (C3) has one gate a row, not 2}}
  %y = gpt.smear %x by %w times %one at 0 : [6, 8], [2, 4], [] f32 -> [6, 8]
}

// -----
// Stacks of matrices are contracted matrix by matrix.
gpt.part @p "micro" {
  %x = gpt.input [2, 6, 8] -> [2, 6, 8]
  %w = gpt.input [3, 4, 8] -> [3, 4, 8]
  // expected-error @+1 {{'gpt.linear' op (C3) contracts matrix by matrix: [2, 6, 8] has 2 of them, [3, 4, 8] 3}}
  %y = gpt.linear %x, %w : [2, 6, 8], [3, 4, 8] -> [2, 6, 4]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [2, 6, 8] -> [2, 6, 8]
  %w = gpt.input [2, 4, 8] -> [2, 4, 8]
  // expected-error @+1 {{'gpt.matmul' op (C2) contracts the last dimension of [2, 6, 8] with the second of [2, 4, 8]: 8 is not 4}}
  %y = gpt.matmul %x, %w : [2, 6, 8], [2, 4, 8] -> [2, 6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [2, 6, 8] -> [2, 6, 8]
  %w = gpt.input [4, 8] -> [4, 8]
  // expected-error @+1 {{'gpt.linear' op (C1) contracts matrices, not [2, 6, 8] and [4, 8]: reshape to [rows, columns] first}}
  %y = gpt.linear %x, %w : [2, 6, 8], [4, 8] -> [2, 6, 4]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [2, 6, 8] -> [2, 6, 8]
  %w = gpt.input [3, 6, 8] -> [3, 6, 8]
  // expected-error @+1 {{'gpt.outer' op (C1) contracts the rows of two matrices, not of [2, 6, 8] and [3, 6, 8]}}
  %y = gpt.outer %x, %w : [2, 6, 8], [3, 6, 8] -> [2, 8, 8] f32
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [8] -> [8]
  // expected-error @+1 {{'gpt.outer' op (C1) contracts the rows of two matrices, not of [8] and [8]}}
  %y = gpt.outer %x, %x : [8], [8] -> [8, 8] f32
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [8] -> [8]
  // expected-error @+1 {{'gpt.gram' op (C1) multiplies the rows of a matrix or of a stack of matrices, [B, M, N], not of [8]}}
  %y = gpt.gram %x : [8] -> [8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [2, 2, 6, 8] -> [2, 2, 6, 8]
  // expected-error @+1 {{'gpt.transpose' op (C1) swaps rows and columns of a matrix or of a stack of matrices, [B, M, N], not of [2, 2, 6, 8]}}
  %y = gpt.transpose %x : [2, 2, 6, 8] -> [2, 2, 8, 6]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.transpose' op gives [8, 6], not [6, 8]}}
  %y = gpt.transpose %x (on = 1) : [6, 8] -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.clamp' op (C1) has no limit: give `min = …`, `max = …` or both}}
  %y = gpt.clamp %x : [6, 8] -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.if_finite' op (C1) looks at a scalar, not at [6, 8]}}
  %y = gpt.if_finite %x then %x else %x : [6, 8], [6, 8], [6, 8] -> [6, 8]
}

// -----

gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %s = gpt.fill 1 -> [] f32
  %w = gpt.input [8, 8] -> [8, 8]
  // expected-error @+1 {{'gpt.if_finite' op (C4)}}
  %y = gpt.if_finite %s then %x else %w : [] f32, [6, 8], [8, 8] -> [6, 8]
}

// -----

gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.clamp_backward' op (C1) has no limit}}
  %y = gpt.clamp_backward %x, %x : [6, 8], [6, 8] -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.stored' op (C1) is as a parameter of bf16 keeps it, not of 'f32'}}
  %y = gpt.stored %x to f32 : [6, 8] -> [6, 8] f32
}

// -----
gpt.part @p "update" {
  // expected-error @+1 {{'gpt.numbers' op (C1) needs a count, at least 1, for each number}}
  %x = gpt.numbers 2 x 0.5, 0 x 1 -> [2] f32
}

// -----
gpt.part @p "update" {
  // expected-error @+1 {{'gpt.numbers' op (C2) has [4] f32 for another number of elements}}
  %x = gpt.numbers 2 x 0.5, 1 x 1 -> [4] f32
}

// -----
gpt.part @p "update" {
  // expected-error @+1 {{'gpt.numbers' op (C2) has [2] f32 for another number of elements}}
  %x = gpt.numbers 4 x 0.5, 1 x 1 {ranks = 2 : i64} -> [2] f32
}

// -----
// Each of two ranks has room for half of them.
gpt.part @p "update" {
  %x = gpt.numbers 4 x 0.5, 1 x 1 {ranks = 2 : i64} -> [3] f32
  // expected-error @+1 {{'gpt.numbers' op (C2) has [2, 1] f32 for another number of elements}}
  %y = gpt.numbers 2 x 0.5 -> [2, 1] f32
}

// -----
%g = gpt.state "gradient" -> [8, 16] f32
gpt.part @p "update" {
  // expected-error @+1 {{'gpt.sum_ranks' op (C1) gives another shape than it is given}}
  %x = gpt.sum_ranks %g : [8, 16] f32 -> [4, 16] f32
}

// -----
%g = gpt.state "gradient" -> [8, 16] f32
gpt.part @p "update" {
  // expected-error @+1 {{'gpt.reduce_scatter' op (C1) gives something else than rows of what it is given}}
  %x = gpt.reduce_scatter %g : [8, 16] f32 -> [4, 8] f32
}

// -----
%w = gpt.state "derived" -> [8, 16]
%s = gpt.state "share" of "w" -> [4, 8]
gpt.part @p "update" {
  // expected-error @+1 {{'gpt.all_gather' op (C1) is given something else than rows of its target}}
  gpt.all_gather %w from %s : [8, 16], [4, 8]
}
