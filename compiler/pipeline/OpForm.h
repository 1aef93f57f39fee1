//===- OpForm.h - assembly formats for readers ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_OPFORM_H
#define GPTC_COMPILER_PIPELINE_OPFORM_H

#include "llvm/Support/JSON.h"
#include <string>

namespace gptc {

/// What a user writes for the op `name` of this definition, one of `records`:
/// its assembly format with operands as `%x`, attributes in capitals, and `?`
/// behind what may be absent. Empty where the format is code.
std::string formOf(const llvm::json::Object &record,
                   const llvm::json::Object &records, llvm::StringRef name);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_OPFORM_H
