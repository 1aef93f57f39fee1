// Each operand that an op of a part asks something of, and what it says of another.
// RUN: gptc-opt %s --split-input-file --verify-diagnostics
// One mistake, one error: none has another at its place.
// RUN: not gptc-opt %s --split-input-file 2>&1 | grep ' error: ' | sed 's/ error: .*//' | sort | uniq -d | count 0

// Views.
gpt.part @p "micro" {
  %x = gpt.input [] -> []
  // expected-error @+1 {{'gpt.row' op (C1) needs a tensor with rows, not a single number}}
  %y = gpt.row %x[0] : [] -> []
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [] -> []
  // expected-error @+1 {{'gpt.slice' op (C1) needs a tensor with columns, not a single number}}
  %y = gpt.slice %x at 0 size 1 : [] -> [1]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [] -> []
  // expected-error @+1 {{'gpt.rows' op (C1) needs a tensor with rows, not a single number}}
  %y = gpt.rows %x at 0 size 1 : [] -> [1]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [] -> []
  // expected-error @+1 {{'gpt.pad_rows' op (C1) needs a tensor with rows, not a single number}}
  %y = gpt.pad_rows %x at 0 in 4 : [] -> [4]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [] -> []
  // expected-error @+1 {{'gpt.shift' op (C1) needs a tensor with rows, not a single number}}
  %y = gpt.shift %x : [] -> []
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.slice' op (C2) takes 0 to 2.5 of 8 columns ([6, 8])}}
  %y = gpt.slice %x at 0 size 2.5 : [6, 8] -> [6, 2]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.slice' op (C2) takes 0 to 0 of 8 columns ([6, 8])}}
  %y = gpt.slice %x at 0 size 0 : [6, 8] -> [6, 1]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.reshape' op (C1) makes [6, 9], 54 elements, of [6, 8], 48 elements}}
  %y = gpt.reshape %x to [6, 9] : [6, 8] -> [6, 9]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 9] -> [6, 9]
  // expected-error @+1 {{'gpt.split' op (C1) makes three of [6, 4], 3 x 24 elements, of [6, 9], 54 elements}}
  %a, %b, %c = gpt.split %x to [6, 4] : [6, 9] -> [6, 4], [6, 4], [6, 4]
}

// -----
// Columns.
gpt.part @p "micro" {
  %x = gpt.input [] -> []
  // expected-error @+1 {{'gpt.concat' op (C1) puts three tensors of one shape beside each other, not [], [] and []}}
  %y = gpt.concat %x, %x, %x : [], [], [] -> [3]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %z = gpt.input [6, 4] -> [6, 4]
  // expected-error @+1 {{'gpt.concat' op (C1) puts three tensors of one shape beside each other, not [6, 8], [6, 4] and [6, 8]}}
  %y = gpt.concat %x, %z, %x : [6, 8], [6, 4], [6, 8] -> [6, 24]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %z = gpt.input [6, 4] -> [6, 4]
  // expected-error @+1 {{'gpt.concat' op (C1) puts three tensors of one shape beside each other, not [6, 8], [6, 8] and [6, 4]}}
  %y = gpt.concat %x, %x, %z : [6, 8], [6, 8], [6, 4] -> [6, 24]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.pad' op (C2) puts [6, 8] at column 0.5 of 16}}
  %y = gpt.pad %x at 0.5 in 16 : [6, 8] -> [6, 16]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.pad' op (C2) puts [6, 8] at column 0 of 16.5}}
  %y = gpt.pad %x at 0 in 16.5 : [6, 8] -> [6, 16]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.pad' op (C2) puts [6, 8] at column -1 of 16}}
  %y = gpt.pad %x at -1 in 16 : [6, 8] -> [6, 16]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.reduce' op (C1) cannot sum [6, 8] to [6, 8, 1], which does not repeat to it}}
  %y = gpt.reduce %x to [6, 8, 1] : [6, 8] -> [6, 8, 1]
}

