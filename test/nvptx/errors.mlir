// RUN: split-file %s %t
// RUN: not gptc-nvptx-emit %t/type.mlir 2>&1 | FileCheck %t/type.mlir
// RUN: not gptc-nvptx-emit %t/rows.mlir 2>&1 | FileCheck %t/rows.mlir
// RUN: not gptc-nvptx-emit %t/shared.mlir 2>&1 | FileCheck %t/shared.mlir
// RUN: not gptc-nvptx-emit %t/epilogue.mlir 2>&1 | FileCheck %t/epilogue.mlir
// RUN: not gptc-nvptx-emit %t/finish.mlir 2>&1 | FileCheck %t/finish.mlir
// RUN: not gptc-nvptx-emit %t/attention.mlir 2>&1 | FileCheck %t/attention.mlir
// RUN: not gptc-nvptx-emit %t/program.mlir 2>&1 | FileCheck %t/program.mlir
// RUN: not gptc-nvptx-emit %t/load.mlir 2>&1 | FileCheck %t/load.mlir
// RUN: not gptc-nvptx-emit %t/both.mlir 2>&1 | FileCheck %t/both.mlir
// RUN: not gptc-nvptx-emit %t/codes.mlir 2>&1 | FileCheck %t/codes.mlir
// RUN: not gptc-nvptx-emit %t/pieces.mlir 2>&1 | FileCheck %t/pieces.mlir
// RUN: not gptc-nvptx-emit %t/width.mlir 2>&1 | FileCheck %t/width.mlir
// RUN: not gptc-nvptx-emit %t/steps.mlir 2>&1 | FileCheck %t/steps.mlir

//--- type.mlir
%a = kern.buffer "a" "workspace" : memref<128x64xf16>
%b = kern.buffer "b" "workspace" : memref<64x64xbf16>
kern.part @p "micro" {
  // CHECK: type.mlir:[[@LINE+1]]:3: error: 'kern.contract' op contracts 'f16'; on sm_90a served are bf16, f32 and FP8
  kern.contract "linear" %a, %b m 128 n 64 k 64 : memref<128x64xf16>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- rows.mlir
%a = kern.buffer "a" "workspace" : memref<8x64xf16>
kern.part @p "micro" {
  kern.rows "copy" 8 {
  ^row(%t: index):
    // CHECK: rows.mlir:[[@LINE+1]]:10: error: 'kern.load' op accesses 'memref<8x64xf16>'; on sm_90a stored are bf16, f32, f64, i32 and FP8
    %v = kern.load %a[%t] : memref<8x64xf16> -> vector<64xf32>
    kern.store %v, %a[%t] : vector<64xf32>, memref<8x64xf16>
  }
}

//--- shared.mlir
%a = kern.buffer "a" "workspace" : memref<8x60000xf32>
%b = kern.buffer "b" "workspace" : memref<8x60000xf32>
kern.part @p "micro" {
  // CHECK: shared.mlir:[[@LINE+1]]:3: error: values of a row that are read at other columns take 240000 bytes, and a block of sm_90a has 232448: let rows be narrower
  kern.rows "reverse" 8 {
  ^row(%t: index):
    %v = kern.load %a[%t] : memref<8x60000xf32> -> vector<60000xf32>
    %l = kern.slice %v at 0 : vector<60000xf32> -> vector<10xf32>
    %h = kern.slice %v at 10 : vector<60000xf32> -> vector<59990xf32>
    %r = kern.concat %h, %l : vector<59990xf32>, vector<10xf32> -> vector<60000xf32>
    kern.store %r, %a[%t] : vector<60000xf32>, memref<8x60000xf32>
  }
}

//--- epilogue.mlir
%a = kern.buffer "a" "workspace" : memref<128x64xbf16>
%b = kern.buffer "b" "workspace" : memref<64x64xbf16>
%y = kern.buffer "y" "workspace" : memref<128xf32>
kern.part @p "micro" {
  kern.contract "linear" %a, %b m 128 n 64 k 64 : memref<128x64xbf16>, memref<64x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    // CHECK: epilogue.mlir:[[@LINE+1]]:10: error: 'kern.reduce' op cannot stand in an epilogue on sm_90a; served are elementwise ops
    %s = kern.reduce "add" %p : vector<64xf32> -> vector<1xf32>
    kern.store %s, %y[%m] : vector<1xf32>, memref<128xf32>
  }
}

//--- finish.mlir
%p = kern.buffer "p" "workspace" : memref<2x64xf32>
%t = kern.buffer "t" "gradient" : memref<64xf16>
kern.part @p "micro" {
  // CHECK: finish.mlir:[[@LINE+1]]:3: error: 'kern.finish' op adds up into 'f16'; on sm_90a served are bf16, f32 and f64
  kern.finish "finish" %p to %t : memref<2x64xf32> to memref<64xf16>
}

