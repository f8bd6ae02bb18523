#pragma once

#include <span>

namespace understudy::judge::statistics {

/// How often one value was seen. `count` is real so that planning can ask "what if there were
/// 1.7 times as many"; evidence for a decision uses whole counts.
struct Observed {
  double value = 0;
  double count = 0;
};

/// The values a variable can take at all, known beforehand: [low, high].
struct Range {
  double low = 0;
  double high = 1;
};

/// Evidence about the mean of a bounded variable that stays honest however often one looks.
///
/// Method: testing by betting (Waudby-Smith and Ramdas, "Estimating means of bounded random
/// variables by betting", JRSS-B 86, 2024, section 4). Against "the mean is at most m" a gambler
/// bets the fraction f of the capital each round, at fair odds, on a value above m:
///
///     K(f) = product over observations of  1 + f * (x - m) / (m - low)
///
/// If the mean is at most m, K(f) is a non-negative supermartingale that starts at 1, and so is its
/// average over a fixed prior on f. By Ville's inequality it ever reaches 1/alpha with probability
/// at most alpha: at every moment at once, for every stopping rule. K depends on the data through
/// the counts of each value only, so it is computed from a query's aggregates, not from the path.
///
/// Prior: f = 2^(-j/2), j = 0..43, weights proportional to 1/(j+4): down to f = 4e-7, so that a
/// mean 1e-6 away from m is still found, and heavy near f = 1, where "no event at all" is decided.
///
/// Assumes that each observation's mean, given the past, is on the same side of m; it may drift
/// there. Values outside `range` are a defect of the caller and end the process. Pure; any thread.

/// log of the mixture capital against "the mean is at most `mean`": >= log(1/alpha) rejects it.
/// Cost: 44 logarithms per distinct value.
double log_evidence_above(std::span<const Observed> observed, Range range, double mean);

/// log of the mixture capital against "the mean is at least `mean`".
double log_evidence_below(std::span<const Observed> observed, Range range, double mean);

/// Lower end of the one-sided confidence sequence: the largest m such that "the mean is at most m"
/// is rejected at `alpha`; `range.low` when nothing is. Sound because the capital falls in m for
/// every f. Cost: 60 bisection steps.
double mean_lower_bound(std::span<const Observed> observed, Range range, double alpha);

/// Upper end, likewise; `range.high` when nothing can be said.
double mean_upper_bound(std::span<const Observed> observed, Range range, double alpha);

/// Average of the values; 0 without observations.
double observed_mean(std::span<const Observed> observed);

}  // namespace understudy::judge::statistics
