#pragma once

#include <cstdint>
#include <string>

/// Spans and the time they cover, as SQL text. All of it is our own words and numbers.
namespace understudy::store {

/// A column of the base that holds where the span of an event ends within the window (null when it
/// has none), and which events count. An event's span begins at `ts`.
struct SpanColumn {
  std::string name = {};
  std::int64_t start_ns = 0;  // of the window
  std::int64_t end_ns = 0;
  std::string condition = {};
};

/// Buckets start at `origin_ns` and every `width_ns` before and after.
struct BucketWidth {
  std::int64_t width_ns = 1;
  std::int64_t origin_ns = 0;
};

/// The start of the bucket that a time falls into.
std::string sql_bucket(const std::string& time, const BucketWidth& bucket);

/// Where a span that is `duration` milliseconds long ends, at most at the end of the window.
std::string sql_span_end(const SpanColumn& span, const std::string& duration);

/// Aggregate: how many spans ran at once on average over the window.
std::string sql_concurrency(const SpanColumn& span);

/// SELECT gr, bucket, `name` for every bucket a span of the group reaches into. Linear in spans and
/// buckets, however many buckets a span covers: only its two edges are counted, and a running sum
/// says how many are open between them. `source` has gr, ts, rate and the span's columns.
std::string sql_concurrency_by_bucket(const SpanColumn& span, const std::string& source,
                                      const BucketWidth& bucket, const std::string& name);

}  // namespace understudy::store
