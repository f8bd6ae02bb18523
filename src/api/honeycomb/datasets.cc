#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/honeycomb/honeycomb.h"
#include "base/text.h"
#include "query/rfc3339.h"

namespace understudy::api::honeycomb {
namespace {

using base::cat;
using base::ErrorKind;
using base::Result;
using flags::Value;
using state::Document;
using state::DocumentKind;

constexpr size_t kNameBytesMax = 255;
constexpr size_t kDescriptionBytesMax = 1'023;
constexpr int64_t kExpandDepthMax = 10;

/// Which column has a meaning, and what it is called unless somebody said otherwise.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kDefinitions = {
    {{"span_id", "trace.span_id"},
     {"trace_id", "trace.trace_id"},
     {"parent_id", "trace.parent_id"},
     {"name", "name"},
     {"service_name", "service.name"},
     {"duration_ms", "duration_ms"},
     {"span_kind", "span.kind"},
     {"annotation_type", "meta.annotation_type"},
     {"link_span_id", "trace.link.span_id"},
     {"link_trace_id", "trace.link.trace_id"},
     {"error", "error"},
     {"status", "http.response.status_code"},
     {"route", "http.route"},
     {"user", "user.id"},
     {"log_severity", "severity"},
     {"log_message", "body"}}};

/// What was said about a dataset; an empty object when nothing was.
Result<Value> said_about(const Dependencies& dependencies, const std::string& dataset) {
  const Result<Document> document =
      dependencies.state.documents().find(DocumentKind::kDataset, slug_of(dataset));
  if (!document.ok()) {
    if (document.error().kind == ErrorKind::kNotFound) return Value(Value::Object{});
    return document.error();
  }
  return flags::parse_json(document->json);
}

base::Status keep(const Dependencies& dependencies, const Call& call, const std::string& dataset,
                  Value said) {
  said.set("name", dataset);
  TRY(dependencies.state.documents().put({.kind = DocumentKind::kDataset,
                                          .id = slug_of(dataset),
                                          .who = call.actor(),
                                          .json = flags::to_json(said)}));
  return {};
}

Result<Value> dataset_json(const Dependencies& dependencies, const std::string& dataset) {
  TRY_ASSIGN(const Value said, said_about(dependencies, dataset));
  const auto member = [&](std::string_view name, Value otherwise) {
    const Value* found = said.find(name);
    return found == nullptr ? otherwise : *found;
  };
  Value shown = Value::Object{{"name", dataset},
                              {"slug", slug_of(dataset)},
                              {"description", member("description", "")},
                              {"expand_json_depth", member("expand_json_depth", 0)},
                              {"settings", Value::Object{{"delete_protected", true}}},
                              {"regular_columns_count", 0},
                              {"last_written_at", Value()},
                              {"created_at", member("created_at", query::rfc3339_seconds(0))}};
  for (const store::DatasetInfo& one : dependencies.events.datasets()) {
    if (one.name != dataset) continue;
    shown.set("regular_columns_count", static_cast<int64_t>(one.columns));
    if (one.events > 0) {
      shown.set("last_written_at", query::rfc3339_nanoseconds(one.time_max_ns));
      if (said.find("created_at") == nullptr) {
        shown.set("created_at", query::rfc3339_nanoseconds(one.time_min_ns));
      }
    }
  }
  return shown;
}

Result<Response> list(const Dependencies& dependencies, const Call&) {
  std::set<std::string> names;
  for (const store::DatasetInfo& one : dependencies.events.datasets()) names.insert(one.name);
  TRY_ASSIGN(const std::vector<Document> made,
             dependencies.state.documents().list(
                 {.kind = DocumentKind::kDataset, .limit = state::kDocumentsPerCallMax}));
  for (const Document& document : made) {
    TRY_ASSIGN(const Value body, flags::parse_json(document.json));
    if (const Value* name = body.find("name")) names.insert(name->as_string());
  }
  Value::List items;
  for (const std::string& name : names) {
    TRY_ASSIGN(Value json, dataset_json(dependencies, name));
    items.push_back(std::move(json));
  }
  return json_response(Value(std::move(items)));
}

Result<Response> get(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value json, dataset_json(dependencies, dataset));
  return json_response(json);
}

Result<Value> with_changes(Value said, const Value& body) {
  if (body.find("description") != nullptr) {
    TRY_ASSIGN(const std::string description,
               text_up_to(body, "description", kDescriptionBytesMax));
    said.set("description", description);
  }
  TRY_ASSIGN(const auto depth, int_member(body, "expand_json_depth"));
  if (depth && (*depth < 0 || *depth > kExpandDepthMax)) {
    return base::invalid(cat("\"expand_json_depth\" is not from 0 to ", kExpandDepthMax));
  }
  if (depth) said.set("expand_json_depth", *depth);
  return said;
}

