#include "api/honeycomb/honeycomb.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "base/text.h"
#include "query/rfc3339.h"

namespace understudy::api::honeycomb {
namespace {

using base::cat;
using base::Result;
using flags::Value;
using state::Document;
using state::DocumentKind;

struct Problem {
  std::string_view type;
  std::string_view title;
};

Problem problem_of(int status) {
  switch (status) {
    case 400:
      return {"unparseable", "The request body could not be parsed."};
    case 404:
      return {"not-found", "The requested resource cannot be found."};
    case 409:
      return {"conflict", "The request conflicts with what is there."};
    case 413:
      return {"payload-too-large", "The request body is too large."};
    case 422:
      return {"validation-failed", "The provided input is invalid."};
    default:
      return {"unavailable", "The request could not be answered."};
  }
}

/// The field a message is about: `"name" is missing`, `calculations[0].op: ...`.
std::string field_of(std::string_view message) {
  if (message.starts_with('"')) {
    const size_t end = message.find('"', 1);
    return end == std::string_view::npos ? "" : std::string(message.substr(1, end - 1));
  }
  const size_t colon = message.find(": ");
  if (colon == std::string_view::npos) return {};
  const std::string_view field = message.substr(0, colon);
  return field.find(' ') == std::string_view::npos ? std::string(field) : "";
}

std::string_view code_of(std::string_view message) {
  if (message.find("is missing") != std::string_view::npos) return "missing";
  for (const std::string_view type : {"is not a string", "is not a list", "is not a boolean",
                                      "is not a number", "is not a whole", "is not an object"}) {
    if (message.find(type) != std::string_view::npos) return "incorrect_type";
  }
  return "invalid";
}

Response problem_response(const base::Error& failure) {
  Response response = error_response(failure);
  const Result<Value> plain = flags::parse_json(response.body);
  const std::string text = plain.ok() && plain->find("error") != nullptr
                               ? plain->find("error")->as_string()
                               : failure.context;
  const Problem problem = problem_of(response.status);
  Value body = Value::Object{{"status", response.status},
                             {"type", cat("https://api.honeycomb.io/problems/", problem.type)},
                             {"title", problem.title},
                             {"error", text},
                             {"detail", text}};
  if (response.status == 422) {
    body.set("type_detail",
             Value::List{Value::Object{
                 {"field", field_of(text)}, {"code", code_of(text)}, {"description", text}}});
  }
  response.content_type = "application/problem+json";
  response.body = flags::to_json(body) + "\n";
  return response;
}

base::Error no_dataset(std::string_view slug) {
  return base::error(base::ErrorKind::kNotFound,
                     cat("there is no dataset '", base::printable(slug), "'"));
}

/// Every name a specification may use as a column.
void collect_columns(const Value& value, std::set<std::string, std::less<>>& names) {
  for (const Value& item : value.as_list()) collect_columns(item, names);
  for (const Value::Member& member : value.as_object()) {
    if (member.name == "column") names.insert(member.value.as_string());
    if (member.name == "breakdowns") {
      for (const Value& name : member.value.as_list()) names.insert(name.as_string());
    }
    collect_columns(member.value, names);
  }
}

}  // namespace

Handler with_problems(Handler handle) {
  return [handle = std::move(handle)](const Call& call) -> Result<Response> {
    Result<Response> response = handle(call);
    if (response.ok()) return response;
    return problem_response(response.error());
  };
}

std::string slug_of(std::string_view name) {
  std::string slug = base::to_lower(name);
  for (char& letter : slug) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                       letter == '-' || letter == '_' || letter == '.';
    if (!plain) letter = '-';
  }
  return slug;
}

Result<std::string> dataset_of(const Dependencies& dependencies, std::string_view slug) {
  std::string by_slug;
  for (const store::DatasetInfo& one : dependencies.events.datasets()) {
    if (one.name == slug) return one.name;
    if (slug_of(one.name) == slug) by_slug = one.name;
  }
  if (!by_slug.empty()) return by_slug;
  const Result<Document> made =
      dependencies.state.documents().find(DocumentKind::kDataset, slug_of(slug));
  if (!made.ok()) {
    return made.error().kind == base::ErrorKind::kNotFound ? no_dataset(slug) : made.error();
  }
  TRY_ASSIGN(const Value body, flags::parse_json(made->json));
  const Value* name = body.find("name");
  return name == nullptr ? std::string(slug) : name->as_string();
}

Result<std::string> scope_of(const Dependencies& dependencies, std::string_view slug) {
  if (slug == kAllDatasets) return std::string(kAllDatasets);
  TRY_ASSIGN(const std::string name, dataset_of(dependencies, slug));
  return slug_of(name);
}

Value item_json(const Document& document) {
  Value::Object shown = {{"id", document.id}};
  const Result<Value> body = flags::parse_json(document.json);
  if (body.ok()) {
    for (const Value::Member& member : body->as_object()) shown.push_back(member);
  }
  shown.push_back({"created_at", query::rfc3339_nanoseconds(document.created_ns)});
  shown.push_back({"updated_at", query::rfc3339_nanoseconds(document.updated_ns)});
  return Value(std::move(shown));
}

Result<std::string> text_up_to(const Value& body, std::string_view name, size_t bytes_max) {
  TRY_ASSIGN(const auto text, text_member(body, name));
  if (text && text->size() > bytes_max) {
    return base::invalid(cat("\"", name, "\" has ", text->size(), " bytes, more than ", bytes_max));
  }
  return text.value_or("");
}

Result<std::string> needed_text(const Value& body, std::string_view name, size_t bytes_max) {
  TRY_ASSIGN(std::string text, text_up_to(body, name, bytes_max));
  if (text.empty()) return base::invalid(cat("\"", name, "\" is missing"));
  return text;
}

Result<bool> bool_member(const Value& body, std::string_view name) {
  const Value* member = body.find(name);
  if (member == nullptr || member->is_null()) return false;
  if (!member->is_bool()) return base::invalid(cat("\"", name, "\" is not a boolean"));
  return member->as_bool();
}

Result<Value> with_derived_columns(const Dependencies& dependencies, std::string_view dataset,
                                   Value spec) {
  std::set<std::string, std::less<>> names;
  collect_columns(spec, names);
  const Value* present = spec.find("calculated_fields");
  Value::List fields = present == nullptr ? Value::List() : present->as_list();
  for (const Value& field : fields) {
    if (const Value* name = field.find("name")) names.erase(name->as_string());
  }
  const size_t given = fields.size();
  for (const std::string& scope : {slug_of(dataset), std::string(kAllDatasets)}) {
    TRY_ASSIGN(const std::vector<Document> columns,
               dependencies.state.documents().list({.kind = DocumentKind::kDerivedColumn,
                                                    .scope = scope,
                                                    .limit = state::kDocumentsPerCallMax}));
    for (const Document& column : columns) {
      TRY_ASSIGN(const Value body, flags::parse_json(column.json));
      const Value* alias = body.find("alias");
      const Value* expression = body.find("expression");
      if (alias == nullptr || expression == nullptr || names.erase(alias->as_string()) == 0) {
        continue;
      }
      fields.push_back(Value::Object{{"name", *alias}, {"expression", *expression}});
    }
  }
  if (fields.size() > given) spec.set("calculated_fields", std::move(fields));
  return spec;
}

}  // namespace understudy::api::honeycomb
