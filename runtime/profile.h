//===- profile.h - where the time of a step goes ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PROFILE_H
#define GPTC_RUNTIME_PROFILE_H

#include "view.h"

#include <cstdio>
#include <string>
#include <vector>

namespace gptc {

struct ProfileOptions {
  std::string data, parameters, csv;
  int64_t step = 0, repeats = 5;
  int64_t pause = 0; ///< microseconds behind each launch that is timed alone
  std::vector<std::string> set; ///< NAME=VALUE
  unsigned threads = 1;
  uint64_t seed = 0;
};

/// Runs step `step` again and again on the first data, as training does and
/// then launch by launch; prints the times of its parts and of every launch,
/// beside what a card does at best. Nothing of the run is kept but the file
/// `csv`.
void profile(const ProgramView &program, const ProfileOptions &options,
             std::FILE *console);

} // namespace gptc

#endif // GPTC_RUNTIME_PROFILE_H
