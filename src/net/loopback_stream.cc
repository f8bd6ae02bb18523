#include "net/loopback_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace understudy::net {

void LoopbackStream::Notice::bring(bool readable, bool writable, bool closed) {
  readable_ |= readable;
  writable_ |= writable;
  closed_ |= closed;
  set_deadline(stream_.loop().now_ns());
}

void LoopbackStream::Notice::on_deadline() {
  const bool readable = std::exchange(readable_, false);
  const bool writable = std::exchange(writable_, false);
  const bool closed = std::exchange(closed_, false);
  stream_.became_ready(readable, writable, closed);
}

LoopbackStream::LoopbackStream(EventLoop& loop, const LoopbackOptions& options)
    : Stream(loop), options_(options) {
  set_short_reads_may_leave_more();
}

LoopbackStream::~LoopbackStream() {
  if (peer_ == nullptr) return;
  peer_->peer_ = nullptr;
  if (reset_on_close_) {
    peer_->reset_ = true;
  } else {
    peer_->end_of_stream_ = true;
  }
  peer_->notice_.bring(true, true, true);
}

void LoopbackStream::shutdown_write() {
  if (peer_ == nullptr) return;
  peer_->end_of_stream_ = true;
  peer_->notice_.bring(true, false, true);
}

ssize_t LoopbackStream::try_read(char* buffer, size_t bytes_max) {
  if (reset_) return -ECONNRESET;
  if (incoming_.empty()) return end_of_stream_ ? 0 : -EAGAIN;
  const size_t count = std::min({bytes_max, incoming_.size(), options_.read_bytes_max});
  std::memcpy(buffer, incoming_.data(), count);
  incoming_.erase(0, count);
  if (peer_ != nullptr) peer_->notice_.bring(false, true, false);
  return static_cast<ssize_t>(count);
}

ssize_t LoopbackStream::try_write(const iovec* parts, int count) {
  if (reset_) return -ECONNRESET;
  if (peer_ == nullptr) return -EPIPE;
  ssize_t taken = 0;
  for (int i = 0; i < count; ++i) {
    const size_t room =
        options_.window_bytes - std::min(options_.window_bytes, peer_->incoming_.size());
    const size_t bytes = std::min(room, parts[i].iov_len);
    peer_->incoming_.append(static_cast<const char*>(parts[i].iov_base), bytes);
    taken += static_cast<ssize_t>(bytes);
    if (bytes < parts[i].iov_len) break;
  }
  written_bytes_ += static_cast<uint64_t>(taken);
  if (written_bytes_ >= options_.fail_after_bytes) {
    reset_ = true;
    peer_->reset_ = true;
    peer_->notice_.bring(true, true, true);
    return -ECONNRESET;
  }
  if (taken == 0) return -EAGAIN;
  peer_->notice_.bring(true, false, false);
  return taken;
}

std::pair<std::unique_ptr<LoopbackStream>, std::unique_ptr<LoopbackStream>> loopback_pair(
    EventLoop& loop, const LoopbackOptions& first, const LoopbackOptions& second) {
  auto a = std::make_unique<LoopbackStream>(loop, first);
  auto b = std::make_unique<LoopbackStream>(loop, second);
  a->peer_ = b.get();
  b->peer_ = a.get();
  return {std::move(a), std::move(b)};
}

}  // namespace understudy::net
