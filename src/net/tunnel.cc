#include "net/tunnel.h"

#include <cerrno>
#include <utility>

#include "net/task_scope.h"

namespace understudy::net {

Tunnel::Tunnel(const RawStream& first, const RawStream& second, BufferPool& buffers,
               const TunnelOptions& options)
    : first_(first),
      second_(second),
      buffers_(buffers),
      options_(options),
      ended_(first.stream->loop()) {}

base::Task<StreamError> Tunnel::run() {
  extend();
  // Ends with this task, also when that is broken off.
  TaskScope other_direction;
  other_direction.spawn(carry_from_first());
  co_await carry(*second_.stream, second_.unread, *first_.stream, from_second_bytes_);
  while (!first_ended_) co_await ended_.wait();
  if (error_ == StreamError::kReset) {
    first_.stream->reset_on_close();
    second_.stream->reset_on_close();
  }
  co_return error_;
}

base::Task<void> Tunnel::carry_from_first() {
  co_await carry(*first_.stream, first_.unread, *second_.stream, from_first_bytes_);
  first_ended_ = true;
  ended_.notify();
}

base::Task<void> Tunnel::carry(Stream& from, std::string_view unread, Stream& to, uint64_t& bytes) {
  if (!unread.empty()) {
    const ssize_t written = co_await to.write(unread);
    if (written < 0) co_return fail(written);
    bytes += unread.size();
    extend();
  }
  while (true) {
    const ssize_t ready = co_await from.readable();
    if (ready < 0) co_return fail(ready);
    Buffer buffer = buffers_.take();
    const ssize_t count = co_await from.read(buffer.free_begin(), buffer.free_bytes());
    if (count < 0) co_return fail(count);
    if (count == 0) {
      buffers_.give(std::move(buffer));
      co_return end_of(to);
    }
    extend();
    buffer.added(static_cast<size_t>(count));
    const ssize_t written = co_await to.write(buffer.unread());
    if (written < 0) co_return fail(written);
    bytes += static_cast<uint64_t>(count);
    buffers_.give(std::move(buffer));
    extend();
  }
}

void Tunnel::extend() {
  if (closing_) return;
  const int64_t deadline_ns = first_.stream->loop().now_ns() + options_.idle_timeout.count();
  first_.stream->set_deadline(deadline_ns);
  second_.stream->set_deadline(deadline_ns);
}

void Tunnel::end_of(Stream& to) {
  to.shutdown_write();
  if (std::exchange(closing_, true)) return;
  const int64_t deadline_ns = to.loop().now_ns() + options_.closing_timeout.count();
  first_.stream->set_deadline(deadline_ns);
  second_.stream->set_deadline(deadline_ns);
}

void Tunnel::fail(ssize_t result) {
  if (error_ != StreamError::kNone) return;
  error_ = stream_error(result);
  // The other direction must not wait for an end that never comes.
  first_.stream->cancel(ECANCELED);
  second_.stream->cancel(ECANCELED);
}

}  // namespace understudy::net
