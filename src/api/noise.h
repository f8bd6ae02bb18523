#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "api/evidence_window.h"
#include "base/result.h"
#include "compare/noise.h"
#include "flags/value.h"

namespace understudy::api {

/// How often control differs from itself at a place, and how often the candidate differs from it.
struct NoiseOfPlace {
  compare::NoisyField control;
  /// Of the compared evaluations of the window; absent when there are no events to count.
  std::optional<compare::NoisyField> candidate;

  /// The candidate differs here certainly more often than control does from itself.
  bool more_than_noise() const {
    return candidate.has_value() && candidate->rate_low > control.rate_high;
  }
};

/// Where control differs from itself.
struct NoiseSeen {
  bool from_events = false;          // else from what this process has in memory
  uint64_t samples = 0;              // pairs of answers of control that were compared
  uint64_t samples_cut = 0;          // of them, those with more differences than are recorded
  std::vector<NoiseOfPlace> places;  // those with proof first, then most often first

  /// Null unless there is proof that control differs from itself there in that way.
  const NoiseOfPlace* noisy_at(std::string_view route, std::string_view path_pattern,
                               compare::Dimension dimension) const;
};

/// From the stored events since the rules were agreed on, also when the window begins later, at a
/// change of the mode: control does not depend on the mode. When there are none, from memory.
base::Result<NoiseSeen> noise_seen(const Dependencies& dependencies, const MigrationNow& migration,
                                   const EvidenceWindow& window);

/// {"text", "differed", "samples", "rate_low", "rate_high", "noisy", "candidate", ...}
flags::Value noise_of_place_json(const NoiseOfPlace& place);

/// The whole of it: {"sample", "calls", "source", "samples", "samples_cut", "places_found",
/// "places"}, the `places_max` first places.
flags::Value noise_json(const MigrationNow& migration, const NoiseSeen& seen, size_t places_max);

}  // namespace understudy::api