// -----
// Look-ups.
gpt.part @p "micro" {
  %w = gpt.input [6, 2, 4] -> [6, 2, 4]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.embed' op (C1) looks up i32 tokens in a table [rows, columns], not [6] i32 in [6, 2, 4]}}
  %y = gpt.embed %w[%i] : [6, 2, 4], [6] i32 -> [6, 2, 4]
}

// -----
gpt.part @p "micro" {
  %w = gpt.input [6, 8] -> [6, 8]
  %i = gpt.input [6, 1] i32 -> [6, 1] i32
  // expected-error @+1 {{'gpt.embed' op (C1) looks up i32 tokens in a table [rows, columns], not [6, 1] i32 in [6, 8]}}
  %y = gpt.embed %w[%i] : [6, 8], [6, 1] i32 -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %byte_order = gpt.input order [6] i32 -> [6] i32
  %w = gpt.input [4, 8] -> [4, 8]
  // expected-error @+1 {{'gpt.embed' op (C2) takes 'byte_order', positions up to 5, among 4 rows: it needs as many as there are tokens, 6}}
  %y = gpt.embed %w[%byte_order] : [4, 8], [6] i32 -> [6, 8]
}

// -----
// Gates.
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 4] -> [6, 2, 4]
  %w = gpt.input [1, 4] -> [1, 4]
  // expected-error @+1 {{'gpt.gate' op (C1) needs weights [G, n] and rows [T, D], not [1, 4] and [6, 2, 4]}}
  %y = gpt.gate %x by %w on %x at 0 factor 1.0 : tensor<6x2x4xbf16>, tensor<1x4xbf16>, tensor<6x2x4xbf16> -> tensor<6x2x4xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  // expected-error @+1 {{'gpt.gate' op (C2) reads columns -1 to 3 of [6, 8]}}
  %y = gpt.gate %x by %w on %x at -1 factor 1.0 : tensor<6x8xbf16>, tensor<1x4xbf16>, tensor<6x8xbf16> -> tensor<6x8xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [2, 4] -> [2, 4]
  %v = gpt.input [6] -> [6]
  // expected-error @+1 {{'gpt.gate' op (C3) has 2 gates for [6]}}
  %y = gpt.gate %v by %w on %x at 0 factor 1.0 : tensor<6xbf16>, tensor<2x4xbf16>, tensor<6x8xbf16> -> tensor<6xbf16>
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  %v = gpt.input [] -> []
  // expected-error @+1 {{'gpt.gate' op (C3) has gates for the rows of [6, 8], not of []}}
  %y = gpt.gate %v by %w on %x at 0 factor 1.0 : tensor<bf16>, tensor<1x4xbf16>, tensor<6x8xbf16> -> tensor<bf16>
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 4] -> [6, 4]
  %v = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.gate_backward' op (C4) needs two tensors of one shape, not [6, 4] and [6, 8]}}
  %a, %b, %c = gpt.gate_backward %d, %v by %w on %x at 0 factor 1.0 : (tensor<6x4xbf16>, tensor<6x8xbf16>, tensor<1x4xbf16>, tensor<6x8xbf16>) -> (tensor<6x8xbf16>, tensor<6x4xbf16>, tensor<1x4xf32>)
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 8] -> [6, 8]
  %v = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.gate_backward' op (C2) reads columns 6 to 10 of [6, 8]}}
  %a, %b, %c = gpt.gate_backward %d, %v by %w on %x at 6 factor 1.0 : (tensor<6x8xbf16>, tensor<6x8xbf16>, tensor<1x4xbf16>, tensor<6x8xbf16>) -> (tensor<6x8xbf16>, tensor<6x4xbf16>, tensor<1x4xf32>)
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 8] -> [6, 8]
  %v = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [2, 4] -> [2, 4]
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.gate_backward' op (C3) has 2 gates for [6, 8]}}
  %a, %b, %c = gpt.gate_backward %d, %v by %w on %x at 0 factor 1.0 : (tensor<6x8xbf16>, tensor<6x8xbf16>, tensor<2x4xbf16>, tensor<6x8xbf16>) -> (tensor<6x8xbf16>, tensor<6x4xbf16>, tensor<2x4xf32>)
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  %l = gpt.input [] f32 -> [] f32
  // expected-error @+1 {{'gpt.smear' op (C2) reads columns 6 to 10 of [6, 8]}}
  %y = gpt.smear %x by %w times %l at 6 : [6, 8], [1, 4], [] f32 -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 4] -> [6, 4]
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  %l = gpt.input [] f32 -> [] f32
  // expected-error @+1 {{'gpt.smear_backward' op (C4) needs two tensors of one shape, not [6, 4] and [6, 8]}}
  %a, %b, %c, %e = gpt.smear_backward %d, %x by %w times %l at 0 : [6, 4], [6, 8], [1, 4], [] f32 -> [6, 8], [6, 4], [1, 4] f32, [] f32
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 8] -> [6, 8]
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [2, 4] -> [2, 4]
  %l = gpt.input [] f32 -> [] f32
  // expected-error @+1 {{'gpt.smear_backward' op (C3) has one gate a row, not 2}}
  %a, %b, %c, %e = gpt.smear_backward %d, %x by %w times %l at 0 : [6, 8], [6, 8], [2, 4], [] f32 -> [6, 8], [6, 4], [2, 4] f32, [] f32
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 8] -> [6, 8]
  %x = gpt.input [6, 4] -> [6, 4]
  // expected-error @+1 {{'gpt.sigmoid_backward' op (C4) needs two tensors of one shape, not [6, 8] and [6, 4]}}
  %y = gpt.sigmoid_backward %d, %x : [6, 8], [6, 4] -> [6, 8]
}

