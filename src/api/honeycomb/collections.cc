// Derived columns, annotations of queries, settings of markers, boards: saved documents that are
// made, listed, read, changed and deleted in one way.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/honeycomb/honeycomb.h"
#include "api/keyed_items.h"
#include "base/text.h"
#include "query/expression_parser.h"

namespace understudy::api::honeycomb {
namespace {

using base::cat;
using base::Result;
using flags::Value;
using state::Document;
using state::DocumentKind;

constexpr size_t kNameBytesMax = 255;
constexpr size_t kDescriptionBytesMax = 1'023;

/// What a kind of document keeps of a body. Failure: kInvalid that names the field.
using Check = Result<Value> (*)(const Dependencies&, const Value&);

struct Collection {
  DocumentKind kind;
  bool scoped;  // {dataset} is in the path
  Check check;
  /// The member that is unique among those of a dataset, and the parameter that asks for one by it.
  std::string_view unique;
};

Result<Value> derived_column(const Dependencies&, const Value& body) {
  TRY_ASSIGN(const std::string alias, needed_text(body, "alias", kNameBytesMax));
  TRY_ASSIGN(const std::string expression,
             needed_text(body, "expression", query::kExpressionBytesMax));
  const auto parsed = query::parse_expression(expression);
  if (!parsed.ok()) return base::invalid(cat("expression: ", parsed.error().context));
  TRY_ASSIGN(const std::string description, text_up_to(body, "description", kDescriptionBytesMax));
  return Value(
      Value::Object{{"alias", alias}, {"expression", expression}, {"description", description}});
}

Result<Value> annotation(const Dependencies& dependencies, const Value& body) {
  TRY_ASSIGN(const std::string name, needed_text(body, "name", kNameBytesMax));
  TRY_ASSIGN(const std::string description, text_up_to(body, "description", kDescriptionBytesMax));
  TRY_ASSIGN(const std::string query, needed_text(body, "query_id", state::kDocumentIdBytesMax));
  if (!dependencies.state.documents().find(DocumentKind::kQuery, query).ok()) {
    return base::invalid(cat("\"query_id\" '", base::printable(query), "' is no saved query"));
  }
  TRY_ASSIGN(const std::string source, text_up_to(body, "source", kNameBytesMax));
  return Value(Value::Object{{"name", name},
                             {"description", description},
                             {"query_id", query},
                             {"source", source.empty() ? "query" : source}});
}

Result<Value> marker_setting(const Dependencies&, const Value& body) {
  TRY_ASSIGN(const std::string type, needed_text(body, "type", state::kMarkerTypeBytesMax));
  TRY_ASSIGN(const std::string color, needed_text(body, "color", kNameBytesMax));
  const bool hex = color.size() == 7 && color[0] == '#' &&
                   color.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
  if (!hex) return base::invalid("\"color\" is not a colour such as #F96E11");
  return Value(Value::Object{{"type", type}, {"color", color}});
}

/// Kept as it is, as these boards have many members that only their clients read.
Result<Value> board(const Dependencies&, const Value& body) {
  TRY(needed_text(body, "name", kNameBytesMax));
  Value::Object kept;
  for (const Value::Member& member : body.as_object()) {
    if (member.name != "id" && member.name != "links" && member.name != "created_at" &&
        member.name != "updated_at") {
      kept.push_back(member);
    }
  }
  return Value(std::move(kept));
}

Result<std::string> scope_in(const Dependencies& dependencies, const Collection& collection,
                             const Call& call) {
  if (!collection.scoped) return std::string();
  return scope_of(dependencies, call.path("dataset"));
}

Result<std::vector<Document>> all_of(const Dependencies& dependencies, const Collection& collection,
                                     const std::string& scope) {
  state::DocumentQuery wanted{.kind = collection.kind, .limit = state::kDocumentsPerCallMax};
  if (collection.scoped) wanted.scope = scope;
  std::vector<Document> all;
  while (true) {
    TRY_ASSIGN(std::vector<Document> page, dependencies.state.documents().list(wanted));
    if (page.empty()) return all;
    wanted.after_sequence = page.back().sequence;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

Result<std::optional<Document>> with_unique(const Dependencies& dependencies,
                                            const Collection& collection, const std::string& scope,
                                            std::string_view text) {
  TRY_ASSIGN(const std::vector<Document> all, all_of(dependencies, collection, scope));
  for (const Document& one : all) {
    const Result<Value> body = flags::parse_json(one.json);
    const Value* member = body.ok() ? body->find(collection.unique) : nullptr;
    if (member != nullptr && member->as_string() == text) return std::optional<Document>(one);
  }
  return std::optional<Document>();
}

Result<Document> found(const Dependencies& dependencies, const Collection& collection,
                       const Call& call) {
  TRY_ASSIGN(const std::string scope, scope_in(dependencies, collection, call));
  TRY_ASSIGN(Document document,
             dependencies.state.documents().find(collection.kind, call.path("id")));
  if (document.scope == scope) return document;
  return base::error(base::ErrorKind::kNotFound,
                     cat("there is no ", state::name(collection.kind), " '",
                         base::printable(call.path("id")), "' of this dataset"));
}

Result<Response> list(const Dependencies& dependencies, const Collection& collection,
                      const Call& call) {
  TRY_ASSIGN(const std::string scope, scope_in(dependencies, collection, call));
  const auto wanted =
      collection.unique.empty() ? std::optional<std::string_view>() : call.query(collection.unique);
  if (wanted) {
    TRY_ASSIGN(const auto one, with_unique(dependencies, collection, scope, *wanted));
    if (one) return json_response(item_json(*one));
    return base::error(base::ErrorKind::kNotFound, cat("there is no ", state::name(collection.kind),
                                                       " '", base::printable(*wanted), "'"));
  }
  TRY_ASSIGN(const std::vector<Document> all, all_of(dependencies, collection, scope));
  Value::List items;
  for (const Document& one : all) items.push_back(item_json(one));
  return json_response(Value(std::move(items)));
}

base::Status check_unique(const Dependencies& dependencies, const Collection& collection,
                          const std::string& scope, const Value& body, std::string_view id) {
  if (collection.unique.empty()) return {};
  const Value* member = body.find(collection.unique);
  TRY_ASSIGN(const auto other, with_unique(dependencies, collection, scope, member->as_string()));
  if (!other || other->id == id) return {};
  return base::error(
      base::ErrorKind::kConflict,
      cat("a ", state::name(collection.kind), " with this ", collection.unique, " already exists"));
}

Result<Response> make(const Dependencies& dependencies, const Collection& collection,
                      const Call& call) {
  TRY_ASSIGN(const std::string scope, scope_in(dependencies, collection, call));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const Value kept, collection.check(dependencies, body));
  TRY(check_unique(dependencies, collection, scope, kept, {}));
  TRY_ASSIGN(std::string id, state::new_document_id());
  TRY_ASSIGN(const Document made, dependencies.state.documents().put({.kind = collection.kind,
                                                                      .id = std::move(id),
                                                                      .scope = scope,
                                                                      .who = call.actor(),
                                                                      .json = flags::to_json(kept)},
                                                                     0));
  Response response = json_response(item_json(made), 201);
  const std::string_view target = call.request().target;
  response.headers.emplace_back("Location", cat(target.substr(0, target.find('?')), "/", made.id));
  return response;
}

Result<Response> change(const Dependencies& dependencies, const Collection& collection,
                        const Call& call) {
  TRY_ASSIGN(Document document, found(dependencies, collection, call));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const Value kept, collection.check(dependencies, body));
  TRY(check_unique(dependencies, collection, document.scope, kept, document.id));
  document.json = flags::to_json(kept);
  document.who = call.actor();
  TRY_ASSIGN(const Document changed, dependencies.state.documents().put(std::move(document)));
  return json_response(item_json(changed));
}

Result<Response> remove(const Dependencies& dependencies, const Collection& collection,
                        const Call& call) {
  TRY_ASSIGN(const Document document, found(dependencies, collection, call));
  TRY(dependencies.state.documents().remove(collection.kind, document.id, call.actor()));
  if (collection.kind != DocumentKind::kMarkerSetting) return no_content();
  return json_response(item_json(document));  // these answer with what they were
}

/// `path` without the id, `one` with it.
Routes routes_of(const Dependencies& dependencies, const Collection& collection,
                 std::string_view path, std::string_view one) {
  const auto with = [&dependencies, collection](auto handle) {
    return with_problems([&dependencies, collection, handle](const Call& call) {
      return handle(dependencies, collection, call);
    });
  };
  return {{.method = "GET", .path = path, .handle = with(list), .any_parameters = true},
          {.method = "POST", .path = path, .body = BodyKind::kJson, .handle = with(make)},
          {.method = "GET",
           .path = one,
           .handle = with([](const Dependencies& all, const Collection& which,
                             const Call& call) -> Result<Response> {
             TRY_ASSIGN(const Document document, found(all, which, call));
             return json_response(item_json(document));
           })},
          {.method = "PUT", .path = one, .body = BodyKind::kJson, .handle = with(change)},
          {.method = "DELETE", .path = one, .handle = with(remove)}};
}

}  // namespace

Routes collection_routes(const Dependencies& dependencies) {
  Routes all;
  const auto add = [&](const Collection& collection, std::string_view path, std::string_view one) {
    Routes more = routes_of(dependencies, collection, path, one);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  };
  add({DocumentKind::kDerivedColumn, true, derived_column, "alias"}, "/1/derived_columns/{dataset}",
      "/1/derived_columns/{dataset}/{id}");
  add({DocumentKind::kQueryAnnotation, true, annotation, {}}, "/1/query_annotations/{dataset}",
      "/1/query_annotations/{dataset}/{id}");
  add({DocumentKind::kMarkerSetting, true, marker_setting, "type"}, "/1/marker_settings/{dataset}",
      "/1/marker_settings/{dataset}/{id}");
  add({DocumentKind::kHoneycombBoard, false, board, {}}, "/1/boards", "/1/boards/{id}");
  return all;
}

}  // namespace understudy::api::honeycomb
