//===- Remarks.cpp - MLIR's remark flags for gptc -------------------------===//
//
// Part of gptc, under the MIT License.
//
// The flags that mlir-opt has for remarks, under the same names: what fused,
// what did not, and why. Without a filter nothing is emitted.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Remarks.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/Report.h"
#include "dialect/Gpt.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Remark/RemarkStreamer.h"
#include "llvm/Remarks/RemarkFormat.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Regex.h"
#include <mutex>

using namespace gptc;
using namespace mlir;
namespace cl = llvm::cl;

static cl::OptionCategory category("Remarks");
static cl::opt<std::string>
    all("remarks-filter", cl::desc("Passes whose remarks are shown, a regex"),
        cl::value_desc("regex"), cl::cat(category));
static cl::opt<std::string> passed("remarks-filter-passed",
                                   cl::desc("Only rewrites that were made"),
                                   cl::value_desc("regex"), cl::cat(category));
static cl::opt<std::string> missed("remarks-filter-missed",
                                   cl::desc("Only rewrites that were not made"),
                                   cl::value_desc("regex"), cl::cat(category));
static cl::opt<std::string> failing("remarks-filter-failed",
                                    cl::desc("Only rewrites that failed"),
                                    cl::value_desc("regex"), cl::cat(category));
static cl::opt<std::string> analysis("remarks-filter-analyse",
                                     cl::desc("Only analyses"),
                                     cl::value_desc("regex"),
                                     cl::cat(category));
static cl::opt<std::string>
    format("remark-format", cl::desc("emitRemark (default), yaml or bitstream"),
           cl::init("emitRemark"), cl::cat(category));
static cl::opt<std::string>
    file("remarks-output-file",
         cl::desc("Where yaml and bitstream go (default: gptc-remarks.*)"),
         cl::value_desc("file"), cl::cat(category));

namespace {

/// MLIR's file streamers are not safe against passes that run side by side.
class LockedStreamer final : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit LockedStreamer(std::unique_ptr<MLIRRemarkStreamerBase> inner)
      : inner(std::move(inner)) {}
  void streamOptimizationRemark(const remark::detail::Remark &r) override {
    std::lock_guard<std::mutex> guard(mutex);
    inner->streamOptimizationRemark(r);
  }
  void finalize() override { inner->finalize(); }

private:
  std::unique_ptr<MLIRRemarkStreamerBase> inner;
  std::mutex mutex;
};

} // namespace

cl::OptionCategory &gptc::remarksCategory() { return category; }

/// A filter that no pass's name fits shows nothing: it is a mistake.
static LogicalResult checkFilter(const cl::opt<std::string> &filter) {
  if (filter.empty())
    return success();
  std::string flag = ("--" + filter.ArgStr + "=" + filter).str(), error;
  // As MLIR takes it: for the whole name.
  llvm::Regex regex("^(" + filter + ")$");
  if (!regex.isValid(error))
    return report(flag + ": no regular expression: " + error);
  SmallVector<StringRef> names;
  for (const PassEntry &entry : pipeline()) {
    if (regex.match(entry.pass))
      return success();
    names.push_back(entry.pass);
  }
  return report(flag + ": no pass has such a name" +
                gpt::nearest(filter, names) +
                "; `gptc passes` lists them, and .* stands for all");
}

LogicalResult gptc::enableRemarks(MLIRContext &context) {
  bool any = false;
  for (const cl::opt<std::string> *filter :
       {&all, &passed, &missed, &failing, &analysis}) {
    any |= !filter->empty();
    if (failed(checkFilter(*filter)))
      return failure();
  }
  if (!any)
    return success();
  remark::RemarkCategories categories{all, passed, missed, analysis, failing};
  auto policy = std::make_unique<remark::RemarkEmittingPolicyAll>();
  if (format == "emitRemark")
    return remark::enableOptimizationRemarks(context, nullptr,
                                             std::move(policy), categories,
                                             /*printAsEmitRemarks=*/true);
  if (format != "yaml" && format != "bitstream")
    return report("--remark-format=" + format +
                  ": it is emitRemark, yaml or bitstream");
  bool yaml = format == "yaml";
  std::string path = file;
  if (path.empty())
    path = yaml ? "gptc-remarks.yaml" : "gptc-remarks.bitstream";
  auto streamer = remark::detail::LLVMRemarkStreamer::createToFile(
      path,
      yaml ? llvm::remarks::Format::YAML : llvm::remarks::Format::Bitstream);
  if (failed(streamer))
    return failure();
  return remark::enableOptimizationRemarks(
      context, std::make_unique<LockedStreamer>(std::move(*streamer)),
      std::move(policy), categories);
}