// Every kernel that is not served is named, not the first alone.
//--- both.mlir
%a = kern.buffer "a" "workspace" : memref<128x64xbf16>
%b = kern.buffer "b" "workspace" : memref<32x64xf16>
%c = kern.buffer "c" "workspace" : memref<32x64xi32>
kern.part @p "micro" {
  // CHECK: error: 'kern.contract' op contracts 'f16'
  kern.contract "linear" %a, %b m 128 n 32 k 64 : memref<128x64xbf16>, memref<32x64xf16> {
  ^row(%m: index, %p: vector<32xf32>):
  }
  // CHECK: error: 'kern.contract' op contracts 'i32'
  kern.contract "linear" %c, %a m 32 n 128 k 64 : memref<32x64xi32>, memref<128x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
  }
}

//--- attention.mlir
%x = kern.buffer "x" "workspace" : memref<64x64xf16>
%d = kern.buffer "d" "input" : memref<64xi32>
%l = kern.buffer "l" "workspace" : memref<64x1xf32>
%w = arith.constant 16.0 : f64
kern.part @p "micro" {
  // CHECK: attention.mlir:[[@LINE+1]]:3: error: 'kern.attention' op accesses 'memref<64x64xf16>'; on sm_90a stored are bf16, f32, f64, i32 and FP8
  kern.attention "attention" %x, %x, %x documents %d to %x, %l window %w scale %w heads 1 of 64 group 1
      : memref<64x64xf16>, memref<64x64xf16>, memref<64x64xf16>, memref<64xi32>, memref<64x64xf16>, memref<64x1xf32>
}

//--- load.mlir
%a = kern.buffer "a" "workspace" : memref<8x64xf64>
kern.part @p "micro" {
  kern.rows "copy" 8 {
  ^row(%t: index):
    // CHECK: load.mlir:[[@LINE+1]]:10: error: 'kern.load' op (L2) a row of f32 is not made of, or stored as, 'f64'
    %v = kern.load %a[%t] : memref<8x64xf64> -> vector<64xf32>
  }
}

//--- codes.mlir
%a = kern.buffer "a" "workspace" : memref<32x64xf8E5M2>
%t = kern.buffer "t" "workspace" : memref<64x32xf8E4M3FN>
%n = kern.buffer "n" "workspace" : memref<32x40xf8E4M3FN>
%m = kern.buffer "m" "workspace" : memref<32x40xf8E5M2>
%b = kern.buffer "b" "workspace" : memref<32x64xbf16>
%c = kern.buffer "c" "workspace" : memref<24x64xf8E5M2>
%d = kern.buffer "d" "workspace" : memref<64x24xf8E5M2>
kern.part @p "micro" {
  // CHECK: codes.mlir:[[@LINE+1]]:3: error: 'kern.contract' op contracts codes of FP8, of which both operands have rows of a multiple of 16, and the second has k contiguous
  kern.contract "turned" %a, %t transposed_b m 32 n 32 k 64 : memref<32x64xf8E5M2>, memref<64x32xf8E4M3FN> {
  ^row(%m_: index, %p: vector<32xf32>):
  }
  // CHECK: codes.mlir:[[@LINE+1]]:3: error: 'kern.contract' op contracts codes of FP8
  kern.contract "rows" %m, %n m 32 n 32 k 40 : memref<32x40xf8E5M2>, memref<32x40xf8E4M3FN> {
  ^row(%m_: index, %p: vector<32xf32>):
  }
  // CHECK: codes.mlir:[[@LINE+1]]:3: error: 'kern.contract' op contracts codes of FP8
  kern.contract "one" %a, %b m 32 n 32 k 64 : memref<32x64xf8E5M2>, memref<32x64xbf16> {
  ^row(%m_: index, %p: vector<32xf32>):
  }
  // CHECK: codes.mlir:[[@LINE+1]]:3: error: 'kern.transpose' op transposes codes of FP8, which are one matrix of a multiple of 16 rows and of 4 columns
  kern.transpose "odd" %c to %d m 24 n 64 : memref<24x64xf8E5M2>, memref<64x24xf8E5M2>
}

