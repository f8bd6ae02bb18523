#include "engine/rehearsed_engine.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

void understudy::LiftTraits<flamingo::Outcome<flamingo::ResultSet>>::lift(const Answer& answer,
                                                                          Table& table) {
  std::vector<std::string> names;
  for (const flamingo::Column& column : answer->columns) names.push_back(column.name);
  table.set_columns(std::move(names));
  for (const auto& row : answer->rows) {
    std::vector<Table::Cell> cells;
    cells.reserve(row.size());
    for (const flamingo::Value& value : row) {
      cells.push_back(std::visit([](const auto& held) { return Table::Cell(held); }, value));
    }
    table.add_row(std::move(cells));
  }
}

std::optional<understudy::Failure>
understudy::LiftTraits<flamingo::Outcome<flamingo::ResultSet>>::failure(const Answer& answer) {
  if (answer.ok()) return std::nullopt;
  return Failure{answer.fault().type, answer.fault().message};
}

namespace flamingo {
namespace {

/// A plan with its asker, kept for as long as either side needs it.
struct Request {
  Plan plan;
  std::string account;
};

}  // namespace

RehearsedEngine::RehearsedEngine(QueryEngine& local, RemoteEngine& data_engine,
                                 RehearsalOptions options)
    : local_(&local),
      data_engine_(&data_engine),
      client_({.url = options.understudy_url,
               .service = "flamingo",
               .flags_cache_file = options.flags_cache_file}),
      experiment_(client_, {.migration = options.migration,
                            .route = "visualize",
                            .fallback = understudy::Fallback::kControl,
                            .shadow_timeout = options.candidate_timeout}) {}

Outcome<ResultSet> RehearsedEngine::execute(const Plan& plan, std::string_view account) {
  const Answer answer = experiment_.run(
      {.bucket_by = account}, Request{plan, std::string(account)},
      [local = local_](const Request& request) -> Answer {
        return std::make_shared<const Outcome<ResultSet>>(
            local->execute(request.plan, request.account));
      },
      [data_engine = data_engine_](const Request& request,
                                   const understudy::Deadline& deadline) -> Answer {
        // The main side has no deadline; the engine's own timeout holds then.
        const auto left = deadline.at - std::min(deadline.at, std::chrono::steady_clock::now());
        return std::make_shared<const Outcome<ResultSet>>(data_engine->execute_within(
            request.plan, std::chrono::duration_cast<std::chrono::milliseconds>(left)));
      });
  return *answer;
}

std::string RehearsedEngine::counters_json() const {
  const understudy::Counters counters = client_.counters();
  return nlohmann::json{{"requests", counters.requests},
                        {"in_flight", counters.in_flight},
                        {"not_sampled", counters.not_sampled},
                        {"compared", counters.compared},
                        {"differing", counters.differing},
                        {"shed", counters.shed},
                        {"too_large", counters.too_large},
                        {"timed_out", counters.timed_out},
                        {"failed", counters.failed},
                        {"not_comparable", counters.not_comparable},
                        {"events_exported", counters.events_exported},
                        {"events_dropped", counters.events_dropped}}
      .dump();
}

}  // namespace flamingo
