//===- Absent.cpp - what LLVM's archives name and gptc never runs ---------===//
//
// Part of gptc, under the MIT License.
//
// LLD initialises all of LLVM's targets, and would bring twenty that are none
// of gptc's into an executable that has LLVM inside; link-time optimisation
// names Polly, whose archive is a package of its own. LLD reads no bitcode
// here.
//
//===----------------------------------------------------------------------===//

#include "llvm/Plugins/PassPlugin.h"

#define GPTC_ABSENT(name)                                                      \
  extern "C" void name();                                                      \
  void name() {}
#include "absent.inc"

llvm::PassPluginLibraryInfo getPollyPluginInfo();
llvm::PassPluginLibraryInfo getPollyPluginInfo() { return {}; }
