//===- gptc-bench.cpp - every kernel of a model alone ---------------------===//
//
// Part of gptc, under the MIT License.
//
// `gptc-bench DIR …`: the command `bench` of the executable in a folder that
// `gptc compile --emit=bench DIR` has made. It has the kernels, their
// references and the runtime; nothing else has to be on the machine but the
// GPU's driver.
//
//===----------------------------------------------------------------------===//

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

static int fail(const std::string &message) {
  std::fputs(("gptc-bench: error: " + message + "\n").c_str(), stderr);
  return 1;
}

int main(int argc, char **argv) {
  std::string folder = argc < 2 ? "" : argv[1];
  if (folder == "--help" || folder == "-h") {
    std::puts("gptc-bench DIR [--filter NAME] [--csv FILE] …: runs every "
              "kernel of a model alone,\nbeside the CPU's, and times it, "
              "contractions beside cuBLASLt's with\n--contractions=cublaslt. "
              "`gptc compile MODEL --target=sm_90a --emit=bench DIR`\nmakes "
              "DIR; `gptc-bench DIR --help` tells all flags.");
    return 0;
  }
  if (folder.empty() || folder[0] == '-')
    return fail("a folder was expected: gptc-bench DIR [--filter NAME] "
                "[--csv FILE] …");
  std::string program = folder + "/program", command = "bench";
  std::vector<char *> arguments = {program.data(), command.data()};
  arguments.insert(arguments.end(), argv + 2, argv + argc);
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  return fail("'" + folder + "' is no folder of gptc compile --emit=bench: " +
              program + ": " + std::strerror(errno));
}
