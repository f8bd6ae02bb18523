#pragma once

namespace understudy::judge::statistics {

/// How often each bound of an interval may ever be wrong, over all looks together. The two ends
/// answer different questions (may it pass, must it fail), so they have budgets of their own.
struct Alphas {
  double low = 0.05;
  double high = 0.05;

  static Alphas both(double alpha) { return {alpha, alpha}; }
  Alphas halved() const { return {low / 2, high / 2}; }
};

/// A value with bounds that hold at every look, each within its budget of Alphas.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

}  // namespace understudy::judge::statistics
