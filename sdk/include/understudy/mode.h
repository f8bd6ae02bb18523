#pragma once

#include <string_view>

namespace understudy {

/// Which side answers a run and whether the other side runs as its shadow. The value of the string
/// flag `<migration>.mode`; the same words as the proxy's.
enum class Mode {
  kControlOnly,        // control answers, the candidate is not called
  kFireAndForget,      // control answers; the candidate is called and its answer dropped
  kFullEvaluation,     // control answers; the candidate is called and the answers are compared
  kCandidateOnly,      // the candidate answers, control is not called
  kReverseEvaluation,  // the candidate answers; control is called and the answers are compared
};

/// The word of the flag: "full_evaluation".
std::string_view name(Mode mode);

/// One of the two implementations of an experiment.
enum class Side {
  kControl,    // the old one
  kCandidate,  // the new one
};

/// "control" or "candidate".
std::string_view name(Side side);

}  // namespace understudy
