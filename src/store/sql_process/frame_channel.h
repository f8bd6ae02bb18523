#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "store/cancellation.h"

namespace understudy::store {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int get() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

/// Frames between two processes over a Unix stream socket: a kind, bytes, and perhaps a descriptor.
/// Failure: kTimeout at the deadline, kCancelled within kCancellationLook, kClosed when the other
/// side is gone, kLimit for a frame that is longer than the reader allows. Threads: one.
class FrameChannel {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Frame {
    std::uint8_t kind = 0;
    std::string bytes = {};
    Descriptor descriptor = Descriptor();
  };

  explicit FrameChannel(Descriptor socket) : socket_(std::move(socket)) {}

  base::Status send(std::uint8_t kind, std::string_view bytes, int descriptor, Deadline deadline,
                    const Cancellation& cancellation = {});
  base::Result<Frame> receive(std::size_t bytes_max, Deadline deadline,
                              const Cancellation& cancellation = {});

 private:
  base::Status wait(short events, Deadline deadline, const Cancellation& cancellation) const;
  base::Status read(char* to, std::size_t bytes, Deadline deadline,
                    const Cancellation& cancellation, Descriptor& descriptor);

  Descriptor socket_;
};

}  // namespace understudy::store
