//===- PassPages.cpp - gptc passes: the passes and their pages ------------===//
//
// Part of gptc, under the MIT License.
//
// The pages of docs/passes stand in gptc as text, one behind the other. Each
// begins with the pass's name: `# fuse-smear`.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/PassPages.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/Registration.h"
#include "compiler/pipeline/Report.h"
#include "dialect/Gpt.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace gptc;
using llvm::StringRef;

extern "C" const char gptc_pass_pages[];
extern "C" const char gptc_pass_pages_end[];

/// Names and pages, in the order of the names.
static std::vector<std::pair<StringRef, StringRef>> pages() {
  StringRef all(gptc_pass_pages, gptc_pass_pages_end - gptc_pass_pages);
  std::vector<std::pair<StringRef, StringRef>> found;
  while (!all.empty()) {
    StringRef page = all.take_front(all.find("\n# ", 1)).rtrim();
    all = all.drop_front(std::min(all.size(), page.size())).ltrim();
    found.emplace_back(page.split('\n').first.drop_front(2), page);
  }
  return found;
}

void gptc::listPasses() {
  registerPasses();
  llvm::raw_ostream &os = llvm::outs();
  auto line = [&](StringRef phase, StringRef pass, StringRef optional,
                  StringRef numerics, StringRef summary) {
    os << llvm::formatv("{0,-10}{1,-24}{2,-10}{3,-13}{4}\n", phase, pass,
                        optional, numerics, summary);
  };
  line("phase", "pass", "optional", "numerics", "what it does");
  for (const PassEntry &entry : pipeline()) {
    const mlir::PassInfo *info = mlir::PassInfo::lookup(entry.pass);
    line(nameOf(entry.phase), entry.pass, entry.optional ? "yes" : "no",
         nameOf(entry.numerics), info ? info->getPassDescription() : "");
  }
  os << "\n`gptc passes NAME` prints the page of one: an example, its guards, "
        "what it refuses.\n";
}

llvm::LogicalResult gptc::describePass(StringRef name) {
  llvm::SmallVector<StringRef> names;
  for (auto [pass, page] : pages()) {
    if (pass == name) {
      llvm::outs() << page << "\n";
      return llvm::success();
    }
    names.push_back(pass);
  }
  return report("there is no pass '" + name + "'" + gpt::nearest(name, names) +
                "; `gptc passes` lists them");
}
