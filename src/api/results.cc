#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/kept_result.h"
#include "api/resources.h"
#include "base/text.h"
#include "query/render_csv.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;
using flags::Value;
using state::Document;
using state::DocumentKind;

constexpr std::string_view kCsvType = "text/csv; charset=utf-8";
constexpr std::string_view kCsvEnding = ".csv";

/// A JSON object's text with members in front of its own.
std::string with_members(const Value::Object& members, std::string_view object) {
  std::string text = flags::to_json(Value(members));
  text.pop_back();
  const std::string_view rest = object.substr(1);  // behind its brace
  if (rest != "}") text += ',';
  text += rest;
  return text;
}

void add_columns(std::vector<std::string>& columns, const Value* data) {
  if (data == nullptr) return;
  for (const Value::Member& member : data->as_object()) {
    if (std::find(columns.begin(), columns.end(), member.name) == columns.end()) {
      columns.push_back(member.name);
    }
  }
}

void add_line(std::string& csv, const std::vector<std::string>& columns, const Value& row) {
  const Value* time = row.find("time");
  const Value* data = row.find("data");
  if (time != nullptr) query::append_csv_text(csv, time->as_string());
  bool first = time == nullptr;
  for (const std::string& column : columns) {
    if (!std::exchange(first, false)) csv += ',';
    const Value* cell = data == nullptr ? nullptr : data->find(column);
    if (cell == nullptr || cell->is_null()) continue;
    if (cell->is_string()) {
      query::append_csv_text(csv, cell->as_string());
    } else {
      flags::append_json(csv, *cell);
    }
  }
  csv += "\r\n";
}

/// The table of an answer: its groups, or its events.
std::string csv_of(const Value& answer) {
  std::vector<std::string> columns;
  const Value* data = answer.find("data");
  const Value* rows = data == nullptr ? answer.find("events") : data->find("results");
  if (data != nullptr) {
    if (const Value* query = answer.find("query")) {
      if (const Value* breakdowns = query->find("breakdowns")) {
        for (const Value& name : breakdowns->as_list()) columns.push_back(name.as_string());
      }
    }
    if (const Value* total = data->find("total_by_aggregate")) {
      add_columns(columns, total->find("data"));
    }
  } else if (const Value* names = answer.find("columns")) {
    for (const Value& name : names->as_list()) columns.push_back(name.as_string());
  }
  static const Value kNone = Value::List{};
  if (rows == nullptr) rows = &kNone;
  for (const Value& row : rows->as_list()) add_columns(columns, row.find("data"));

  std::string csv;
  if (data == nullptr) csv += "time";
  for (const std::string& column : columns) {
    if (!csv.empty()) csv += ',';
    query::append_csv_text(csv, column);
  }
  csv += "\r\n";
  for (const Value& row : rows->as_list()) add_line(csv, columns, row);
  return csv;
}

Result<Response> get_result(const Dependencies& dependencies, const Call& call) {
  std::string_view id = call.path("id");
  const bool csv = id.ends_with(kCsvEnding);
  if (csv) id.remove_suffix(kCsvEnding.size());
  const Result<Document> found = dependencies.state.results().find(DocumentKind::kQueryResult, id);
  if (!found.ok()) {
    if (found.error().kind != base::ErrorKind::kNotFound) return found.error();
    return base::error(base::ErrorKind::kNotFound,
                       cat("there is no result '", base::printable(id), "'; the newest ",
                           state::kResultLimits.count_max, " are kept, of ",
                           state::kResultLimits.total_bytes_max >> 20, " MiB together"));
  }
  if (!csv) {
    return json_response_text(
        with_members({{"id", found->id},
                      {"created", query::rfc3339_nanoseconds(found->created_ns)},
                      {"dataset", found->scope}},
                     found->json));
  }
  TRY_ASSIGN(const Value answer, flags::parse_json(found->json));
  Response response;
  response.content_type = kCsvType;
  response.headers.emplace_back("Content-Disposition",
                                cat("attachment; filename=\"result-", found->id, ".csv\""));
  response.body = csv_of(answer);
  return response;
}

}  // namespace

std::string keep_result(const Dependencies& dependencies, const Call& call,
                        std::string_view dataset, const std::string& answer) {
  const auto keep = [&]() -> Result<Document> {
    TRY_ASSIGN(std::string id, state::new_document_id());
    return dependencies.state.results().put({.kind = DocumentKind::kQueryResult,
                                             .id = std::move(id),
                                             .scope = std::string(dataset),
                                             .who = call.actor(),
                                             .json = answer},
                                            0);
  };
  const Result<Document> kept = keep();
  if (kept.ok()) return with_members({{"id", kept->id}}, answer);
  return with_members({{"id", Value()}, {"id_reason", kept.error().context}}, answer);
}

Routes result_routes(const Dependencies& dependencies) {
  return {{.method = "GET", .path = "/api/results/{id}", .handle = [&](const Call& call) {
             return get_result(dependencies, call);
           }}};
}

}  // namespace understudy::api
