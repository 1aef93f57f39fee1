//===- Embedded.cpp - the files inside gptc -------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Embedded.h"

using namespace gptc;

#define GPTC_EMBEDDED(NAME)                                                    \
  extern "C" const char gptc_embedded_##NAME[];                                \
  extern "C" const char gptc_embedded_##NAME##_end[];                          \
  static EmbeddedFile NAME() {                                                 \
    return {#NAME,                                                             \
            {gptc_embedded_##NAME,                                             \
             static_cast<size_t>(gptc_embedded_##NAME##_end -                  \
                                 gptc_embedded_##NAME)}};                      \
  }
GPTC_EMBEDDED(runtime)
GPTC_EMBEDDED(scrt1)
GPTC_EMBEDDED(crti)
GPTC_EMBEDDED(crtbeginS)
GPTC_EMBEDDED(crtendS)
GPTC_EMBEDDED(crtn)
#undef GPTC_EMBEDDED

EmbeddedFile gptc::runtimeObject() { return runtime(); }
std::array<EmbeddedFile, 3> gptc::startFiles() {
  return {scrt1(), crti(), crtbeginS()};
}
std::array<EmbeddedFile, 2> gptc::endFiles() { return {crtendS(), crtn()}; }
