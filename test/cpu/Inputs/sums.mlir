// Finishing column sums.
%partials = kern.buffer "partials" "input" : memref<9x133xf32>
%grad = kern.buffer "grad" "gradient" : memref<7x19xf32>
%flat = kern.buffer "flat" "gradient" : memref<133xf32>
%lossp = kern.buffer "lossp" "input" : memref<9x1xf32>
%loss = kern.buffer "loss" "output" : memref<f64>
kern.part @sums "micro" {
  kern.finish "add" %partials to %grad accumulate : memref<9x133xf32>, memref<7x19xf32>
  kern.finish "set" %partials to %flat : memref<9x133xf32>, memref<133xf32>
  kern.finish "loss" %lossp to %loss : memref<9x1xf32>, memref<f64>
}
