// The guard of fuse-epilogues that asks what is stored.

// RUN: gptc-opt %s --fuse-epilogues --remarks-filter=fuse-epilogues -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t

%x = kern.buffer "x" "input" : memref<96x32xf32>
%w = kern.buffer "w" "parameter" : memref<64x32xf32>
%a = kern.buffer "a" "output" : memref<96x64xf32>
%b = kern.buffer "b" "output" : memref<96x64xf32>

// A product kept in bf16 is not stored in f32 instead; in elements as wide, or narrower, it is.
// CHECK-LABEL: kern.part @wider
// CHECK:         kern.contract "linear"
// CHECK:         kern.rows "to_f32"
// CHECK:         kern.contract "linear+to_bf16"
// CHECK:         kern.contract "linear+narrower"
// REMARK: Function=wider | {{.*}}Reason="it stores wider elements than the product's"
// REMARK-NEXT: Function=wider | {{.*}}"to_bf16 is the epilogue of linear"
// REMARK-NEXT: Function=wider | {{.*}}"narrower is the epilogue of linear"
kern.part @wider "micro" {
  %kept = kern.buffer "kept" "output" : memref<96x64xbf16>
  %again = kern.buffer "again" "output" : memref<96x64xbf16>
  %third = kern.buffer "third" "output" : memref<96x64xbf16>
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %kept[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "to_f32" 96 {
  ^row(%t: index):
    %0 = kern.load %kept[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %0, %a[%t] : vector<64xf32>, memref<96x64xf32>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %again[%m] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.rows "to_bf16" 96 {
  ^row(%t: index):
    %0 = kern.load %again[%t] : memref<96x64xbf16> -> vector<64xf32>
    kern.store %0, %third[%t] : vector<64xf32>, memref<96x64xbf16>
  }
  kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<96x32xf32>, memref<64x32xf32> {
  ^row(%m: index, %product: vector<64xf32>):
    kern.store %product, %b[%m] : vector<64xf32>, memref<96x64xf32>
  }
  kern.rows "narrower" 96 {
  ^row(%t: index):
    %0 = kern.load %b[%t] : memref<96x64xf32> -> vector<64xf32>
    kern.store %0, %third[%t] : vector<64xf32>, memref<96x64xbf16>
  }
}

// REMARK-NOT: Function=
