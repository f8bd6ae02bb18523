#include "judge/tally.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/text.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

using statistics::PairedCounts;
using statistics::SideCounts;

/// Why an evaluation is left out, and what that means for who reads it.
struct Reason {
  std::string_view name;
  const char* meaning;
};

constexpr Reason kShed = {
    "shed",
    "a bound of ours was reached (in_flight_max, memory_bytes_max, connections_max and the like) "
    "and the second service was not called; that is held against neither"};
constexpr Reason kCandidateNotAsked = {
    "candidate_not_asked",
    "the candidate gave no answers before, so it was not asked, and of control there is no result "
    "either"};
constexpr Reason kNotRehearsed = {
    "candidate_not_asked",
    "the candidate gave no answers before, so it was not asked beside control; judge the paired "
    "population, in which each is a failure of it"};
constexpr Reason kControlNotAsked = {
    "control_not_asked",
    "control gave no answers before, so it was not asked beside the candidate; that is held "
    "against neither"};
constexpr Reason kClientAborted = {"client_aborted",
                                   "the client left before the answers were there"};
constexpr Reason kRouteNotMatched = {
    "route_not_matched", "no route takes them: control answered and the candidate was not asked"};
constexpr Reason kControlOnly = {"control_only", "the mode asked for control alone"};
constexpr Reason kCandidateOnly = {
    "candidate_only", "no control call to pair with; judge the cutover population to see them"};
constexpr Reason kNotSafe = {
    "not_safe_to_repeat",
    "such a request is sent to one service only, unless its route says safe_to_repeat"};
constexpr Reason kUpgrade = {"upgrade",
                             "a request that changes the protocol goes to one service only"};
constexpr Reason kRequestTooLarge = {"request_too_large",
                                     "the request was too large to be kept for a second call"};
constexpr Reason kShadowDeadline = {
    "shadow_deadline",
    "the candidate was cut off by the deadline of a shadow call where control took as long; judged "
    "for latency, as at least that slow, and not for success: a longer candidate.timeout would "
    "tell"};
constexpr Reason kConnectionsMax = {
    "connections_max", "our own limit of connections to the service that serves was reached"};
constexpr Reason kPaired = {
    "paired",
    "control answered and the candidate rehearsed; judge the paired population to see "
    "them"};
constexpr Reason kBaseline = {"control_only",
                              "control is judged by the baseline that was asked for instead"};
constexpr Reason kOther = {"other", "an answer is missing that a judgement would need"};

/// The order in which they are told.
constexpr std::array kReasonOrder = {kShed.name,
                                     kCandidateNotAsked.name,
                                     kControlNotAsked.name,
                                     kClientAborted.name,
                                     kRouteNotMatched.name,
                                     kNotSafe.name,
                                     kUpgrade.name,
                                     kRequestTooLarge.name,
                                     kShadowDeadline.name,
                                     kConnectionsMax.name,
                                     kControlOnly.name,
                                     kCandidateOnly.name,
                                     kPaired.name,
                                     kOther.name};

bool control_serves_beside(const Alike& one) {
  return one.mode == "fire_and_forget" || one.mode == "full_evaluation";
}
bool reverse(const Alike& one) { return one.mode == "reverse_evaluation"; }
bool candidate_serves(const Alike& one) { return one.mode == "candidate_only" || reverse(one); }

bool takes_part(const Alike& one) {
  return one.accounting != "client_aborted" && one.reason != "route_not_matched";
}

/// In reverse_evaluation control is the shadow and may be cut off by the shadow's deadline. That is
/// our limit and not its failure; counting it would flatter the candidate.
Ending control_ending(const Alike& one) {
  const bool cut = one.control_cut_off == "shadow_deadline" ||
                   (one.control == Ending::kFailed && one.accounting == "timed_out");
  return reverse(one) && cut ? Ending::kSucceeded : one.control;
}

bool is_pair(const Alike& one) {
  return takes_part(one) && (control_serves_beside(one) || reverse(one)) &&
         control_ending(one) != Ending::kOpen && one.candidate != Ending::kOpen;
}

/// No bound of ours: the side beside the one that serves had given no answers, so it was left
/// alone.
bool spared(const Alike& one) { return one.reason == "circuit_open" || one.reason == "unhealthy"; }

bool is_not_asked(const Alike& one) {
  return takes_part(one) && control_serves_beside(one) && spared(one) &&
         one.control != Ending::kOpen && one.candidate == Ending::kOpen;
}
bool served_by(const Alike& one, JudgedSide side) {
  if (!takes_part(one)) return false;
  if (side == JudgedSide::kControl) {
    return one.mode == "control_only" && one.control != Ending::kOpen;
  }
  return candidate_serves(one) && one.candidate != Ending::kOpen;
}

