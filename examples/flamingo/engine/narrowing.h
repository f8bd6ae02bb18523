#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dialect/binder.h"

namespace flamingo {

/// Which of the sorted copies a query should read: the first whose leading field the condition
/// fixes to one value, else the first whose leading field it bounds, else 0. Pure.
size_t narrowest_order(const BoundQuery& query,
                       const std::vector<std::vector<std::string>>& sorted_by);

}  // namespace flamingo
