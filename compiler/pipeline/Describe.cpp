//===- Describe.cpp - what a program's description says -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Describe.h"
#include "compiler/passes/Evaluate.h"
#include "compiler/passes/Kernels.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/kern/HostNumberOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "runtime/cost_report.h"

using namespace mlir;
using namespace gptc;

/// The rows of a program's numbers, as the compiler computes them.
static RowOf rowsOf(gpt::ModelOp model, const NumberColumns &columns) {
  auto evaluator = std::make_shared<Evaluator>(model);
  return [evaluator, &columns](int64_t step) {
    std::vector<double> row;
    for (auto [number, column] : columns.all())
      row.push_back(number.getDefiningOp<kern::HostNumberOp>()
                        ? 0
                        : evaluator->valueAt(number, step));
    return row;
  };
}

FailureOr<std::string> gptc::describeCosts(ModuleOp launches, bool csv) {
  FailureOr<gpt::ModelOp> model = findModel(launches);
  if (failed(model))
    return failure();
  NumberColumns columns;
  ProgramInputs inputs{*model, columns, {}, {}, {}, {}};
  inputs.target = Target::Sm90a;
  // One launch an op, as on a GPU, of a kernel that nobody asks for.
  for (auto part : model->getOps<kern::PartOp>())
    for (Operation &op : part.getBody().front())
      if (isKernel(&op) && !kern::isCollective(&op)) {
        LaunchRecord record{};
        record.op = &op;
        record.name = launchName(&op);
        record.units = 1;
        inputs.launches.push_back(std::move(record));
      }
  FailureOr<std::string> blob = emitProgram(inputs);
  if (failed(blob))
    return failure();
  ProgramView program(reinterpret_cast<const unsigned char *>(blob->data()),
                      nullptr, nullptr);
  return costReport(program, rowsOf(*model, columns), csv);
}

FailureOr<std::string> gptc::describeLaunches(ProgramInputs &inputs) {
  FailureOr<std::string> blob = emitProgram(inputs);
  if (failed(blob))
    return failure();
  ProgramView program(reinterpret_cast<const unsigned char *>(blob->data()),
                      nullptr, nullptr);
  return launchesText(program, rowsOf(inputs.model, inputs.columns));
}
