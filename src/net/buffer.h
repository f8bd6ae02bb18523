#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::net {

/// A growable run of unread bytes. Bytes are appended at the end and taken from the front; views
/// into it hold until the next reserve() or release().
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::unique_ptr<char[]> memory, size_t capacity)
      : memory_(std::move(memory)), capacity_(capacity) {}
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }

  bool has_memory() const { return memory_ != nullptr; }
  std::string_view unread() const { return {memory_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }

  char* free_begin() { return memory_.get() + end_; }
  size_t free_bytes() const { return capacity_ - end_; }
  void added(size_t bytes) { end_ += bytes; }
  void consume(size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// The bytes are dealt with, but views into them are still in use: keeps everything in place.
  void consume_in_place(size_t bytes) { begin_ += bytes; }
  void clear() { begin_ = end_ = 0; }
  /// Moves `next` right behind `first`, both views into consumed bytes of this buffer, `next` the
  /// later one. Returns the two as one.
  std::string_view join(std::string_view first, std::string_view next) {
    if (first.empty()) return next;
    if (next.empty()) return first;
    char* const end = memory_.get() + (first.data() + first.size() - memory_.get());
    std::memmove(end, next.data(), next.size());
    return {first.data(), first.size() + next.size()};
  }

  /// Makes room behind the unread bytes by moving them to the front, or into twice the memory when
  /// they fill more than half.
  void make_room() {
    const size_t length = end_ - begin_;
    if (length * 2 > capacity_) {
      const size_t larger = capacity_ * 2;
      std::unique_ptr<char[]> memory(new char[larger]);
      std::memcpy(memory.get(), memory_.get() + begin_, length);
      memory_ = std::move(memory);
      capacity_ = larger;
    } else if (length > 0) {
      std::memmove(memory_.get(), memory_.get() + begin_, length);
    }
    begin_ = 0;
    end_ = length;
  }

 private:
  friend class BufferPool;
  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

/// Read buffers of one loop. A connection holds one only while it has unread bytes or a message in
/// progress, so an idle connection costs none. Keeps at most `kKeptMax` of the usual size.
class BufferPool {
 public:
  static constexpr size_t kBufferBytes = 16 * 1024;

  Buffer take() {
    if (kept_.empty()) return Buffer(std::unique_ptr<char[]>(new char[kBufferBytes]), kBufferBytes);
    Buffer buffer(std::move(kept_.back()), kBufferBytes);
    kept_.pop_back();
    return buffer;
  }
  void give(Buffer&& buffer) {
    if (buffer.capacity() == kBufferBytes && kept_.size() < kKeptMax) {
      kept_.push_back(std::move(buffer.memory_));
    }
    buffer = Buffer();
  }

 private:
  static constexpr size_t kKeptMax = 256;
  std::vector<std::unique_ptr<char[]>> kept_;
};

}  // namespace understudy::net
