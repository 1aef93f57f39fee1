// Stacks and windows at odd sizes, one row, one column.
%a = kern.buffer "a" "input" : memref<207x75xf32>
%b = kern.buffer "b" "input" : memref<130x33xf32>
kern.part @transpositions "micro" {
  %t0 = kern.buffer "t0" "workspace" : memref<225x69xf32>
  %t1 = kern.buffer "t1" "workspace" : memref<33x130xf32>
  %t2 = kern.buffer "t2" "workspace" : memref<20x40xf32>
  %t3 = kern.buffer "t3" "workspace" : memref<207x75xf32>
  kern.transpose "stack" %a to %t0 batch 3 m 69 n 75 : memref<207x75xf32>, memref<225x69xf32>
  kern.transpose "one" %b to %t1 m 130 n 33 : memref<130x33xf32>, memref<33x130xf32>
  %from = kern.view %a : memref<207x75xf32> to memref<22x5xf32, strided<[75, 1], offset: 3>>
  %to = kern.view %t2 : memref<20x40xf32> to memref<10x11xf32, strided<[40, 1], offset: 29>>
  kern.transpose "window" %from to %to batch 2 m 11 n 5 : memref<22x5xf32, strided<[75, 1], offset: 3>>, memref<10x11xf32, strided<[40, 1], offset: 29>>
  %row = kern.view %a : memref<207x75xf32> to memref<1x70xf32, strided<[70, 1], offset: 80>>
  %column = kern.view %t3 : memref<207x75xf32> to memref<70x1xf32, strided<[75, 1], offset: 7>>
  kern.transpose "row" %row to %column m 1 n 70 : memref<1x70xf32, strided<[70, 1], offset: 80>>, memref<70x1xf32, strided<[75, 1], offset: 7>>
}
