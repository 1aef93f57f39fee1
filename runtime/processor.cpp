//===- processor.cpp - what this machine's processor has ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "processor.h"

#include "error.h"

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

void gptc::checkProcessor(const ProgramView &program, uint64_t machine) {
  uint64_t missing = program.header().features & ~machine;
  if (missing)
    fail("this program was compiled for another processor: it needs %s, which "
         "this machine does not have; compile the model on this machine, or "
         "for any of the last ten years with gptc compile --mcpu=x86-64-v3",
         featureNames(missing, ", ").c_str());
}
