// Each guard of fuse-attention alone: the kernel that it keeps out, and all that it lets in.

// RUN: gptc-opt %s --fuse-attention=target=sm_90a --remarks-filter=fuse-attention -o %t 2>&1 | grep Function= | sed 's/.*Function=/Function=/' | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%window = arith.constant 128.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<300x384xbf16>
%docs = kern.buffer "docs" "input" : memref<300xi32>
%lse = kern.buffer "lse" "input" : memref<300x3xf32>
%lse_p = kern.buffer "lse_p" "input" : memref<600x1xf32>
%cos = kern.buffer "cos" "input" : memref<300x64xbf16>
%six = kern.buffer "six" "input" : memref<300x6xf32>
%gain = kern.buffer "gain" "input" : memref<1x384xf32>
%y = kern.buffer "y" "output" : memref<300x384xbf16>
%dv = kern.buffer "dv" "output" : memref<300x384xbf16>
%dv2 = kern.buffer "dv2" "output" : memref<300x384xbf16>
%wide = kern.buffer "wide" "output" : memref<300x384xf32>
%codes = kern.buffer "codes" "output" : memref<300x384xf8E5M2>
%three = kern.buffer "three" "output" : memref<300x3xf32>
%one = kern.buffer "one" "output" : memref<300x128xbf16>
%p = kern.buffer "p" "output" : memref<600x128xbf16>
%n = kern.buffer "n" "output" : memref<300x96xbf16>

// As many rows as attention has positions.
// CHECK-LABEL: kern.part @rows
// CHECK:         kern.rows "out"
// REMARK: Function=rows | {{.*}}Reason="it has another number of rows"
kern.part @rows "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  %half = kern.view %dq : memref<300x384xbf16> to memref<150x384xbf16, strided<[384, 1]>>
  %half_y = kern.view %y : memref<300x384xbf16> to memref<150x384xbf16, strided<[384, 1]>>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 150 {
  ^row(%t: index):
    %g = kern.load %half[%t] : memref<150x384xbf16, strided<[384, 1]>> -> vector<384xf32>
    kern.store %g, %half_y[%t] : vector<384xf32>, memref<150x384xbf16, strided<[384, 1]>>
  }
}

// Of its own row alone.
// CHECK-LABEL: kern.part @other_row
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=other_row | {{.*}}Reason="it loads another row"
kern.part @other_row "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t by 1] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %g, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @named_row
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=named_row | {{.*}}Reason="it needs more than a head: kern.load_index"
kern.part @named_row "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %i = kern.load_index %docs[%t] : memref<300xi32>
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %z = kern.load %x[%i] : memref<300x384xbf16> -> vector<384xf32>
    %s = arith.addf %g, %z : vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Columns of all heads, one a head, or one.
// CHECK-LABEL: kern.part @width
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=width | {{.*}}Reason="it loads rows of another width"
kern.part @width "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %z = kern.load %six[%t] : memref<300x6xf32> -> vector<6xf32>
    %w = kern.spread %z : vector<6xf32> -> vector<384xf32>
    %s = arith.addf %g, %w : vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @computed_width
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=computed_width | {{.*}}Reason="it computes rows of another width"
kern.part @computed_width "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %z = arith.constant dense<1.0> : vector<6xf32>
    %w = kern.spread %z : vector<6xf32> -> vector<384xf32>
    %s = arith.addf %g, %w : vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @stored_width
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=stored_width | {{.*}}Reason="it stores rows of another width"
kern.part @stored_width "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = kern.reduce "add" %g : vector<384xf32> -> vector<3xf32>
    kern.store %s, %three[%t] : vector<3xf32>, memref<300x3xf32>
  }
}

// CHECK-LABEL: kern.part @slice
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=slice | {{.*}}Reason="it needs more than a head: kern.slice"
kern.part @slice "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = kern.slice %g at 128 : vector<384xf32> -> vector<128xf32>
    kern.store %s, %one[%t] : vector<128xf32>, memref<300x128xbf16>
  }
}

// Codes have four columns in a word.
// CHECK-LABEL: kern.part @codes
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=codes | {{.*}}Reason="it stores codes of 8 bits"
kern.part @codes "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %g, %codes[%t] : vector<384xf32>, memref<300x384xf8E5M2>
  }
}

