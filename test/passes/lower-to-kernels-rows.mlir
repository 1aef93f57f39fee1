// Row programs of ops whose numbers, or rows, choose among forms.
// RUN: gptc-opt %s --lower-to-kernels | FileCheck %s

// A temperature of 0 is the limit: the greatest in equal shares. Another one is a factor.
// CHECK-LABEL: kern.part @a
// CHECK: %[[X:.*]] = kern.load %x
// CHECK-NEXT: %[[MOST:.*]] = kern.reduce "max" %[[X]]
// CHECK: %[[SUM:.*]] = kern.reduce "add"
// CHECK: %[[LESS:.*]] = arith.cmpf ogt, %{{.*}}, %[[X]]
// CHECK: %[[BEST:.*]] = arith.select %[[LESS]]
// CHECK: %[[NONE:.*]] = arith.subf %[[SUM]], %[[SUM]]
// CHECK: %[[COUNT:.*]] = kern.reduce "add" %[[BEST]]
// CHECK: arith.addf %[[COUNT]], %[[NONE]]
// CHECK: arith.divf %[[BEST]]
// CHECK-LABEL: kern.part @b
// CHECK: %[[X:.*]] = kern.load %x
// CHECK: %[[Z:.*]] = arith.mulf %[[X]]
// CHECK-NEXT: kern.reduce "max" %[[Z]]
// CHECK-NOT: arith.select
// CHECK: arith.divf

// Rows among zeros are rows before; one row would be that of all, so its place is compared.
// CHECK-LABEL: kern.part @c
// CHECK: kern.load %x[%{{.*}} by -2]
// CHECK-NOT: arith.select
// CHECK-LABEL: kern.part @d
// CHECK: %[[T:.*]] = kern.row_index
// CHECK: arith.cmpi eq, %[[T]]
// CHECK: kern.load %one[]

// Weights that are all 0 have a sum.
// CHECK-LABEL: kern.part @e
// CHECK: kern.partial

