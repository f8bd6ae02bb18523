#include "store/memory/fold.h"

#include <algorithm>
#include <cmath>

namespace understudy::store {

using event::Value;
using event::ValueView;

void Fold::add(const ValueView& value, std::uint32_t rate) {
  if (kind_ == AggregateKind::kCount || kind_ == AggregateKind::kRows) {
    count_ += kind_ == AggregateKind::kCount ? rate : 1;
    return;
  }
  if (value.is_null()) return;
  if (kind_ == AggregateKind::kCountDistinct) {
    distinct_.insert(Value(value));
    return;
  }
  if (!value.is_number() || (value.is_double() && std::isnan(value.as_double()))) return;
  switch (kind_) {
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      sum_.weight += rate;
      if (value.is_int()) {
        sum_.ints += static_cast<Int128>(value.as_int()) * rate;
      } else {
        sum_.doubles += value.as_double() * rate;
      }
      return;
    case AggregateKind::kMin:
    case AggregateKind::kMax: {
      const auto order =
          best_.is_null() ? std::partial_ordering::unordered : compare_numbers(value, best_.view());
      const bool better = kind_ == AggregateKind::kMin ? order < 0 : order > 0;
      const bool int_wins = order == 0 && value.is_int();
      if (best_.is_null() || better || int_wins) best_ = Value(value);
      return;
    }
    case AggregateKind::kQuantile:
      numbers_.emplace_back(value.as_number(), rate);
      return;
    case AggregateKind::kCount:
    case AggregateKind::kRows:
    case AggregateKind::kCountDistinct:
    case AggregateKind::kConcurrency:
    case AggregateKind::kHistogram:
      return;
  }
}

void Fold::add_at(std::int64_t time_ns, const ValueView& value, std::uint32_t rate) {
  if (value.is_number()) {
    histogram_.add(time_ns, value.as_number(), rate);
  } else if (!value.is_null()) {
    histogram_.add_not_number(rate);
  }
}

void Fold::add_overlap(std::int64_t overlap_ns, std::uint32_t rate) {
  overlap_ns_ += static_cast<Int128>(overlap_ns) * rate;
}

Value Fold::result(std::int64_t width_ns) const {
  switch (kind_) {
    case AggregateKind::kCount:
    case AggregateKind::kRows:
      return count_;
    case AggregateKind::kCountDistinct:
      return distinct_.size();
    case AggregateKind::kSum:
      return sum_.sum();
    case AggregateKind::kAvg:
      return sum_.avg();
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return best_.is_double() ? Value(without_negative_zero(best_.as_double())) : best_;
    case AggregateKind::kQuantile:
      return quantile();
    case AggregateKind::kConcurrency:
      return static_cast<double>(overlap_ns_) / static_cast<double>(width_ns);
    case AggregateKind::kHistogram:
      return histogram_.to_bytes();
  }
  return {};
}

Value Fold::quantile() const {
  if (numbers_.empty()) return {};
  std::vector<std::pair<double, std::uint32_t>> sorted = numbers_;
  std::sort(sorted.begin(), sorted.end());
  std::int64_t weight = 0;
  for (const auto& [value, rate] : sorted) weight += rate;
  const double rank = quantile_rank(p_, weight);
  std::int64_t reached = 0;
  for (const auto& [value, rate] : sorted) {
    reached += rate;
    if (static_cast<double>(reached) >= rank) return without_negative_zero(value);
  }
  return without_negative_zero(sorted.back().first);
}

}  // namespace understudy::store
