#include "api/saved_document.h"

#include <string>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "base/text.h"
#include "query/rfc3339.h"

namespace understudy::api {

using base::Result;
using flags::Value;

flags::Value document_json(const state::Document& document) {
  Value::Object shown = {{"id", document.id},
                         {"version", document.version},
                         {"created", query::rfc3339_nanoseconds(document.created_ns)},
                         {"updated", query::rfc3339_nanoseconds(document.updated_ns)},
                         {"by", document.who}};
  const Result<Value> body = flags::parse_json(document.json);
  if (body.ok()) {
    for (const Value::Member& member : body->as_object()) shown.push_back(member);
  }
  return Value(std::move(shown));
}

Response document_response(const state::Document& document, int status) {
  Response response = json_response(document_json(document), status);
  response.headers.emplace_back("ETag", base::cat("\"", document.version, "\""));
  return response;
}

Result<Response> document_history(state::DocumentStore& documents, state::DocumentKind kind,
                                  std::string_view id) {
  TRY_ASSIGN(const std::vector<state::DocumentVersion> versions, documents.versions(kind, id));
  if (versions.empty()) TRY(documents.find(kind, id));  // says that it is not there
  Value::List list;
  for (const state::DocumentVersion& one : versions) {
    Result<Value> value = one.json.empty() ? Value() : flags::parse_json(one.json);
    list.push_back(Value::Object{{"version", one.version},
                                 {"time", query::rfc3339_nanoseconds(one.time_ns)},
                                 {"by", one.who},
                                 {"value", value.ok() ? *std::move(value) : Value()}});
  }
  return json_response(Value::Object{{"history", std::move(list)}});
}

}  // namespace understudy::api
