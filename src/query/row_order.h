#pragma once

#include <cstddef>

#include "query/query_result.h"
#include "store/value_order.h"

namespace understudy::query {

/// Puts rows in the order of values in results, so that maps can go by a group.
struct RowBefore {
  bool operator()(const Row& a, const Row& b) const {
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
      const auto order = store::order_values(a[i].view(), b[i].view());
      if (order != 0) return order < 0;
    }
    return a.size() < b.size();
  }
};

/// The first `breakdowns` cells of a row.
inline Row group_of(const Row& row, size_t breakdowns) {
  return Row(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(breakdowns));
}

}  // namespace understudy::query
