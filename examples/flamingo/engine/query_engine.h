#pragma once

#include <string_view>

#include "dialect/outcome.h"
#include "dialect/plan.h"
#include "dialect/result_set.h"

namespace flamingo {

/// Executes plans. Who asks does not know where: in the process, in another service, or in both.
/// `account` is who asks: an engine that splits its traffic keeps an account on one side.
/// Threads: execute() may be called by any number of threads at once.
class QueryEngine {
 public:
  virtual ~QueryEngine() = default;
  virtual Outcome<ResultSet> execute(const Plan& plan, std::string_view account) = 0;
};

}  // namespace flamingo
