// slice-rows: what must stay whole, with its reason.

// RUN: gptc-opt %s --slice-rows=limit=66000 --remarks-filter=slice-rows -o %t 2>&1 | grep Function= | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t
// CHECK-NOT: k 128 : memref
// CHECK-NOT: kern.rows {{.*}} 128 {

%x = kern.buffer "x" "input" : memref<256x64xbf16>
%w = kern.buffer "w" "parameter" : memref<128x64xbf16>
%both = kern.buffer "both" "gradient" : memref<256x64xf32>
%g = kern.buffer "g" "gradient" : memref<128x64xf32>
%out = kern.buffer "out" "output" : memref<256x128xf32>
%short = kern.buffer "short" "output" : memref<1x128xf32>

// REMARK: [Missed] slices | Category:slice-rows | Function=before | Reason="a kernel reads rows before its own", Remark="z stays whole", bytes=131072
kern.part @before "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "shift" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t by -1] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// What is not there yet when a slice runs: a row ahead, the row of all rows.
// REMARK: Function=ahead | Reason="a kernel reads other rows than it has"
kern.part @ahead "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.rows "ahead" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t by 1] : memref<256x128xf32> -> vector<128xf32>
    kern.store %v, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// A sum over rows that the same rows are divided by.
// REMARK: Function=sum | Reason="another kernel has to run between them"
kern.part @sum "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %partials = kern.buffer "partials" "workspace" {partials} : memref<4x128xf32>
  %total = kern.buffer "total" "workspace" : memref<1x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.partial %v, %partials[%t] : vector<128xf32>, memref<4x128xf32>
  }
  kern.finish "finish" %partials to %total : memref<4x128xf32> to memref<1x128xf32>
  kern.rows "use" 256 {
  ^row(%t: index):
    %v = kern.load %z[%t] : memref<256x128xf32> -> vector<128xf32>
    %s = kern.load %total[] : memref<1x128xf32> -> vector<128xf32>
    %d = arith.mulf %v, %s : vector<128xf32>
    kern.store %d, %out[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// REMARK: Function=transposed | Reason="a kernel is neither over its rows nor a sum over them"
kern.part @transposed "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %zt = kern.buffer "zt" "output" : memref<128x256xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.transpose "transpose" %z to %zt m 256 n 128 : memref<256x128xf32>, memref<128x256xf32>
}

// REMARK: Function=random | Reason="a kernel computes with a row's number"
kern.part @random "micro" {
  %seed = kern.host_number "seed"
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = kern.random %seed at %t stream 1 draw 0 : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// REMARK: Function=batch | Reason="a contraction has other rows"
kern.part @batch "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %b = kern.buffer "b" "input" : memref<256x64xbf16>
  kern.contract "batch" %x, %b batch 2 m 128 n 128 k 64 : memref<256x64xbf16>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<256x128xf32>
  }
}

// A buffer of other rows at the same row.
// REMARK: Function=others | Reason="a kernel reads rows of a buffer that has others"
kern.part @others "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %half = kern.buffer "half" "input" : memref<128x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = kern.load %half[%t] : memref<128x128xf32> -> vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
}

// The weight's gradient is read by the kernel whose slices come after.
// REMARK: Function=read | Reason="a kernel reads other rows than it has"
kern.part @read "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.contract "logits" %x, %g m 256 n 128 k 64 : memref<256x64xbf16>, memref<128x64xf32> {
  ^row(%m: index, %p: vector<128xf32>):
    kern.store %p, %z[%m] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %n = arith.addf %o, %p : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// Two tiles are what an epilogue may read.
// REMARK: Function=full | Reason="an epilogue has no room for what the slices before have summed"
kern.part @full "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    %o = kern.load %g[%m] : memref<128x64xf32> -> vector<64xf32>
    %q = kern.load %w[%m] : memref<128x64xbf16> -> vector<64xf32>
    %r = arith.mulf %p, %p : vector<64xf32>
    %s = arith.addf %o, %q : vector<64xf32>
    %n = arith.addf %s, %r : vector<64xf32>
    kern.store %n, %g[%m] : vector<64xf32>, memref<128x64xf32>
  }
}

// REMARK: Function=tile | Reason="its rows are one tile"
kern.part @tile "micro" {
  %z = kern.buffer "z" "workspace" : memref<96x256xf32>
  kern.rows "fill" 96 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<256xf32>
    kern.store %v, %z[%t] : vector<256xf32>, memref<96x256xf32>
  }
}

// One row of all stores, which the last slice would not be the last to write.
// REMARK: Function=one | Reason="a kernel stores other rows"
kern.part @one "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.store %v, %short[%t] : vector<128xf32>, memref<1x128xf32>
  }
}

// REMARK: Function=windows | Reason="a kernel sums other rows"
kern.part @windows "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %partials = kern.buffer "partials" "workspace" {partials} : memref<8x128xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = arith.constant dense<1.0> : vector<128xf32>
    kern.store %v, %z[%t] : vector<128xf32>, memref<256x128xf32>
    kern.partial %v, %partials[%t] : vector<128xf32>, memref<8x128xf32>
  }
}

// REMARK: Function=both | Reason="a sum over rows is read as a row"
kern.part @both "micro" {
  %z = kern.buffer "z" "workspace" : memref<256x128xf32>
  %upper = kern.view %both : memref<256x64xf32> to memref<128x64xf32>
  kern.rows "fill" 256 {
  ^row(%t: index):
    %v = kern.load %both[%t] : memref<256x64xf32> -> vector<64xf32>
    %d = kern.concat %v, %v : vector<64xf32>, vector<64xf32> -> vector<128xf32>
    kern.store %d, %z[%t] : vector<128xf32>, memref<256x128xf32>
  }
  kern.contract "dw" %z transposed_a, %x transposed_b m 128 n 64 k 256 : memref<256x128xf32>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<64xf32>):
    kern.store %p, %upper[%m] : vector<64xf32>, memref<128x64xf32>
  }
}
