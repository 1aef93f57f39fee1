//===- main.cpp - a training binary ---------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Ties the runtime to the program that the compiler has linked in.
//
//===----------------------------------------------------------------------===//

#include "command_line.h"

int main(int argc, char **argv) {
  return gptc::runCommandLine(argc, argv, gptc_program, gptc_kernels,
                              gptc_numbers);
}
