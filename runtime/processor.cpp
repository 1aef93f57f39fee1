//===- processor.cpp - what this machine's processor has ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "processor.h"

#include "error.h"

#include <cpuid.h>
#include <cstring>

using namespace gptc;

uint64_t gptc::machineFeatures() {
  __builtin_cpu_init();
  uint64_t features = 0, bit = 1;
#define GPTC_TEST_FEATURE(NAME)                                                \
  features |= __builtin_cpu_supports(NAME) ? bit : 0;                          \
  bit <<= 1;
  GPTC_PROCESSOR_FEATURES(GPTC_TEST_FEATURE)
#undef GPTC_TEST_FEATURE
  return features;
}

std::string gptc::featureNames(uint64_t features, const char *separator) {
  std::string names;
  uint64_t bit = 1;
  for (const char *name : kProcessorFeatures) {
    if (features & bit)
      names += (names.empty() ? "" : separator) + std::string(name);
    bit <<= 1;
  }
  return names;
}

std::string gptc::processorName() {
  // 48 characters in three leaves, with zeros and perhaps blanks around.
  unsigned words[13] = {};
  for (unsigned leaf = 0; leaf < 3; ++leaf)
    if (!__get_cpuid(0x80000002 + leaf, &words[4 * leaf], &words[4 * leaf + 1],
                     &words[4 * leaf + 2], &words[4 * leaf + 3]))
      return "unknown";
  char text[sizeof(words)];
  std::memcpy(text, words, sizeof(words));
  std::string name = text;
  size_t first = name.find_first_not_of(' ');
  if (first == std::string::npos)
    return "unknown";
  return name.substr(first, name.find_last_not_of(' ') + 1 - first);
}

void gptc::checkProcessor(const ProgramView &program, uint64_t machine) {
  uint64_t missing = program.header().features & ~machine;
  if (missing)
    fail("this program was compiled for another processor: it needs {}, which "
         "this machine does not have; compile the model on this machine, or "
         "for any of the last ten years with gptc compile --mcpu=x86-64-v3",
         featureNames(missing, ", "));
}
