//===- error.cpp - the runtime's one way to fail --------------------------===//
//
// Part of gptc, under the MIT License.
//
// Formats messages with fmt, which is compiled in here alone: no locale, no
// library at run time.
//
//===----------------------------------------------------------------------===//

// All of fmt's code that is no template is here: without locales, which nothing
// asks for, and without the long double, which wants the library of
// mathematics.
#define FMT_HEADER_ONLY
#define FMT_STATIC_THOUSANDS_SEPARATOR ','
#define FMT_USE_LONG_DOUBLE 0
#include <fmt/format.h>

#include "error.h"

#include <cerrno>
#include <cstring>

using namespace gptc;

std::string gptc::formatArguments(fmt::string_view format,
                                  fmt::format_args arguments) {
  return fmt::vformat(format, arguments);
}

void gptc::failArguments(fmt::string_view format, fmt::format_args arguments) {
  throw Error(fmt::vformat(format, arguments));
}

void gptc::failErrno(const std::string &path, const char *doing) {
  fail("{}: {}: {}", path, doing, std::strerror(errno));
}
