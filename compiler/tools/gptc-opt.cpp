//===- gptc-opt.cpp - runs single passes ----------------------------------===//
//
// Part of gptc, under the MIT License.
//
// mlir-opt for gptc's dialects and passes: what the tests of single passes and
// a reader who wants to see one pass at work use.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  gptc::registerDialects(registry);
  gptc::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "gptc's passes, one at a time\n", registry));
}
