#include "store/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "store/decimal_grid.h"

namespace understudy::store {
namespace {

constexpr double kIndexMax = 1'125'899'906'842'624;  // 2^50
constexpr int kExponentMin = -290;
constexpr int kExponentMax = 306;
constexpr std::int64_t kLogRatio = 1'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return -floor_div(-a, b); }

/// The exponent e for which |value| is at least about 10^e.
int magnitude(double value) {
  if (value == 0) return 0;
  return static_cast<int>(std::floor(std::log10(std::abs(value))));
}

/// Bytes in the order of this machine: they never leave the process.
class Writer {
 public:
  template <class T>
  void put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void put(const std::vector<std::int64_t>& values) {
    put(static_cast<std::int64_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  bool get(T& value) {
    if (bytes_.size() < sizeof(value)) return false;
    std::memcpy(&value, bytes_.data(), sizeof(value));
    bytes_.remove_prefix(sizeof(value));
    return true;
  }
  bool done() const { return bytes_.empty(); }
  std::size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

}  // namespace

std::int64_t& Histogram::Stretch::grow(std::int64_t index) {
  constexpr std::int64_t kStep = 20;  // bins at once
  const std::int64_t from = floor_div(index, kStep) * kStep;
  const std::int64_t to = from + kStep;
  if (counts_.empty()) {
    base_ = from;
    counts_.resize(kStep);
  } else if (from < base_) {
    counts_.insert(counts_.begin(), static_cast<std::size_t>(base_ - from), 0);
    base_ = from;
  } else {
    counts_.resize(static_cast<std::size_t>(to - base_));
  }
  return counts_[static_cast<std::size_t>(index - base_)];
}

Histogram::Stretch Histogram::Stretch::ten_to_one() const {
  Stretch coarse;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    coarse.at(floor_div(base_ + static_cast<std::int64_t>(i), 10)) += counts_[i];
  }
  return coarse;
}

Histogram::TimeBucket& Histogram::bucket_at(std::int64_t time_ns) {
  // Events lie by time: mostly it is the bucket of the last one.
  const std::uint64_t into =
      static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(last_.start_ns);
  if (last_.bucket != nullptr && into < static_cast<std::uint64_t>(bucket_ns_)) {
    return *last_.bucket;
  }
  std::int64_t rest = (time_ns % bucket_ns_ - origin_ns_) % bucket_ns_;
  if (rest < 0) rest += bucket_ns_;
  last_.start_ns = time_ns - rest;
  last_.bucket = &buckets_[last_.start_ns];
  return *last_.bucket;
}

void Histogram::add(std::int64_t time_ns, double value, std::int64_t weight) {
  if (!std::isfinite(value)) {
    not_numbers_ += weight;
    return;
  }
  if (weight == 0) return;
  if (total_ == 0) {
    least_ = greatest_ = value;
    exponent_ = std::clamp(magnitude(value) - 13, kExponentMin, kExponentMax);
    scale_ = std::pow(10.0, -exponent_);
    low_ = high_ = linear_bin(value, exponent_, scale_);
  }
  total_ += weight;
  const std::int64_t index = linear_index(value);
  // Only in the outermost fine bins can a number be further out than all before.
  if (index == low_) least_ = std::min(least_, value);
  if (index == high_) greatest_ = std::max(greatest_, value);
  TimeBucket& bucket = bucket_at(time_ns);
  bucket.linear.at(index) += weight;
  if (value > 0) {
    above_ += weight;
    bucket.logarithmic.at(log_bin(value)) += weight;
  } else {
    bucket.not_above += weight;
    if (value < 0) negative_ += weight;
  }
}

void Histogram::add_all(std::span<const std::int64_t> times_ns, const double* values,
                        const std::int64_t* weights) {
  for (std::size_t i = 0; i < times_ns.size();) {
    std::size_t end = i;
    if (total_ > 0 && std::isfinite(values[i])) {  // a bucket that has no number is not there
      TimeBucket& bucket = bucket_at(times_ns[i]);
      const auto start = static_cast<std::uint64_t>(last_.start_ns);
      while (end < times_ns.size() && static_cast<std::uint64_t>(times_ns[end]) - start <
                                          static_cast<std::uint64_t>(bucket_ns_)) {
        ++end;
      }
      if (weights == nullptr) {
        i += add_known(
            bucket, values + i, [](std::size_t) { return std::int64_t{1}; }, end - i);
      } else {
        const auto weight = [from = weights + i](std::size_t at) { return from[at]; };
        i += add_known(bucket, values + i, weight, end - i);
      }
    }
    // The first one, and any that goes where nothing was yet.
    if (i < times_ns.size() && i <= end) {
      add(times_ns[i], values[i], weights == nullptr ? 1 : weights[i]);
      ++i;
    }
  }
}

/// Counts numbers as long as their places are there already; how many that were. Everything the
/// loop looks at is its own, as far as the compiler can know.
template <class Weight>
std::size_t Histogram::add_known(TimeBucket& bucket, const double* values, Weight weight,
                                 std::size_t count) {
  const LogBins log_bins;
  const int exponent = exponent_;
  const double scale = scale_;
  // Strictly between the outermost bins, so that least and greatest stay what they are.
  const auto lowest = static_cast<double>(low_ + 1);
  const auto highest = static_cast<double>(high_);
  const std::int64_t linear_base = bucket.linear.base();
  const std::size_t linear_size = bucket.linear.counts().size();
  std::int64_t* const linear = bucket.linear.cells();
  const std::int64_t log_base = bucket.logarithmic.base();
  const std::size_t log_size = bucket.logarithmic.counts().size();
  std::int64_t* const logarithmic = bucket.logarithmic.cells();
  std::int64_t total = 0;
  std::size_t done = 0;
  for (; done < count; ++done) {
    const double value = values[done];
    const double place = value * scale;
    // Also leaves at NaN and infinities, and at what is not above 0.
    if (!(place >= lowest && place < highest && value > 0)) break;
    const auto at = static_cast<std::size_t>(linear_bin(value, exponent, scale) - linear_base);
    const auto log_at = static_cast<std::size_t>(log_bins.of(value) - log_base);
    if (at >= linear_size || log_at >= log_size) break;
    linear[at] += weight(done);
    logarithmic[log_at] += weight(done);
    total += weight(done);
  }
  total_ += total;
  above_ += total;
  return done;
}

std::int64_t Histogram::linear_index(double value) {
  while (std::abs(value * scale_) > kIndexMax) coarsen();
  std::int64_t index = linear_bin(value, exponent_, scale_);
  if (index >= low_ && index <= high_) return index;
  widen(std::min(low_, index), std::max(high_, index));
  return linear_bin(value, exponent_, scale_);
}

void Histogram::widen(std::int64_t low, std::int64_t high) {
  while (high - low >= kLinearBinsMax) {
    coarsen();
    low = floor_div(low, 10);
    high = floor_div(high, 10);
  }
  low_ = low;
  high_ = high;
}

void Histogram::coarsen() {
  ++exponent_;
  scale_ = std::pow(10.0, -exponent_);
  low_ = floor_div(low_, 10);
  high_ = floor_div(high_, 10);
  for (auto& [start, bucket] : buckets_) bucket.linear = bucket.linear.ten_to_one();
}

void Histogram::merge(const Histogram& other) {
  not_numbers_ += other.not_numbers_;
  if (other.total_ == 0) return;
  Histogram added = other;
  if (total_ == 0) {
    const std::int64_t not_numbers = not_numbers_;
    *this = std::move(added);
    not_numbers_ = not_numbers;
    return;
  }
  while (exponent_ < added.exponent_) coarsen();
  while (added.exponent_ < exponent_) added.coarsen();
  const int before = exponent_;
  widen(std::min(low_, added.low_), std::max(high_, added.high_));
  for (int i = before; i < exponent_; ++i) added.coarsen();
  least_ = std::min(least_, added.least_);
  greatest_ = std::max(greatest_, added.greatest_);
  total_ += added.total_;
  above_ += added.above_;
  negative_ += added.negative_;
  const auto add_up = [](Stretch& to, const Stretch& from) {
    for (std::size_t i = 0; i < from.counts().size(); ++i) {
      if (from.counts()[i] != 0) {
        to.at(from.base() + static_cast<std::int64_t>(i)) += from.counts()[i];
      }
    }
  };
  for (const auto& [start, from] : added.buckets_) {
    TimeBucket& to = buckets_[start];
    add_up(to.linear, from.linear);
    add_up(to.logarithmic, from.logarithmic);
    to.not_above += from.not_above;
  }
}

/// An edge of the fine grid at most one number in a hundred of those above 0 lies below.
double Histogram::first_percentile() const {
  std::map<std::int64_t, std::int64_t> weights;
  for (const auto& [start, bucket] : buckets_) {
    const Stretch& stretch = bucket.logarithmic;
    for (std::size_t i = 0; i < stretch.counts().size(); ++i) {
      if (stretch.counts()[i] != 0) {
        weights[stretch.base() + static_cast<std::int64_t>(i)] += stretch.counts()[i];
      }
    }
  }
  std::int64_t reached = 0;
  for (const auto& [index, weight] : weights) {
    reached += weight;
    if (reached > above_ / 100) return log_edge(index);
  }
  return greatest_;
}

BinLayout Histogram::choose_layout() const {
  if (total_ == 0) return {};
  if (above_ == 0 || negative_ > total_ / 100) return linear_layout();
  const double percentile = first_percentile();
  if (greatest_ / percentile <= static_cast<double>(kLogRatio)) return linear_layout();
  return logarithmic_layout(percentile);
}

BinLayout Histogram::linear_layout() const {
  BinLayout layout{.exponent = exponent_};
  // Bins far finer than the numbers themselves say nothing; that is where all are about the same.
  const int finest = magnitude(std::max(std::abs(least_), std::abs(greatest_))) - 9;
  const int widest = least_ == greatest_ ? magnitude(greatest_) - 1 : exponent_;
  layout.stride = 1;
  for (int e = exponent_; e < std::max(finest, widest) && layout.stride < 100'000'000'000'000;
       ++e) {
    layout.stride *= 10;
  }
  const bool edge_is_last = greatest_ == linear_edge(high_, exponent_) && high_ > low_;
  const std::int64_t end = edge_is_last ? high_ : high_ + 1;
  const auto bins = [&](std::int64_t stride) {
    return ceil_div(end, stride) - floor_div(low_, stride);
  };
  for (int step = 1; bins(layout.stride) > kBinsMax; step = step == 5 ? 1 : step == 2 ? 5 : 2) {
    layout.stride = step == 2 ? layout.stride / 2 * 5 : layout.stride * 2;
  }
  layout.first = floor_div(low_, layout.stride) * layout.stride;
  for (std::int64_t i = 0; i <= std::max<std::int64_t>(bins(layout.stride), 1); ++i) {
    layout.edges.push_back(linear_edge(layout.first + i * layout.stride, exponent_));
  }
  return layout;
}

BinLayout Histogram::logarithmic_layout(double percentile) const {
  BinLayout layout{.logarithmic = true};
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  for (const auto& [start, bucket] : buckets_) {
    const auto& counts = bucket.logarithmic.counts();
    const auto found = std::find_if(counts.begin(), counts.end(), [](auto n) { return n != 0; });
    if (found != counts.end())
      low = std::min(low, bucket.logarithmic.base() + (found - counts.begin()));
  }
  const std::int64_t lowest = low;
  low = std::max(low, log_bin(percentile) - kLogEdgesPerDecade);
  const std::int64_t high = log_bin(greatest_) + 1;
  constexpr std::int64_t kStrides[] = {1, 2, 4, 10, 20, 40, 100, 200, 400, 1'000, 2'000};
  for (const std::int64_t stride : kStrides) {
    layout.stride = stride;
    if (ceil_div(high, stride) - floor_div(low, stride) <= kBinsMax) break;
  }
  layout.first = floor_div(low, layout.stride) * layout.stride;
  layout.below = lowest < layout.first || above_ < total_;
  if (layout.below) {
    double begin = 0;
    if (least_ < 0) {
      const int exponent = std::max(magnitude(least_), kExponentMin);
      begin = linear_edge(linear_bin(least_, exponent, std::pow(10.0, -exponent)), exponent);
    }
    layout.edges.push_back(begin);
  }
  for (std::int64_t index = layout.first; index < high + layout.stride; index += layout.stride) {
    layout.edges.push_back(log_edge(index));
    if (index >= high) break;
  }
  return layout;
}

std::map<std::int64_t, std::vector<std::int64_t>> Histogram::counts(const BinLayout& layout) const {
  std::map<std::int64_t, std::vector<std::int64_t>> out;
  if (layout.edges.size() < 2) return out;
  const std::size_t bins = layout.edges.size() - 1;
  const auto coarse = [&](std::int64_t index) {  // on the layout's grid, which is not finer
    constexpr int kDigits = 19;                  // of an index at most; after them it stays 0 or -1
    const int times = std::min(layout.exponent - exponent_, kDigits);
    for (int i = 0; i < times; ++i) index = floor_div(index, 10);
    return index;
  };
  for (const auto& [start, bucket] : buckets_) {
    std::vector<std::int64_t>& row = out[start];
    row.resize(bins);
    const Stretch& stretch = layout.logarithmic ? bucket.logarithmic : bucket.linear;
    for (std::size_t i = 0; i < stretch.counts().size(); ++i) {
      if (stretch.counts()[i] == 0) continue;
      std::int64_t index = stretch.base() + static_cast<std::int64_t>(i);
      if (!layout.logarithmic) index = coarse(index);
      std::int64_t bin = floor_div(index - layout.first, layout.stride) + (layout.below ? 1 : 0);
      bin = std::clamp<std::int64_t>(bin, 0, static_cast<std::int64_t>(bins) - 1);
      row[static_cast<std::size_t>(bin)] += stretch.counts()[i];
    }
    if (layout.logarithmic) row[0] += bucket.not_above;
  }
  return out;
}

std::string Histogram::to_bytes() const {
  Writer writer;
  writer.put(bucket_ns_);
  writer.put(origin_ns_);
  writer.put(static_cast<std::int64_t>(exponent_));
  writer.put(low_);
  writer.put(high_);
  writer.put(least_);
  writer.put(greatest_);
  writer.put(total_);
  writer.put(above_);
  writer.put(negative_);
  writer.put(not_numbers_);
  for (const auto& [start, bucket] : buckets_) {
    writer.put(start);
    writer.put(bucket.not_above);
    for (const Stretch* stretch : {&bucket.linear, &bucket.logarithmic}) {
      writer.put(stretch->base());
      writer.put(stretch->counts());
    }
  }
  return writer.take();
}

base::Result<Histogram> Histogram::from_bytes(std::string_view bytes) {
  const base::Error broken = base::error(base::ErrorKind::kInternal, "a histogram is broken");
  Reader reader(bytes);
  Histogram out(1, 0);
  std::int64_t exponent = 0;
  if (!reader.get(out.bucket_ns_) || !reader.get(out.origin_ns_) || !reader.get(exponent) ||
      !reader.get(out.low_) || !reader.get(out.high_) || !reader.get(out.least_) ||
      !reader.get(out.greatest_) || !reader.get(out.total_) || !reader.get(out.above_) ||
      !reader.get(out.negative_) || !reader.get(out.not_numbers_) || out.bucket_ns_ <= 0 ||
      exponent < kExponentMin || exponent > kExponentMax + 10) {
    return broken;
  }
  out.exponent_ = static_cast<int>(exponent);
  out.scale_ = std::pow(10.0, -out.exponent_);
  while (!reader.done()) {
    std::int64_t start = 0;
    if (!reader.get(start)) return broken;
    TimeBucket& bucket = out.buckets_[start];
    if (!reader.get(bucket.not_above)) return broken;
    for (Stretch* stretch : {&bucket.linear, &bucket.logarithmic}) {
      std::int64_t base = 0;
      std::int64_t size = 0;
      if (!reader.get(base) || !reader.get(size) || size < 0 ||
          static_cast<std::uint64_t>(size) > reader.left() / sizeof(std::int64_t)) {
        return broken;
      }
      for (std::int64_t i = 0; i < size; ++i) {
        std::int64_t count = 0;
        reader.get(count);
        if (count != 0) stretch->at(base + i) += count;
      }
    }
  }
  return out;
}

}  // namespace understudy::store
