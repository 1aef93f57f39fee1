// RUN: gptc-opt %s --flatten-stacks --canonicalize | FileCheck %s

gpt.model @m {
  %o = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  %w = gpt.param [12, 4] f32 init 0 by %o -> [12, 4] f32
  %v = gpt.param [3, 4] f32 init 0 by %o -> [3, 4] f32
  %u = gpt.param [3, 4, 4] f32 init 0 by %o -> [3, 4, 4] f32
  %t = gpt.param [3, 4, 4] f32 init 0 by %o -> [3, 4, 4] f32
  %x = gpt.param [3, 4, 4] f32 init 0 by %o -> [3, 4, 4] f32
  %row = gpt.param [1, 4, 1] f32 init 0 by %o -> [1, 4, 1] f32
  %one = gpt.param [1, 1, 1] f32 init 0 by %o -> [1, 1, 1] f32

  // A row's number, a matrix's and one of all, beside twelve rows.
  // CHECK-LABEL: gpt.part @update_0
  // CHECK: %[[S:.*]] = gpt.mul %w, %w : [12, 4] f32, [12, 4] f32 -> [12, 4] f32
  // CHECK: %[[R:.*]] = gpt.reduce %[[S]] to [12, 1] : [12, 4] f32 -> [12, 1] f32
  // CHECK: %[[R2:.*]] = gpt.reshape %[[R]] to [3, 4] : [12, 1] f32 -> [3, 4] f32
  // CHECK: gpt.update %v with %[[R2]]
  // CHECK-LABEL: gpt.part @update_1
  gpt.part @update_0 "update" {
    %p = gpt.reshape %w to [3, 4, 4] : [12, 4] f32 -> [3, 4, 4] f32
    %s = gpt.mul %p, %p : [3, 4, 4] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
    %r = gpt.reduce %s to [3, 4] : [3, 4, 4] f32 -> [3, 4] f32
    gpt.update %v with %r : [3, 4] f32, [3, 4] f32
  }
  // CHECK: %[[ROW:.*]] = gpt.reshape %v to [12, 1]
  // CHECK: %[[A:.*]] = gpt.mul %[[ROW]], %w : [12, 1] f32, [12, 4] f32 -> [12, 4] f32
  // CHECK: %[[ROWS:.*]] = gpt.reduce %[[A]] to [12, 1]
  // CHECK: %[[OF:.*]] = gpt.reshape %[[ROWS]] to [3, 4]
  // CHECK: %[[N:.*]] = gpt.reduce %[[OF]] to [3, 1]
  // CHECK: %[[ONES:.*]] = gpt.fill 1.0 -> [3, 4] f32
  // CHECK: %[[SPREAD:.*]] = gpt.mul %[[ONES]], %[[N]]
  // CHECK: %[[EACH:.*]] = gpt.reshape %[[SPREAD]] to [12, 1]
  // CHECK: %[[B:.*]] = gpt.div %[[A]], %[[EACH]]
  // CHECK: %[[NORM:.*]] = gpt.dot
  // CHECK: %[[C:.*]] = gpt.mul %[[NORM]], %[[B]] : [] f32, [12, 4] f32 -> [12, 4] f32
  // CHECK: gpt.update %w with %[[C]]
  gpt.part @update_1 "update" {
    %p = gpt.reshape %w to [3, 4, 4] : [12, 4] f32 -> [3, 4, 4] f32
    %a = gpt.mul %v, %p : [3, 4] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
    %n = gpt.reduce %a to [3] : [3, 4, 4] f32 -> [3] f32
    %b = gpt.div %a, %n : [3, 4, 4] f32, [3] f32 -> [3, 4, 4] f32
    %d = gpt.dot %w, %w : [12, 4] f32, [12, 4] f32 -> [] f32
    %c = gpt.mul %d, %b : [] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
    %r = gpt.reshape %c to [12, 4] : [3, 4, 4] f32 -> [12, 4] f32
    gpt.update %w with %r : [12, 4] f32, [12, 4] f32
  }

  // What repeats inside a stack is left alone, and so is a part that is no
  // update.
  // CHECK-LABEL: gpt.part @update_2
  // CHECK: gpt.add {{.*}} : [3, 4, 4] f32, [1, 4, 4] f32 -> [3, 4, 4] f32
  // CHECK: gpt.reduce {{.*}} to [1, 4, 4]
  // CHECK-LABEL: gpt.part @micro_0
  // CHECK: gpt.mul {{.*}} : [3, 4, 4] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
  gpt.part @update_2 "update" {
    %p = gpt.reshape %w to [3, 4, 4] : [12, 4] f32 -> [3, 4, 4] f32
    %f = gpt.random "normal" scale 1.0 stream 0 -> [1, 4, 4] f32
    %a = gpt.add %p, %f : [3, 4, 4] f32, [1, 4, 4] f32 -> [3, 4, 4] f32
    %i = gpt.reduce %a to [1, 4, 4] : [3, 4, 4] f32 -> [1, 4, 4] f32
    %b = gpt.add %a, %i : [3, 4, 4] f32, [1, 4, 4] f32 -> [3, 4, 4] f32
    %r = gpt.reshape %b to [12, 4] : [3, 4, 4] f32 -> [12, 4] f32
    gpt.update %w with %r : [12, 4] f32, [12, 4] f32
  }
  gpt.part @micro_0 "micro" {
    %p = gpt.reshape %w to [3, 4, 4] : [12, 4] f32 -> [3, 4, 4] f32
    %s = gpt.mul %p, %p : [3, 4, 4] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
    %r = gpt.reshape %s to [12, 4] : [3, 4, 4] f32 -> [12, 4] f32
    gpt.update %w with %r : [12, 4] f32, [12, 4] f32
  }

  // A parameter of three dimensions that stands in its own rows keeps them,
  // beside a stack; with products of its matrices it is a stack too.
  // CHECK-LABEL: gpt.part @update_3
  // CHECK: gpt.scale %u by 2 : [3, 4, 4] f32 -> [3, 4, 4] f32
  // CHECK: gpt.scale %w by 2 : [12, 4] f32 -> [12, 4] f32
  // CHECK: gpt.gram %t
  // CHECK: gpt.scale {{.*}} by 2 : [12, 4] f32 -> [12, 4] f32
  gpt.part @update_3 "update" {
    %a = gpt.scale %u by 2 : [3, 4, 4] f32 -> [3, 4, 4] f32
    gpt.update %u with %a : [3, 4, 4] f32, [3, 4, 4] f32
    %p = gpt.reshape %w to [3, 4, 4] : [12, 4] f32 -> [3, 4, 4] f32
    %b = gpt.scale %p by 2 : [3, 4, 4] f32 -> [3, 4, 4] f32
    %r = gpt.reshape %b to [12, 4] : [3, 4, 4] f32 -> [12, 4] f32
    gpt.update %w with %r : [12, 4] f32, [12, 4] f32
    %c = gpt.gram %t : [3, 4, 4] f32 -> [3, 4, 4] f32
    %d = gpt.scale %c by 2 : [3, 4, 4] f32 -> [3, 4, 4] f32
    gpt.update %t with %d : [3, 4, 4] f32, [3, 4, 4] f32
  }

  // A sum over nothing is one of no rows, of one row each too.
  // CHECK-LABEL: gpt.part @update_4
  // CHECK: gpt.reduce {{.*}} to [3, 4, 4]
  // CHECK: gpt.reduce {{.*}} to [3, 1, 4]
  gpt.part @update_4 "update" {
    %p = gpt.reshape %w to [3, 4, 4] : [12, 4] f32 -> [3, 4, 4] f32
    %a = gpt.reduce %p to [3, 4, 4] : [3, 4, 4] f32 -> [3, 4, 4] f32
    %r = gpt.reshape %a to [12, 4] : [3, 4, 4] f32 -> [12, 4] f32
    gpt.update %w with %r : [12, 4] f32, [12, 4] f32
    %q = gpt.reshape %v to [3, 1, 4] : [3, 4] f32 -> [3, 1, 4] f32
    %b = gpt.reduce %q to [3, 1, 4] : [3, 1, 4] f32 -> [3, 1, 4] f32
    %d = gpt.reshape %b to [3, 4] : [3, 1, 4] f32 -> [3, 4] f32
    gpt.update %v with %d : [3, 4] f32, [3, 4] f32
  }

  // What a product reads is a stack, with all that it is made of; so is a constant beside one. Not so what is made of rows in
  // another way, what is beside it in another part alone, and sums over matrices.
  // CHECK-LABEL: gpt.part @update_5
  // CHECK: gpt.scale {{.*}} by 3 : [12, 4] f32 -> [12, 4] f32
  // CHECK: gpt.offset {{.*}} by 4 : [12, 4] f32 -> [12, 4] f32
  // CHECK: gpt.gram {{.*}} : [3, 4, 4] f32 -> [3, 4, 4] f32
  // CHECK: gpt.fill 5 -> [12, 4] f32
  // CHECK: gpt.rms_norm
  // CHECK: gpt.scale {{.*}} by 6 : [3, 4, 4] f32 -> [3, 4, 4] f32
  // CHECK: gpt.scale %u by 7 : [3, 4, 4] f32 -> [3, 4, 4] f32
  // CHECK: gpt.reduce {{.*}} : [3, 4, 4] f32 -> [1, 4, 1] f32
  // CHECK: gpt.reduce {{.*}} : [3, 4, 4] f32 -> [1, 1, 1] f32
  gpt.part @update_5 "update" {
    %a = gpt.scale %t by 3 : [3, 4, 4] f32 -> [3, 4, 4] f32
    %a2 = gpt.offset %a by 4 : [3, 4, 4] f32 -> [3, 4, 4] f32
    %b = gpt.gram %a2 : [3, 4, 4] f32 -> [3, 4, 4] f32
    %f = gpt.fill 5 -> [3, 4, 4] f32
    %c = gpt.div %f, %b : [3, 4, 4] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
    gpt.update %t with %c : [3, 4, 4] f32, [3, 4, 4] f32
    %n = gpt.rms_norm %b : [3, 4, 4] f32 -> [3, 4, 4] f32
    %k = gpt.scale %n by 6 : [3, 4, 4] f32 -> [3, 4, 4] f32
    gpt.update %x with %k : [3, 4, 4] f32, [3, 4, 4] f32
    %d = gpt.scale %u by 7 : [3, 4, 4] f32 -> [3, 4, 4] f32
    gpt.update %u with %d : [3, 4, 4] f32, [3, 4, 4] f32
    %r = gpt.reduce %b to [1, 4, 1] : [3, 4, 4] f32 -> [1, 4, 1] f32
    gpt.update %row with %r : [1, 4, 1] f32, [1, 4, 1] f32
    %q = gpt.reduce %b to [1, 1, 1] : [3, 4, 4] f32 -> [1, 1, 1] f32
    gpt.update %one with %q : [1, 1, 1] f32, [1, 1, 1] f32
  }
  gpt.part @micro_1 "micro" {
    %a = gpt.add %t, %u : [3, 4, 4] f32, [3, 4, 4] f32 -> [3, 4, 4] f32
    gpt.update %t with %a : [3, 4, 4] f32, [3, 4, 4] f32
  }
}
