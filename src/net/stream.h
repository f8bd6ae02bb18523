#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/event_loop.h"

namespace understudy::net {

class TurnBudget;

/// Told once when the peer of a stream closes or resets it, while data may still be unread.
class CloseWatcher {
 public:
  virtual void on_peer_closed() = 0;

 protected:
  ~CloseWatcher() = default;
};

/// A bidirectional byte stream on a loop: TCP, TLS, or a loopback fake. At most one read and one
/// write wait at a time. Results are counts: above 0 bytes, 0 end of stream (reads), below 0 minus
/// an errno value: ETIMEDOUT when the deadline passed, ECANCELED after cancel(), kTlsFailure.
/// Ownership: awaiting objects unhook themselves when their coroutine is destroyed; the stream must
/// outlive them. Threads: the loop's.
/// Cost: a call that can be done at once does not suspend; a direction known not to be ready is not
/// tried. After `kReadBytesPerTurnMax` in one turn of the loop a read waits for the next, so that a
/// peer that never stops sending leaves the others their time.
class Stream : public Timer {
 public:
  class ReadAwaiter;
  class ReadableAwaiter;
  class WriteAwaiter;

  static constexpr size_t kReadBytesPerTurnMax = 64 * 1024;
  /// The errno value of what TLS found wrong; no call on a TCP socket fails with it.
  static constexpr int kTlsFailure = EKEYREJECTED;

  explicit Stream(EventLoop& loop) : Timer(loop.timers()), loop_(loop) {}
  ~Stream() override;

  /// Reads what is there, at least one byte, at most `bytes_max`.
  ReadAwaiter read(char* buffer, size_t bytes_max);
  /// Waits until a read would give something (1), or fails. Lets an idle connection hold no buffer.
  ReadableAwaiter readable();
  /// Writes both parts whole, in one system call where the peer takes it. 0 when done.
  WriteAwaiter write(std::string_view first, std::string_view second = {});

  /// Fails what waits now and all that comes, until clear_failure().
  void cancel(int error);
  void clear_failure() { failure_ = 0; }
  int failure() const { return failure_; }

  /// The peer has closed its sending side or the connection is gone. Unread data may be left.
  bool peer_closed() const { return peer_closed_; }
  /// Nothing has arrived that was not read, and the peer is still there.
  bool quiet();
  /// At most one watcher; null removes it. Called at once when the peer has closed already.
  void watch_close(CloseWatcher* watcher);

  /// No more bytes will be written; what was written still arrives.
  virtual void shutdown_write() = 0;
  /// The stream ends with a reset instead of an orderly close, so that the peer cannot take what
  /// it got for everything.
  virtual void reset_on_close() = 0;
  /// A message of the peer's begins.
  void begin_message() { hastened_parts_ = 0; }
  /// More of it must come, so the peer is told at once that what it sent has arrived: one that
  /// sends no small part before the last one is acknowledged (Nagle's algorithm) would be held up
  /// for 40 ms by an acknowledgement that waits for something to travel with. At most
  /// `kHastenedPartsMax` times a message: a longer one fills its segments, which are acknowledged
  /// without.
  void expect_more() {
    if (hastened_parts_ >= kHastenedPartsMax) return;
    ++hastened_parts_;
    hasten_acknowledgement();
  }
  static constexpr int kHastenedPartsMax = 4;
  /// What TLS has to say about the failure; empty without TLS. Valid as long as the stream.
  virtual const char* failure_reason() const { return ""; }

  /// From now on reads and writes count towards `budget`, which many streams share.
  void share_turns(TurnBudget& budget) { budget_ = &budget; }

  EventLoop& loop() const { return loop_; }

 protected:
  virtual void hasten_acknowledgement() {}
  /// One attempt each: a count, or -EAGAIN.
  virtual ssize_t try_read(char* buffer, size_t bytes_max) = 0;
  virtual ssize_t try_write(const iovec* parts, int count) = 0;

  /// For implementations: readiness has come. Any of them may destroy this stream.
  void became_ready(bool readable, bool writable, bool closed);
  /// For streams that may hand over less than they have.
  void set_short_reads_may_leave_more() { short_read_drains_ = false; }
  /// Nothing can be read until the next edge, though the last read did not show it.
  void nothing_left_to_read() { readable_ = false; }
  /// Nothing can be written until the next edge: the handshake is under way.
  void mark_connecting() { writable_ = false; }
  void on_deadline() override;

 private:
  friend class TurnBudget;
  ssize_t attempt_read(char* buffer, size_t bytes_max);
  /// The same within the budget; -EAGAIN also when it is spent.
  ssize_t attempt_budgeted_read(char* buffer, size_t bytes_max);
  bool turn_is_spent(ssize_t count);
  ssize_t attempt_write(std::array<std::string_view, 2>& parts);
  void wake_reader();
  void retry_read();
  void wake_writer();
  /// The budget has room again for what waits.
  void take_turn();

  EventLoop& loop_;
  TurnBudget* budget_ = nullptr;
  ReadAwaiter* reader_ = nullptr;
  ReadableAwaiter* readable_waiter_ = nullptr;
  WriteAwaiter* writer_ = nullptr;
  CloseWatcher* watcher_ = nullptr;
  uint64_t read_turn_ = 0;
  size_t read_in_turn_bytes_ = 0;
  int failure_ = 0;
  int hastened_parts_ = 0;
  bool waits_for_turn_ = false;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_closed_ = false;
  bool short_read_drains_ = true;
};

class Stream::ReadAwaiter : public Resumable {
 public:
  ReadAwaiter(Stream& stream, char* buffer, size_t bytes_max)
      : stream_(stream), buffer_(buffer), bytes_max_(bytes_max) {}
  ~ReadAwaiter() {
    if (stream_.reader_ == this) stream_.reader_ = nullptr;
  }
  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    if (result_ == -EAGAIN) {
      stream_.reader_ = this;
    } else {
      stream_.loop_.defer(*this, handle);
    }
  }
  ssize_t await_resume() const { return result_; }

 private:
  friend class Stream;
  Stream& stream_;
  char* buffer_;
  size_t bytes_max_;
  ssize_t result_ = 0;
};

class Stream::ReadableAwaiter : public Resumable {
 public:
  explicit ReadableAwaiter(Stream& stream) : stream_(stream) {}
  ~ReadableAwaiter() {
    if (stream_.readable_waiter_ == this) stream_.readable_waiter_ = nullptr;
  }
  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    stream_.readable_waiter_ = this;
  }
  ssize_t await_resume() const { return result_; }

 private:
  friend class Stream;
  Stream& stream_;
  ssize_t result_ = 0;
};

class Stream::WriteAwaiter : public Resumable {
 public:
  WriteAwaiter(Stream& stream, std::string_view first, std::string_view second)
      : stream_(stream), parts_{first, second} {}
  ~WriteAwaiter() {
    if (stream_.writer_ == this) stream_.writer_ = nullptr;
  }
  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    stream_.writer_ = this;
  }
  ssize_t await_resume() const { return result_; }

 private:
  friend class Stream;
  Stream& stream_;
  std::array<std::string_view, 2> parts_;
  ssize_t result_ = 0;
};

inline Stream::ReadAwaiter Stream::read(char* buffer, size_t bytes_max) {
  return ReadAwaiter(*this, buffer, bytes_max);
}
inline Stream::ReadableAwaiter Stream::readable() { return ReadableAwaiter(*this); }
inline Stream::WriteAwaiter Stream::write(std::string_view first, std::string_view second) {
  return WriteAwaiter(*this, first, second);
}

}  // namespace understudy::net
