// bound-logits: rows of other widths, types and roundings, each guard alone; keys are normed.

// RUN: gptc-opt %s --bound-logits --remarks-filter=bound-logits -o /dev/null 2>&1 | grep Category: | FileCheck %s

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<96x256xbf16>
%long = kern.buffer "long" "input" : memref<96x384xbf16>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%y = kern.buffer "y" "workspace" : memref<96x256xbf16>
%lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
%k = kern.buffer "k" "workspace" : memref<96x256xbf16>
%rounded = kern.buffer "rounded" "workspace" : memref<96x256xbf16>
%coarse = kern.buffer "coarse" "workspace" : memref<96x256xbf16>
%codes = kern.buffer "codes" "workspace" : memref<96x256xf8E5M2>
%coded = kern.buffer "coded" "workspace" : memref<96x256xbf16>
%part = kern.buffer "part" "workspace" : memref<96x256xbf16>
%three = kern.view %part : memref<96x256xbf16> to memref<96x192xbf16, strided<[256, 1]>>
%across = kern.buffer "across" "workspace" : memref<96x384xbf16>
%heads = kern.view %across : memref<96x384xbf16> to memref<96x256xbf16, strided<[384, 1]>>

kern.part @p "micro" {
  kern.rows "norms" 96 {
  ^row(%t: index):
    %normed_0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %normed_s = arith.mulf %normed_0, %normed_0 : vector<256xf32>
    %normed_1 = kern.reduce "add" %normed_s : vector<256xf32> -> vector<2xf32>
    %normed_m = arith.constant dense<0.0078125> : vector<2xf32>
    %normed_e = arith.constant dense<1.0e-6> : vector<2xf32>
    %normed_o = arith.constant dense<1.0> : vector<2xf32>
    %normed_2 = arith.mulf %normed_1, %normed_m : vector<2xf32>
    %normed_3 = arith.addf %normed_2, %normed_e : vector<2xf32>
    %normed_4 = math.sqrt %normed_3 : vector<2xf32>
    %normed_5 = arith.divf %normed_o, %normed_4 : vector<2xf32>
    %normed_6 = kern.spread %normed_5 : vector<2xf32> -> vector<256xf32>
    %normed = arith.mulf %normed_0, %normed_6 : vector<256xf32>
    kern.store %normed, %k[%t] : vector<256xf32>, memref<96x256xbf16>
    %bf16 = kern.round %normed to "bf16" : vector<256xf32>
    kern.store %bf16, %rounded[%t] : vector<256xf32>, memref<96x256xbf16>
    %e4m3 = kern.round %normed to "e4m3" : vector<256xf32>
    kern.store %e4m3, %coarse[%t] : vector<256xf32>, memref<96x256xbf16>
    %thirds_0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %thirds_v = kern.slice %thirds_0 at 0 : vector<256xf32> -> vector<192xf32>
    %thirds_s = arith.mulf %thirds_v, %thirds_v : vector<192xf32>
    %thirds_1 = kern.reduce "add" %thirds_s : vector<192xf32> -> vector<3xf32>
    %thirds_m = arith.constant dense<0.015625> : vector<3xf32>
    %thirds_e = arith.constant dense<1.0e-6> : vector<3xf32>
    %thirds_o = arith.constant dense<1.0> : vector<3xf32>
    %thirds_2 = arith.mulf %thirds_1, %thirds_m : vector<3xf32>
    %thirds_3 = arith.addf %thirds_2, %thirds_e : vector<3xf32>
    %thirds_4 = math.sqrt %thirds_3 : vector<3xf32>
    %thirds_5 = arith.divf %thirds_o, %thirds_4 : vector<3xf32>
    %thirds_6 = kern.spread %thirds_5 : vector<3xf32> -> vector<192xf32>
    %thirds = arith.mulf %thirds_v, %thirds_6 : vector<192xf32>
    kern.store %thirds, %three[%t] : vector<192xf32>, memref<96x192xbf16, strided<[256, 1]>>
    %halves_0 = kern.load %long[%t] : memref<96x384xbf16> -> vector<384xf32>
    %halves_s = arith.mulf %halves_0, %halves_0 : vector<384xf32>
    %halves_1 = kern.reduce "add" %halves_s : vector<384xf32> -> vector<2xf32>
    %halves_m = arith.constant dense<0.005208333333333333> : vector<2xf32>
    %halves_e = arith.constant dense<1.0e-6> : vector<2xf32>
    %halves_o = arith.constant dense<1.0> : vector<2xf32>
    %halves_2 = arith.mulf %halves_1, %halves_m : vector<2xf32>
    %halves_3 = arith.addf %halves_2, %halves_e : vector<2xf32>
    %halves_4 = math.sqrt %halves_3 : vector<2xf32>
    %halves_5 = arith.divf %halves_o, %halves_4 : vector<2xf32>
    %halves_6 = kern.spread %halves_5 : vector<2xf32> -> vector<384xf32>
    %halves = arith.mulf %halves_0, %halves_6 : vector<384xf32>
    kern.store %halves, %across[%t] : vector<384xf32>, memref<96x384xbf16>
    kern.store %normed, %codes[%t] : vector<256xf32>, memref<96x256xf8E5M2>
  }
  kern.rows "coded" 96 {
  ^row(%t: index):
    %v = kern.load %codes[%t] : memref<96x256xf8E5M2> -> vector<256xf32>
    kern.store %v, %coded[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  // Rows that are rounded to bf16, which their bound allows for.
  // CHECK: Passed{{.*}}Function=rounded | {{.*}}"scores are at most
  kern.attention "rounded" %rounded, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Rounded to another grid.
  // CHECK-NEXT: Missed{{.*}}Function=coarse | {{.*}}Reason="no bound of its queries is known"
  kern.attention "coarse" %coarse, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Codes of FP8 in between.
  // CHECK-NEXT: Missed{{.*}}Function=coded | {{.*}}Reason="no bound of its queries is known"
  kern.attention "coded" %coded, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // A store of one and a half heads.
  // CHECK-NEXT: Missed{{.*}}Function=part | {{.*}}Reason="no bound of its queries is known"
  kern.attention "part" %part, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Norms of one and a half heads.
  // CHECK-NEXT: Missed{{.*}}Function=across | {{.*}}Reason="no bound of its queries is known"
  kern.attention "across" %heads, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16, strided<[384, 1]>>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
}
