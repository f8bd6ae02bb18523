#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "judge/verdict.h"

namespace understudy::app {

/// Since when the candidates of migrations are being called, to the minute. Kept outside the event
/// store, so that "ten minutes of evidence" can be reached at a rate at which the store cannot
/// hold the events of ten minutes.
/// Bound: the newest kMinutesMax minutes with calls of each migration and population. Not kept over
/// a restart: then the store's events say it alone. Threads: any.
class CandidateCalls {
 public:
  static constexpr size_t kMinutesMax = 7 * 24 * 60;

  void note(std::string_view migration, judge::Population population, int64_t unix_ns);
  /// The first call noted at or after `since_ns`, at most a minute late.
  std::optional<int64_t> first_since(std::string_view migration, judge::Population population,
                                     int64_t since_ns) const;

 private:
  using Key = std::pair<std::string, judge::Population>;
  mutable std::mutex mutex_;
  std::map<Key, std::deque<int64_t>> minutes_;  // the first call of each, ascending
};

}  // namespace understudy::app
