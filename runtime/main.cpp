//===- main.cpp - a training binary ---------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Ties the runtime to the program that the compiler has linked in.
//
//===----------------------------------------------------------------------===//

#include "command_line.h"

// Of a program of `gptc compile --emit=bench` alone.
#pragma weak gptc_reference_program
#pragma weak gptc_reference_kernels
#pragma weak gptc_reference_numbers

int main(int argc, char **argv) {
  gptc::Linked program{gptc_program, gptc_kernels, gptc_numbers};
  gptc::Linked reference{gptc_reference_program, gptc_reference_kernels,
                         gptc_reference_numbers};
  return gptc::runCommandLine(argc, argv, program, reference);
}
