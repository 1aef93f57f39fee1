//===- LinkTest.cpp - the linker inside gptc ------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Link.h"
#include "compiler/targets/Embedded.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <gtest/gtest.h>

using namespace gptc;
namespace fs = llvm::sys::fs;

namespace {

class LinkTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(fs::createUniqueDirectory("gptc-link", folder));
  }
  void TearDown() override {
    EXPECT_FALSE(fs::remove_directories(folder, /*IgnoreErrors=*/false));
  }

  std::string path(llvm::StringRef name) { return (folder + "/" + name).str(); }
  static std::string contents(llvm::StringRef path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }
  /// The names in the folder.
  std::vector<std::string> names() {
    std::vector<std::string> found;
    std::error_code error;
    for (fs::directory_iterator i(folder, error), end; i != end;
         i.increment(error))
      found.push_back(llvm::sys::path::filename(i->path()).str());
    return found;
  }

  llvm::SmallString<128> folder;
};

} // namespace

TEST_F(LinkTest, makesAnExecutableThatRuns) {
  std::string model = contents(GPTC_LINKED_MODEL);
  ASSERT_FALSE(model.empty());
  // Twice: the linker must leave nothing behind in the process.
  for (llvm::StringRef name : {"first", "second"}) {
    llvm::Error error = linkProgram({model}, path(name));
    ASSERT_FALSE(error) << llvm::toString(std::move(error));
  }
  EXPECT_EQ(contents(path("first")), contents(path("second")));
  std::string out = path("out"), program = path("first");
  std::optional<llvm::StringRef> redirects[] = {"", llvm::StringRef(out),
                                                llvm::StringRef(out)};
  int status = llvm::sys::ExecuteAndWait(program, {program, "info"},
                                         std::nullopt, redirects);
  EXPECT_EQ(status, 0) << contents(out);
  EXPECT_NE(contents(out).find("tiny"), std::string::npos) << contents(out);
}

TEST_F(LinkTest, leavesNothingWhereAnObjectIsBad) {
  std::string output = path("program");
  llvm::Error error = linkProgram({"not an object"}, output);
  ASSERT_TRUE(static_cast<bool>(error));
  EXPECT_NE(llvm::toString(std::move(error)).find("linking failed"),
            std::string::npos);
  EXPECT_TRUE(names().empty());
}

TEST_F(LinkTest, leavesNothingWhereASymbolIsMissing) {
  llvm::Error error = linkProgram({}, path("program"));
  ASSERT_TRUE(static_cast<bool>(error));
  EXPECT_NE(llvm::toString(std::move(error)).find("gptc_program"),
            std::string::npos);
  EXPECT_TRUE(names().empty());
}

TEST_F(LinkTest, namesTheFolderThatIsMissing) {
  llvm::Error error = linkProgram({}, path("nowhere/program"));
  ASSERT_TRUE(static_cast<bool>(error));
  EXPECT_NE(llvm::toString(std::move(error)).find("nowhere/program"),
            std::string::npos);
}

// The mathematics of a model is compiled, never called: the runtime may need
// nothing of libm.
TEST(RuntimeObject, usesNoMathematics) {
  llvm::MemoryBufferRef buffer(runtimeObject().bytes, "runtime.o");
  auto object = llvm::object::ObjectFile::createObjectFile(buffer);
  ASSERT_TRUE(static_cast<bool>(object));
  std::vector<std::string> undefined;
  for (const llvm::object::SymbolRef &symbol : (*object)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    ASSERT_TRUE(flags && name);
    if (*flags & llvm::object::SymbolRef::SF_Undefined)
      undefined.push_back(name->str());
  }
  // The check sees the symbols: these two stand for all.
  EXPECT_TRUE(llvm::is_contained(undefined, "gptc_program"));
  EXPECT_TRUE(llvm::is_contained(undefined, "malloc"));
  static constexpr llvm::StringLiteral functions[] = {
      "exp",   "exp2",  "expm1", "log",  "log2",  "log10", "log1p", "pow",
      "sqrt",  "cbrt",  "sin",   "cos",  "tan",   "asin",  "acos",  "atan",
      "atan2", "sinh",  "cosh",  "tanh", "erf",   "erfc",  "fma",   "hypot",
      "fmod",  "floor", "ceil",  "rint", "round", "sincos"};
  for (llvm::StringRef function : functions)
    for (llvm::StringRef suffix : {"", "f", "l"})
      EXPECT_FALSE(llvm::is_contained(undefined, (function + suffix).str()))
          << (function + suffix).str();
}
