// Ordered segments: of a few tokens, of one token in all of many windows, of two
// tokens in turn, of tokens whose rows begin and end where windows do, and of a
// single window.
%few = kern.buffer "few" "input" : memref<150x50xf32>
%tokens_few = kern.buffer "tokens_few" "input" : memref<150xi32>
%order_few = kern.buffer "order_few" "input" : memref<150xi32>
%table_few = kern.buffer "table_few" "gradient" : memref<11x50xf32>
%one = kern.buffer "one" "input" : memref<2565x6xf32>
%tokens_one = kern.buffer "tokens_one" "input" of "one" : memref<2565xi32>
%order_one = kern.buffer "order_one" "input" : memref<2565xi32>
%table_one = kern.buffer "table_one" "gradient" : memref<11x6xf32>
%two = kern.buffer "two" "input" : memref<201x300xf32>
%tokens_two = kern.buffer "tokens_two" "input" of "two" : memref<201xi32>
%order_two = kern.buffer "order_two" "input" : memref<201xi32>
%table_two = kern.buffer "table_two" "gradient" : memref<11x300xf32>
%late = kern.buffer "late" "input" : memref<200x16xf32>
%tokens_late = kern.buffer "tokens_late" "input" of "late" : memref<200xi32>
%order_late = kern.buffer "order_late" "input" : memref<200xi32>
%table_late = kern.buffer "table_late" "gradient" : memref<11x16xf32>
%all = kern.buffer "all" "input" : memref<45x3xf32>
%tokens_all = kern.buffer "tokens_all" "input" : memref<45xi32>
%order_all = kern.buffer "order_all" "input" : memref<45xi32>
%table_all = kern.buffer "table_all" "gradient" : memref<11x3xf32>
kern.part @segments "micro" {
  %p_few = kern.buffer "p_few" "workspace" : memref<3x50xf32>
  %p_one = kern.buffer "p_one" "workspace" : memref<41x6xf32>
  %p_two = kern.buffer "p_two" "workspace" : memref<4x300xf32>
  %p_late = kern.buffer "p_late" "workspace" : memref<4x16xf32>
  %p_all = kern.buffer "p_all" "workspace" : memref<1x3xf32>
  kern.segments "few" %few at %tokens_few by %order_few to %table_few, %p_few : memref<150x50xf32>, memref<150xi32>, memref<150xi32>, memref<11x50xf32>, memref<3x50xf32>
  kern.finish_segments "rest_few" %p_few at %tokens_few by %order_few to %table_few : memref<3x50xf32>, memref<150xi32>, memref<150xi32>, memref<11x50xf32>
  kern.segments "one" %one at %tokens_one by %order_one to %table_one, %p_one : memref<2565x6xf32>, memref<2565xi32>, memref<2565xi32>, memref<11x6xf32>, memref<41x6xf32>
  kern.finish_segments "rest_one" %p_one at %tokens_one by %order_one to %table_one : memref<41x6xf32>, memref<2565xi32>, memref<2565xi32>, memref<11x6xf32>
  kern.segments "two" %two at %tokens_two by %order_two to %table_two, %p_two : memref<201x300xf32>, memref<201xi32>, memref<201xi32>, memref<11x300xf32>, memref<4x300xf32>
  kern.finish_segments "rest_two" %p_two at %tokens_two by %order_two to %table_two : memref<4x300xf32>, memref<201xi32>, memref<201xi32>, memref<11x300xf32>
  kern.segments "late" %late at %tokens_late by %order_late to %table_late, %p_late : memref<200x16xf32>, memref<200xi32>, memref<200xi32>, memref<11x16xf32>, memref<4x16xf32>
  kern.finish_segments "rest_late" %p_late at %tokens_late by %order_late to %table_late : memref<4x16xf32>, memref<200xi32>, memref<200xi32>, memref<11x16xf32>
  kern.segments "all" %all at %tokens_all by %order_all to %table_all, %p_all : memref<45x3xf32>, memref<45xi32>, memref<45xi32>, memref<11x3xf32>, memref<1x3xf32>
  kern.finish_segments "rest_all" %p_all at %tokens_all by %order_all to %table_all : memref<1x3xf32>, memref<45xi32>, memref<45xi32>, memref<11x3xf32>
}
