// bound-row-maxima: where it fires, and each guard.

// RUN: gptc-opt %s --bound-row-maxima --remarks-filter=bound-row-maxima -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x64xf32>
%y = kern.buffer "y" "output" : memref<96x1xf32>

kern.part @p "micro" {
  // Behind a sigmoid of anything, rounded, times 23.
  // CHECK-LABEL: kern.rows "capped"
  // CHECK-NOT:     kern.reduce "max"
  // CHECK:         %[[BOUND:.*]] = arith.constant dense<2.587500e+01> : vector<1xf32>
  // CHECK:         kern.spread %[[BOUND]]
  // CHECK:         %[[LOG:.*]] = math.log
  // CHECK:         arith.addf %[[LOG]], %[[BOUND]]
  // REMARK: Function=capped | {{.*}}"the bound 25.88 stands for the maximum of a row"
  kern.rows "capped" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = arith.constant dense<1.0> : vector<64xf32>
    %n = arith.negf %v : vector<64xf32>
    %e = math.exp %n : vector<64xf32>
    %s = arith.addf %one, %e : vector<64xf32>
    %q = arith.divf %one, %s : vector<64xf32>
    %r = kern.round %q to "bf16" : vector<64xf32>
    %c = arith.constant dense<23.0> : vector<64xf32>
    %z = arith.mulf %r, %c : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // CHECK-LABEL: kern.rows "selected"
  // CHECK-NOT:     kern.reduce "max"
  // CHECK:         dense<4.000000e+00> : vector<1xf32>
  // REMARK-NEXT: Function=selected | {{.*}}"the bound 4.00 stands for the maximum of a row"
  kern.rows "selected" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %two = arith.constant dense<2.0> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %two : vector<64xf32>
    %a = arith.select %less, %two, %six : vector<64xi1>, vector<64xf32>
    %z = arith.subf %a, %two : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %m, %log : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // CHECK-LABEL: kern.rows "unbounded"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=unbounded | {{.*}}Reason="no bounds of the row are known"
  kern.rows "unbounded" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %z = math.exp %v : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // A quotient by what may be 0 is nothing that is known.
  // CHECK-LABEL: kern.rows "by_zero"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=by_zero | {{.*}}Reason="no bounds of the row are known"
  kern.rows "by_zero" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %one = arith.constant dense<1.0> : vector<64xf32>
    %e = math.exp %v : vector<64xf32>
    %z = arith.divf %one, %e : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // CHECK-LABEL: kern.rows "wide"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=wide | {{.*}}Reason="the bounds of the row are too far apart"
  kern.rows "wide" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %low = arith.constant dense<-33.0> : vector<64xf32>
    %high = arith.constant dense<32.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %low : vector<64xf32>
    %z = arith.select %less, %low, %high : vector<64xi1>, vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // The maximum itself is asked for; the sum, too; the exponentials.
  // CHECK-LABEL: kern.rows "also_stored"
  // CHECK:         kern.reduce "max"
  // CHECK-LABEL: kern.rows "sum_stored"
  // CHECK:         kern.reduce "max"
  // CHECK-LABEL: kern.rows "softmax"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=also_stored | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  // REMARK-NEXT: Function=sum_stored | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  // REMARK-NEXT: Function=softmax | {{.*}}Reason="it is used for more than a logarithm of a sum of exponentials"
  kern.rows "also_stored" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    %both = arith.mulf %lse, %m : vector<1xf32>
    kern.store %both, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "sum_stored" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    %both = arith.mulf %lse, %sum : vector<1xf32>
    kern.store %both, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  kern.rows "softmax" 96 {
  ^row(%t: index):
    %z = arith.constant dense<2.0> : vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    %all = kern.spread %sum : vector<1xf32> -> vector<64xf32>
    %share = arith.divf %f, %all : vector<64xf32>
    %most = kern.reduce "add" %share : vector<64xf32> -> vector<1xf32>
    %both = arith.mulf %lse, %most : vector<1xf32>
    kern.store %both, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
}

// Kernels that have not been merged: what the stores of a buffer in f32 are
// known to write is known of what is loaded. Not so where something else writes
// it, where it is rounded as it is stored, or where it outlives the part.
kern.part @memory "micro" {
  %capped = kern.buffer "capped" "workspace" : memref<96x64xf32>
  %both = kern.buffer "both" "workspace" : memref<96x64xf32>
  %narrow = kern.buffer "narrow" "workspace" : memref<96x64xbf16>
  %kept = kern.buffer "kept" "optimizer" : memref<96x64xf32>
  kern.rows "write" 96 {
  ^row(%t: index):
    %v = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %two = arith.constant dense<2.0> : vector<64xf32>
    %six = arith.constant dense<6.0> : vector<64xf32>
    %less = arith.cmpf olt, %v, %two : vector<64xf32>
    %a = arith.select %less, %two, %six : vector<64xi1>, vector<64xf32>
    kern.store %a, %capped[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %a, %both[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %v, %both[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %a, %narrow[%t] : vector<64xf32>, memref<96x64xbf16>
    kern.store %a, %kept[%t] : vector<64xf32>, memref<96x64xf32>
  }
  // CHECK-LABEL: kern.rows "loads"
  // CHECK-NOT:     kern.reduce "max"
  // CHECK:         dense<6.000000e+00> : vector<1xf32>
  // REMARK: Function=loads | {{.*}}"the bound 6.00 stands for the maximum of a row"
  kern.rows "loads" 96 {
  ^row(%t: index):
    %z = kern.load %capped[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // CHECK-LABEL: kern.rows "written_twice"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=written_twice | {{.*}}"no bounds of the row are known"
  kern.rows "written_twice" 96 {
  ^row(%t: index):
    %z = kern.load %both[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // CHECK-LABEL: kern.rows "rounded"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=rounded | {{.*}}"no bounds of the row are known"
  kern.rows "rounded" 96 {
  ^row(%t: index):
    %z = kern.load %narrow[%t] : memref<96x64xbf16> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
  // CHECK-LABEL: kern.rows "of_the_run"
  // CHECK:         kern.reduce "max"
  // REMARK-NEXT: Function=of_the_run | {{.*}}"no bounds of the row are known"
  kern.rows "of_the_run" 96 {
  ^row(%t: index):
    %z = kern.load %kept[%t] : memref<96x64xf32> -> vector<64xf32>
    %m = kern.reduce "max" %z : vector<64xf32> -> vector<1xf32>
    %mm = kern.spread %m : vector<1xf32> -> vector<64xf32>
    %d = arith.subf %z, %mm : vector<64xf32>
    %f = math.exp %d : vector<64xf32>
    %sum = kern.reduce "add" %f : vector<64xf32> -> vector<1xf32>
    %log = math.log %sum : vector<1xf32>
    %lse = arith.addf %log, %m : vector<1xf32>
    kern.store %lse, %y[%t] : vector<1xf32>, memref<96x1xf32>
  }
}
