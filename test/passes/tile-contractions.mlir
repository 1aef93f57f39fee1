// RUN: split-file %s %t
// RUN: gptc-opt --tile-contractions="target=sm_90a table=%t/table.json" %t/ops.mlir | FileCheck %t/ops.mlir
// RUN: gptc-opt --tile-contractions="target=sm_90a table=%t/table.json" %t/ops.mlir --remarks-filter=tile-contractions 2>&1 | FileCheck %t/ops.mlir --check-prefix=REMARK
// RUN: gptc-opt --tile-contractions="table=%t/table.json" %t/ops.mlir | FileCheck %t/ops.mlir --check-prefix=CPU
// RUN: gptc-opt --tile-contractions="target=sm_90a table=%t/table.json" --split-sums=target=sm_90a %t/ops.mlir | FileCheck %t/ops.mlir --check-prefix=SPLIT
// RUN: gptc-opt --tile-contractions=target=sm_90a %t/ops.mlir -o /dev/null

// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/none.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: none.json{{.*}}: error: cannot be read: No such file or directory
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/text.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: text.json{{.*}}: error: is no table of tiles: [1:2, byte=2]: Invalid JSON value
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/object.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=OBJECT
// OBJECT: object.json{{.*}}: error: is no table of tiles: it is no list of rows
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/key.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=KEY
// KEY: key.json{{.*}}: error: row 0: it is no object with a string 'contraction'
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/field.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=FIELD
// FIELD: field.json{{.*}}: error: row 1: 'width' is none of its fields (columns, rows, blocks and up_to, numbers, and turns, true or false), or has another type
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/columns.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=COLUMNS
// COLUMNS: columns.json{{.*}}: error: row 0: 'columns' must be 64, 128, 192 or 256
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/blocks.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: blocks.json{{.*}}: error: row 0: 'blocks' must be a number of blocks, or 0
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/rows.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: rows.json{{.*}}: error: row 0: 'rows' must be 256, or be left out
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/bound.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=BOUND
// BOUND: bound.json{{.*}}: error: row 0: 'up_to' must be a number of rows
// RUN: not gptc-opt --tile-contractions="target=sm_90a table=%t/twice.json" %t/ops.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: twice.json{{.*}}: error: row 2: 'a' has a row already

//--- table.json
[{"contraction": "bf16 rows x 384 over 768, reads 1, writes 1", "columns": 192, "turns": true},
 {"contraction": "bf16 rows x 384 over 768 b^T, reads 0, writes 1", "columns": 128},
 {"contraction": "bf16 512 x 128 over rows a^T b^T, reads 0, writes 1", "columns": 128, "blocks": 8},
 {"contraction": "bf16 rows x 192 over 768, reads 0, writes 1", "columns": 64, "up_to": 40000},
 {"contraction": "bf16 rows x 192 over 768, reads 0, writes 1", "columns": 192, "rows": 256, "up_to": 33792},
 {"contraction": "bf16 512 x 64 over rows a^T b^T, reads 0, writes 1", "columns": 64, "up_to": 4095}]
//--- text.json
[x]
//--- object.json
{}
//--- key.json
[{"columns": 64}]
//--- field.json
[{"contraction": "a", "columns": 64}, {"contraction": "b", "columns": 64, "width": 1}]
//--- columns.json
[{"contraction": "a", "columns": 96}]
//--- blocks.json
[{"contraction": "a", "columns": 64, "blocks": -1}]
//--- rows.json
[{"contraction": "a", "columns": 64, "rows": 128}]
//--- bound.json
[{"contraction": "a", "columns": 64, "up_to": 0}]
//--- twice.json
[{"contraction": "a", "columns": 64}, {"contraction": "a", "columns": 64, "up_to": 8}, {"contraction": "a", "columns": 128, "up_to": 8}]

