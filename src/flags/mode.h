#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/config_node.h"
#include "base/result.h"
#include "flags/flag.h"

namespace understudy::flags {

/// What happens to one request of a migration. The values are the variation indexes of every mode
/// flag, in this order, for ever.
enum class Mode {
  kControlOnly = 0,        // control answers, the candidate is not called
  kFireAndForget = 1,      // control answers, the candidate is called and its answer dropped
  kFullEvaluation = 2,     // control answers, the candidate is called and compared
  kCandidateOnly = 3,      // the candidate answers, control is not called
  kReverseEvaluation = 4,  // the candidate answers, control is called and compared
};

inline constexpr int kModeCount = 5;
inline constexpr std::array<Mode, kModeCount> kAllModes = {
    Mode::kControlOnly, Mode::kFireAndForget, Mode::kFullEvaluation, Mode::kCandidateOnly,
    Mode::kReverseEvaluation};

/// Which of the two services plays a part.
enum class Service { kControl, kCandidate };

/// "full_evaluation".
std::string_view name(Mode mode);
std::optional<Mode> mode_from_name(std::string_view name);

/// Whose answer the client gets.
constexpr Service serving_side(Mode mode) {
  return mode == Mode::kCandidateOnly || mode == Mode::kReverseEvaluation ? Service::kCandidate
                                                                          : Service::kControl;
}
/// Who is called beside, without the client noticing; nullopt when nobody is.
constexpr std::optional<Service> shadow_side(Mode mode) {
  switch (mode) {
    case Mode::kControlOnly:
    case Mode::kCandidateOnly:
      return std::nullopt;
    case Mode::kFireAndForget:
    case Mode::kFullEvaluation:
      return Service::kCandidate;
    case Mode::kReverseEvaluation:
      return Service::kControl;
  }
  return std::nullopt;
}
constexpr bool serves_candidate(Mode mode) { return serving_side(mode) == Service::kCandidate; }
constexpr bool calls_candidate(Mode mode) { return mode != Mode::kControlOnly; }
constexpr bool calls_control(Mode mode) { return mode != Mode::kCandidateOnly; }
constexpr bool has_shadow(Mode mode) { return shadow_side(mode).has_value(); }
/// Whether the two answers are compared.
constexpr bool compares(Mode mode) {
  return mode == Mode::kFullEvaluation || mode == Mode::kReverseEvaluation;
}

/// Shares of the five modes, in thousandths of a per cent; always adds up to 100%.
///
/// As text: "full_evaluation=10,candidate_only=2.5". A mode without a number takes the rest
/// ("full_evaluation=10,fire_and_forget"); when no mode does and `control_only` is not named, the
/// rest is `control_only`'s. Anything else must add up to 100. Up to 3 decimals, "%" allowed.
///
/// How shares lie on the bucket line [0, 1), which decides who moves when a share changes:
///
///     candidate_only | reverse_evaluation | control_only | fire_and_forget | full_evaluation
///     0 ->                                                                            <- 1
///
/// Modes grow from both ends against `control_only` in the middle, so that
///  - ramping one mode against control_only only ever adds keys to it, and moves no other key,
///    as long as its outer neighbour (candidate_only for reverse_evaluation, full_evaluation for
///    fire_and_forget) keeps its share, which is always so in a mix of control_only and one or of
///    control_only, one candidate-serving and one shadowing mode;
///  - the keys of candidate_only depend on its share alone, those of full_evaluation likewise;
///  - the keys served by the candidate depend on the sum of candidate_only and reverse_evaluation
///    alone, and the keys shadowed on the sum of the other two: both only grow when the sum does.
/// No layout can promise more: with three modes beside control_only that never move each other's
/// keys, any two of them at 50% would have to be each other's complement, and the third one's.
class ModeMix {
 public:
  /// Everything in one mode.
  explicit ModeMix(Mode mode = Mode::kControlOnly);

  static base::Result<ModeMix> parse(std::string_view text);
  /// From the config: a mode name, or a map {control_only: 90, full_evaluation: 10} that follows
  /// the rules of the text form (`full_evaluation: rest` takes the rest).
  static base::Result<ModeMix> parse(const base::ConfigNode& node);
  /// From weights that add up to kWeightTotal, in the order of Mode.
  static base::Result<ModeMix> from_weights(const std::array<int, kModeCount>& weights);

  /// In thousandths of a per cent.
  int weight(Mode mode) const { return weights_[static_cast<size_t>(mode)]; }
  double percent(Mode mode) const { return weight(mode) / 1000.0; }

  /// "control_only=90,full_evaluation=10": modes with a share, in the order of Mode.
  std::string to_string() const;

  friend bool operator==(const ModeMix&, const ModeMix&) = default;

 private:
  std::array<int, kModeCount> weights_{};
};

/// "data-engine" -> "data-engine.mode"
std::string mode_flag_key(std::string_view migration);

/// A new mode flag: on, the five modes as variations, off serves control_only, and a salt that is
/// the same everywhere, so that processes which share nothing but the config still agree.
Flag make_mode_flag(std::string_view migration, const ModeMix& mix);
/// The same flag, turned on, with another mix in its fallthrough; targets, rules and prerequisites
/// stay.
Flag with_mix(Flag flag, const ModeMix& mix);
/// The mix a flag's fallthrough (or, when it is off, its off variation) serves. An error when a
/// variation is not a mode or the weights do not add up: the flag is not a mode flag.
base::Result<ModeMix> mix_of(const Flag& flag);

}  // namespace understudy::flags
