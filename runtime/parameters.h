//===- parameters.h - parameter files ---------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A parameter file is a safetensors file with one tensor per parameter of the
// program, by name and with its shape, each F32 or BF16 as the writer liked.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PARAMETERS_H
#define GPTC_RUNTIME_PARAMETERS_H

#include "instance.h"

#include <string>

namespace gptc {

/// The shape of a buffer.
std::vector<int64_t> bufferShape(const Buffer &buffer);

/// Converts `count` elements, F32 and BF16 in any combination; to BF16 rounds
/// to nearest, ties to even. Addresses may be unaligned.
void convertElements(const std::byte *from, Element fromElement, std::byte *to,
                     Element toElement, uint64_t count);

/// Loads every parameter. Throws an `Error`, before it changes any, for a
/// missing or unknown name, a wrong shape, another dtype.
void loadParameters(Instance &instance, const std::string &path);

/// Writes every parameter, in the program's order and stored types.
void saveParameters(const Instance &instance, const std::string &path);

} // namespace gptc

#endif // GPTC_RUNTIME_PARAMETERS_H
