#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "net/stream.h"

namespace understudy::net {

struct LoopbackOptions {
  /// Bytes on their way before a write has to wait.
  size_t window_bytes = 64 * 1024;
  /// Bytes handed over per read at most: 1 shows whether a reader copes with any boundary.
  size_t read_bytes_max = std::numeric_limits<size_t>::max();
  /// After so many bytes written by this end, it fails with a reset.
  uint64_t fail_after_bytes = std::numeric_limits<uint64_t>::max();
};

/// One end of a connection inside the process, for tests and simulation: no socket, and faults on
/// demand. Make both ends with loopback_pair(). As with a socket, one end hears of what the other
/// did in the next turn of the loop, never inside a call.
class LoopbackStream final : public Stream {
 public:
  LoopbackStream(EventLoop& loop, const LoopbackOptions& options);
  ~LoopbackStream() override;

  void shutdown_write() override;
  void reset_on_close() override { reset_on_close_ = true; }
  /// How often the other end was told at once that its bytes arrived.
  int acknowledgements_hastened() const { return acknowledgements_hastened_; }

 protected:
  void hasten_acknowledgement() override { ++acknowledgements_hastened_; }
  ssize_t try_read(char* buffer, size_t bytes_max) override;
  ssize_t try_write(const iovec* parts, int count) override;

 private:
  /// Readiness on its way to a stream.
  class Notice final : public Timer {
   public:
    explicit Notice(LoopbackStream& stream) : Timer(stream.loop().timers()), stream_(stream) {}
    void bring(bool readable, bool writable, bool closed);

   private:
    void on_deadline() override;
    LoopbackStream& stream_;
    bool readable_ = false;
    bool writable_ = false;
    bool closed_ = false;
  };

  friend std::pair<std::unique_ptr<LoopbackStream>, std::unique_ptr<LoopbackStream>> loopback_pair(
      EventLoop& loop, const LoopbackOptions& first, const LoopbackOptions& second);

  LoopbackOptions options_;
  Notice notice_{*this};
  LoopbackStream* peer_ = nullptr;
  std::string incoming_;
  uint64_t written_bytes_ = 0;
  int acknowledgements_hastened_ = 0;
  bool end_of_stream_ = false;
  bool reset_ = false;
  bool reset_on_close_ = false;
};

std::pair<std::unique_ptr<LoopbackStream>, std::unique_ptr<LoopbackStream>> loopback_pair(
    EventLoop& loop, const LoopbackOptions& first = {}, const LoopbackOptions& second = {});

}  // namespace understudy::net
