//===- run.cpp - many runs of gptc in one process -------------------------===//
//
// Part of gptc, under the MIT License.
//
// gptc-run SECONDS: each line of stdin is a command line of gptc, its words
// separated by tabs, the first a file for what the run says on stderr. The run
// is gptc's own main in a fork of this process, so that libraries are loaded
// once, and a crash or a flag's value ends with the run. For each line one line
// of stdout: the exit code, 128 + the signal of a crash, or 128 + SIGALRM of a
// run of more than SECONDS.
//
//===----------------------------------------------------------------------===//

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

int gptcMain(int argc, char **argv);

/// The words of a line.
static std::vector<std::string> split(const std::string &line) {
  std::vector<std::string> words(1);
  for (char c : line)
    if (c == '\t')
      words.emplace_back();
    else
      words.back() += c;
  return words;
}

/// In the child: stdin is empty, stdout and stderr go to the file.
[[noreturn]] static void runOne(std::vector<std::string> words,
                                unsigned seconds) {
  int null = open("/dev/null", O_RDONLY);
  int said = open(words[0].c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (null < 0 || said < 0 || dup2(null, 0) < 0 || dup2(said, 1) < 0 ||
      dup2(said, 2) < 0)
    _exit(127);
  alarm(seconds);
  words[0] = "gptc";
  std::vector<char *> argv;
  argv.reserve(words.size() + 1);
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  std::exit(gptcMain(static_cast<int>(words.size()), argv.data()));
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fputs("usage: gptc-run SECONDS\n", stderr);
    return 2;
  }
  auto seconds = static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10));
  std::string line;
  while (std::getline(std::cin, line)) {
    pid_t child = fork();
    if (child == 0)
      runOne(split(line), seconds);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0)
      return 1;
    std::printf("%d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                            : WEXITSTATUS(status));
    std::fflush(stdout);
  }
  return 0;
}
