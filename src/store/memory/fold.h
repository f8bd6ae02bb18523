#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "store/aggregate_result.h"
#include "store/histogram.h"
#include "store/select.h"
#include "store/value_order.h"

namespace understudy::store {

/// One aggregate over the rows it is fed. Plain and slow on purpose: the oracle.
class Fold {
 public:
  explicit Fold(const Aggregate& aggregate)
      : kind_(aggregate.kind),
        p_(aggregate.quantile),
        histogram_(std::max<std::int64_t>(aggregate.histogram_bucket_ns, 1), 0) {}

  void add(const event::ValueView& value, std::uint32_t rate);
  /// kHistogram: what the event of that time has.
  void add_at(std::int64_t time_ns, const event::ValueView& value, std::uint32_t rate);
  /// kConcurrency: a span covers so much of the time this is about.
  void add_overlap(std::int64_t overlap_ns, std::uint32_t rate);
  /// `width_ns`: how long the time is that this is about; kConcurrency only.
  event::Value result(std::int64_t width_ns) const;

 private:
  struct Before {
    bool operator()(const event::Value& a, const event::Value& b) const {
      return order_values(a.view(), b.view()) < 0;
    }
  };
  event::Value quantile() const;

  AggregateKind kind_;
  double p_;
  std::int64_t count_ = 0;
  WeightedSum sum_;
  Int128 overlap_ns_ = 0;
  event::Value best_;
  std::vector<std::pair<double, std::uint32_t>> numbers_;
  std::set<event::Value, Before> distinct_;
  Histogram histogram_;
};

}  // namespace understudy::store
