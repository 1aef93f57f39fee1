//===- Chains.h - random parts of kernels -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Writes a module with one part of random kernels, as text: chains and joins of
// row programs (elementwise ops, sums, spreads, slices, pads, rotations, small
// matrices, rows beside the own, rows named by tokens, rows of all rows),
// column sums, contractions, ordered segments, updates in place, windows of
// columns and other shapes over one buffer. The same seed gives the same text.
//
// What a module may rely on holds: nothing is read before it is written, no
// program reads other rows of what it stores, values stay small.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_CPU_CHAINS_H
#define GPTC_TEST_CPU_CHAINS_H

#include <cstdint>
#include <string>

namespace gptc::test {

std::string randomChain(uint64_t seed);

} // namespace gptc::test

#endif // GPTC_TEST_CPU_CHAINS_H
