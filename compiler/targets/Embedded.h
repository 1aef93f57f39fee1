//===- Embedded.h - the files inside gptc -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What a training binary is made of besides the model, so that a machine that
// compiles models needs no compiler: the runtime and the C start-up files, put
// into gptc by Embedded.S.in.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_EMBEDDED_H
#define GPTC_COMPILER_TARGETS_EMBEDDED_H

#include "llvm/ADT/StringRef.h"
#include <array>

namespace gptc {

struct EmbeddedFile {
  llvm::StringRef name, bytes;
};

EmbeddedFile runtimeObject();
std::array<EmbeddedFile, 3> startFiles(); ///< before all other files
std::array<EmbeddedFile, 2> endFiles();   ///< after all other files

} // namespace gptc

#endif // GPTC_COMPILER_TARGETS_EMBEDDED_H
