#include "understudy/mode.h"

namespace understudy {

std::string_view name(Mode mode) {
  switch (mode) {
    case Mode::kControlOnly:
      return "control_only";
    case Mode::kFireAndForget:
      return "fire_and_forget";
    case Mode::kFullEvaluation:
      return "full_evaluation";
    case Mode::kCandidateOnly:
      return "candidate_only";
    case Mode::kReverseEvaluation:
      return "reverse_evaluation";
  }
  return "control_only";
}

std::string_view name(Side side) { return side == Side::kControl ? "control" : "candidate"; }

}  // namespace understudy
