#include <chrono>
#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/resources.h"
#include "api/table_json.h"
#include "base/text.h"
#include "store/sql_console.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;
using flags::Value;

constexpr std::chrono::seconds kTimeoutMax{60};

Result<store::SqlQuestion> question_in(const Value& body) {
  TRY(only_members(body, {"sql", "timeout", "limit"}));
  store::SqlQuestion question;
  TRY_ASSIGN(const auto sql, text_member(body, "sql"));
  if (!sql || base::trim(*sql).empty()) return base::invalid("\"sql\" is missing");
  question.text = *sql;
  TRY_ASSIGN(const auto timeout, text_member(body, "timeout"));
  if (timeout) {
    const Result<int64_t> ns = parse_duration_ns(*timeout);
    if (!ns.ok()) return base::invalid(cat("\"timeout\": ", ns.error().context));
    question.timeout = std::chrono::nanoseconds(*ns);
    if (question.timeout > kTimeoutMax) {
      return base::invalid(cat("\"timeout\" is more than ", kTimeoutMax.count(), "s"));
    }
  }
  TRY_ASSIGN(const auto limit, int_member(body, "limit"));
  if (limit && (*limit < 1 || std::cmp_greater(*limit, store::kSqlRowsMax))) {
    return base::invalid(cat("\"limit\" is not from 1 to ", store::kSqlRowsMax));
  }
  if (limit) question.rows_max = static_cast<size_t>(*limit);
  return question;
}

Result<Response> post_sql(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const store::SqlQuestion question, question_in(body));
  const int64_t begun_ns = dependencies.clock.steady_ns();
  TRY_ASSIGN(const store::SqlAnswer answer,
             dependencies.sql->run(question, call.request().cancellation));
  Value::List columns;
  for (const auto& column : answer.columns) {
    columns.push_back(Value::Object{{"name", column.name}, {"type", column.type}});
  }
  Value::List rows;
  for (const auto& row : answer.rows) {
    Value::List cells;
    for (const event::Value& value : row) cells.push_back(cell_json(value));
    rows.push_back(std::move(cells));
  }
  constexpr double kNsPerMs = 1e6;
  return json_response(Value::Object{
      {"columns", std::move(columns)},
      {"rows", std::move(rows)},
      {"truncated", answer.truncated},
      {"elapsed_ms", static_cast<double>(dependencies.clock.steady_ns() - begun_ns) / kNsPerMs}});
}

}  // namespace

Routes sql_routes(const Dependencies& dependencies) {
  if (dependencies.sql == nullptr) return {};
  return {{.method = "POST",
           .path = "/api/sql",
           .body = BodyKind::kJson,
           .handle = [&](const Call& call) { return post_sql(dependencies, call); },
           .permission = state::Permission::kRead,
           .work = Work::kQueries}};
}

}  // namespace understudy::api
