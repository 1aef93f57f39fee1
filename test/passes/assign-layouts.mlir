// RUN: gptc-opt %s --assign-layouts | FileCheck %s
// RUN: gptc-opt %s --assign-layouts --remarks-filter=assign-layouts 2>&1 | FileCheck %s --check-prefix=REMARK

// Three values that one kernel only lays side by side are written side by side.
// CHECK-LABEL: kern.part @fires
// CHECK: %[[ALL:.*]] = kern.buffer "all" "workspace" : memref<16x12xf32>
// CHECK: %[[A:.*]] = kern.view %[[ALL]] : memref<16x12xf32> to memref<16x4xf32, strided<[12, 1]>>
// CHECK: %[[B:.*]] = kern.view %[[ALL]] : memref<16x12xf32> to memref<16x8xf32, strided<[12, 1], offset: 4>>
// CHECK: kern.store %{{.*}}, %[[A]][
// CHECK: kern.store %{{.*}}, %[[B]][
// CHECK-NOT: kern.concat
// REMARK: [Passed] column-windows | Category:assign-layouts | Function=concat
gpt.model @m {
kern.part @fires "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  kern.rows "a" 16 {
  ^row(%t: index):
    %x = arith.constant dense<1.0> : vector<4xf32>
    kern.store %x, %a[%t] : vector<4xf32>, memref<16x4xf32>
  }
  kern.rows "b" 16 {
  ^row(%t: index):
    %x = arith.constant dense<2.0> : vector<8xf32>
    kern.store %x, %b[%t] : vector<8xf32>, memref<16x8xf32>
  }
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "concat" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A part that is also read with other rows (paired heads) has no window.
// CHECK-LABEL: kern.part @other_rows
// CHECK: kern.concat
// REMARK: [Missed] column-windows | Category:assign-layouts | Function=paired{{.*}}a part is also read with other rows
kern.part @other_rows "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %pairs = kern.view %a : memref<16x4xf32> to memref<32x2xf32>
  kern.rows "a" 32 {
  ^row(%t: index):
    %x = arith.constant dense<1.0> : vector<2xf32>
    kern.store %x, %pairs[%t] : vector<2xf32>, memref<32x2xf32>
  }
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "paired" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A kernel that computes is not a concatenation; neither is one of a state.
// CHECK-LABEL: kern.part @computes
// CHECK: kern.concat
// CHECK: kern.concat
kern.part @computes "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "scaled" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %y2 = arith.addf %y, %y : vector<8xf32>
    %z = kern.concat %x, %y2 : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "state" 16 {
  ^row(%t: index):
    %x = kern.load %weight[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A buffer that outlives the part may be read before: it is written in one go.
// CHECK-LABEL: kern.part @outlives
// CHECK: kern.concat
kern.part @outlives "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  kern.rows "concat" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %state[%t] : vector<12xf32>, memref<16x12xf32>
  }
}
// `kern.finish` counts its target's elements flat: their rows must not lie
// apart. A view of the part counts too.
// CHECK-LABEL: kern.part @flat
// CHECK: kern.finish
// CHECK: kern.finish
// CHECK: kern.concat
// REMARK: [Missed] column-windows | Category:assign-layouts | Function=flat{{.*}}a kernel counts the elements of a part flat
// REMARK: [Missed] column-windows | Category:assign-layouts | Function=viewed{{.*}}a kernel counts the elements of a part flat
kern.part @flat "micro" {
  %p = kern.buffer "p" "workspace" : memref<1x64xf32>
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %c = kern.buffer "c" "workspace" : memref<16x4xf32>
  %cv = kern.view %c : memref<16x4xf32> to memref<16x2x2xf32>
  kern.finish "sum" %p to %a : memref<1x64xf32> to memref<16x4xf32>
  kern.finish "sum" %p to %cv : memref<1x64xf32> to memref<16x2x2xf32>
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  %others = kern.buffer "others" "workspace" : memref<16x12xf32>
  kern.rows "flat" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "viewed" 16 {
  ^row(%t: index):
    %x = kern.load %c[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %others[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// One row is as flat in a window as it was.
// CHECK-LABEL: kern.part @one_row
// CHECK: %[[A:.*]] = kern.view %{{.*}} : memref<1x12xf32> to memref<1x4xf32, strided<[12, 1]>>
// CHECK: kern.finish "sum" %{{.*}} to %[[A]]
// CHECK-NOT: kern.concat
kern.part @one_row "micro" {
  %p = kern.buffer "p" "workspace" : memref<1x4xf32>
  %a = kern.buffer "a" "workspace" : memref<1x4xf32>
  %b = kern.buffer "b" "workspace" : memref<1x8xf32>
  kern.finish "sum" %p to %a : memref<1x4xf32> to memref<1x4xf32>
  %all = kern.buffer "all" "workspace" : memref<1x12xf32>
  kern.rows "row" 1 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<1x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<1x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<1x12xf32>
  }
}

// A value that stands in two concatenations is a window of the first; a
// concatenation that is a part of another one becomes a window with its parts.
// CHECK-LABEL: kern.part @shared
// CHECK: %[[W:.*]] = kern.buffer "w" "workspace" : memref<16x20xf32>
// CHECK: kern.view %[[W]] : memref<16x20xf32> to memref<16x4xf32, strided<[20, 1]>>
// CHECK: kern.view %[[W]] : memref<16x20xf32> to memref<16x8xf32, strided<[20, 1], offset: 4>>
// CHECK: kern.view %[[W]] : memref<16x20xf32> to memref<16x8xf32, strided<[20, 1], offset: 12>>
// CHECK: kern.rows "second"
// CHECK-NOT: kern.rows "{{first|third}}"
// REMARK: [Missed] column-windows | Category:assign-layouts | Function=second{{.*}}a part outlives the part of the step or lies in another buffer
kern.part @shared "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %c = kern.buffer "c" "workspace" : memref<16x8xf32>
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  kern.rows "first" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  %other = kern.buffer "other" "workspace" : memref<16x12xf32>
  kern.rows "second" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %c[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %other[%t] : vector<12xf32>, memref<16x12xf32>
  }
  %w = kern.buffer "w" "workspace" : memref<16x20xf32>
  kern.rows "third" 16 {
  ^row(%t: index):
    %x = kern.load %all[%t] : memref<16x12xf32> -> vector<12xf32>
    %y = kern.load %c[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<12xf32>, vector<8xf32> -> vector<20xf32>
    kern.store %z, %w[%t] : vector<20xf32>, memref<16x20xf32>
  }
}

// Not side by side: a part twice, of another type, of other rows, a view of
// less than its rows, and a row that is not the kernel's own.
// CHECK-LABEL: kern.part @unlike
// CHECK-COUNT-5: kern.concat
// REMARK: Function=twice{{.*}}a part stands in it twice
// REMARK: Function=type{{.*}}a part has another element type
// REMARK: Function=rows{{.*}}a part has another number of rows
// REMARK: Function=stretch{{.*}}a part is also read with other rows
kern.part @unlike "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xbf16>
  %c = kern.buffer "c" "workspace" : memref<32x8xf32>
  %d = kern.buffer "d" "workspace" : memref<16x8xf32>
  %half = kern.view %d : memref<16x8xf32> to memref<16x4xf32, strided<[4, 1]>>
  %e = kern.buffer "e" "workspace" : memref<16x8xf32>
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  %two = kern.buffer "two" "workspace" : memref<16x8xf32>
  kern.rows "twice" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<4xf32> -> vector<8xf32>
    kern.store %z, %two[%t] : vector<8xf32>, memref<16x8xf32>
  }
  kern.rows "type" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xbf16> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "rows" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %c[%t] : memref<32x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "stretch" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %d[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "other" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %e[%t by 1] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
}
%state = kern.buffer "state" "derived" : memref<16x12xf32>
%weight = kern.buffer "weight" "parameter" : memref<16x4xf32>

// No concatenations: what ends otherwise, does something beside it, or lays a constant beside a value.
// CHECK-LABEL: kern.part @more
// CHECK-COUNT-3: kern.concat
kern.part @more "micro" {
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %c = kern.buffer "c" "workspace" : memref<16x4xf32>
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  %all2 = kern.buffer "all2" "workspace" : memref<16x12xf32>
  %all3 = kern.buffer "all3" "workspace" : memref<16x12xf32>
  kern.rows "ends_otherwise" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
    %u = kern.load %c[%t] : memref<16x4xf32> -> vector<4xf32>
  }
  kern.rows "stores_more" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    kern.store %x, %c[%t] : vector<4xf32>, memref<16x4xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all2[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "constant" 16 {
  ^row(%t: index):
    %x = arith.constant dense<1.0> : vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all3[%t] : vector<12xf32>, memref<16x12xf32>
  }
}

// A whole that stands before its parts stays there: so may its views.
// CHECK-LABEL: kern.part @whole_first
// CHECK: %[[ALL:.*]] = kern.buffer "all"
// CHECK-NEXT: kern.view %[[ALL]] : memref<16x12xf32> to memref<16x6xf32
// CHECK-NOT: kern.concat
// CHECK-LABEL: kern.part @end
kern.part @whole_first "micro" {
  %all = kern.buffer "all" "workspace" : memref<16x12xf32>
  %half = kern.view %all : memref<16x12xf32> to memref<16x6xf32, strided<[12, 1]>>
  %a = kern.buffer "a" "workspace" : memref<16x4xf32>
  %b = kern.buffer "b" "workspace" : memref<16x8xf32>
  %out = kern.buffer "out" "output" : memref<16x6xf32>
  kern.rows "concat" 16 {
  ^row(%t: index):
    %x = kern.load %a[%t] : memref<16x4xf32> -> vector<4xf32>
    %y = kern.load %b[%t] : memref<16x8xf32> -> vector<8xf32>
    %z = kern.concat %x, %y : vector<4xf32>, vector<8xf32> -> vector<12xf32>
    kern.store %z, %all[%t] : vector<12xf32>, memref<16x12xf32>
  }
  kern.rows "reads" 16 {
  ^row(%t: index):
    %x = kern.load %half[%t] : memref<16x6xf32, strided<[12, 1]>> -> vector<6xf32>
    kern.store %x, %out[%t] : vector<6xf32>, memref<16x6xf32>
  }
}
kern.part @end "micro" {
}
}
