#include "compare/noise.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace understudy::compare {

namespace {

constexpr uint64_t kSamplesMin = 2;

/// Wilson score interval (Wilson 1927) of a proportion at 95%.
std::pair<double, double> wilson(uint64_t hits, uint64_t samples) {
  constexpr double kZ = 1.959963984540054;
  const auto n = static_cast<double>(samples);
  const double p = static_cast<double>(hits) / n;
  const double middle = p + kZ * kZ / (2 * n);
  const double spread = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {std::max(0.0, (middle - spread) / scale), std::min(1.0, (middle + spread) / scale)};
}

}  // namespace

void NoiseFields::add(std::string_view route, const Comparison& comparison) {
  if (comparison.outcome == Outcome::kIncomparable) return;
  auto samples = samples_.find(route);
  if (samples == samples_.end()) {
    if (samples_.size() >= options_.fields_max) {
      uncounted_ += comparison.difference_count();
      return;
    }
    samples = samples_.emplace(route, 0).first;
  }
  ++samples->second;
  std::set<std::string_view> places;  // a place counts once for each pair of answers
  for (const Difference& difference : comparison.differences) {
    places.insert(difference.path_pattern);
  }
  for (const std::string_view place : places) {
    Key key{route, place};
    const auto found = differed_.find(key);
    if (found != differed_.end()) {
      ++found->second;
    } else if (differed_.size() < options_.fields_max) {
      differed_.emplace(std::move(key), 1);
    } else {
      ++uncounted_;
    }
  }
}

NoisyField NoiseFields::field(const Key& key, uint64_t differed) const {
  NoisyField out{key.first, key.second, samples_.at(key.first), differed, 0, 0};
  std::tie(out.rate_low, out.rate_high) = wilson(differed, out.samples);
  return out;
}

bool NoiseFields::is_noisy(std::string_view route, std::string_view path_pattern) const {
  const auto found = differed_.find(Key{route, path_pattern});
  if (found == differed_.end() || found->second < kSamplesMin) return false;
  return field(found->first, found->second).rate_low > options_.rate_min;
}

std::vector<NoisyField> NoiseFields::fields() const {
  std::vector<NoisyField> out;
  out.reserve(differed_.size());
  for (const auto& [key, differed] : differed_) out.push_back(field(key, differed));
  std::stable_sort(out.begin(), out.end(), [](const NoisyField& a, const NoisyField& b) {
    return a.rate_low > b.rate_low;
  });
  return out;
}

}  // namespace understudy::compare
