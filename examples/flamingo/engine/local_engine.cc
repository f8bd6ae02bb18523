#include "engine/local_engine.h"

#include "dialect/binder.h"
#include "dialect/parser.h"

namespace flamingo {

Outcome<ResultSet> LocalEngine::execute(const Plan& plan, std::string_view) {
  return execute_plan(plan, [this](std::string_view text, const Parameters& parameters) {
    return run(text, parameters);
  });
}

Outcome<ResultSet> LocalEngine::run(std::string_view text, const Parameters& parameters) {
  TRY_OUTCOME(const Query query, parse_query(text));
  TRY_OUTCOME(const OpenDataset dataset, data_.open(query.dataset));
  TRY_OUTCOME(const BoundQuery bound,
              bind_query(query, text, dataset.manifest->schema, parameters));
  return dataset.rows->run(bound);
}

}  // namespace flamingo
