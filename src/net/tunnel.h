#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/task.h"
#include "net/buffer.h"
#include "net/http_stream.h"
#include "net/signal.h"
#include "net/stream.h"

namespace understudy::net {

struct TunnelOptions {
  /// Without a byte in either direction.
  std::chrono::nanoseconds idle_timeout = std::chrono::minutes(10);
  /// For what the one end still has to say once the other has closed.
  std::chrono::nanoseconds closing_timeout = std::chrono::seconds(5);
};

/// Carries bytes between two streams as they come, both ways, without looking at them. A stream
/// that ends is ended towards the other, too, after its last byte. Failure: run() says what ended
/// it early; a reset on one side becomes one on the other. Lifetime: the streams, the buffers and
/// what had been read of the streams outlive run(). Threads: the loop's. Cost: no buffer while
/// nothing moves, one per direction while it does, so a side that does not read holds up the other
/// and nothing else.
class Tunnel {
 public:
  /// One end, and what was read from it before: it is carried first.
  Tunnel(const RawStream& first, const RawStream& second, BufferPool& buffers,
         const TunnelOptions& options);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  /// Until both directions have ended. kNone when both ends closed, kTimeout when nothing moved.
  base::Task<StreamError> run();

  uint64_t bytes_from_first() const { return from_first_bytes_; }
  uint64_t bytes_from_second() const { return from_second_bytes_; }

 private:
  base::Task<void> carry(Stream& from, std::string_view unread, Stream& to, uint64_t& bytes);
  base::Task<void> carry_from_first();
  /// Something moved.
  void extend();
  void end_of(Stream& to);
  void fail(ssize_t result);

  const RawStream first_;
  const RawStream second_;
  BufferPool& buffers_;
  const TunnelOptions options_;
  uint64_t from_first_bytes_ = 0;
  uint64_t from_second_bytes_ = 0;
  StreamError error_ = StreamError::kNone;
  bool closing_ = false;  // one direction has ended
  bool first_ended_ = false;
  Signal ended_;
};

}  // namespace understudy::net
