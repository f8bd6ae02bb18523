#include "data/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dialect/binder.h"
#include "dialect/parser.h"

namespace flamingo {
namespace {

using nlohmann::json;

Fault invalid(std::string message) {
  return {FaultKind::kUnavailable, "InvalidManifest", std::move(message)};
}

Outcome<std::string> text_at(const json& object, const char* key, const std::string& where) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string()) {
    return invalid(where + "." + key + " is not a string");
  }
  return object[key].get<std::string>();
}

Outcome<std::string> plain_name_at(const json& object, const char* key, const std::string& where) {
  TRY_OUTCOME(std::string name, text_at(object, key, where));
  if (!is_plain_name(name)) return invalid(where + "." + key + " is not a plain name");
  return name;
}

Outcome<std::vector<DataObject>> objects_at(const json& body, const char* format) {
  std::vector<DataObject> objects;
  const auto list = body.find(format);
  if (list == body.end()) return objects;
  if (!list->is_array() || list->size() > kObjectsMax) {
    return invalid(std::string(format) + " is not a list");
  }
  for (const json& item : *list) {
    DataObject object;
    TRY_OUTCOME(object.key, text_at(item, "key", format));
    object.bytes = item.value("bytes", size_t{0});
    object.rows = item.value("rows", int64_t{0});
    objects.push_back(std::move(object));
  }
  return objects;
}

Done read_fields(const json& body, Manifest& manifest) {
  if (!body.contains("fields") || !body["fields"].is_array() || body["fields"].empty() ||
      body["fields"].size() > kFieldsMax) {
    return invalid("fields is not a list of 1 to " + std::to_string(kFieldsMax));
  }
  for (const json& item : body["fields"]) {
    Field field;
    TRY_OUTCOME(field.name, plain_name_at(item, "name", "fields"));
    TRY_OUTCOME(const std::string type_text, text_at(item, "type", "fields"));
    const auto type = type_from_name(type_text);
    if (!type) return invalid("fields." + field.name + ": there is no type '" + type_text + "'");
    if (manifest.schema.find(field.name)) return invalid("two fields are called " + field.name);
    field.type = *type;
    manifest.schema.fields.push_back(field);
  }
  manifest.stored = manifest.schema.fields;
  return done();
}

Done read_calculated(const json& body, Manifest& manifest) {
  const auto list = body.find("calculated");
  if (list == body.end()) return done();
  if (!list->is_array() || list->size() > kFieldsMax) return invalid("calculated is not a list");
  const Schema stored = manifest.schema;
  for (const json& item : *list) {
    Field field;
    TRY_OUTCOME(field.name, plain_name_at(item, "name", "calculated"));
    TRY_OUTCOME(const std::string text, text_at(item, "expression", "calculated"));
    if (manifest.schema.find(field.name)) return invalid("two fields are called " + field.name);
    const auto parsed = parse_expression(text);
    if (!parsed.ok()) return invalid("calculated." + field.name + ": " + parsed.fault().message);
    const auto bound = bind_calculated(*parsed, text, stored);
    if (!bound.ok()) return invalid("calculated." + field.name + ": " + bound.fault().message);
    field.type = bound->type;
    field.calculated = *bound;
    manifest.schema.fields.push_back(std::move(field));
  }
  return done();
}

Done read_orders(const json& body, Manifest& manifest) {
  const auto list = body.find("sorted_by");
  if (list == body.end()) return done();
  if (!list->is_array() || list->size() > 8) return invalid("sorted_by is not a short list");
  for (const json& item : *list) {
    if (!item.is_array() || item.empty()) return invalid("sorted_by holds lists of fields");
    std::vector<std::string> order;
    for (const json& name : item) {
      const bool known =
          name.is_string() &&
          std::any_of(manifest.stored.begin(), manifest.stored.end(),
                      [&](const Field& f) { return f.name == name.get_ref<const std::string&>(); });
      if (!known) return invalid("sorted_by names something that is not a stored field");
      order.push_back(name.get<std::string>());
    }
    manifest.sorted_by.push_back(std::move(order));
  }
  return done();
}

Outcome<Manifest> parse_checked(std::string_view text) {
  const json body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return invalid("it is not a JSON object");
  Manifest manifest;
  TRY_OUTCOME(manifest.schema.dataset, plain_name_at(body, "name", "dataset"));
  TRY_DONE(read_fields(body, manifest));
  TRY_DONE(read_calculated(body, manifest));
  TRY_DONE(read_orders(body, manifest));
  TRY_OUTCOME(manifest.csv, objects_at(body, "csv"));
  TRY_OUTCOME(manifest.parquet, objects_at(body, "parquet"));
  manifest.text = std::string(text);
  return manifest;
}

}  // namespace

std::string manifest_key(std::string_view dataset) {
  return std::string(dataset) + "/dataset.json";
}

Outcome<Manifest> parse_manifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) return invalid("it is too long");
  try {
    return parse_checked(text);
  } catch (const json::exception& error) {  // a value of another type than value() was asked for
    return invalid(error.what());
  }
}

Outcome<Manifest> read_manifest(ObjectStore& store, std::string_view dataset) {
  const Fault unknown = {FaultKind::kNotFound, "UnknownDataset",
                         "there is no dataset '" + std::string(dataset.substr(0, 64)) + "'"};
  if (!is_plain_name(dataset)) return unknown;
  auto text = store.get(manifest_key(dataset));
  if (!text.ok()) {
    return text.fault().kind == FaultKind::kNotFound ? unknown : text.fault();
  }
  return parse_manifest(*text);
}

}  // namespace flamingo
