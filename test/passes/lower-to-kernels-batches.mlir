// RUN: gptc-opt %s --lower-to-kernels | FileCheck %s

// Stacks of matrices: one kernel for all products, whose rows lie one below the other.
gpt.model @batches {
  %x = gpt.state "derived" -> [3, 64, 96]
  %w = gpt.state "derived" -> [3, 80, 96]
  %g = gpt.state "gradient" of "w" -> [3, 80, 96] f32
  %one = gpt.state "derived" -> [1, 6, 8]
  %square = gpt.state "derived" -> [1, 6, 6]
  %t = gpt.state "derived" -> [3, 96, 64]
  %tokens = gpt.state "derived" -> [12, 40]

  // CHECK-LABEL: kern.part @products
  gpt.part @products "micro" {
    // CHECK-DAG: %[[X:.*]] = kern.view %x : memref<3x64x96xbf16> to memref<192x96xbf16>
    // CHECK-DAG: %[[W:.*]] = kern.view %w : memref<3x80x96xbf16> to memref<240x96xbf16>
    // CHECK: %[[Y:.*]] = kern.view %{{.*}} : memref<3x64x80xbf16> to memref<192x80xbf16>
    // CHECK: kern.contract "linear{{.*}}" %[[X]], %[[W]] batch 3 m 64 n 80 k 96 : memref<192x96xbf16>, memref<240x96xbf16>
    // CHECK: kern.store %{{.*}}, %[[Y]][%{{.*}}] : vector<80xf32>, memref<192x80xbf16>
    %y = gpt.linear %x, %w : [3, 64, 96], [3, 80, 96] -> [3, 64, 80]
    // CHECK: kern.contract "matmul{{.*}}" %{{.*}}, %{{.*}} transposed_b batch 3 m 64 n 96 k 80 : memref<192x80xbf16>, memref<240x96xbf16>
    %z = gpt.matmul %y, %w : [3, 64, 80], [3, 80, 96] -> [3, 64, 96]
    // The square of a matrix's rows reads one operand twice.
    // CHECK: %[[Z:.*]] = kern.view %{{.*}} : memref<3x64x96xbf16> to memref<192x96xbf16>
    // CHECK: %[[Z2:.*]] = kern.view %{{.*}} : memref<3x64x96xbf16> to memref<192x96xbf16>
    // CHECK: kern.contract "gram{{.*}}" %[[Z]], %[[Z2]] batch 3 m 64 n 64 k 96
    %a = gpt.gram %z : [3, 64, 96] -> [3, 64, 64]
    %b = gpt.matmul %a, %y : [3, 64, 64], [3, 64, 80] -> [3, 64, 80]
    // CHECK: kern.contract "accumulate_outer{{.*}}" %{{.*}} transposed_a, %{{.*}} transposed_b batch 3 m 80 n 96 k 64
    // CHECK: kern.load %{{.*}} : memref<240x96xf32> -> vector<96xf32>
    gpt.accumulate_outer %g += %b, %x : [3, 80, 96] f32, [3, 64, 80], [3, 64, 96]
  }

  // Few weights are row-wise work where all rows share them; those of several matrices are not.
  // CHECK-LABEL: kern.part @few
  gpt.part @few "micro" {
    // CHECK: kern.contract "linear{{.*}}" %{{.*}}, %{{.*}} batch 2 m 6 n 6 k 40
    %v = gpt.reshape %tokens to [2, 6, 40] : [12, 40] -> [2, 6, 40]
    %y = gpt.linear %v, %v : [2, 6, 40], [2, 6, 40] -> [2, 6, 6]
    // CHECK: kern.contract "outer{{.*}}" %{{.*}} transposed_a, %{{.*}} transposed_b batch 2 m 6 n 6 k 6
    %o = gpt.outer %y, %y : [2, 6, 6], [2, 6, 6] -> [2, 6, 6] f32
    // CHECK: kern.rows "gram{{.*}}" 6 {
    // CHECK: kern.matvec
    %z = gpt.gram %one : [1, 6, 8] -> [1, 6, 6]
    gpt.update %square with %z : [1, 6, 6], [1, 6, 6]
    %s = gpt.reshape %o to [72] : [2, 6, 6] f32 -> [72] f32
  }

  // Rows that lie apart move together where matrices begin in between.
  // CHECK-LABEL: kern.part @apart
  gpt.part @apart "micro" {
    // CHECK: kern.rows "reshape{{.*}}" 12 {
    // CHECK: kern.contract "gram{{.*}}" %{{.*}}, %{{.*}} batch 3 m 4 n 4 k 20 : memref<12x20xbf16>, memref<12x20xbf16>
    %s = gpt.slice %tokens at 8 size 20 : [12, 40] -> [12, 20]
    %v = gpt.reshape %s to [3, 4, 20] : [12, 20] -> [3, 4, 20]
    %y = gpt.gram %v : [3, 4, 20] -> [3, 4, 4]
  }

  // A transposition may write a state that it does not read.
  // CHECK-LABEL: kern.part @transposed
  gpt.part @transposed "update" {
    // CHECK: kern.transpose "transpose{{.*}}" %{{.*}} to %{{.*}} batch 3 m 64 n 96 : memref<192x96xbf16>, memref<288x64xbf16>
    // CHECK-NOT: kern.rows "update
    %y = gpt.transpose %x : [3, 64, 96] -> [3, 96, 64]
    gpt.update %t with %y : [3, 96, 64], [3, 96, 64]
    // CHECK: kern.rows "transpose{{.*}}" 12
    %off = gpt.transpose %tokens (on = 0) : [12, 40] -> [12, 40]
    %off2 = gpt.scale %off by 2 : [12, 40] -> [12, 40]
    gpt.update %tokens with %off2 : [12, 40], [12, 40]
  }
}
