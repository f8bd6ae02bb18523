#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/segment/segment_folder.h"
#include "store/segment/segment_name.h"

namespace understudy::store {

/// Under which name a segment has a physical column of its dataset (by its number). Shared by
/// segments that agree.
using SegmentLayout = std::map<int, std::string>;

/// A segment on disk that can be queried. Immutable but for `retire`.
/// Lifetime: whoever holds it may read its file; a retired one's file is removed when the last
/// owner goes. Threads: any.
class Segment {
 public:
  struct Content {
    SegmentClaim claim;
    std::uint32_t crc = 0;
    std::string path;
    std::uint64_t bytes = 0;
    std::int64_t written_unix_ns = 0;
    std::uint64_t events = 0;
    std::int64_t time_min_ns = 0;
    std::int64_t time_max_ns = 0;
    bool weighted = false;
    std::shared_ptr<const SegmentLayout> layout;
    std::vector<int> with_nan;  // physical columns NaN may be in
  };

  Segment(SegmentFolder& folder, Content content) : folder_(folder), content_(std::move(content)) {}
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment() {
    if (retired_) static_cast<void>(folder_.remove(content_.path).ok());  // else at the next start
  }

  const Content& operator*() const { return content_; }
  const Content* operator->() const { return &content_; }
  void retire() const { retired_ = true; }

 private:
  SegmentFolder& folder_;
  const Content content_;
  mutable std::atomic<bool> retired_ = false;
};

}  // namespace understudy::store
