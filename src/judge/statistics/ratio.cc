#include "judge/statistics/ratio.h"

#include <cmath>
#include <limits>

namespace understudy::judge::statistics {

Estimate ratio_of(const Estimate& numerator, const Estimate& denominator) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto divide = [](double over, double under, double unknown) {
    if (under <= 0 || (std::isinf(over) && std::isinf(under))) return unknown;
    return over / under;
  };
  return {divide(numerator.value, denominator.value, kInfinity),
          divide(numerator.low, denominator.high, 0),
          divide(numerator.high, denominator.low, kInfinity)};
}

}  // namespace understudy::judge::statistics