// -----
// Contractions.
gpt.part @p "micro" {
  %a = gpt.input [6, 2, 4] -> [6, 2, 4]
  %b = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.outer' op (C1) contracts the rows of two matrices, not of [6, 2, 4] and [6, 8]}}
  %y = gpt.outer %a, %b : [6, 2, 4], [6, 8] -> [2, 8] f32
}

// -----
gpt.part @p "micro" {
  %a = gpt.input [6, 8] -> [6, 8]
  %b = gpt.input [6, 2, 4] -> [6, 2, 4]
  // expected-error @+1 {{'gpt.outer' op (C1) contracts the rows of two matrices, not of [6, 8] and [6, 2, 4]}}
  %y = gpt.outer %a, %b : [6, 8], [6, 2, 4] -> [8, 2] f32
}

// -----
gpt.part @p "micro" {
  %a = gpt.input [6, 8] -> [6, 8]
  %b = gpt.input [5, 4] -> [5, 4]
  // expected-error @+1 {{'gpt.outer' op (C1) contracts the rows of two matrices, not of [6, 8] and [5, 4]}}
  %y = gpt.outer %a, %b : [6, 8], [5, 4] -> [8, 4] f32
}

// -----
// Positions.
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 6] -> [6, 2, 6]
  %f = gpt.input [1] f32 -> [1] f32
  // expected-error @+1 {{'gpt.rotary' op (C2) rotates quarters of a head: K must be a multiple of 4, not 6}}
  %y = gpt.rotary %x, %f : [6, 2, 6], [1] f32 -> [6, 2, 6]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 8] -> [6, 2, 8]
  %f = gpt.input [5] f32 -> [5] f32
  // expected-error @+1 {{'gpt.rotary' op (C2) rotates 10 of 8 dimensions of a head: K must hold twice the frequencies}}
  %y = gpt.rotary %x, %f : [6, 2, 8], [5] f32 -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %f = gpt.input [4] f32 -> [4] f32
  // expected-error @+1 {{'gpt.rotary_table' op (C1) cannot hold [4] f32 in 0 rows of 1 x 8}}
  %a, %b = gpt.rotary_table %f rows 0 half 8 group 1 : [4] f32 -> [6, 8], [6, 8]
}