//--- pieces.mlir
// As many blocks as tiles: nobody would leave a piece.
%a = kern.buffer "a" "workspace" : memref<4096x256xbf16>
%b = kern.buffer "b" "workspace" : memref<4096x64xbf16>
%room = kern.buffer "room" "workspace" : memref<256x64xf32>
kern.part @p "micro" {
  // CHECK: pieces.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has room for pieces that fit no split of its sums
  kern.contract "dw" %a transposed_a, %b transposed_b m 256 n 64 k 4096 : memref<4096x256xbf16>, memref<4096x64xbf16> pieces %room : memref<256x64xf32> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- width.mlir
// A width that no tile has.
%a = kern.buffer "a" "workspace" : memref<4096x256xbf16>
%b = kern.buffer "b" "workspace" : memref<4096x64xbf16>
%room = kern.buffer "room" "workspace" : memref<512x96xf32>
kern.part @p "micro" {
  // CHECK: width.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has room for pieces that fit no split of its sums
  kern.contract "dw" %a transposed_a, %b transposed_b m 256 n 64 k 4096 : memref<4096x256xbf16>, memref<4096x64xbf16> pieces %room : memref<512x96xf32> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- steps.mlir
// More blocks than steps of k.
%a = kern.buffer "a" "workspace" : memref<128x128xbf16>
%b = kern.buffer "b" "workspace" : memref<128x64xbf16>
%room = kern.buffer "room" "workspace" : memref<512x64xf32>
kern.part @p "micro" {
  // CHECK: steps.mlir:[[@LINE+1]]:3: error: 'kern.contract' op has room for pieces that fit no split of its sums
  kern.contract "dw" %a transposed_a, %b transposed_b m 128 n 64 k 128 : memref<128x128xbf16>, memref<128x64xbf16> pieces %room : memref<512x64xf32> {
  ^row(%m: index, %p: vector<64xf32>):
  }
}

//--- program.mlir
%window = arith.constant 9.0 : f64
%scale = arith.constant 0.1 : f64
%f = kern.buffer "f" "workspace" : memref<96x64xf32>
%x = kern.buffer "x" "workspace" : memref<96x64xbf16>
%y = kern.buffer "y" "workspace" : memref<96x1xf32>
%d = kern.buffer "d" "workspace" : memref<96x64xf64>
%lse = kern.buffer "lse" "workspace" : memref<96x1xf32>
%docs = kern.buffer "docs" "workspace" : memref<96xi32>
%docs2 = kern.buffer "docs2" "workspace" : memref<48xi32>
kern.part @p "micro" {
  // CHECK: program.mlir:[[@LINE+1]]:3: error: 'kern.attention_backward' op has a program, which runs on tensor cores alone: its rows are not bf16
  kern.attention_backward "single" %f, %f, %f, %f, %lse, %lse documents %docs to %f, %f, %f window %window scale %scale heads 1 of 64 group 1
    : memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32> program {
  ^row(%t: index, %dq: vector<64xf32>, %dk: vector<64xf32>, %dv: vector<64xf32>):
  }
  // CHECK: program.mlir:[[@LINE+1]]:3: error: 'kern.attention_backward' op has a program, and rows of several positions
  kern.attention_backward "pairs" %x, %x, %x, %x, %lse, %lse documents %docs2 to %x, %x, %x window %window scale %scale heads 1 of 64 group 2
    : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<48xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
  ^row(%t: index, %dq: vector<64xf32>, %dk: vector<64xf32>, %dv: vector<64xf32>):
  }
  kern.attention_backward "sum" %x, %x, %x, %x, %lse, %lse documents %docs to %x, %x, %x window %window scale %scale heads 1 of 64 group 1
    : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
  ^row(%t: index, %dq: vector<64xf32>, %dk: vector<64xf32>, %dv: vector<64xf32>):
    %s = kern.reduce "add" %dq : vector<64xf32> -> vector<1xf32>
    // CHECK: program.mlir:[[@LINE+1]]:5: error: 'kern.store' op cannot stand in attention on sm_90a: it stores rows of another width
    kern.store %s, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.attention_backward "joined" %x, %x, %x, %x, %lse, %lse documents %docs to %x, %x, %x window %window scale %scale heads 1 of 64 group 1
    : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
  ^row(%t: index, %dq: vector<64xf32>, %dk: vector<64xf32>, %dv: vector<64xf32>):
    %s = arith.addf %dk, %dv : vector<64xf32>
    // CHECK: program.mlir:[[@LINE+1]]:5: error: 'kern.store' op cannot stand in attention on sm_90a: it is made of several gradients
    kern.store %s, %x[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.attention_backward "double" %x, %x, %x, %x, %lse, %lse documents %docs to %x, %x, %x window %window scale %scale heads 1 of 64 group 1
    : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
  ^row(%t: index, %dq: vector<64xf32>, %dk: vector<64xf32>, %dv: vector<64xf32>):
    // CHECK: program.mlir:[[@LINE+1]]:5: error: 'kern.store' op cannot stand in attention on sm_90a: it loads or stores something else than f32 and bf16
    kern.store %dq, %d[%t] : vector<64xf32>, memref<96x64xf64>
  }
}
