//===- error.h - the runtime's one way to fail ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Every fault of the user's input ends as one `Error`, thrown where it is seen
// and printed once, by `runCommandLine`, as `error: <message>`.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_ERROR_H
#define GPTC_RUNTIME_ERROR_H

#include <cstdio>
#include <fmt/core.h>
#include <stdexcept>
#include <string>

namespace gptc {

/// A message for the user: what is wrong, where, and a mend if there is one.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

std::string formatArguments(fmt::string_view format,
                            fmt::format_args arguments);
[[noreturn]] void failArguments(fmt::string_view format,
                                fmt::format_args arguments);

/// A text in which `{}`, `{:.3f}`, … stand for the arguments, as in fmt. Only
/// error.cpp has the code that does it, so that others compile quickly; what
/// does not fit its format does not compile as C++20, which CMake asks for.
template <typename... T>
std::string formatText(fmt::format_string<T...> format, T &&...arguments) {
  return formatArguments(format, fmt::make_format_args(arguments...));
}

/// Writes such a text to a stream.
template <typename... T>
void print(std::FILE *to, fmt::format_string<T...> format, T &&...arguments) {
  std::fputs(
      formatArguments(format, fmt::make_format_args(arguments...)).c_str(), to);
}

/// Throws an `Error` with such a text.
template <typename... T>
[[noreturn]] void fail(fmt::format_string<T...> format, T &&...arguments) {
  failArguments(format, fmt::make_format_args(arguments...));
}

/// Throws an `Error`: `path`, what was being done, and the reason in `errno`.
[[noreturn]] void failErrno(const std::string &path, const char *doing);

} // namespace gptc

#endif // GPTC_RUNTIME_ERROR_H