// -----
gpt.part @p "micro" {
  %f = gpt.input [4] f32 -> [4] f32
  // expected-error @+1 {{'gpt.rotary_table' op (C1) cannot hold [4] f32 in 6 rows of 0 x 8}}
  %a, %b = gpt.rotary_table %f rows 6 half 8 group 0 : [4] f32 -> [6, 8], [6, 8]
}

// -----
gpt.part @p "micro" {
  %f = gpt.input [4] f32 -> [4] f32
  // expected-error @+1 {{'gpt.rotary_table' op (C1) cannot hold [4] f32 in 6 rows of 1 x 2}}
  %a, %b = gpt.rotary_table %f rows 6 half 2 group 1 : [4] f32 -> [6, 8], [6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 16] -> [6, 16]
  %a = gpt.input [6, 4] -> [6, 4]
  %b = gpt.input [6, 4] -> [6, 4]
  // expected-error @+1 {{'gpt.rotate' op (C1) works on heads, [T, H, K], not [6, 16]}}
  %y = gpt.rotate %x by %a, %b group 1 : [6, 16], [6, 4], [6, 4] -> [6, 16]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 8] -> [6, 2, 8]
  %a = gpt.input [6, 4] -> [6, 4]
  %b = gpt.input [6, 2] -> [6, 2]
  // expected-error @+1 {{'gpt.rotate' op (C4) needs two tensors of one shape, not [6, 4] and [6, 2]}}
  %y = gpt.rotate %x by %a, %b group 1 : [6, 2, 8], [6, 4], [6, 2] -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 8] -> [6, 2, 8]
  %a = gpt.input [6, 1, 4] -> [6, 1, 4]
  %b = gpt.input [6, 1, 4] -> [6, 1, 4]
  // expected-error @+1 {{'gpt.rotate' op (C2) needs a table [T, group*K/2] for [6, 2, 8], not [6, 1, 4]}}
  %y = gpt.rotate %x by %a, %b group 1 : [6, 2, 8], [6, 1, 4], [6, 1, 4] -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 8] -> [6, 2, 8]
  %a = gpt.input [5, 4] -> [5, 4]
  %b = gpt.input [5, 4] -> [5, 4]
  // expected-error @+1 {{'gpt.rotate' op (C2) needs a table [T, group*K/2] for [6, 2, 8], not [5, 4]}}
  %y = gpt.rotate %x by %a, %b group 1 : [6, 2, 8], [5, 4], [5, 4] -> [6, 2, 8]
}

// -----
// Attention.
gpt.part @p "micro" {
  %q = gpt.input [6, 16] -> [6, 16]
  %k = gpt.input [6, 16] -> [6, 16]
  %v = gpt.input [6, 16] -> [6, 16]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention' op (C1) needs q, k and v of one shape [T, H, K], not [6, 16], [6, 16] and [6, 16]}}
  %y = gpt.attention %q, %k, %v documents %i (window = 8, scale = 1) : [6, 16], [6, 16], [6, 16], [6] i32 -> [6, 16]
}

