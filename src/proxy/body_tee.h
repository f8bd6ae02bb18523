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
    if (overflowed_ || broken_) return;
    if (bytes_.size() + piece.size() > bytes_max_) return give_up();
    bytes_.append(piece);
    if (end) {
      ended_ = true;
      if (trailers != nullptr) trailers_ = http::OwnedFields(*trailers);
    }
    changed_.notify();
  }
  /// There is no memory for it: as at `bytes_max`.
  void give_up() {
    overflowed_ = true;
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
  bool overflowed() const { return overflowed_; }
  bool broken() const { return broken_; }
  const http::Fields& trailers() const { return trailers_.fields(); }
  net::Signal::Awaiter changed() { return changed_.wait(); }

 private:
  net::Signal changed_;
  const uint64_t bytes_max_;
  std::string bytes_;
  http::OwnedFields trailers_;
  bool ended_ = false;
  bool overflowed_ = false;
  bool broken_ = false;
};

}  // namespace understudy::proxy
