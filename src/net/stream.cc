#include "net/stream.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "net/turn_budget.h"

namespace understudy::net {

Stream::~Stream() {
  if (budget_ != nullptr) budget_->forget(*this);
}

void Stream::on_deadline() { cancel(ETIMEDOUT); }

ssize_t Stream::attempt_read(char* buffer, size_t bytes_max) {
  if (failure_ != 0) return -failure_;
  if (!readable_) return -EAGAIN;
  const ssize_t count = try_read(buffer, bytes_max);
  if (count == -EAGAIN) {
    readable_ = false;
  } else if (count > 0 && static_cast<size_t>(count) < bytes_max && !peer_closed_ &&
             short_read_drains_) {
    readable_ = false;  // a short read emptied the socket: more bytes make a new edge
  }
  return count;
}

ssize_t Stream::attempt_budgeted_read(char* buffer, size_t bytes_max) {
  if (budget_ == nullptr) return attempt_read(buffer, bytes_max);
  if (failure_ == 0 && readable_ && !budget_->admits(*this)) return -EAGAIN;
  const ssize_t count = attempt_read(buffer, std::min(bytes_max, TurnBudget::kPieceBytesMax));
  budget_->charge(count);
  return count;
}

ssize_t Stream::attempt_write(std::array<std::string_view, 2>& parts) {
  if (failure_ != 0) return -failure_;
  while (writable_) {
    iovec pieces[2];
    int count = 0;
    size_t room =
        budget_ == nullptr ? std::numeric_limits<size_t>::max() : TurnBudget::kPieceBytesMax;
    for (const std::string_view part : parts) {
      const size_t bytes = std::min(part.size(), room);
      if (bytes == 0) continue;
      pieces[count].iov_base = const_cast<char*>(part.data());
      pieces[count].iov_len = bytes;
      room -= bytes;
      ++count;
    }
    if (count == 0) return 0;  // nothing to write: only writability was asked for
    if (budget_ != nullptr && !budget_->admits(*this)) break;
    const ssize_t written = try_write(pieces, count);
    if (budget_ != nullptr) budget_->charge(written);
    if (written == -EAGAIN) {
      writable_ = false;
      break;
    }
    if (written < 0) return written;
    size_t left = static_cast<size_t>(written);
    for (std::string_view& part : parts) {
      const size_t taken = std::min(left, part.size());
      part.remove_prefix(taken);
      left -= taken;
    }
    if (parts[0].empty() && parts[1].empty()) return 0;
    if (budget_ != nullptr && static_cast<size_t>(written) == TurnBudget::kPieceBytesMax) continue;
    // A short write means that the send buffer is full: the next edge says when it is not.
    writable_ = false;
  }
  return -EAGAIN;
}

bool Stream::turn_is_spent(ssize_t count) {
  if (count <= 0) return false;
  if (read_turn_ != loop_.turns()) {
    read_turn_ = loop_.turns();
    read_in_turn_bytes_ = 0;
  }
  read_in_turn_bytes_ += static_cast<size_t>(count);
  return read_in_turn_bytes_ > kReadBytesPerTurnMax;
}

bool Stream::ReadAwaiter::await_ready() {
  result_ = stream_.attempt_budgeted_read(buffer_, bytes_max_);
  return result_ != -EAGAIN && !stream_.turn_is_spent(result_);
}

bool Stream::ReadableAwaiter::await_ready() {
  if (stream_.failure_ != 0) {
    result_ = -stream_.failure_;
    return true;
  }
  result_ = 1;
  return stream_.readable_;
}

bool Stream::WriteAwaiter::await_ready() {
  result_ = stream_.attempt_write(parts_);
  return result_ != -EAGAIN;
}

void Stream::wake_reader() {
  if (readable_waiter_ != nullptr) {
    ReadableAwaiter* waiter = std::exchange(readable_waiter_, nullptr);
    waiter->result_ = failure_ != 0 ? -failure_ : 1;
    loop_.schedule(*waiter, waiter->handle_);
  }
  retry_read();
}

void Stream::retry_read() {
  if (reader_ == nullptr) return;
  const ssize_t count = attempt_budgeted_read(reader_->buffer_, reader_->bytes_max_);
  if (count == -EAGAIN) return;
  ReadAwaiter* reader = std::exchange(reader_, nullptr);
  reader->result_ = count;
  loop_.schedule(*reader, reader->handle_);
}

void Stream::wake_writer() {
  if (writer_ == nullptr) return;
  const ssize_t result = attempt_write(writer_->parts_);
  if (result == -EAGAIN) return;
  WriteAwaiter* writer = std::exchange(writer_, nullptr);
  writer->result_ = result;
  loop_.schedule(*writer, writer->handle_);
}

void Stream::take_turn() {
  waits_for_turn_ = false;
  retry_read();
  wake_writer();
}

void Stream::became_ready(bool readable, bool writable, bool closed) {
  if (closed) peer_closed_ = true;
  if (readable || closed) {
    readable_ = true;
    wake_reader();
  }
  if (writable || closed) {
    writable_ = true;
    wake_writer();
  }
  if (closed && watcher_ != nullptr) std::exchange(watcher_, nullptr)->on_peer_closed();
}

void Stream::cancel(int error) {
  failure_ = error;
  wake_reader();
  wake_writer();
}

bool Stream::quiet() {
  if (peer_closed_ || failure_ != 0) return false;
  char byte = 0;
  return attempt_read(&byte, 1) == -EAGAIN;
}

void Stream::watch_close(CloseWatcher* watcher) {
  watcher_ = watcher;
  if (watcher_ != nullptr && peer_closed_) std::exchange(watcher_, nullptr)->on_peer_closed();
}

}  // namespace understudy::net