// Sums are those of heads.
// CHECK-LABEL: kern.part @whole_sum
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=whole_sum | {{.*}}Reason="it adds up something else than the columns of each head"
kern.part @whole_sum "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = kern.reduce "add" %g : vector<384xf32> -> vector<1xf32>
    %w = kern.spread %s : vector<1xf32> -> vector<384xf32>
    kern.store %w, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @maximum
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=maximum | {{.*}}Reason="it adds up something else than the columns of each head"
kern.part @maximum "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = kern.reduce "max" %g : vector<384xf32> -> vector<3xf32>
    %w = kern.spread %s : vector<3xf32> -> vector<384xf32>
    kern.store %w, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// A rotation of halves of a head, by what is loaded for it.
// CHECK-LABEL: kern.part @neighbours
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=neighbours | {{.*}}Reason="it turns pairs that are not half a head apart"
kern.part @neighbours "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %c = kern.load %cos[%t] : memref<300x64xbf16> -> vector<64xf32>
    %s = kern.rotate %g by %c, %c head 128 group 1 neighbours : vector<384xf32>, vector<64xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @small_heads
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=small_heads | {{.*}}Reason="it turns pairs that are not half a head apart"
kern.part @small_heads "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %c = kern.load %cos[%t] : memref<300x64xbf16> -> vector<64xf32>
    %s = kern.rotate %g by %c, %c head 64 group 2 : vector<384xf32>, vector<64xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @computed_table
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=computed_table | {{.*}}Reason="it turns by what is not loaded"
kern.part @computed_table "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %three_ = kern.load %three[%t] : memref<300x3xf32> -> vector<3xf32>
    %c = kern.spread %three_ : vector<3xf32> -> vector<384xf32>
    %s = kern.rotate %g by %c, %c head 128 group 6 : vector<384xf32>, vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// What attention reads at other rows stays until it has run.
// CHECK-LABEL: kern.part @in_place
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=in_place | {{.*}}Reason="one reads other rows of what the other stores"
kern.part @in_place "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %g, %x[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// One gradient at a time.
// CHECK-LABEL: kern.part @two
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=two | {{.*}}Reason="it joins two gradients"
kern.part @two "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %k = kern.load %dk[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = arith.addf %g, %k : vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Whose gradient is a result, or read elsewhere, keeps it.
// CHECK-LABEL: kern.part @kept
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=kept | {{.*}}Reason="the gradient is kept"
kern.part @kept "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %y, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %y[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %g, %dv2[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// CHECK-LABEL: kern.part @elsewhere
// CHECK:         kern.rows "out"
// CHECK:         kern.rows "further"
// REMARK-NEXT: Function=elsewhere | {{.*}}Reason="another kernel reads the gradient, too"
// REMARK-NEXT: Function=elsewhere | {{.*}}Reason="it loads another row"
kern.part @elsewhere "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %g, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "further" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t by -1] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %g, %dv2[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Nothing may have to run before it and behind attention.
// CHECK-LABEL: kern.part @between
// CHECK:         kern.rows "shift"
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=between | {{.*}}Reason="it loads another row"
// REMARK-NEXT: Function=between | {{.*}}Reason="another kernel has to run between them"
kern.part @between "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  %z = kern.buffer "z" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "shift" 300 {
  ^row(%t: index):
    %k = kern.load %dk[%t by -1] : memref<300x384xbf16> -> vector<384xf32>
    kern.store %k, %z[%t] : vector<384xf32>, memref<300x384xbf16>
  }
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %k = kern.load %z[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = arith.mulf %g, %k : vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// A column a head goes to all of its columns, and nothing else.
// CHECK-LABEL: kern.part @repeats
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=repeats | {{.*}}Reason="it repeats columns in a head"
kern.part @repeats "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %s = kern.spread %g : vector<384xf32> -> vector<384xf32>
    kern.store %s, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// Beside a gradient's columns there are others.
// CHECK-LABEL: kern.part @more
// CHECK:         kern.rows "out"
// REMARK-NEXT: Function=more | {{.*}}Reason="one reads more columns than the other stores"
kern.part @more "micro" {
  %both = kern.buffer "both" "workspace" : memref<300x768xbf16>
  %dq = kern.view %both : memref<300x768xbf16> to memref<300x384xbf16, strided<[768, 1], offset: 192>>
  %before = kern.view %both : memref<300x768xbf16> to memref<300x384xbf16, strided<[768, 1]>>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16, strided<[768, 1], offset: 192>>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %before[%t] : memref<300x384xbf16, strided<[768, 1]>> -> vector<384xf32>
    kern.store %g, %y[%t] : vector<384xf32>, memref<300x384xbf16>
  }
}

