// Finishing column sums.
%partials = kern.buffer "partials" "input" : memref<9x133xf32>
%grad = kern.buffer "grad" "gradient" : memref<7x19xf32>
%flat = kern.buffer "flat" "gradient" : memref<133xf32>
%lossp = kern.buffer "lossp" "input" : memref<9x1xf32>
%loss = kern.buffer "loss" "output" : memref<f64>
// Several in one kernel: longer than a block's columns, one column, and a sum
// that is finished twice.
%wide = kern.buffer "wide" "input" : memref<41x300xf32>
%grad2 = kern.buffer "grad2" "gradient" : memref<300xf32>
%grad3 = kern.buffer "grad3" "gradient" : memref<f32>
%grad4 = kern.buffer "grad4" "gradient" : memref<133xf32>
%grad5 = kern.buffer "grad5" "gradient" : memref<f32>
kern.part @sums "micro" {
  kern.finish "add" %partials to %grad accumulate : memref<9x133xf32> to memref<7x19xf32>
  kern.finish "set" %partials to %flat : memref<9x133xf32> to memref<133xf32>
  kern.finish "loss" %lossp to %loss : memref<9x1xf32> to memref<f64>
  kern.finish "all" %lossp, %wide, %partials, %lossp to %grad3, %grad2, %grad4, %grad5 accumulate : memref<9x1xf32>, memref<41x300xf32>, memref<9x133xf32>, memref<9x1xf32> to memref<f32>, memref<300xf32>, memref<133xf32>, memref<f32>
}
