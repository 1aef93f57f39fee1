//===- sha256.h - SHA-256 of a byte string ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What others can compute of the same data with any tool.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SHA256_H
#define GPTC_RUNTIME_SHA256_H

#include <string>

namespace gptc {

/// 64 hexadecimal digits.
std::string sha256(std::string message);

} // namespace gptc

#endif // GPTC_RUNTIME_SHA256_H
