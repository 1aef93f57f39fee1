//===- Link.h - from object files to a training binary ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_LINK_H
#define GPTC_COMPILER_TARGETS_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <system_error>

namespace gptc {

/// Links `objects` (ELF files in memory that define `gptc_program` and
/// `gptc_kernels`) with the runtime to the executable `output`, in this
/// process: the runtime and the start-up files are inside gptc, of the machine
/// only the C library is needed. `output` is replaced as a whole or left alone;
/// a device or a pipe is written to.
///
/// Linking resets all flags of llvm::cl.
llvm::Error linkProgram(llvm::ArrayRef<llvm::StringRef> objects,
                        llvm::StringRef output, bool verbose = false);

/// Whether something stands there that is no file: a device, a pipe, a folder.
bool isNoFile(llvm::StringRef path);
/// Writes to what stands there and does not replace it.
std::error_code
writeThrough(llvm::StringRef path,
             llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace gptc

#endif // GPTC_COMPILER_TARGETS_LINK_H
