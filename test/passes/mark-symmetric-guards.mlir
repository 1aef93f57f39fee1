// RUN: gptc-opt --mark-symmetric=target=sm_90a %s --remarks-filter=mark-symmetric 2>&1 | FileCheck %s --implicit-check-not='of two' --implicit-check-not='of already'
// RUN: gptc-opt --mark-symmetric=target=sm_90a %s | FileCheck %s --check-prefix=OPS

// What a product of two matrices is, and one that is marked, has no remark.
// CHECK-DAG: Reason="it loads 'state', which is not known to be symmetric", Remark="all of of_state is computed"
// CHECK-DAG: Reason="it loads 'nothing', which is not known to be symmetric", Remark="all of of_nothing is computed"
// CHECK-DAG: Reason="it loads 'product', which is not known to be symmetric", Remark="all of of_product is computed"
// CHECK-DAG: Reason="it loads 'below', which is not known to be symmetric", Remark="all of of_place is computed"
// CHECK-DAG: one triangle of of_first is computed

// Matrices that a product stores beside another buffer, in rows of another length, are symmetric; in state, which outlives the part,
// they are not known to be; nor what no kernel stores, another product, or the matrices in other places of the same buffer.
// OPS: "already" {{.*}} symmetric :
// OPS: "gram" {{.*}} symmetric :
// OPS: "of_first" {{.*}} symmetric :
// OPS-NOT: symmetric :
%state = kern.buffer "state" "state" : memref<512x256xbf16>
kern.part @places "update" {
  %x = kern.buffer "x" "workspace" : memref<512x256xbf16>
  %z = kern.buffer "z" "workspace" : memref<512x256xbf16>
  %first = kern.buffer "first" "workspace" : memref<512x256xbf16>
  %both = kern.buffer "both" "workspace" : memref<512x512xbf16>
  %left = kern.view %both : memref<512x512xbf16> to memref<512x256xbf16, strided<[512, 1]>>
  %product = kern.buffer "product" "workspace" : memref<512x256xbf16>
  %nothing = kern.buffer "nothing" "workspace" : memref<512x256xbf16>
  %below = kern.buffer "below" "workspace" : memref<1024x256xbf16>
  %upper = kern.view %below : memref<1024x256xbf16> to memref<512x256xbf16>
  %lower = kern.view %below : memref<1024x256xbf16> to memref<512x256xbf16, strided<[256, 1], offset: 131072>>
  %o = kern.buffer "o" "workspace" : memref<512x256xbf16>
  kern.contract "already" %x, %x batch 2 m 256 n 256 k 256 symmetric : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %upper[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "gram" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %first[%t] : vector<256xf32>, memref<512x256xbf16>
    kern.store %p, %left[%t] : vector<256xf32>, memref<512x256xbf16, strided<[512, 1]>>
    kern.store %p, %state[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "two" %x, %z batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    kern.store %p, %product[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_first" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %first[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_state" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %state[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_nothing" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %nothing[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_product" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %product[%t] : memref<512x256xbf16> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
  kern.contract "of_place" %x, %x batch 2 m 256 n 256 k 256 : memref<512x256xbf16>, memref<512x256xbf16> {
  ^row(%t: index, %p: vector<256xf32>):
    %v = kern.load %lower[%t] : memref<512x256xbf16, strided<[256, 1], offset: 131072>> -> vector<256xf32>
    %s = arith.addf %p, %v : vector<256xf32>
    kern.store %s, %o[%t] : vector<256xf32>, memref<512x256xbf16>
  }
}
