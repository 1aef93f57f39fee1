// norms-from-outputs: each guard alone; both norms of each part stay.

// RUN: gptc-opt %s --norms-from-outputs --remarks-filter=norms-from-outputs -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t
// CHECK-COUNT-16: math.sqrt
// CHECK-NOT: math.sqrt

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%dy = kern.buffer "dy" "input" : memref<96x256xbf16>
%v = kern.buffer "v" "input" : memref<96x256xbf16>
%lse = kern.buffer "lse" "input" : memref<96x2xf32>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%any = kern.buffer "any" "input" : memref<96x64xbf16>
%cosines = kern.buffer "cosines" "derived" : memref<96x64xbf16>
%sines = kern.buffer "sines" "derived" : memref<96x64xbf16>
%out_q = kern.buffer "out_q" "output" : memref<96x256xbf16>
%out_k = kern.buffer "out_k" "output" : memref<96x256xbf16>
%out_v = kern.buffer "out_v" "output" : memref<96x256xbf16>

kern.part @tables "prologue" {
  kern.rows "table" 96 {
  ^row(%t: index):
    %cos, %sin = kern.angles (%scale) at %t half 64 group 1 : vector<64xf32>, vector<64xf32>
    %c = kern.round %cos to "bf16" : vector<64xf32>
    kern.store %c, %cosines[%t] : vector<64xf32>, memref<96x64xbf16>
    %s = kern.round %sin to "bf16" : vector<64xf32>
    kern.store %s, %sines[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// Turned on, not back: no backward of this rotation.
// REMARK: [Missed] norm {{.*}}Function=forward | {{.*}}Reason="the gradient is not turned back by what turned", Remark="heads starts from what norm loads"
kern.part @forward "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// By other sines.
// REMARK-NEXT: [Missed] norm {{.*}}Function=table | {{.*}}Reason="the gradient is not turned back by what turned", Remark="heads starts from what norm loads"
kern.part @table "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %any[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Of a table that may be anything: it may make rows longer.
// REMARK-NEXT: [Missed] norm {{.*}}Function=angle | {{.*}}Reason="it is not known that the rotation keeps lengths", Remark="heads starts from what norm loads"
kern.part @angle "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %any[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %any[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// What was normed is stored by the program, too.
// REMARK-NEXT: [Missed] norm {{.*}}Function=use | {{.*}}Reason="what was normed has another use", Remark="heads starts from what norm loads"
kern.part @use "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
    %17 = arith.addf %0, %dk : vector<256xf32>
    kern.store %17, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Another norm of the same row.
// REMARK-NEXT: [Missed] norm {{.*}}Function=epsilon | {{.*}}Reason="what was normed has another use", Remark="heads starts from what norm loads"
kern.part @epsilon "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<2.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Other columns of the buffer may be written in between, these may not.
// REMARK-NEXT: [Missed] norm {{.*}}Function=over | {{.*}}Reason="what was normed is overwritten", Remark="heads starts from what norm loads"
kern.part @over "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "other" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_k[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1], offset: 256>>
  }
  kern.rows "over" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// A model that says where it rounds to bf16.
// REMARK-NEXT: [Missed] norm {{.*}}Function=rounds | {{.*}}Reason="the model says itself where it rounds to bf16", Remark="heads starts from what norm loads"
kern.part @rounds "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "round" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.round %0 to "bf16" : vector<256xf32>
    kern.store %1, %x_k[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1], offset: 256>>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}

// Of several stores none is known to be what attention reads: not asked for, no remark.
// REMARK-NOT: Function=twice
kern.part @twice "micro" {
  %x = kern.buffer "x" "workspace" : memref<96x512xbf16>
  %x_q = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1]>>
  %x_k = kern.view %x : memref<96x512xbf16> to memref<96x256xbf16, strided<[512, 1], offset: 256>>
  %q = kern.buffer "q" "workspace" : memref<96x256xbf16>
  kern.rows "make" 96 {
  ^row(%t: index):
    %0 = kern.load %dy[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %x_q[%t] : vector<256xf32>, memref<96x256xbf16, strided<[512, 1]>>
  }
  kern.rows "norm" 96 {
  ^row(%t: index):
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %8 = arith.mulf %0, %7 : vector<256xf32>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %9 = kern.rotate %8 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %9, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.rows "again" 96 {
  ^row(%t: index):
    %0 = kern.load %v[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %0, %q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention_backward "heads" %dy, %q, %v, %v, %lse, %lse documents %docs to %out_q, %out_k, %out_v window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x2xf32>, memref<96x2xf32>, memref<96xi32>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16> program {
  ^row(%t: index, %dq: vector<256xf32>, %dk: vector<256xf32>, %dv: vector<256xf32>):
    kern.store %dk, %out_k[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %dv, %out_v[%t] : vector<256xf32>, memref<96x256xbf16>
    %cos = kern.load %cosines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %sin = kern.load %sines[%t] : memref<96x64xbf16> -> vector<64xf32>
    %dn = kern.rotate %dq by %cos, %sin head 128 group 1 inverse : vector<256xf32>, vector<64xf32>
    %0 = kern.load %x_q[%t] : memref<96x256xbf16, strided<[512, 1]>> -> vector<256xf32>
    %1 = arith.mulf %0, %0 : vector<256xf32>
    %2 = kern.reduce "add" %1 : vector<256xf32> -> vector<2xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %3 = arith.mulf %2, %mean : vector<2xf32>
    %4 = arith.addf %3, %eps : vector<2xf32>
    %5 = math.sqrt %4 : vector<2xf32>
    %6 = arith.divf %one, %5 : vector<2xf32>
    %7 = arith.mulf %dn, %0 : vector<256xf32>
    %8 = kern.reduce "add" %7 : vector<256xf32> -> vector<2xf32>
    %9 = arith.mulf %8, %mean : vector<2xf32>
    %10 = arith.mulf %6, %6 : vector<2xf32>
    %11 = arith.mulf %10, %9 : vector<2xf32>
    %12 = kern.spread %11 : vector<2xf32> -> vector<256xf32>
    %13 = arith.mulf %0, %12 : vector<256xf32>
    %14 = arith.subf %dn, %13 : vector<256xf32>
    %15 = kern.spread %6 : vector<2xf32> -> vector<256xf32>
    %16 = arith.mulf %14, %15 : vector<256xf32>
    kern.store %16, %out_q[%t] : vector<256xf32>, memref<96x256xbf16>
  }
}