bool counts_for(const Alike& one, Population population, bool control_from_window) {
  switch (population) {
    case Population::kPaired:
      return is_pair(one) || is_not_asked(one);
    case Population::kCutover:
      return served_by(one, JudgedSide::kCandidate) ||
             (control_from_window && served_by(one, JudgedSide::kControl));
  }
  return false;
}

bool cut_off_by(const Alike& one, std::string_view bound) {
  return one.control_cut_off == bound || one.candidate_cut_off == bound;
}

const Reason& reason_of(const Alike& one, Population population) {
  if (one.accounting == "client_aborted") return kClientAborted;
  if (one.reason == "route_not_matched") return kRouteNotMatched;
  if (population == Population::kCutover) {
    if (served_by(one, JudgedSide::kControl)) return kBaseline;
    if (is_not_asked(one)) return kNotRehearsed;
    if (control_serves_beside(one)) return kPaired;
    return cut_off_by(one, "connections_max") ? kConnectionsMax : kOther;
  }
  if (one.mode == "control_only") return kControlOnly;
  if (one.mode == "candidate_only") return kCandidateOnly;
  if (one.reason == "not_safe_to_repeat") return kNotSafe;
  if (one.reason == "upgrade") return kUpgrade;
  if (one.accounting == "too_large") return kRequestTooLarge;
  if (spared(one) && reverse(one) && one.control == Ending::kOpen) return kControlNotAsked;
  if (spared(one) && control_serves_beside(one) && one.candidate == Ending::kOpen) {
    return kCandidateNotAsked;
  }
  if (one.accounting == "shed") return kShed;
  if (cut_off_by(one, "shadow_deadline")) return kShadowDeadline;
  if (cut_off_by(one, "connections_max")) return kConnectionsMax;
  return kOther;
}

template <class Belongs>
SideCounts side_counts(const std::vector<Alike>& groups, JudgedSide side, Belongs belongs) {
  SideCounts counts;
  for (const Alike& one : groups) {
    if (!belongs(one)) continue;
    const auto evaluations = static_cast<double>(one.evaluations);
    counts.total += evaluations;
    const Ending ending = side == JudgedSide::kControl ? one.control : one.candidate;
    if (ending == Ending::kSucceeded) counts.successes += evaluations;
  }
  return counts;
}

}  // namespace

int64_t Tally::evaluations() const {
  int64_t sum = 0;
  for (const Alike& one : groups_) sum += one.evaluations;
  return sum;
}

PairedCounts Tally::pairs() const {
  PairedCounts counts;
  for (const Alike& one : groups_) {
    if (!is_pair(one)) continue;
    const bool control = control_ending(one) == Ending::kSucceeded;
    const bool candidate = one.candidate == Ending::kSucceeded;
    double& count = control ? (candidate ? counts.both : counts.control_only)
                            : (candidate ? counts.candidate_only : counts.neither);
    count += static_cast<double>(one.evaluations);
  }
  return counts;
}

PairedCounts Tally::not_asked() const {
  PairedCounts counts;
  for (const Alike& one : groups_) {
    if (!is_not_asked(one)) continue;
    double& count = one.control == Ending::kSucceeded ? counts.control_only : counts.neither;
    count += static_cast<double>(one.evaluations);
  }
  return counts;
}

int64_t Tally::silent_by_itself() const {
  int64_t count = 0;
  for (const Alike& one : groups_) {
    const bool silent = one.accounting == "failed" || one.accounting == "timed_out";
    if (is_pair(one) && control_serves_beside(one) && one.candidate == Ending::kFailed && silent) {
      count += one.evaluations;
    }
  }
  return count;
}

int64_t Tally::silent_like_control() const {
  int64_t count = 0;
  for (const Alike& one : groups_) {
    if (takes_part(one) && control_serves_beside(one) && one.candidate == Ending::kOpen &&
        one.candidate_cut_off == "shadow_deadline") {
      count += one.evaluations;
    }
  }
  return count;
}

int64_t Tally::pairs_past_deadline() const {
  int64_t count = 0;
  for (const Alike& one : groups_) {
    if (is_pair(one) && control_serves_beside(one) && one.control == Ending::kSucceeded &&
        one.candidate == Ending::kFailed && one.candidate_cut_off == "shadow_deadline") {
      count += one.evaluations;
    }
  }
  return count;
}

SideCounts Tally::served(JudgedSide side) const {
  return side_counts(groups_, side, [side](const Alike& one) { return served_by(one, side); });
}

SideCounts Tally::candidate_only() const {
  return side_counts(groups_, JudgedSide::kCandidate, [](const Alike& one) {
    return served_by(one, JudgedSide::kCandidate) && !reverse(one);
  });
}

