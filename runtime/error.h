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

#include <stdexcept>
#include <string>

namespace gptc {

/// A message for the user: what is wrong, where, and a mend if there is one.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// `printf` into a string.
[[gnu::format(printf, 1, 2)]] std::string formatText(const char *format, ...);

/// Throws an `Error` with a `printf`-formatted message.
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char *format, ...);

/// Throws an `Error`: `path`, what was being done, and the reason in `errno`.
[[noreturn]] void failErrno(const std::string &path, const char *doing);

} // namespace gptc

#endif // GPTC_RUNTIME_ERROR_H
