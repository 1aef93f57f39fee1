// RUN: gptc-nvptx-emit %s --ptx - --launches %t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=LAUNCH < %t.json

// A block has eight columns of a sum, or its only one: all threads bring windows, sixteen each at once, and one thread a column adds them up in
// order, in f64. ptxas is told that two blocks are enough, as for segments, or it would read each of the loads where it is added.
// CHECK-LABEL: .entry sums
// CHECK:       .minnctapersm 2
// CHECK-COUNT-16: ld.global.b32
// The lanes of the warp whose thread adds come to the block's barrier together.
// CHECK:       bar.warp.sync
// CHECK-NEXT:  bar.sync
// CHECK:       st.shared.b64
// CHECK:       bar.sync
// CHECK:       add.rn.f64
// CHECK-LABEL: .entry rows
// CHECK:       .minnctapersm 2
// CHECK-LABEL: .entry rest
// CHECK:       .minnctapersm 2
// CHECK-COUNT-16: ld.global.v4.b32
// CHECK:       add.rn.f32
// LAUNCH:      "blocks": 11
%wide = kern.buffer "wide" "input" : memref<300x72xf32>
%one = kern.buffer "one" "input" : memref<300x1xf32>
%two = kern.buffer "two" "input" : memref<300x2xf32>
%to_wide = kern.buffer "to_wide" "gradient" : memref<72xf32>
%to_one = kern.buffer "to_one" "gradient" : memref<f32>
%to_two = kern.buffer "to_two" "gradient" : memref<2xf32>
%x = kern.buffer "x" "input" : memref<4096x256xbf16>
%tokens = kern.buffer "tokens" "input" : memref<4096xi32>
%order = kern.buffer "order" "input" : memref<4096xi32>
%table = kern.buffer "table" "gradient" : memref<512x256xf32>
%pieces = kern.buffer "pieces" "workspace" : memref<64x256xf32>
kern.part @p "micro" {
  kern.finish "sums" %wide, %one, %two to %to_wide, %to_one, %to_two accumulate : memref<300x72xf32>, memref<300x1xf32>, memref<300x2xf32> to memref<72xf32>, memref<f32>, memref<2xf32>
  kern.segments "rows" %x at %tokens by %order to %table, %pieces : memref<4096x256xbf16>, memref<4096xi32>, memref<4096xi32>, memref<512x256xf32>, memref<64x256xf32>
  kern.finish_segments "rest" %pieces at %tokens by %order to %table : memref<64x256xf32>, memref<4096xi32>, memref<4096xi32>, memref<512x256xf32>
}