SideCounts Tally::reverse_unpaired() const {
  return side_counts(groups_, JudgedSide::kCandidate, [](const Alike& one) {
    return served_by(one, JudgedSide::kCandidate) && reverse(one) && !is_pair(one);
  });
}

std::string Tally::served_in_words() const {
  const auto alone = static_cast<int64_t>(candidate_only().total);
  const auto beside = static_cast<int64_t>(served(JudgedSide::kCandidate).total) - alone;
  std::string words;
  if (alone > 0 || beside == 0) words = base::cat(with_thousands(alone), " candidate_only");
  if (beside > 0) {
    words += base::cat(words.empty() ? "" : " and ", with_thousands(beside), " reverse_evaluation");
  }
  return words;
}

int64_t Tally::judged(Population population, bool control_from_window) const {
  int64_t count = 0;
  for (const Alike& one : groups_) {
    if (counts_for(one, population, control_from_window)) count += one.evaluations;
  }
  return count;
}

std::vector<Excluded> Tally::left_out(Population population, bool control_from_window) const {
  struct Left {
    int64_t evaluations = 0;
    int64_t failed = 0;  // of these, served by a candidate that failed
    const char* meaning = "";
  };
  std::array<Left, kReasonOrder.size()> left{};
  for (const Alike& one : groups_) {
    if (counts_for(one, population, control_from_window)) continue;
    const Reason& reason = reason_of(one, population);
    const auto* at = std::find(kReasonOrder.begin(), kReasonOrder.end(), reason.name);
    Left& entry = left[static_cast<size_t>(at - kReasonOrder.begin())];
    entry.evaluations += one.evaluations;
    entry.meaning = reason.meaning;
    if (candidate_serves(one) && one.candidate == Ending::kFailed) entry.failed += one.evaluations;
  }
  std::vector<Excluded> excluded;
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].evaluations == 0) continue;
    std::string meaning = left[i].meaning;
    if (left[i].failed > 0) {
      meaning += base::cat("; the candidate served and failed ", with_thousands(left[i].failed),
                           " of them");
    }
    excluded.push_back({std::string(kReasonOrder[i]), left[i].evaluations, std::move(meaning)});
  }
  return excluded;
}

int64_t Tally::served_and_failed_left_out(Population population, bool control_from_window) const {
  int64_t count = 0;
  for (const Alike& one : groups_) {
    if (counts_for(one, population, control_from_window)) continue;
    if (candidate_serves(one) && one.candidate == Ending::kFailed) count += one.evaluations;
  }
  return count;
}

std::vector<Excluded> Tally::not_compared() const {
  constexpr std::array kReasons = {
      Reason{"too_large", "a body was larger than what is kept to be compared"},
      Reason{"not_comparable", "the answers could not be compared"},
      Reason{"timed_out", "the shadow call ran into its deadline"},
      Reason{kCandidateNotAsked.name,
             "the candidate gave no answers before, so it was not asked: a failure of it, and "
             "without a latency"},
      Reason{"shed", "there was no room for the comparison"},
      Reason{"failed", "a side gave no whole answer"},
      Reason{"other", "no comparison was made"}};
  std::array<int64_t, kReasons.size()> counts{};
  for (const Alike& one : groups_) {
    if (one.mode == "fire_and_forget") continue;
    const bool not_asked = is_not_asked(one);
    if (!not_asked && (!is_pair(one) || one.accounting == "compared")) continue;
    const std::string_view reason = not_asked ? kCandidateNotAsked.name : one.accounting;
    size_t at = 0;
    while (at + 1 < kReasons.size() && kReasons[at].name != reason) ++at;
    counts[at] += one.evaluations;
  }
  std::vector<Excluded> out;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0)
      out.push_back({std::string(kReasons[i].name), counts[i], kReasons[i].meaning});
  }
  return out;
}

std::vector<Excluded> Tally::without_comparison() const {
  std::map<std::string, int64_t> counts;
  for (const Alike& one : groups_) {
    if (one.mode != "full_evaluation" && one.mode != "reverse_evaluation") continue;
    if (one.accounting == "compared") continue;
    counts[one.reason.empty() ? one.accounting
                              : base::cat(one.accounting, " (", one.reason, ")")] +=
        one.evaluations;
  }
  std::vector<Excluded> out;
  for (const auto& [reason, evaluations] : counts) {
    out.push_back({.reason = reason, .evaluations = evaluations});
  }
  std::stable_sort(out.begin(), out.end(), [](const Excluded& a, const Excluded& b) {
    return a.evaluations > b.evaluations;
  });
  return out;
}

}  // namespace understudy::judge