// -----
gpt.part @p "micro" {
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 1, 8] -> [6, 1, 8]
  %v = gpt.input [6, 2, 8] -> [6, 2, 8]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention' op (C1) needs q, k and v of one shape [T, H, K], not [6, 2, 8], [6, 1, 8] and [6, 2, 8]}}
  %y = gpt.attention %q, %k, %v documents %i (window = 8, scale = 1) : [6, 2, 8], [6, 1, 8], [6, 2, 8], [6] i32 -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 2, 8] -> [6, 2, 8]
  %v = gpt.input [6, 1, 8] -> [6, 1, 8]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention' op (C1) needs q, k and v of one shape [T, H, K], not [6, 2, 8], [6, 2, 8] and [6, 1, 8]}}
  %y = gpt.attention %q, %k, %v documents %i (window = 8, scale = 1) : [6, 2, 8], [6, 2, 8], [6, 1, 8], [6] i32 -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 2, 8] -> [6, 2, 8]
  %v = gpt.input [6, 2, 8] -> [6, 2, 8]
  %i = gpt.input [6, 1] i32 -> [6, 1] i32
  // expected-error @+1 {{'gpt.attention' op (C2) needs for each of 6 rows where its document begins, i32, not [6, 1] i32}}
  %y = gpt.attention %q, %k, %v documents %i (window = 8, scale = 1) : [6, 2, 8], [6, 2, 8], [6, 2, 8], [6, 1] i32 -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 2, 8] -> [6, 2, 8]
  %v = gpt.input [6, 2, 8] -> [6, 2, 8]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention' op (C3) cannot make groups of 3 of 2 heads}}
  %y = gpt.attention %q, %k, %v documents %i (window = 8, scale = 1, group = 3) : [6, 2, 8], [6, 2, 8], [6, 2, 8], [6] i32 -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 2, 8] -> [6, 2, 8]
  %v = gpt.input [6, 2, 8] -> [6, 2, 8]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention' op (C3) cannot make groups of 0 of 2 heads}}
  %y = gpt.attention %q, %k, %v documents %i (window = 8, scale = 1, group = 0) : [6, 2, 8], [6, 2, 8], [6, 2, 8], [6] i32 -> [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %q = gpt.input [6, 16] -> [6, 16]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention_saving' op (C1) needs q, k and v of one shape [T, H, K], not [6, 16], [6, 16] and [6, 16]}}
  %y, %l = gpt.attention_saving %q, %q, %q documents %i (window = 8, scale = 1) : [6, 16], [6, 16], [6, 16], [6] i32 -> [6, 16], [6, 16] f32
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 2, 8] -> [6, 2, 8]
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 1, 8] -> [6, 1, 8]
  %y = gpt.input [6, 2, 8] -> [6, 2, 8]
  %l = gpt.input [6, 2] f32 -> [6, 2] f32
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention_backward' op (C1) needs q, k and v of one shape [T, H, K], not [6, 2, 8], [6, 1, 8] and [6, 1, 8]}}
  %a, %b, %c = gpt.attention_backward %d, %q, %k, %k, %y, %l documents %i (window = 8, scale = 1) : [6, 2, 8], [6, 2, 8], [6, 1, 8], [6, 1, 8], [6, 2, 8], [6, 2] f32, [6] i32 -> [6, 2, 8], [6, 1, 8], [6, 1, 8]
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 1, 8] -> [6, 1, 8]
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 2, 8] -> [6, 2, 8]
  %y = gpt.input [6, 2, 8] -> [6, 2, 8]
  %l = gpt.input [6, 2] f32 -> [6, 2] f32
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention_backward' op (C4) needs two tensors of one shape, not [6, 1, 8] and [6, 2, 8]}}
  %a, %b, %c = gpt.attention_backward %d, %q, %k, %k, %y, %l documents %i (window = 8, scale = 1) : [6, 1, 8], [6, 2, 8], [6, 2, 8], [6, 2, 8], [6, 2, 8], [6, 2] f32, [6] i32 -> [6, 2, 8], [6, 2, 8], [6, 2, 8]
}

// -----
gpt.part @p "micro" {
  %d = gpt.input [6, 2, 8] -> [6, 2, 8]
  %q = gpt.input [6, 2, 8] -> [6, 2, 8]
  %k = gpt.input [6, 2, 8] -> [6, 2, 8]
  %y = gpt.input [6, 1, 8] -> [6, 1, 8]
  %l = gpt.input [6, 2] f32 -> [6, 2] f32
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.attention_backward' op (C4) needs two tensors of one shape, not [6, 1, 8] and [6, 2, 8]}}
  %a, %b, %c = gpt.attention_backward %d, %q, %k, %k, %y, %l documents %i (window = 8, scale = 1) : [6, 2, 8], [6, 2, 8], [6, 2, 8], [6, 2, 8], [6, 1, 8], [6, 2] f32, [6] i32 -> [6, 2, 8], [6, 2, 8], [6, 2, 8]
}

