#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/honeycomb/honeycomb.h"
#include "api/keyed_items.h"
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

constexpr size_t kKeyNameBytesMax = 255;
constexpr size_t kDescriptionBytesMax = 1'023;

/// One column as these clients see it: what was seen in events and what a person said about it.
struct ColumnShown {
  std::string name;
  std::string type;  // "string", "float", "integer", "boolean"
  bool in_events = false;
  std::optional<Document> said;
};

/// A column has no id of its own, so that it is made of its name: FNV-1a, in eleven letters.
std::string id_of(std::string_view scope, std::string_view name) {
  uint64_t hash = 14'695'981'039'346'656'037U;
  for (const std::string_view text : {scope, std::string_view("/"), name}) {
    for (const char letter : text) {
      hash = (hash ^ static_cast<unsigned char>(letter)) * 1'099'511'628'211U;
    }
  }
  constexpr std::string_view kLetters =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::string id;
  for (int i = 0; i < 11; ++i) {
    id += kLetters[hash % kLetters.size()];
    hash /= kLetters.size();
  }
  return id;
}

std::string document_id(std::string_view scope, std::string_view name) {
  return cat(scope, "/", name);
}

/// The widest of the types a column was seen with.
std::string type_of(const std::vector<event::Type>& types) {
  const auto has = [&](event::Type type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (has(event::Type::kString)) return "string";
  if (has(event::Type::kDouble)) return "float";
  if (has(event::Type::kInt)) return "integer";
  return has(event::Type::kBool) ? "boolean" : "string";
}

Result<std::vector<ColumnShown>> all_columns(const Dependencies& dependencies,
                                             const std::string& dataset) {
  std::vector<ColumnShown> all;
  const auto seen = dependencies.events.columns(dataset);
  if (!seen.ok() && seen.error().kind != ErrorKind::kNotFound) return seen.error();
  if (seen.ok()) {
    for (const store::DatasetColumn& one : *seen) {
      all.push_back({.name = one.name, .type = type_of(one.types), .in_events = true});
    }
  }
  const std::string scope = slug_of(dataset);
  state::DocumentQuery wanted{
      .kind = DocumentKind::kColumn, .scope = scope, .limit = state::kDocumentsPerCallMax};
  while (true) {
    TRY_ASSIGN(const std::vector<Document> page, dependencies.state.documents().list(wanted));
    if (page.empty()) break;
    wanted.after_sequence = page.back().sequence;
    for (const Document& document : page) {
      TRY_ASSIGN(const Value body, flags::parse_json(document.json));
      const Value* name = body.find("key_name");
      const Value* type = body.find("type");
      if (name == nullptr || type == nullptr) continue;
      auto column = std::find_if(all.begin(), all.end(), [&](const ColumnShown& one) {
        return one.name == name->as_string();
      });
      if (column == all.end()) {
        all.push_back({.name = name->as_string(), .type = type->as_string()});
        column = all.end() - 1;
      }
      column->said = document;
    }
  }
  return all;
}

Value column_json(const std::string& scope, const ColumnShown& column) {
  Value said;
  if (column.said) {
    const Result<Value> body = flags::parse_json(column.said->json);
    if (body.ok()) said = *body;
  }
  const Value* description = said.find("description");
  const Value* hidden = said.find("hidden");
  const int64_t created = column.said ? column.said->created_ns : 0;
  const int64_t updated = column.said ? column.said->updated_ns : 0;
  return Value::Object{{"id", id_of(scope, column.name)},
                       {"key_name", column.name},
                       {"type", column.type},
                       {"description", description == nullptr ? Value("") : *description},
                       {"hidden", hidden == nullptr ? Value(false) : *hidden},
                       {"created_at", query::rfc3339_nanoseconds(created)},
                       {"updated_at", query::rfc3339_nanoseconds(updated)},
                       {"last_written", query::rfc3339_nanoseconds(updated)}};
}

Result<Value> said_in(const Value& body, const std::string& key_name,
                      const std::string& type_default) {
  TRY_ASSIGN(const std::string type, text_up_to(body, "type", kKeyNameBytesMax));
  const std::string chosen = type.empty() ? type_default : type;
  if (chosen != "string" && chosen != "float" && chosen != "integer" && chosen != "boolean") {
    return base::invalid(cat("\"type\" '", base::printable(chosen),
                             "' is none of string, float, integer and boolean"));
  }
  TRY_ASSIGN(const std::string description, text_up_to(body, "description", kDescriptionBytesMax));
  TRY_ASSIGN(const bool hidden, bool_member(body, "hidden"));
  return Value(Value::Object{
      {"key_name", key_name}, {"type", chosen}, {"description", description}, {"hidden", hidden}});
}

base::Error no_column(std::string_view which) {
  return base::error(ErrorKind::kNotFound,
                     cat("there is no column '", base::printable(which), "'"));
}

Result<ColumnShown> column_with_id(const Dependencies& dependencies, const std::string& dataset,
                                   std::string_view id) {
  TRY_ASSIGN(std::vector<ColumnShown> all, all_columns(dependencies, dataset));
  const std::string scope = slug_of(dataset);
  for (ColumnShown& one : all) {
    if (id_of(scope, one.name) == id) return std::move(one);
  }
  return no_column(id);
}

Result<Response> list(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const std::vector<ColumnShown> all, all_columns(dependencies, dataset));
  const std::string scope = slug_of(dataset);
  const auto wanted = call.query("key_name");
  Value::List items;
  for (const ColumnShown& one : all) {
    Value json = column_json(scope, one);
    if (wanted && one.name == *wanted) return json_response(json);
    items.push_back(std::move(json));
  }
  if (wanted) return no_column(*wanted);
  return json_response(Value(std::move(items)));
}

