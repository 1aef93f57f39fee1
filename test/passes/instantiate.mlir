// Names become numbers, calls their bodies, and each distinct (T, table) over the steps one flat graph.
// RUN: gptc-opt %s --instantiate --verify-roundtrip | FileCheck %s
// RUN: gptc-opt %s --instantiate=set=D=8,half=false,tokens=12 | FileCheck %s --check-prefix=SET
// Places lead through the calls.
// RUN: gptc-opt %s --instantiate --mlir-print-debuginfo | FileCheck %s --check-prefix=PLACE
// PLACE: callsite(

// What `info` shows.
// CHECK: gpt.model @m attributes {constants = {D = 4 : i64, half = 1 : i64, rate = 5.000000e-01 : f64, steps = 6 : i64, tokens = 8 : i64}, fixed = {D = "the shape of 'head'", half = "what 'trunk' computes", steps = "the recipe's steps", tokens = "the recipe's T"}, recipe_constants = {steps = "steps"}}
// SET: constants = {D = 8 : i64, half = 0 : i64
gpt.model @m {
  // CHECK-NOT: gpt.let
  // CHECK-NOT: gpt.require
  // What only numbers follow from, a run may set.
  // CHECK: %rate = gpt.setting "rate" = 0.5
  gpt.let T, D = 4, steps = 6, tokens = 8, half = true, rate = 0.5
  gpt.require D >= 1, mod(tokens, 4) == 0
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  // CHECK: %head = gpt.param [16, 4] init uniform(0.5) by %sgd (rate = %rate) -> [16, 4]
  // SET: %head = gpt.param [16, 8] init uniform(0.25) by %sgd (rate = %rate) -> [16, 8]
  %head = gpt.param [16, D] init uniform(2/D) by %sgd (rate = rate)
  %table = gpt.param [16, D] init 0 by %sgd
  %unread = gpt.input [T] i32
  // An optimizer's calls become bodies as a graph's do.
  // CHECK: %calls = gpt.optimizer(%p, %g, %norm) {
  // CHECK-NEXT: %[[N:.*]] = gpt.expr %lr
  // CHECK-NEXT: %[[A:.*]] = gpt.scale %norm by 2*%[[N]]
  // CHECK-NEXT: %[[Q:.*]] = gpt.mul %[[A]], %p
  %calls = gpt.optimizer(%p, %g, %norm) {
    %n = gpt.call %doubled(%norm) (by = %lr)
    %q = gpt.mul %n, %p
    gpt.return %q
  }
  %called = gpt.param [16, D] init 0 by %calls
  %doubled = gpt.func(%x : [] f32) (%by) {
    %y = gpt.scale %x by 2*%by
    gpt.return %y
  }
  // CHECK-NOT: gpt.func
  %block = gpt.func(%x : [T, D]) (%i, %by = 2) {
    %n = gpt.expr %by * %i + 1
    %y = gpt.scale %x by %n
    gpt.return %y
  }
  %trunk = gpt.func() {
    %t = gpt.tied %table to %head until %split
    %x = gpt.embed %t[%tokens]
    %a = gpt.call %block(%x) (i = 3)
    %b = gpt.call %block(%a) (by = %lr, i = 2)
    %r = gpt.round %b to "e4m3" (scale = 1/4, on = half)
    %z = gpt.linear %r, %head
    gpt.return %z
  }
  // Two values of T in the first four steps, then the split.
  // CHECK-LABEL: gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 2>, tokens = 4 : i64} {
  // CHECK-NEXT: %tokens = gpt.input [4] i32 -> [4] i32
  // CHECK-NEXT: %targets = gpt.input [4] i32 -> [4] i32
  // CHECK-NEXT: gpt.embed %head[%tokens] : [16, 4], [4] i32 -> [4, 4]
  // What does not change with the step is folded, what does stays a number.
  // CHECK-NEXT: gpt.scale %{{.*}} by 7 : [4, 4] -> [4, 4]
  // CHECK-NEXT: gpt.scale %{{.*}} by %lr*2 + 1 : [4, 4] -> [4, 4]
  // CHECK-NEXT: gpt.round %{{.*}} to "e4m3" (scale = 0.25, on = 1) : [4, 4] -> [4, 4]
  // CHECK-NEXT: gpt.linear %{{.*}}, %head : [4, 4], [16, 4] -> [4, 16]
  // CHECK-NEXT: gpt.cross_entropy %{{.*}}, %targets (w0 = 1, w1 = %lr) : [4, 16], [4] i32 -> [] f32
  // SET-LABEL: gpt.graph @train_0 attributes {kind = "train", steps = array<i64: 0, 2>, tokens = 6 : i64} {
  // SET: gpt.round %{{.*}} to "e4m3" (scale = 0.25, on = 0) : [6, 8] -> [6, 8]
  // CHECK-LABEL: gpt.graph @train_1 attributes {kind = "train", steps = array<i64: 3, 3>, tokens = 8 : i64} {
  // CHECK: gpt.embed %head[%tokens]
  // CHECK-LABEL: gpt.graph @train_2 attributes {kind = "train", steps = array<i64: 4, 5>, tokens = 8 : i64} {
  // CHECK: gpt.embed %table[%tokens]
  gpt.graph @train {
    %z = gpt.call %trunk()
    %l = gpt.cross_entropy %z, %targets (w0 = 1, w1 = %lr)
    gpt.return %l
  }
  // Validation also sees step `steps`.
  // CHECK-LABEL: gpt.graph @validate_0 attributes {kind = "validate", steps = array<i64: 0, 3>, tokens = 2 : i64} {
  // CHECK-LABEL: gpt.graph @validate_1 attributes {kind = "validate", steps = array<i64: 4, 6>, tokens = 2 : i64} {
  // CHECK: gpt.embed %table[%tokens]
  gpt.graph @validate {
    %z = gpt.call %trunk()
    %l = gpt.cross_entropy %z, %targets mean
    gpt.return %l
  }
  // CHECK-LABEL: gpt.graph @sample_0 attributes {kind = "sample", steps = array<i64: 6, 6>, tokens = 2 : i64} {
  // CHECK: gpt.embed %table[%tokens]
  gpt.graph @sample {
    %z = gpt.call %trunk()
    %p = gpt.softmax %z
    gpt.return %p
  }
  // Schedules stay, with numbers for names; an optimizer that trains nothing goes.
  // CHECK: %lr = gpt.schedule(%step) {
  // CHECK-NEXT: gpt.yield 1 - %step/6
  %lr = gpt.schedule(%step) {
    gpt.yield 1 - %step/steps
  }
  %split = gpt.schedule(%step) {
    gpt.yield %step > 3
  }
  %T = gpt.schedule(%step) {
    gpt.yield tokens if %step >= 3 else tokens/2
  }
  // CHECK: %sgd = gpt.optimizer
  %sgd = gpt.optimizer(%p, %g) (%rate = 1) {
    %u = gpt.scale %g by %rate*%lr
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  // CHECK-NOT: gpt.optimizer
  %unused = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  // CHECK: gpt.adopt %table from %head after 3 : [16, 4], [16, 4]
  // CHECK: gpt.recipe (steps = 6, micro_batches = 1
  gpt.recipe (steps = steps, micro_batches = 1, T = %T, document_token = 0, max_document = 8,
              validate_tokens = 4, validate_batch = 2, sample_batch = 2)
}

// The record: three sizes of T, and one more variant where the table splits in the third stage.
// RUN: gptc-opt %models/nanogpt.mlir --resolve-base --instantiate --verify-roundtrip | FileCheck %s --check-prefix=RECORD
// RECORD: gpt.graph @train_0 {{.*}}steps = array<i64: 0, 594>, tokens = 16384
// RECORD: gpt.graph @train_1 {{.*}}steps = array<i64: 595, 1189>, tokens = 32768
// RECORD: gpt.graph @train_2 {{.*}}steps = array<i64: 1190, 1191>, tokens = 49152
// RECORD: gpt.graph @train_3 {{.*}}steps = array<i64: 1192, 1824>, tokens = 49152
// RECORD: gpt.graph @validate_0 {{.*}}steps = array<i64: 0, 1191>, tokens = 262144
// RECORD: gpt.graph @validate_1 {{.*}}steps = array<i64: 1192, 1825>, tokens = 262144
// RECORD: gpt.graph @sample_0
// RECORD-NOT: gpt.graph
// RECORD: gpt.adopt %embed from %lm_head after 1191

// The other models at small sizes; heads are paired where the paired record pairs them.
// DEFINE: %{small} = V=128,D=64,H=4,K=16,F=96,window_unit=8,document_token=0,tokens_stage1=768,tokens_stage2=768,tokens_stage3=768
// RUN: gptc-opt %models/nanogpt-base.mlir --resolve-base --instantiate=set=%{small} --canonicalize --cse --verify-roundtrip | FileCheck %s --check-prefix=BASE
// RUN: gptc-opt %models/nanogpt-paired.mlir --resolve-base --instantiate=set=%{small} --canonicalize --cse --verify-roundtrip | FileCheck %s --check-prefix=PAIRED
// BASE: gpt.graph @train_0
// BASE: gpt.split {{.*}} to [96, 4, 16] : [96, 192] -> [96, 4, 16], [96, 4, 16], [96, 4, 16]
// BASE: gpt.rotate {{.*}} group 1 : [96, 4, 16]
// BASE-NOT: group 2
// BASE: gpt.cross_entropy {{.*}} : [96, 128] f32, [96] i32 -> [] f32
// PAIRED: gpt.graph @train_0
// PAIRED: gpt.rotate {{.*}} group 2 neighbours : [96, 4, 16]
// PAIRED: gpt.attention {{.*}} (window = %short, scale = %attn_scale, group = 2)
// RUN: gptc-opt %models/nanogpt-tiny.mlir --resolve-base --instantiate --verify-roundtrip -o /dev/null
