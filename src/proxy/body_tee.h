#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"
#include "net/signal.h"

namespace understudy::proxy {

/// A copy of a request body on its way to the main side, kept for whoever needs it again: the
/// shadow, which reads behind the client's pace, or a second attempt on the other side.
/// At `bytes_max` it gives up (`overflowed`) and forgets what it has; the main side never notices.
/// Threads: the loop's. At most one reader waits.
class BodyTee {
 public:
  BodyTee(net::EventLoop& loop, uint64_t bytes_max) : changed_(loop), bytes_max_(bytes_max) {}

  void append(std::string_view piece, bool end, const http::Fields* trailers) {
    if (overflowed() || broken_) return;
    if (bytes_.size() + piece.size() > bytes_max_) return give_up("request_bytes_max");
    bytes_.append(piece);
    if (end) {
      ended_ = true;
      if (trailers != nullptr) trailers_ = http::OwnedFields(*trailers);
    }
    changed_.notify();
  }
  /// As at `bytes_max`, at another bound: static text.
  void give_up(std::string_view bound) {
    bound_ = bound;
    std::string().swap(bytes_);
    changed_.notify();
  }
  /// The client's body will never be whole.
  void break_off() {
    broken_ = true;
    changed_.notify();
  }

  std::string_view bytes() const { return bytes_; }
  bool ended() const { return ended_; }
  bool overflowed() const { return !bound_.empty(); }
  /// The bound at which it gave up; empty when it did not.
  std::string_view bound() const { return bound_; }
  bool broken() const { return broken_; }
  const http::Fields& trailers() const { return trailers_.fields(); }
  net::Signal::Awaiter changed() { return changed_.wait(); }

 private:
  net::Signal changed_;
  const uint64_t bytes_max_;
  std::string bytes_;
  http::OwnedFields trailers_;
  std::string_view bound_;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace understudy::proxy
