#pragma once

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "base/text.h"

namespace understudy::store {

/// How far reading the log is after opening. Numbers of events are told from their places in the
/// log, so a damaged stretch counts as read. Threads: one writes, any read.
class ReplayProgress {
 public:
  explicit ReplayProgress(std::uint64_t end) : end_(end) {}

  void reached(std::uint64_t seq) {
    if (at_ == 0) begin_ = seq;
    at_ = seq + 1;
  }
  void finished() {
    if (at_ == 0) begin_ = end_;
    at_ = end_;
  }

  std::uint64_t done() const { return at_ - begin_; }
  std::uint64_t all() const { return at_ == 0 ? 0 : end_ - begin_; }
  std::chrono::duration<double> elapsed() const {
    return std::chrono::steady_clock::now() - begun_;
  }
  /// How long the rest takes if it goes on like this; nullopt as long as nothing was read.
  std::optional<std::chrono::duration<double>> left() const {
    if (done() == 0) return std::nullopt;
    return elapsed() * (static_cast<double>(all() - done()) / static_cast<double>(done()));
  }
  std::string text() const {
    std::string text = "the event log is still being read after the start";
    const auto seconds = left();
    if (!seconds) return text;
    return base::cat(text, ": ", done(), " of ", all(), " events so far, ready in about ",
                     static_cast<std::int64_t>(std::ceil(seconds->count())), " s");
  }

 private:
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  const std::uint64_t end_;
  std::atomic<std::uint64_t> begin_ = 0;
  std::atomic<std::uint64_t> at_ = 0;
};

}  // namespace understudy::store
