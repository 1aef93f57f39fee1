//===- SourceLines.cpp - the lines that a kernel was made of --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/SourceLines.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"
#include <map>
#include <set>

using namespace mlir;

using Lines = std::map<std::string, std::set<unsigned>>;

static void collect(Location loc, Lines &lines) {
  llvm::TypeSwitch<LocationAttr>(loc)
      .Case([&](CallSiteLoc site) { collect(site.getCallee(), lines); })
      .Case([&](NameLoc name) { collect(name.getChildLoc(), lines); })
      .Case([&](FusedLoc fused) {
        for (Location part : fused.getLocations())
          collect(part, lines);
      })
      .Case([&](FileLineColLoc place) {
        lines[llvm::sys::path::filename(place.getFilename()).str()].insert(
            place.getLine());
      });
}

std::string gptc::sourceLines(Operation *op) {
  Lines lines;
  op->walk([&](Operation *inner) { collect(inner->getLoc(), lines); });
  std::string text;
  for (const auto &[file, numbers] : lines) {
    text += (text.empty() ? "" : " ") + file;
    char separator = ':';
    for (unsigned number : numbers) {
      text += separator + std::to_string(number);
      separator = ',';
    }
  }
  return text;
}
