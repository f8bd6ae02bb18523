#include "store/aggregate_result.h"

#include <algorithm>
#include <cmath>

namespace understudy::store {

double quantile_rank(double p, std::int64_t weight) {
  const auto total = static_cast<double>(weight);
  return std::max(1.0, total - std::floor(total - p * total));
}

}  // namespace understudy::store
