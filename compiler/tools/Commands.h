//===- Commands.h - commands of gptc in files of their own ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_COMMANDS_H
#define GPTC_COMPILER_TOOLS_COMMANDS_H

#include "llvm/Support/CommandLine.h"

namespace gptc {

/// The category that flags of gptc have in help texts.
llvm::cl::OptionCategory &flagCategory();

/// A command, and what it does once its flags are read: the exit code.
struct Command {
  llvm::cl::SubCommand &flags;
  int (*run)();
  llvm::StringRef details = {}; ///< behind the list of flags in help
};

/// Numbers of several runs: their means, deviations and tests.
Command statsCommand();
/// Runs of two programs in turns: which is faster.
Command compareCommand();
/// Loss curves as a picture.
Command plotCommand();

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_COMMANDS_H
