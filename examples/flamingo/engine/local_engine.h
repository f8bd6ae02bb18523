#pragma once

#include "engine/data_manager.h"
#include "engine/query_engine.h"

namespace flamingo {

/// Executes plans in this process: each query is parsed, checked against the dataset that it
/// names, and run on that dataset's in-memory engine.
class LocalEngine final : public QueryEngine {
 public:
  explicit LocalEngine(DataManager& data) : data_(data) {}
  Outcome<ResultSet> execute(const Plan& plan, std::string_view account) override;

 private:
  Outcome<ResultSet> run(std::string_view text, const Parameters& parameters);

  DataManager& data_;
};

}  // namespace flamingo
