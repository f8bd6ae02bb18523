#include "flags/mode.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/text.h"

namespace understudy::flags {
namespace {

using base::cat;
using base::Result;

constexpr std::array<std::string_view, kModeCount> kNames = {
    "control_only", "fire_and_forget", "full_evaluation", "candidate_only", "reverse_evaluation"};

/// The same in every process and every release: another salt would move every key.
constexpr std::string_view kModeSalt = "understudy";

/// Where the modes lie on the bucket line; see the class comment of ModeMix.
constexpr std::array<Mode, kModeCount> kLayout = {Mode::kCandidateOnly, Mode::kReverseEvaluation,
                                                  Mode::kControlOnly, Mode::kFireAndForget,
                                                  Mode::kFullEvaluation};

constexpr int kWeightPerPercent = kWeightTotal / 100;

/// "12.345" or "12.345%" -> 12345.
Result<int> parse_percent(std::string_view text) {
  std::string_view digits = base::trim(text);
  if (digits.ends_with('%')) digits = base::trim(digits.substr(0, digits.size() - 1));
  const std::optional<double> percent = base::parse_double(digits);
  if (!percent || *percent < 0 || *percent > 100) {
    return base::invalid(cat("'", base::printable(text), "' is not a percentage from 0 to 100"));
  }
  const double weight = *percent * kWeightPerPercent;
  const double whole = std::round(weight);
  if (std::abs(weight - whole) > 1e-6) {
    return base::invalid(
        cat("'", base::printable(text), "' has more than 3 decimals; shares go down to 0.001%"));
  }
  return static_cast<int>(whole);
}

std::string format_percent(int weight) { return cat(weight / 1000.0); }

Result<Mode> parse_mode(std::string_view text) {
  if (const std::optional<Mode> mode = mode_from_name(text)) return *mode;
  const std::string_view near = base::nearest(text, kNames);
  return base::invalid(cat("unknown mode '", base::printable(text), "'",
                           near.empty() ? "; modes are control_only, fire_and_forget, "
                                          "full_evaluation, candidate_only, reverse_evaluation"
                                        : cat("; did you mean '", near, "'?")));
}

/// Collects the shares a person names and settles who gets the rest.
class MixBuilder {
 public:
  base::Status add(Mode mode, std::optional<int> weight) {
    std::optional<int>& share = shares_[static_cast<size_t>(mode)];
    if (share || rest_ == mode) return base::invalid(cat(name(mode), " is given twice"));
    if (weight) {
      share = weight;
      return base::ok_status();
    }
    if (rest_) {
      return base::invalid(
          cat("both ", name(*rest_), " and ", name(mode), " ask for the rest; only one mode may"));
    }
    rest_ = mode;
    return base::ok_status();
  }

  Result<ModeMix> finish() const {
    std::array<int, kModeCount> weights{};
    int sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = shares_[i].value_or(0);
      sum += weights[i];
    }
    std::optional<Mode> rest = rest_;
    if (!rest && !shares_[static_cast<size_t>(Mode::kControlOnly)]) rest = Mode::kControlOnly;
    if (sum > kWeightTotal) {
      return base::invalid(cat("the shares add up to ", format_percent(sum), "%, above 100%"));
    }
    if (rest) {
      weights[static_cast<size_t>(*rest)] += kWeightTotal - sum;
    } else if (sum != kWeightTotal) {
      return base::invalid(cat("the shares add up to ", format_percent(sum),
                               "%, not to 100%; leave out control_only to give it the rest"));
    }
    return ModeMix::from_weights(weights);
  }

 private:
  std::array<std::optional<int>, kModeCount> shares_{};
  std::optional<Mode> rest_;
};

}  // namespace

std::string_view name(Mode mode) { return kNames[static_cast<size_t>(mode)]; }

std::optional<Mode> mode_from_name(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Mode>(i);
  }
  return std::nullopt;
}

ModeMix::ModeMix(Mode mode) { weights_[static_cast<size_t>(mode)] = kWeightTotal; }

Result<ModeMix> ModeMix::from_weights(const std::array<int, kModeCount>& weights) {
  int64_t sum = 0;
  for (const int weight : weights) {
    if (weight < 0) return base::invalid(cat("a share is negative: ", weight));
    sum += weight;
  }
  if (sum != kWeightTotal) {
    return base::invalid(cat("the weights add up to ", sum, ", not to ", kWeightTotal));
  }
  ModeMix mix;
  mix.weights_ = weights;
  return mix;
}

