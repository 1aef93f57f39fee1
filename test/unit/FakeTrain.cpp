//===- FakeTrain.cpp - a training binary of the tiny program --------------===//
//
// Part of gptc, under the MIT License.
//
// What the command-line tests run: the whole runtime around `FakeProgram`.
//
//===----------------------------------------------------------------------===//

#include "FakeProgram.h"
#include "command_line.h"

int main(int argc, char **argv) {
  gptc::FakeProgram program;
  gptc::ProgramView view = program.view();
  return gptc::runCommandLine(
      argc, argv,
      {reinterpret_cast<const unsigned char *>(&view.header()), view.kernels(),
       view.computeNumbers()});
}