// One limit, of one side.
// CHECK-LABEL: kern.part @f
// CHECK: arith.constant dense<-1.0
// CHECK: arith.cmpf
// CHECK-NOT: arith.cmpf
// CHECK: kern.store
// CHECK: arith.constant dense<2.0
// CHECK: arith.cmpf
// CHECK-NOT: arith.cmpf
// CHECK: kern.store
// CHECK-LABEL: kern.part @g
// CHECK: arith.constant dense<3.0
// CHECK: arith.cmpf
// CHECK-NOT: arith.cmpf
// CHECK: kern.store
// CHECK: arith.constant dense<-4.0
// CHECK: arith.cmpf
// CHECK-NOT: arith.cmpf
// CHECK: kern.store
// With bf16, of two targets: σ of the cap, each term, and what the gradient is made of, with the sum of weights. One target
// rounds no term; without it nothing is rounded.
// CHECK-LABEL: kern.part @h
// CHECK: kern.rows "softcap
// CHECK-COUNT-1: kern.round {{.*}} to "bf16" : vector<8xf32>
// CHECK-NOT: kern.round
// CHECK: kern.rows "cross_entropy
// CHECK-COUNT-2: kern.round {{.*}} to "bf16" : vector<1xf32>
// CHECK-NOT: kern.round
// CHECK: kern.rows "cross_entropy_backward
// CHECK-COUNT-4: kern.round {{.*}} to "bf16" : vector<1xf32>
// CHECK-NOT: kern.round
// CHECK-LABEL: kern.part @i
// CHECK-NOT: kern.round
// Sums of columns stay in their rows, sums of rows are sums of partial ones. Of numbers that differ from row to row a rank has
// those that stand behind the other ranks'.
// CHECK-LABEL: kern.part @j
// CHECK: kern.reduce "add" {{.*}} : vector<8xf32> -> vector<1xf32>
// CHECK-NOT: kern.partial
// CHECK: kern.partial
// CHECK-LABEL: kern.part @k
// CHECK: kern.rows "numbers
// CHECK-NOT: arith.fptosi
// CHECK: kern.rows "numbers
// CHECK: arith.fptosi
// What a parameter keeps: the nearest, or what is left when the lower half is cut.
// CHECK-LABEL: kern.part @l
// CHECK: kern.round {{.*}} to "bf16" stored
// CHECK: kern.round {{.*}} to "bf16_truncated" stored
// CHECK-LABEL: kern.part @end
gpt.model @m {
  %x = gpt.state "derived" -> [6, 8] f32
  %one = gpt.state "derived" -> [1, 8] f32
  %out = gpt.state "output" -> [6, 8] f32
  %tall = gpt.state "output" -> [9, 8] f32
  %row = gpt.state "output" -> [1, 8] f32
  gpt.part @a "sample" attributes {tokens = 6 : i64} {
    %y = gpt.softmax %x (temperature = 0) : [6, 8] f32 -> [6, 8] f32
    gpt.update %out with %y : [6, 8] f32, [6, 8] f32
  }
  gpt.part @b "sample" attributes {tokens = 6 : i64} {
    %y = gpt.softmax %x (temperature = 0.5) : [6, 8] f32 -> [6, 8] f32
    gpt.update %out with %y : [6, 8] f32, [6, 8] f32
  }
  gpt.part @c "sample" attributes {tokens = 6 : i64} {
    %y = gpt.pad_rows %x at 2 in 9 : [6, 8] f32 -> [9, 8] f32
    gpt.update %tall with %y : [9, 8] f32, [9, 8] f32
  }
  gpt.part @d "sample" attributes {tokens = 6 : i64} {
    %y = gpt.pad_rows %one at 2 in 9 : [1, 8] f32 -> [9, 8] f32
    gpt.update %tall with %y : [9, 8] f32, [9, 8] f32
  }
  gpt.part @e "sample" attributes {tokens = 6 : i64} {
    %targets = gpt.input [6] i32 -> [6] i32
    %y = gpt.cross_entropy %x, %targets (w0 = 0, w1 = 0) : [6, 8] f32, [6] i32 -> [] f32
    %z = gpt.mul %y, %x : [] f32, [6, 8] f32 -> [6, 8] f32
    gpt.update %out with %z : [6, 8] f32, [6, 8] f32
  }
  gpt.part @f "sample" attributes {tokens = 6 : i64} {
    %y = gpt.clamp %x (min = -1) : [6, 8] f32 -> [6, 8] f32
    %z = gpt.clamp_backward %y, %x (max = 2) : [6, 8] f32, [6, 8] f32 -> [6, 8] f32
    gpt.update %out with %z : [6, 8] f32, [6, 8] f32
  }
  gpt.part @g "sample" attributes {tokens = 6 : i64} {
    %y = gpt.clamp %x (max = 3) : [6, 8] f32 -> [6, 8] f32
    %z = gpt.clamp_backward %y, %x (min = -4) : [6, 8] f32, [6, 8] f32 -> [6, 8] f32
    gpt.update %out with %z : [6, 8] f32, [6, 8] f32
  }
  gpt.part @h "sample" attributes {tokens = 6 : i64} {
    %targets = gpt.input [6] i32 -> [6] i32
    %c = gpt.softcap %x (scale = 23, shift = 5, width = 7.5, bf16 = 1) : [6, 8] f32 -> [6, 8] f32
    %y = gpt.cross_entropy %c, %targets (w0 = 1, w1 = 0.5, bf16 = 1) : [6, 8] f32, [6] i32 -> [] f32
    %d = gpt.cross_entropy_backward %y, %c, %targets (w0 = 1, w1 = 0.5, bf16 = 1) : [] f32, [6, 8] f32, [6] i32 -> [6, 8] f32
    gpt.update %out with %d : [6, 8] f32, [6, 8] f32
  }
  gpt.part @i "sample" attributes {tokens = 6 : i64} {
    %targets = gpt.input [6] i32 -> [6] i32
    %c = gpt.softcap %x (scale = 23, shift = 5, width = 7.5, bf16 = 0) : [6, 8] f32 -> [6, 8] f32
    %y = gpt.cross_entropy %c, %targets (w0 = 1, bf16 = 1) : [6, 8] f32, [6] i32 -> [] f32
    %d = gpt.cross_entropy_backward %y, %c, %targets (w0 = 1, w1 = 0.5, bf16 = 0) : [] f32, [6, 8] f32, [6] i32 -> [6, 8] f32
    gpt.update %out with %d : [6, 8] f32, [6, 8] f32
  }
  gpt.part @j "sample" attributes {tokens = 6 : i64} {
    %a = gpt.reduce %x to [6, 1] : [6, 8] f32 -> [6, 1] f32
    %b = gpt.mul %a, %x : [6, 1] f32, [6, 8] f32 -> [6, 8] f32
    gpt.update %out with %b : [6, 8] f32, [6, 8] f32
    %c = gpt.reduce %x to [1, 8] : [6, 8] f32 -> [1, 8] f32
    gpt.update %row with %c : [1, 8] f32, [1, 8] f32
  }
  gpt.part @k "sample" attributes {tokens = 6 : i64} {
    %a = gpt.numbers 4 x 0.5, 2 x 1 -> [6] f32
    %b = gpt.mul %x, %a : [6, 8] f32, [6] f32 -> [6, 8] f32
    gpt.update %out with %b : [6, 8] f32, [6, 8] f32
    %c = gpt.numbers 8 x 0.5, 4 x 1 {ranks = 2 : i64} -> [6] f32
    %d = gpt.mul %x, %c : [6, 8] f32, [6] f32 -> [6, 8] f32
    gpt.update %out with %d : [6, 8] f32, [6, 8] f32
  }
  gpt.part @l "sample" attributes {tokens = 6 : i64} {
    %y = gpt.stored %x to bf16 : [6, 8] f32 -> [6, 8]
    %z = gpt.stored %y to bf16 truncated : [6, 8] -> [6, 8]
    gpt.update %out with %z : [6, 8] f32, [6, 8]
  }
  gpt.part @end "sample" attributes {tokens = 6 : i64} {
    gpt.update %out with %x : [6, 8] f32, [6, 8] f32
  }
}