//--- ops.mlir
// CPU-NOT: turns
%a = kern.buffer "a" "workspace" : memref<256x768xbf16>
%b = kern.buffer "b" "workspace" : memref<384x768xbf16>
%c = kern.buffer "c" "workspace" : memref<768x384xbf16>
%f = kern.buffer "f" "workspace" : memref<256x768xf32>
%x = kern.buffer "x" "workspace" : memref<256x384xbf16>
%y = kern.buffer "y" "workspace" : memref<256x384xbf16>
%t = kern.buffer "t" "workspace" : memref<4096x512xbf16>
%u = kern.buffer "u" "workspace" : memref<4096x128xbf16>
%w = kern.buffer "w" "workspace" : memref<512x128xf32>
kern.part @p "micro" {
  // CHECK: kern.contract "known" {{.*}} attributes {tile = {columns = 192 : i64, turns}}
  // REMARK: ops.mlir:[[#@LINE+1]]:{{.*}}'bf16 rows x 384 over 768, reads 1, writes 1' has its tile", blocks=0, columns=192, rows=128, turns=1
  kern.contract "known" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    %v = kern.load %x[%m] : memref<256x384xbf16> -> vector<384xf32>
    %s = arith.addf %p, %v : vector<384xf32>
    kern.store %s, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // As it stands it has another epilogue, and the table says nothing of that.
  // CHECK: kern.contract "unknown"
  // CHECK-NOT: tile
  // REMARK: ops.mlir:[[#@LINE+1]]:{{.*}}the table has no 'bf16 rows x 384 over 768, reads 0, writes 1'
  kern.contract "unknown" %a, %b m 256 n 384 k 768 : memref<256x768xbf16>, memref<384x768xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // CHECK: kern.contract "transposed" {{.*}} attributes {tile = {columns = 128 : i64}}
  kern.contract "transposed" %a, %c transposed_b m 256 n 384 k 768 : memref<256x768xbf16>, memref<768x384xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // What was asked for by hand stays.
  // CHECK: kern.contract "by_hand" {{.*}} attributes {tile = {columns = 64 : i64}}
  kern.contract "by_hand" %a, %c transposed_b m 256 n 384 k 768 : memref<256x768xbf16>, memref<768x384xbf16> attributes {tile = {columns = 64 : i64}} {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // Tensor cores do not multiply f32.
  // CHECK: kern.contract "plain"
  // CHECK-NOT: tile
  // REMARK-NOT: ops.mlir:[[#@LINE+1]]
  kern.contract "plain" %f, %c transposed_b m 256 n 384 k 768 : memref<256x768xf32>, memref<768x384xbf16> {
  ^row(%m: index, %p: vector<384xf32>):
    kern.store %p, %y[%m] : vector<384xf32>, memref<256x384xbf16>
  }
  // CHECK: kern.contract "sum" {{.*}} attributes {tile = {blocks = 8 : i64, columns = 128 : i64}}
  // SPLIT: kern.contract "sum" {{.*}} pieces %{{.*}} : memref<1024x128xf32>
  kern.contract "sum" %t transposed_a, %u transposed_b m 512 n 128 k 4096 : memref<4096x512xbf16>, memref<4096x128xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %w[%m] : vector<128xf32>, memref<512x128xf32>
  }
  // Rows of the table that hold up to so many rows: the least bound that holds, or none; one of tiles of 256 rows where there is one for each multiprocessor.
  %d = kern.buffer "d" "workspace" : memref<192x768xbf16>
  %few = kern.buffer "few" "workspace" : memref<33536x768xbf16>
  %mid = kern.buffer "mid" "workspace" : memref<33792x768xbf16>
  %more = kern.buffer "more" "workspace" : memref<33793x768xbf16>
  %big = kern.buffer "big" "workspace" : memref<40001x768xbf16>
  %z = kern.buffer "z" "workspace" : memref<40001x192xbf16>
  // CHECK: kern.contract "few" {{.*}} attributes {tile = {columns = 64 : i64}}
  kern.contract "few" %few, %d m 33536 n 192 k 768 : memref<33536x768xbf16>, memref<192x768xbf16> {
  ^row(%m: index, %p: vector<192xf32>):
    kern.store %p, %z[%m] : vector<192xf32>, memref<40001x192xbf16>
  }
  // CHECK: kern.contract "enough" {{.*}} attributes {tile = {columns = 192 : i64, rows = 256 : i64}}
  kern.contract "enough" %mid, %d m 33792 n 192 k 768 : memref<33792x768xbf16>, memref<192x768xbf16> {
  ^row(%m: index, %p: vector<192xf32>):
    kern.store %p, %z[%m] : vector<192xf32>, memref<40001x192xbf16>
  }
  // CHECK: kern.contract "longer" {{.*}} attributes {tile = {columns = 64 : i64}}
  kern.contract "longer" %more, %d m 33793 n 192 k 768 : memref<33793x768xbf16>, memref<192x768xbf16> {
  ^row(%m: index, %p: vector<192xf32>):
    kern.store %p, %z[%m] : vector<192xf32>, memref<40001x192xbf16>
  }
  // CHECK: kern.contract "long"
  // CHECK-NOT: tile
  // REMARK: ops.mlir:[[#@LINE+1]]:{{.*}}the table has no 'bf16 rows x 192 over 768, reads 0, writes 1'
  kern.contract "long" %big, %d m 40001 n 192 k 768 : memref<40001x768xbf16>, memref<192x768xbf16> {
  ^row(%m: index, %p: vector<192xf32>):
    kern.store %p, %z[%m] : vector<192xf32>, memref<40001x192xbf16>
  }
  // Of a sum over rows it is the terms that count.
  // CHECK: kern.contract "long_sum"
  // CHECK-NOT: tile
  %v64 = kern.buffer "v64" "workspace" : memref<4096x64xbf16>
  %w64 = kern.buffer "w64" "workspace" : memref<512x64xf32>
  kern.contract "long_sum" %t transposed_a, %v64 transposed_b m 512 n 64 k 4096 : memref<4096x512xbf16>, memref<4096x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %w64[%m] : vector<64xf32>, memref<512x64xf32>
  }
}