// All that is let in.
// CHECK-LABEL: kern.part @near
// CHECK:         kern.attention_backward "heads+in"
// REMARK-NEXT: Function=near | {{.*}}"in is computed in heads"
kern.part @near "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xbf16>
  %dk = kern.buffer "dk" "workspace" : memref<300x384xbf16>
  kern.attention_backward "heads" %x, %x, %x, %x, %lse, %lse documents %docs to %dq, %dk, %dv window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xbf16>, memref<300x384xbf16>, memref<300x384xbf16>
  kern.rows "in" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xbf16> -> vector<384xf32>
    %c = kern.load %cos[%t] : memref<300x64xbf16> -> vector<64xf32>
    %r = kern.rotate %g by %c, %c head 128 group 1 : vector<384xf32>, vector<64xf32>
    %gain_ = kern.load %gain[] : memref<1x384xf32> -> vector<384xf32>
    %m = arith.mulf %r, %gain_ : vector<384xf32>
    %o = kern.load %three[%t] : memref<300x3xf32> -> vector<3xf32>
    %w = kern.spread %o : vector<3xf32> -> vector<384xf32>
    %s = arith.addf %m, %w : vector<384xf32>
    %heat = kern.number %scale : vector<1xf32>
    %nw = kern.spread %heat : vector<1xf32> -> vector<384xf32>
    %u = arith.mulf %s, %nw : vector<384xf32>
    %b = kern.round %u to "bf16" : vector<384xf32>
    kern.store %b, %wide[%t] : vector<384xf32>, memref<300x384xf32>
  }
}

// Rows of several positions, types and heads that tensor cores do not take.
// CHECK-LABEL: kern.part @pairs
// CHECK-NOT:     program
// CHECK:         kern.rows "out"
kern.part @pairs "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<600x128xbf16>
  kern.attention_backward "heads" %p, %p, %p, %p, %lse_p, %lse_p documents %docs to %dq, %p, %p window %window scale %scale heads 1 of 128 group 2
    : memref<600x128xbf16>, memref<600x128xbf16>, memref<600x128xbf16>, memref<600x128xbf16>, memref<600x1xf32>, memref<600x1xf32>, memref<300xi32>, memref<600x128xbf16>, memref<600x128xbf16>, memref<600x128xbf16>
  kern.rows "out" 600 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<600x128xbf16> -> vector<128xf32>
    kern.store %g, %p[%t] : vector<128xf32>, memref<600x128xbf16>
  }
}

// In f32.
// CHECK-LABEL: kern.part @single
// CHECK-NOT:     program
// CHECK:         kern.rows "out"
kern.part @single "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x384xf32>
  kern.attention_backward "heads" %wide, %wide, %wide, %wide, %lse, %lse documents %docs to %dq, %wide, %wide window %window scale %scale heads 3 of 128 group 1
    : memref<300x384xf32>, memref<300x384xf32>, memref<300x384xf32>, memref<300x384xf32>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x384xf32>, memref<300x384xf32>, memref<300x384xf32>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x384xf32> -> vector<384xf32>
    kern.store %g, %wide[%t] : vector<384xf32>, memref<300x384xf32>
  }
}

// Heads of 32.
// CHECK-LABEL: kern.part @narrow
// CHECK-NOT:     program
// CHECK:         kern.rows "out"
kern.part @narrow "micro" {
  %dq = kern.buffer "dq" "workspace" : memref<300x96xbf16>
  kern.attention_backward "heads" %n, %n, %n, %n, %lse, %lse documents %docs to %dq, %n, %n window %window scale %scale heads 3 of 32 group 1
    : memref<300x96xbf16>, memref<300x96xbf16>, memref<300x96xbf16>, memref<300x96xbf16>, memref<300x3xf32>, memref<300x3xf32>, memref<300xi32>, memref<300x96xbf16>, memref<300x96xbf16>, memref<300x96xbf16>
  kern.rows "out" 300 {
  ^row(%t: index):
    %g = kern.load %dq[%t] : memref<300x96xbf16> -> vector<96xf32>
    kern.store %g, %n[%t] : vector<96xf32>, memref<300x96xbf16>
  }
}
