#include "app/candidate_calls.h"

#include <algorithm>

namespace understudy::app {
namespace {

constexpr int64_t kMinuteNs = 60'000'000'000;

}  // namespace

void CandidateCalls::note(std::string_view migration, judge::Population population,
                          int64_t unix_ns) {
  const std::lock_guard lock(mutex_);
  std::deque<int64_t>& minutes = minutes_[{std::string(migration), population}];
  // Exchanges of one minute end in any order; a clock that was set back waits until it is past.
  if (!minutes.empty() && unix_ns / kMinuteNs <= minutes.back() / kMinuteNs) return;
  minutes.push_back(unix_ns);
  if (minutes.size() > kMinutesMax) minutes.pop_front();
}

std::optional<int64_t> CandidateCalls::first_since(std::string_view migration,
                                                   judge::Population population,
                                                   int64_t since_ns) const {
  const std::lock_guard lock(mutex_);
  const auto found = minutes_.find({std::string(migration), population});
  if (found == minutes_.end()) return std::nullopt;
  const auto first = std::lower_bound(found->second.begin(), found->second.end(), since_ns);
  return first == found->second.end() ? std::nullopt : std::optional<int64_t>(*first);
}

}  // namespace understudy::app
