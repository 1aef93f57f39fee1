// bound-logits: where it fires, and each guard alone.

// RUN: gptc-opt %s --bound-logits --remarks-filter=bound-logits -o %t 2>&1 | grep Category: | FileCheck %s
// RUN: FileCheck %s --check-prefix=IR < %t

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<96x256xbf16>
%docs = kern.buffer "docs" "input" : memref<96xi32>

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
%cosines = kern.buffer "cosines" "derived" : memref<96x64xbf16>
%sines = kern.buffer "sines" "derived" : memref<96x64xbf16>
%q = kern.buffer "q" "workspace" : memref<96x256xbf16>
%k = kern.buffer "k" "workspace" : memref<96x256xbf16>
%ko = kern.buffer "ko" "workspace" : memref<96x256xbf16>
%wrong = kern.buffer "wrong" "workspace" : memref<96x256xbf16>
%twice = kern.buffer "twice" "workspace" : memref<96x256xbf16>
%wide = kern.buffer "wide" "workspace" : memref<96x320xbf16>
%apart = kern.view %wide : memref<96x320xbf16> to memref<96x256xbf16, strided<[320, 1], offset: 64>>
%y = kern.buffer "y" "workspace" : memref<96x256xbf16>
%lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
kern.part @p "micro" {
  kern.rows "norms" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
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
    kern.store %8, %k[%t] : vector<256xf32>, memref<96x256xbf16>
    // Sines for cosines: no rotation.
    %10 = kern.rotate %8 by %sin, %cos head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %10, %wrong[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %9, %apart[%t] : vector<256xf32>, memref<96x256xbf16, strided<[320, 1], offset: 64>>
  }
  kern.rows "key_offset" 96 {
  ^row(%t: index):
    %0 = kern.load %k[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %k[%t by -1] : memref<96x256xbf16> -> vector<256xf32>
    %zero = arith.constant dense<0.0> : vector<256xf32>
    %2 = arith.cmpf ogt, %0, %zero : vector<256xf32>
    %3 = arith.select %2, %0, %1 : vector<256xi1>, vector<256xf32>
    kern.store %3, %ko[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %0, %twice[%t] : vector<256xf32>, memref<96x256xbf16>
    %4 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    kern.store %4, %twice[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  // 128 and what roundings may add.
  // CHECK: Passed{{.*}}Function=normed | {{.*}}"scores are at most 256 times the scale: no maximum of them need be kept"
  // IR: kern.attention "normed" {{.*}} group 1 bound 256 :
  kern.attention "normed" %q, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Of a selection's two keys each, the root of 2 more.
  // CHECK-NEXT: Passed{{.*}}Function=offset | {{.*}}"scores are at most 256 times
  kern.attention "offset" %q, %ko, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // A head is half of what was normed, and may have all of its squares.
  // CHECK-NEXT: Passed{{.*}}Function=halves | {{.*}}"scores are at most 256 times
  kern.attention "halves" %k, %k, %x documents %docs to %y, %lse window %window scale %scale heads 4 of 64 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Or two of them.
  // CHECK-NEXT: Passed{{.*}}Function=both | {{.*}}"scores are at most 512 times
  kern.attention "both" %k, %k, %x documents %docs to %y, %lse window %window scale %scale heads 1 of 256 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=given | {{.*}}Reason="no bound of its queries is known"
  // IR: kern.attention "given" {{.*}} group 1 :
  kern.attention "given" %x, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=no_rotation | {{.*}}Reason="no bound of its keys is known"
  kern.attention "no_rotation" %q, %wrong, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // A head of 64 is no whole pair of halves.
  // CHECK-NEXT: Missed{{.*}}Function=turned_halves | {{.*}}Reason="no bound of its queries is known"
  kern.attention "turned_halves" %q, %k, %x documents %docs to %y, %lse window %window scale %scale heads 4 of 64 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // What is stored last is not normed.
  // CHECK-NEXT: Missed{{.*}}Function=overwritten | {{.*}}Reason="no bound of its keys is known"
  kern.attention "overwritten" %q, %twice, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Heads that begin elsewhere in memory than the norm's.
  // CHECK-NEXT: Missed{{.*}}Function=apart | {{.*}}Reason="no bound of its queries is known"
  kern.attention "apart" %apart, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16, strided<[320, 1], offset: 64>>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
}
