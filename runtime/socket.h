//===- socket.h - a connection that closes itself ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SOCKET_H
#define GPTC_RUNTIME_SOCKET_H

#include <unistd.h>
#include <utility>

namespace gptc {

class Socket {
public:
  explicit Socket(int file = -1) : file(file) {}
  Socket(Socket &&other) noexcept : file(std::exchange(other.file, -1)) {}
  Socket &operator=(Socket &&other) noexcept {
    std::swap(file, other.file);
    return *this;
  }
  ~Socket() {
    if (file >= 0)
      ::close(file);
  }
  int get() const { return file; }
  explicit operator bool() const { return file >= 0; }

private:
  int file;
};

} // namespace gptc

#endif // GPTC_RUNTIME_SOCKET_H
