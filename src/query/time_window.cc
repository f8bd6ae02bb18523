#include "query/time_window.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace understudy::query {
namespace {

using base::cat;

constexpr int64_t kBucketsAutoMax = 120;
constexpr int64_t kBucketsMax = 1'000;
constexpr std::array<int64_t, 21> kSteps = {
    1,     5,     10,     15,     30,     60,     120,    300,     600,     900,    1'800,
    3'600, 7'200, 10'800, 14'400, 21'600, 43'200, 86'400, 172'800, 259'200, 604'800};

}  // namespace

int64_t TimeWindow::bucket_count() const {
  if (end_s <= start_s) return 0;
  return (end_s - 1) / granularity_s - start_s / granularity_s + 1;
}

base::Result<TimeWindow> resolve_time_window(const QuerySpec& spec, int64_t now_s) {
  TRY(validate(spec));
  TimeWindow window;
  const int64_t range_s = spec.time_range_s.value_or(QueryLimits::kTimeRangeDefaultS);
  if (spec.start_time_s && spec.end_time_s) {
    window = {.start_s = *spec.start_time_s, .end_s = *spec.end_time_s};
  } else if (spec.start_time_s) {
    window = {.start_s = *spec.start_time_s,
              .end_s = spec.time_range_s ? *spec.start_time_s + range_s : now_s};
  } else {
    const int64_t end_s = spec.end_time_s.value_or(now_s);
    window = {.start_s = std::max<int64_t>(end_s - range_s, 0), .end_s = end_s};
  }
  if (window.end_s <= window.start_s) {
    return base::invalid(cat("start_time: ", window.start_s,
                             " lies in the future; without an end or a length a window ends now"));
  }

  const int64_t duration_s = window.duration_s();
  const int64_t smallest_s = std::max<int64_t>((duration_s + kBucketsMax - 1) / kBucketsMax, 1);
  if (spec.granularity_s) {
    if (*spec.granularity_s < smallest_s || *spec.granularity_s > duration_s) {
      return base::invalid(cat("granularity: ", *spec.granularity_s, " is not within ", smallest_s,
                               " and ", duration_s, " for a window of ", duration_s, " seconds"));
    }
    window.granularity_s = *spec.granularity_s;
    return window;
  }
  for (const int64_t step_s : kSteps) {
    window.granularity_s = step_s;
    if (duration_s / step_s <= kBucketsAutoMax) return window;
  }
  // Longer than a week times 120: weeks, as many as it takes.
  window.granularity_s = std::max(window.granularity_s, smallest_s);
  return window;
}

}  // namespace understudy::query
