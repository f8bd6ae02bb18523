#pragma once

namespace understudy::judge::statistics {

/// A value with the bounds that hold at every look; each bound fails with probability at most its
/// alpha, so the pair covers with probability at least 1 - 2 alpha.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

}  // namespace understudy::judge::statistics