// -----
// The loss.
gpt.part @p "micro" {
  %x = gpt.input [6, 2, 4] -> [6, 2, 4]
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.cross_entropy' op (C1) needs logits [T, V] and targets [T] i32, not [6, 2, 4] and [6] i32}}
  %y = gpt.cross_entropy %x, %i : [6, 2, 4], [6] i32 -> [] f32
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %i = gpt.input [5] i32 -> [5] i32
  // expected-error @+1 {{'gpt.cross_entropy' op (C1) needs logits [T, V] and targets [T] i32, not [6, 8] and [5] i32}}
  %y = gpt.cross_entropy %x, %i : [6, 8], [5] i32 -> [] f32
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %i = gpt.input [6, 1] i32 -> [6, 1] i32
  // expected-error @+1 {{'gpt.cross_entropy' op (C1) needs logits [T, V] and targets [T] i32, not [6, 8] and [6, 1] i32}}
  %y = gpt.cross_entropy %x, %i : [6, 8], [6, 1] i32 -> [] f32
}

// -----
gpt.part @p "micro" {
  %s = gpt.input [] f32 -> [] f32
  %x = gpt.input [6, 8] -> [6, 8]
  %i = gpt.input [5] i32 -> [5] i32
  // expected-error @+1 {{'gpt.cross_entropy_backward' op (C1) needs logits [T, V] and targets [T] i32, not [6, 8] and [5] i32}}
  %y = gpt.cross_entropy_backward %s, %x, %i (w0 = 1) : [] f32, [6, 8], [5] i32 -> [6, 8]
}

// -----
// Types. What has none of its operands' says its own.
gpt.part @p "micro" {
  // expected-error @+1 {{'gpt.yarn' op needs 'count = …'}}
  %a, %b = gpt.yarn (window = 8) -> [4] f32
}

// -----
// An operand without a type.
gpt.part @p "micro" {
  %x = gpt.input [6, 8]
  // expected-error @+1 {{'gpt.sigmoid' op has a typed result, but an operand without a type}}
  %y = "gpt.sigmoid"(%x) : (!gpt.tensor) -> tensor<6x8xbf16>
}

// -----
gpt.part @p "micro" {
  %i = gpt.input [6, 8] i32 -> [6, 8] i32
  // expected-error @+1 {{'gpt.sigmoid' op computes with bf16 or f32, not with [6, 8] i32: i32 serves as an index alone}}
  %y = gpt.sigmoid %i : [6, 8] i32 -> [6, 8]
}

// -----
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  // expected-error @+1 {{'gpt.sigmoid' op gives [6, 8], not [6, 8] i32}}
  %y = gpt.sigmoid %x : [6, 8] -> [6, 8] i32
}

// -----
gpt.part @p "micro" {
  %i = gpt.input [6] i32 -> [6] i32
  // expected-error @+1 {{'gpt.rows' op gives [2] i32, not [2] f32}}
  %y = gpt.rows %i at 0 size 2 : [6] i32 -> [2] f32
}

// -----
// The cotangent of a gate's factor is one number.
gpt.part @p "micro" {
  %x = gpt.input [6, 8] -> [6, 8]
  %w = gpt.input [1, 4] -> [1, 4]
  %one = gpt.input [] f32 -> [] f32
  // expected-error @+1 {{'gpt.gate_backward' op gives [] f32, not [1] f32}}
  %a, %b, %c, %d = gpt.gate_backward %x, %x by %w on %x at 0 times %one factor 1.0 : (tensor<6x8xbf16>, tensor<6x8xbf16>, tensor<1x4xbf16>, tensor<6x8xbf16>, tensor<f32>) -> (tensor<6x8xbf16>, tensor<6x4xbf16>, tensor<1x4xf32>, tensor<1xf32>)
}
