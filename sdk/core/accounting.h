#pragma once

#include <string_view>

namespace understudy::sdk {

/// Where a settled run is counted; exactly one for each. The words are those of the column
/// `evaluation.accounting`.
enum class Accounting {
  kNotSampled,     // no comparison was asked, and nothing went wrong on the shadow
  kCompared,       // both answers were compared
  kShed,           // a bound or a shutdown kept the shadow or the comparison from its end
  kTooLarge,       // an answer above its bound
  kTimedOut,       // the shadow passed its deadline
  kFailed,         // a side that the comparison needs has no answer
  kClientAborted,  // never in process
  kNotComparable,  // an answer could not be lifted or parsed
};
inline constexpr int kAccountingCount = 8;

constexpr std::string_view name(Accounting place) {
  switch (place) {
    case Accounting::kNotSampled:
      return "not_sampled";
    case Accounting::kCompared:
      return "compared";
    case Accounting::kShed:
      return "shed";
    case Accounting::kTooLarge:
      return "too_large";
    case Accounting::kTimedOut:
      return "timed_out";
    case Accounting::kFailed:
      return "failed";
    case Accounting::kClientAborted:
      return "client_aborted";
    case Accounting::kNotComparable:
      return "not_comparable";
  }
  return "failed";
}

}  // namespace understudy::sdk
