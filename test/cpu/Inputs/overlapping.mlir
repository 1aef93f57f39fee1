// Stores over parts of what the same program stored before: the last one stays,
// whatever the widths and whichever came first.
%x = kern.buffer "x" "input" : memref<70x64xf32>
%one = kern.buffer "one" "input" : memref<70x1xf32>
kern.part @overlapping "micro" {
  %y0 = kern.buffer "y0" "workspace" : memref<70x64xf32>
  %y1 = kern.buffer "y1" "workspace" : memref<70x64xf32>
  %y2 = kern.buffer "y2" "workspace" : memref<70x1xf32>
  %c0 = kern.view %y0 : memref<70x64xf32> to memref<70x1xf32, strided<[64, 1], offset: 24>>
  %left = kern.view %y1 : memref<70x64xf32> to memref<70x48xf32, strided<[64, 1], offset: 0>>
  %right = kern.view %y1 : memref<70x64xf32> to memref<70x48xf32, strided<[64, 1], offset: 16>>
  kern.rows "column_last" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x64xf32> -> vector<64xf32>
    %b = kern.load %one[%t] : memref<70x1xf32> -> vector<1xf32>
    kern.store %b, %y2[%t] : vector<1xf32>, memref<70x1xf32>
    kern.store %a, %y0[%t] : vector<64xf32>, memref<70x64xf32>
    kern.store %b, %c0[%t] : vector<1xf32>, memref<70x1xf32, strided<[64, 1], offset: 24>>
  }
  kern.rows "shifted" 70 {
  ^row(%t: index):
    %a = kern.load %x[%t] : memref<70x64xf32> -> vector<64xf32>
    %b = kern.slice %a at 0 : vector<64xf32> -> vector<48xf32>
    %c = kern.slice %a at 9 : vector<64xf32> -> vector<48xf32>
    kern.store %b, %left[%t] : vector<48xf32>, memref<70x48xf32, strided<[64, 1], offset: 0>>
    kern.store %c, %right[%t] : vector<48xf32>, memref<70x48xf32, strided<[64, 1], offset: 16>>
  }
}