Result<ModeMix> ModeMix::parse(std::string_view text) {
  if (base::trim(text).empty()) return base::invalid("the mode mix is empty");
  MixBuilder builder;
  for (const std::string_view part : base::split(text, ',')) {
    const size_t equals = part.find('=');
    TRY_ASSIGN(const Mode mode, parse_mode(base::trim(part.substr(0, equals))));
    if (equals == std::string_view::npos) {
      TRY(builder.add(mode, std::nullopt));
      continue;
    }
    TRY_ASSIGN(const int weight, parse_percent(part.substr(equals + 1)));
    TRY(builder.add(mode, weight));
  }
  return builder.finish();
}

Result<ModeMix> ModeMix::parse(const base::ConfigNode& node) {
  if (node.is_scalar()) {
    Result<ModeMix> mix = parse(node.text());
    if (!mix.ok()) return node.error(mix.error().context);
    return mix;
  }
  TRY(node.must_be_map());
  MixBuilder builder;
  for (const auto& [key, share] : node.entries()) {
    const Result<Mode> mode = parse_mode(key);
    if (!mode.ok()) return share.error(mode.error().context);
    TRY_ASSIGN(const std::string text, share.as_string());
    std::optional<int> weight;
    if (text != "rest") {
      const Result<int> percent = parse_percent(text);
      if (!percent.ok()) return share.error(percent.error().context);
      weight = *percent;
    }
    const base::Status added = builder.add(*mode, weight);
    if (!added.ok()) return share.error(added.error().context);
  }
  Result<ModeMix> mix = builder.finish();
  if (!mix.ok()) return node.error(mix.error().context);
  return mix;
}

std::string ModeMix::to_string() const {
  std::string text;
  for (const Mode mode : kAllModes) {
    if (weight(mode) == 0) continue;
    if (!text.empty()) text += ',';
    text += cat(name(mode), "=", format_percent(weight(mode)));
  }
  return text;
}

std::string mode_flag_key(std::string_view migration) { return cat(migration, ".mode"); }

Flag make_mode_flag(std::string_view migration, const ModeMix& mix) {
  Flag flag;
  flag.key = mode_flag_key(migration);
  flag.on = true;
  flag.salt = kModeSalt;
  flag.off_variation = static_cast<int>(Mode::kControlOnly);
  for (const Mode mode : kAllModes) flag.variations.emplace_back(name(mode));
  return with_mix(std::move(flag), mix);
}

Flag with_mix(Flag flag, const ModeMix& mix) {
  flag.on = true;
  flag.fallthrough = {};
  for (const Mode mode : kAllModes) {
    if (mix.weight(mode) == kWeightTotal) {
      flag.fallthrough.variation = static_cast<int>(mode);
      return flag;
    }
  }
  Rollout rollout;
  // Modes without a share are left out: the last one of the list gets what rounding leaves over.
  for (const Mode mode : kLayout) {
    if (mix.weight(mode) == 0) continue;
    rollout.variations.push_back({.variation = static_cast<int>(mode), .weight = mix.weight(mode)});
  }
  flag.fallthrough.rollout = std::move(rollout);
  return flag;
}

Result<ModeMix> mix_of(const Flag& flag) {
  const auto mode_at = [&](int variation) -> Result<Mode> {
    if (variation < 0 || static_cast<size_t>(variation) >= flag.variations.size()) {
      return base::invalid(cat("flag ", flag.key, " has no variation ", variation));
    }
    const Value& value = flag.variations[static_cast<size_t>(variation)];
    const std::optional<Mode> mode = mode_from_name(value.as_string());
    if (!value.is_string() || !mode) {
      return base::invalid(cat("variation ", variation, " of flag ", flag.key, " is not a mode"));
    }
    return *mode;
  };
  if (!flag.on) {
    if (!flag.off_variation) return ModeMix(Mode::kControlOnly);
    TRY_ASSIGN(const Mode mode, mode_at(*flag.off_variation));
    return ModeMix(mode);
  }
  if (flag.fallthrough.variation) {
    TRY_ASSIGN(const Mode mode, mode_at(*flag.fallthrough.variation));
    return ModeMix(mode);
  }
  if (!flag.fallthrough.rollout) {
    return base::invalid(cat("the fallthrough of flag ", flag.key, " serves nothing"));
  }
  std::array<int, kModeCount> weights{};
  for (const WeightedVariation& share : flag.fallthrough.rollout->variations) {
    TRY_ASSIGN(const Mode mode, mode_at(share.variation));
    if (share.weight < 0 || share.weight > kWeightTotal) {
      return base::invalid(cat("flag ", flag.key, " has a weight outside 0 to ", kWeightTotal));
    }
    int& weight = weights[static_cast<size_t>(mode)];
    // Two of 100000 already break the sum; the cap keeps a long list from overflowing.
    weight = std::min(weight + share.weight, 2 * kWeightTotal);
  }
  return ModeMix::from_weights(weights);
}

}  // namespace understudy::flags
