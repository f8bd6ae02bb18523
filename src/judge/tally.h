#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "judge/statistics/paired_difference.h"
#include "judge/verdict.h"

namespace understudy::judge {

enum class JudgedSide { kControl, kCandidate };

/// How a call ended. kOpen: it was not made, or nobody can say whether it would have succeeded.
enum class Ending { kOpen, kFailed, kSucceeded };

/// Evaluations that are alike in everything that decides which evidence they are.
struct Alike {
  std::string mode{};
  std::string accounting{};
  std::string reason{};
  Ending control = Ending::kOpen;
  Ending candidate = Ending::kOpen;
  std::string control_cut_off{};
  std::string candidate_cut_off{};
  int64_t evaluations = 0;
};

/// All evaluations of a window, each in exactly one place: part of what is judged, or left out with
/// its reason. The one place in code that says which evaluation serves as which evidence
/// (docs/judging.md); the filters in evidence.cc say the same to the store. Immutable.
class Tally {
 public:
  Tally() = default;
  explicit Tally(std::vector<Alike> groups) : groups_(std::move(groups)) {}

  int64_t evaluations() const;
  /// What both sides made of the same requests, in a shadow mode.
  statistics::PairedCounts pairs() const;
  /// Requests that control answered and the candidate was spared, because it had given no answers
  /// to those before. Each counts as failed by the candidate; it has no latency.
  statistics::PairedCounts not_asked() const;
  /// Calls beside control that the candidate left without an answer: of its own doing, and where
  /// control too took longer than the deadline of a shadow call.
  int64_t silent_by_itself() const;
  int64_t silent_like_control() const;
  /// Of the pairs in which control serves: those with a whole answer of control, in which the
  /// candidate ran into the deadline of the shadow call.
  int64_t pairs_past_deadline() const;
  /// Requests that one side served: candidate_only and reverse_evaluation, or control_only.
  statistics::SideCounts served(JudgedSide side) const;
  /// Of the requests the candidate served, those without an answer of control to hold against:
  /// candidate_only, or reverse_evaluation without its second call.
  statistics::SideCounts candidate_only() const;
  statistics::SideCounts reverse_unpaired() const;
  /// "456 candidate_only and 634 reverse_evaluation": what the candidate served, by its modes.
  std::string served_in_words() const;

  /// Evaluations that count for a population. `control_from_window`: the control_only share of this
  /// window is the one the cutover population is held against.
  int64_t judged(Population population, bool control_from_window) const;
  /// The others by reason: judged + all of these = evaluations().
  std::vector<Excluded> left_out(Population population, bool control_from_window) const;
  /// Of these, what the candidate served, so that a user got it, and failed.
  int64_t served_and_failed_left_out(Population population, bool control_from_window) const;
  /// Of what is judged as pairs and was to be compared, that which was not, by reason.
  std::vector<Excluded> not_compared() const;
  /// Of full_evaluation and reverse_evaluation: what was not compared, whatever it is judged as, by
  /// its account and that one's reason: "failed", "shed (circuit_open)". Most frequent first.
  std::vector<Excluded> without_comparison() const;

 private:
  std::vector<Alike> groups_;
};

}  // namespace understudy::judge
