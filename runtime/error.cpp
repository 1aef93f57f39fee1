//===- error.cpp - the runtime's one way to fail --------------------------===//
//
// Part of gptc, under the MIT License.
//
// Formats messages with the C library: no stream, no locale.
//
//===----------------------------------------------------------------------===//

#include "error.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace gptc;

static std::string formatList(const char *format, va_list list) {
  va_list copy;
  va_copy(copy, list);
  int size = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  std::string text(size > 0 ? size : 0, '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, list);
  return text;
}

std::string gptc::formatText(const char *format, ...) {
  va_list list;
  va_start(list, format);
  std::string text = formatList(format, list);
  va_end(list);
  return text;
}

void gptc::fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  std::string text = formatList(format, list);
  va_end(list);
  throw Error(text);
}

void gptc::failErrno(const std::string &path, const char *doing) {
  fail("%s: %s: %s", path.c_str(), doing, std::strerror(errno));
}
