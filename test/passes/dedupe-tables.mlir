// RUN: gptc-opt %s --dedupe-tables | FileCheck %s
// RUN: gptc-opt %s | FileCheck %s --check-prefix=OFF
// RUN: gptc-opt %s --dedupe-tables --remarks-filter=dedupe-tables 2>&1 | FileCheck %s --check-prefix=REMARK --implicit-check-not=[Passed]

gpt.model @m {
  %sgd = gpt.optimizer(%p, %g) (%lr = 1) {
    %u = gpt.scale %g by %lr
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %tables = gpt.param 5 x [128, 64] without 3 init 0 by %sgd -> [5, 128, 64]
  %read = gpt.param [128, 64] init 0 by %sgd -> [128, 64]
  %other = gpt.param [128, 64] init 0 by %sgd -> [128, 64]
  %wide = gpt.param [128, 192] init 0 by %sgd -> [128, 192]

  // 0, 1, 0, 1: two look-ups, used twice each, and no view without a use.
  // CHECK-LABEL: gpt.graph @pattern
  // CHECK: gpt.row
  // CHECK: %[[A:.*]] = gpt.embed
  // CHECK: gpt.row
  // CHECK: %[[B:.*]] = gpt.embed
  // CHECK-NOT: gpt.row
  // CHECK-NOT: gpt.embed
  // CHECK: gpt.return %[[A]], %[[B]], %[[A]], %[[B]]
  // OFF-LABEL: gpt.graph @pattern
  // OFF-COUNT-4: gpt.embed
  // REMARK: [Passed] table | Category:dedupe-tables | {{.*}}"tables.0 is read once for dedupe-tables.mlir:{{[0-9]+}}, dedupe-tables.mlir:{{[0-9]+}}"
  // REMARK: [Passed] table | Category:dedupe-tables | {{.*}}"tables.1 is read once for
  gpt.graph @pattern {
    %tokens = gpt.input [96] i32 -> [96] i32
    %t0 = gpt.row %tables[0] : [5, 128, 64] -> [128, 64]
    %e0 = gpt.embed %t0[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %t1 = gpt.row %tables[1] : [5, 128, 64] -> [128, 64]
    %e1 = gpt.embed %t1[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %t2 = gpt.row %tables[0] : [5, 128, 64] -> [128, 64]
    %e2 = gpt.embed %t2[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %t3 = gpt.row %tables[1] : [5, 128, 64] -> [128, 64]
    %e3 = gpt.embed %t3[%tokens] : [128, 64], [96] i32 -> [96, 64]
    gpt.return %e0, %e1, %e2, %e3 : [96, 64], [96, 64], [96, 64], [96, 64]
  }

  // Guards: other tokens, another table, another graph.
  // CHECK-LABEL: gpt.graph @apart
  // CHECK-COUNT-3: gpt.embed
  // CHECK: gpt.return
  gpt.graph @apart {
    %tokens = gpt.input [96] i32 -> [96] i32
    %targets = gpt.input [96] i32 -> [96] i32
    %t0 = gpt.row %tables[0] : [5, 128, 64] -> [128, 64]
    %e0 = gpt.embed %t0[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %e1 = gpt.embed %t0[%targets] : [128, 64], [96] i32 -> [96, 64]
    %e2 = gpt.embed %read[%tokens] : [128, 64], [96] i32 -> [96, 64]
    gpt.return %e0, %e1, %e2 : [96, 64], [96, 64], [96, 64]
  }

  // Three times, whole tables, by equal tokens that are two views of one value.
  // CHECK-LABEL: gpt.graph @three
  // CHECK: %[[A:.*]] = gpt.embed %read
  // CHECK-NOT: gpt.embed
  // CHECK: gpt.return %[[A]], %[[A]], %[[A]]
  // REMARK: [Passed]{{.*}}"read is read once for dedupe-tables.mlir:{{[0-9]+}}, dedupe-tables.mlir:{{[0-9]+}}, dedupe-tables.mlir:{{[0-9]+}}"
  gpt.graph @three {
    %both = gpt.input [2, 48] i32 -> [2, 48] i32
    %v0 = gpt.reshape %both to [96] : [2, 48] i32 -> [96] i32
    %e0 = gpt.embed %read[%v0] : [128, 64], [96] i32 -> [96, 64]
    %v1 = gpt.reshape %both to [96] : [2, 48] i32 -> [96] i32
    %e1 = gpt.embed %read[%v1] : [128, 64], [96] i32 -> [96, 64]
    %e2 = gpt.embed %read[%v0] : [128, 64], [96] i32 -> [96, 64]
    gpt.return %e0, %e1, %e2 : [96, 64], [96, 64], [96, 64]
  }

  // Guards: views of another name, other numbers, or other values.
  // CHECK-LABEL: gpt.graph @unlike
  // CHECK-COUNT-5: gpt.embed
  // CHECK: gpt.return
  gpt.graph @unlike {
    %tokens = gpt.input [96] i32 -> [96] i32
    %t0 = gpt.rows %read at 0 size 64 : [128, 64] -> [64, 64]
    %e0 = gpt.embed %t0[%tokens] : [64, 64], [96] i32 -> [96, 64]
    %t1 = gpt.rows %read at 64 size 64 : [128, 64] -> [64, 64]
    %e1 = gpt.embed %t1[%tokens] : [64, 64], [96] i32 -> [96, 64]
    %t2 = gpt.rows %other at 0 size 64 : [128, 64] -> [64, 64]
    %e2 = gpt.embed %t2[%tokens] : [64, 64], [96] i32 -> [96, 64]
    %h, %i, %j = gpt.split %wide to [128, 64] : [128, 192] -> [128, 64], [128, 64], [128, 64]
    %e3 = gpt.embed %h[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %e4 = gpt.embed %i[%tokens] : [128, 64], [96] i32 -> [96, 64]
    gpt.return %e0, %e1, %e2, %e3, %e4 : [96, 64], [96, 64], [96, 64], [96, 64], [96, 64]
  }

  // Guard: equal tables that are computed are no views. One that both read is, and has no name.
  // CHECK-LABEL: gpt.graph @computed
  // CHECK-COUNT-2: gpt.scale
  // CHECK-COUNT-2: gpt.embed
  // CHECK-NOT: gpt.embed
  // CHECK: gpt.return
  // REMARK: [Passed]{{.*}}"the table is read once for dedupe-tables.mlir:{{[0-9]+}}, dedupe
  gpt.graph @computed {
    %tokens = gpt.input [96] i32 -> [96] i32
    %t0 = gpt.scale %read by 2 : [128, 64] -> [128, 64]
    %e0 = gpt.embed %t0[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %t1 = gpt.scale %read by 2 : [128, 64] -> [128, 64]
    %e1 = gpt.embed %t1[%tokens] : [128, 64], [96] i32 -> [96, 64]
    %e2 = gpt.embed %t0[%tokens] : [128, 64], [96] i32 -> [96, 64]
    gpt.return %e0, %e1, %e2 : [96, 64], [96, 64], [96, 64]
  }

  // What stands in no file is counted.
  // REMARK: [Passed]{{.*}}"read is read once for 2 places"
  gpt.graph @nowhere {
    %tokens = gpt.input [96] i32 -> [96] i32
    %e0 = gpt.embed %read[%tokens] : [128, 64], [96] i32 -> [96, 64] loc(unknown)
    %e1 = gpt.embed %read[%tokens] : [128, 64], [96] i32 -> [96, 64] loc(unknown)
    gpt.return %e0, %e1 : [96, 64], [96, 64]
  }

  // Guard: a function is looked at once it is inlined, and its tables are known.
  // CHECK-LABEL: gpt.func
  // CHECK-COUNT-2: gpt.embed
  // CHECK: gpt.return
  %f = gpt.func(%a: [128, 64], %b: [128, 64], %tokens: [96] i32) {
    %e0 = gpt.embed %a[%tokens]
    %e1 = gpt.embed %b[%tokens]
    %s = gpt.add %e0, %e1
    gpt.return %s
  }
}