Result<Response> make(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const std::string name, needed_text(body, "name", kNameBytesMax));
  const Result<std::string> present = dataset_of(dependencies, name);
  if (present.ok()) {
    TRY_ASSIGN(const Value json, dataset_json(dependencies, *present));
    return json_response(json);
  }
  if (present.error().kind != ErrorKind::kNotFound) return present.error();
  TRY_ASSIGN(Value said, with_changes(Value(Value::Object{}), body));
  said.set("created_at", query::rfc3339_nanoseconds(dependencies.clock.unix_ns()));
  TRY(keep(dependencies, call, name, std::move(said)));
  TRY_ASSIGN(const Value json, dataset_json(dependencies, name));
  return json_response(json, 201);
}

Result<Response> change(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(Value said, said_about(dependencies, dataset));
  TRY_ASSIGN(said, with_changes(std::move(said), body));
  TRY(keep(dependencies, call, dataset, std::move(said)));
  TRY_ASSIGN(const Value json, dataset_json(dependencies, dataset));
  return json_response(json);
}

Result<Response> remove(const Dependencies& dependencies, const Call& call) {
  TRY(dataset_of(dependencies, call.path("dataset")));
  return base::error(ErrorKind::kConflict,
                     "datasets are protected from deletion; their events go with their age");
}

/// What somebody said, else the usual column when the dataset has it, else null.
Result<Value> definitions_json(const Dependencies& dependencies, const std::string& dataset) {
  TRY_ASSIGN(const Value said, said_about(dependencies, dataset));
  const Value* given = said.find("definitions");
  std::set<std::string, std::less<>> names;
  if (const auto columns = dependencies.events.columns(dataset); columns.ok()) {
    for (const store::DatasetColumn& one : *columns) names.insert(one.name);
  }
  Value shown = Value::Object{};
  for (const auto& [meaning, usual] : kDefinitions) {
    const Value* chosen = given == nullptr ? nullptr : given->find(meaning);
    if (chosen != nullptr) {
      shown.set(meaning, *chosen);
    } else if (names.contains(usual)) {
      shown.set(meaning, Value::Object{{"name", usual}, {"column_type", "column"}});
    } else {
      shown.set(meaning, Value());
    }
  }
  return shown;
}

Result<Response> get_definitions(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value json, definitions_json(dependencies, dataset));
  return json_response(json);
}

Result<Response> change_definitions(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(Value said, said_about(dependencies, dataset));
  const Value* present = said.find("definitions");
  Value definitions = present == nullptr ? Value(Value::Object{}) : *present;
  for (const Value::Member& member : body.as_object()) {
    const bool known = std::any_of(kDefinitions.begin(), kDefinitions.end(),
                                   [&](const auto& one) { return one.first == member.name; });
    if (!known) {
      return base::invalid(cat("\"", base::printable(member.name), "\" is no definition"));
    }
    if (member.value.is_null()) {
      definitions.set(member.name, Value());
      continue;
    }
    TRY_ASSIGN(const std::string name, needed_text(member.value, "name", kNameBytesMax));
    TRY_ASSIGN(const std::string type, text_up_to(member.value, "column_type", kNameBytesMax));
    definitions.set(
        member.name,
        Value::Object{{"name", name}, {"column_type", type.empty() ? "column" : type.c_str()}});
  }
  said.set("definitions", std::move(definitions));
  TRY(keep(dependencies, call, dataset, std::move(said)));
  TRY_ASSIGN(const Value json, definitions_json(dependencies, dataset));
  return json_response(json);
}

}  // namespace

Routes dataset_routes(const Dependencies& dependencies) {
  const auto with = [&dependencies](auto handle) {
    return with_problems(
        [&dependencies, handle](const Call& call) { return handle(dependencies, call); });
  };
  return {{.method = "GET", .path = "/1/datasets", .handle = with(list)},
          {.method = "POST", .path = "/1/datasets", .body = BodyKind::kJson, .handle = with(make)},
          {.method = "GET", .path = "/1/datasets/{dataset}", .handle = with(get)},
          {.method = "PUT",
           .path = "/1/datasets/{dataset}",
           .body = BodyKind::kJson,
           .handle = with(change)},
          {.method = "DELETE", .path = "/1/datasets/{dataset}", .handle = with(remove)},
          {.method = "GET",
           .path = "/1/dataset_definitions/{dataset}",
           .handle = with(get_definitions)},
          {.method = "PATCH",
           .path = "/1/dataset_definitions/{dataset}",
           .body = BodyKind::kJson,
           .handle = with(change_definitions)}};
}

}  // namespace understudy::api::honeycomb
