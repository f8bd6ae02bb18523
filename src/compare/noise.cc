#include "compare/noise.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.h"
#include "compare/rules.h"

namespace understudy::compare {

namespace {

std::string percent(double share) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), share * 100,
                                 std::chars_format::fixed, 1);
  return std::string(buffer.data(), end.ptr) + "%";
}

}  // namespace

/// Wilson score interval (Wilson 1927) of a proportion at 95%.
void NoisyField::set_rates() {
  rate_low = 0;
  rate_high = 1;
  if (samples == 0) return;
  constexpr double kZ = 1.959963984540054;
  const auto n = static_cast<double>(samples);
  // Counts that come from a store may be of two moments.
  const double p = std::min(1.0, static_cast<double>(differed) / n);
  const double middle = p + kZ * kZ / (2 * n);
  const double spread = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  rate_low = std::max(0.0, (middle - spread) / scale);
  rate_high = std::min(1.0, (middle + spread) / scale);
}

std::string NoisyField::counts() const {
  return base::cat(differed, " of ", samples, " (", percent(rate_low), " to ", percent(rate_high),
                   ")");
}

std::string NoisyField::describe() const {
  return base::cat("control differs from itself here in ", counts());
}

std::string NoisyField::ignore_rule() const {
  auto path = PathPattern::parse(path_pattern);
  if (!path.ok()) return {};
  Rule rule;
  rule.path = *std::move(path);
  rule.ignore = true;
  return rule.text();
}

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
  ++samples_total_;
  if (comparison.dropped > 0) ++cut_short_;
  // A place counts once for each pair of answers.
  std::set<std::pair<std::string_view, Dimension>> places;
  for (const Difference& difference : comparison.differences) {
    places.emplace(difference.path_pattern, difference.dimension);
  }
  for (const auto& [place, dimension] : places) {
    Key key{route, place, dimension};
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
  const auto& [route, path_pattern, dimension] = key;
  NoisyField out{.route = route,
                 .path_pattern = path_pattern,
                 .dimension = dimension,
                 .samples = samples_.at(route),
                 .differed = differed};
  out.set_rates();
  return out;
}

std::optional<NoisyField> NoiseFields::find(std::string_view route, std::string_view path_pattern,
                                            Dimension dimension) const {
  const auto found = differed_.find(Key{route, path_pattern, dimension});
  if (found == differed_.end()) return std::nullopt;
  return field(found->first, found->second);
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
