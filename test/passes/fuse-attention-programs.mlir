// fuse-attention: which kernels are asked, which read a gradient, and which programs stay, each guard alone.

// RUN: gptc-opt %s --fuse-attention=target=sm_90a --remarks-filter=fuse-attention -o %t 2>&1 | grep Function= | sed 's/.*Function=/Function=/' | FileCheck %s --check-prefix=REMARK --implicit-check-not=Function=
// RUN: FileCheck %s < %t

%window = arith.constant 128.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<300x384xbf16>
%w = kern.buffer "w" "parameter" : memref<128x384xbf16>
%docs = kern.buffer "docs" "input" : memref<300xi32>
%lse = kern.buffer "lse" "input" : memref<300x3xf32>
%y = kern.buffer "y" "output" : memref<300x384xbf16>
%y2 = kern.buffer "y2" "output" : memref<300x384xbf16>
%product = kern.buffer "product" "output" : memref<300x128xbf16>
%dk = kern.buffer "dk" "output" : memref<300x384xbf16>
%dv = kern.buffer "dv" "output" : memref<300x384xbf16>
%wide = kern.buffer "wide" "output" : memref<300x384xf32>

// A row that is a gradient as it is: three rows are stored, as without a program, and one of them elsewhere.
// REMARK: Function=copy | {{.*}}"out is computed in heads"
// CHECK-LABEL: kern.part @copy
// CHECK:         program {
// CHECK-DAG:       kern.store %{{.*}}, %dk[
// CHECK-DAG:       kern.store %{{.*}}, %dv[
// CHECK-DAG:       kern.store %{{.*}}, %y[
kern.part @copy "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %0, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// The same of the last gradient, which is stored in its turn.
// REMARK-NEXT: Function=copy_last | {{.*}}"out is computed in heads"
// CHECK-LABEL: kern.part @copy_last
// CHECK:         program {
// CHECK:           kern.store %{{.*}}, %y2[
kern.part @copy_last "micro" {
  %last = kern.buffer "last" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y, %dk, %last window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %last[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %0, %y2[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Three ops that are no three stores.
// REMARK-NEXT: Function=square | {{.*}}"out is computed in heads"
// CHECK-LABEL: kern.part @square
// CHECK:         program {
// CHECK:           arith.mulf
kern.part @square "micro" {
  %a = kern.buffer "a" "workspace" : memref<300x384xbf16>
  %last = kern.buffer "last" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y, %a, %last window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = arith.mulf %0, %0 : vector<384xf32>
    kern.store %s, %y2[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// What nobody reads is not stored.
// CHECK-LABEL: kern.part @unread
// CHECK:         program {
// CHECK-COUNT-2:   kern.store
// CHECK-NOT:       kern.store
kern.part @unread "micro" {
  %last = kern.buffer "last" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y, %dk, %last window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
}

// Without a kernel that is fused an op has no program, unless it had one.
// CHECK-LABEL: kern.part @alone
// CHECK:         kern.attention_backward "heads"
// CHECK-NOT:     program
// CHECK:         kern.attention_backward "given" {{.*}} program {
kern.part @alone "micro" {
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.attention_backward "given" %x, %x, %x, %x, %lse, %lse documents %docs to %y2, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16> program {
  ^row(%t: index, %q: vector<384xf32>, %k: vector<384xf32>, %v: vector<384xf32>):
    kern.store %q, %y2[%t] : vector<384xf32>, memref<300x384xbf16>
    kern.store %k, %dk[%t] : vector<384xf32>, memref<300x384xbf16>
    kern.store %v, %dv[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Beside an op that may have a program another one, of f32, may not.
// CHECK-LABEL: kern.part @single
// CHECK-NOT:     program
// CHECK:         kern.rows "out"
kern.part @single "micro" {
  %single = kern.buffer "single" "workspace" : memref<300x384xf32>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y2, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.attention_backward "single" %wide, %wide, %wide, %wide, %lse, %lse documents %docs to %single, %wide, %wide window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xf32>, memref<300x384xf32>, memref<300x384xf32>, memref<300x384xf32>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xf32>, memref<300x384xf32>, memref<300x384xf32>
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %single[%t] : memref<300x384xf32> -> vector<384xf32>
    kern.store %0, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// A contraction reads the gradient; a row kernel what was there before; one writes it, afterwards; one reads columns beside it.
// CHECK-LABEL: kern.part @contraction
// CHECK:         kern.rows "before"
// CHECK:         kern.contract "product"
// CHECK:         kern.rows "after"
kern.part @contraction "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  kern.rows "before" 300 {
  ^row(%t: index):
    %0 = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %0, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.contract "product" %dq, %w m 300 n 128 k 384 : memref<300x384xbf16>, memref<128x384xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %product[%m] : vector<128xf32>, memref<300x128xbf16>
  }
  kern.rows "after" 300 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<384xf32>
    kern.store %v, %dq[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// And another kernel that reads what stands beside the gradient does not read it.
// REMARK-NEXT: Function=beside | {{.*}}"out is computed in heads"
// CHECK-LABEL: kern.part @beside
// CHECK:         kern.rows "right"
// CHECK:         "heads+out"
kern.part @beside "micro" {
  %both = kern.buffer "both" "workspace" : memref<300x768xbf16>
  %dq = kern.view %both : memref<300x768xbf16> to memref<300x384xbf16, strided<[768, 1]>>
  %right = kern.view %both : memref<300x768xbf16> to memref<300x384xbf16, strided<[768, 1], offset: 384>>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16, strided<[768, 1]>>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "right" 300 {
  ^row(%t: index):
    %0 = kern.load %right[%t] : memref<300x384xbf16, strided<[768, 1], offset: 384>> -> vector<384xf32>
    kern.store %0, %y2[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %dq[%t] : memref<300x384xbf16, strided<[768, 1]>> -> vector<384xf32>
    kern.store %0, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Rows beside it count as others do.
// REMARK-NEXT: Function=many | {{.*}}Reason="it would read too many rows"
// CHECK-LABEL: kern.part @many
// CHECK:         kern.rows "out"
kern.part @many "micro" {
  %both = kern.buffer "both" "workspace" : memref<300x768xbf16>
  %dq = kern.view %both : memref<300x768xbf16> to memref<300x384xbf16, strided<[768, 1]>>
  %right = kern.view %both : memref<300x768xbf16> to memref<300x384xbf16, strided<[768, 1], offset: 384>>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16, strided<[768, 1]>>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %dq[%t] : memref<300x384xbf16, strided<[768, 1]>> -> vector<384xf32>
    %1 = kern.load %right[%t] : memref<300x384xbf16, strided<[768, 1], offset: 384>> -> vector<384xf32>
    %2 = kern.load %x[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s0 = arith.addf %0, %1 : vector<384xf32>
    %s1 = arith.addf %s0, %2 : vector<384xf32>
    kern.store %s1, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// A kernel of the group may read the row that it stores.
// REMARK-NEXT: Function=again | {{.*}}"sum is computed in heads"
// REMARK-NEXT: Function=again | {{.*}}"out is computed in heads
// CHECK-LABEL: kern.part @again
// CHECK:         "heads+sum+out"
kern.part @again "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %a = kern.buffer "a" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "sum" 300 {
  ^row(%t: index):
    %0 = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %1 = kern.load %a[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s0 = arith.addf %0, %1 : vector<384xf32>
    kern.store %s0, %a[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "out" 300 {
  ^row(%t: index):
    %0 = kern.load %a[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %0, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}