Result<Response> get(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const ColumnShown column, column_with_id(dependencies, dataset, call.path("id")));
  return json_response(column_json(slug_of(dataset), column));
}

Result<Response> say(const Dependencies& dependencies, const Call& call, const std::string& dataset,
                     ColumnShown column, int status) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const Value said, said_in(body, column.name, column.type));
  const std::string scope = slug_of(dataset);
  TRY_ASSIGN(column.said, dependencies.state.documents().put({.kind = DocumentKind::kColumn,
                                                              .id = document_id(scope, column.name),
                                                              .scope = scope,
                                                              .who = call.actor(),
                                                              .json = flags::to_json(said)}));
  if (!column.in_events) column.type = said.find("type")->as_string();
  return json_response(column_json(scope, column), status);
}

Result<Response> make(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const std::string name, needed_text(body, "key_name", kKeyNameBytesMax));
  TRY_ASSIGN(const std::vector<ColumnShown> all, all_columns(dependencies, dataset));
  for (const ColumnShown& one : all) {
    if (one.name != name) continue;
    return base::error(ErrorKind::kConflict,
                       cat("the column '", base::printable(name), "' already exists"));
  }
  return say(dependencies, call, dataset, {.name = name, .type = "string"}, 201);
}

Result<Response> change(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(ColumnShown column, column_with_id(dependencies, dataset, call.path("id")));
  return say(dependencies, call, dataset, std::move(column), 200);
}

Result<Response> remove(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const ColumnShown column, column_with_id(dependencies, dataset, call.path("id")));
  if (column.in_events) {
    return base::error(ErrorKind::kConflict,
                       "events have this column; it goes when they do, and can be hidden");
  }
  TRY(dependencies.state.documents().remove(
      DocumentKind::kColumn, document_id(slug_of(dataset), column.name), call.actor()));
  return no_content();
}

}  // namespace

Routes column_routes(const Dependencies& dependencies) {
  const auto with = [&dependencies](auto handle) {
    return with_problems(
        [&dependencies, handle](const Call& call) { return handle(dependencies, call); });
  };
  return {{.method = "GET",
           .path = "/1/columns/{dataset}",
           .parameters = {"key_name"},
           .handle = with(list)},
          {.method = "POST",
           .path = "/1/columns/{dataset}",
           .body = BodyKind::kJson,
           .handle = with(make)},
          {.method = "GET", .path = "/1/columns/{dataset}/{id}", .handle = with(get)},
          {.method = "PUT",
           .path = "/1/columns/{dataset}/{id}",
           .body = BodyKind::kJson,
           .handle = with(change)},
          {.method = "DELETE", .path = "/1/columns/{dataset}/{id}", .handle = with(remove)}};
}

}  // namespace understudy::api::honeycomb
