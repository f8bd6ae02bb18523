#include "query/json_reader.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "query/query_spec.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;
using nlohmann::json;

// Depth and size are checked before the parser builds anything.
base::Status check_depth(std::string_view text) {
  int64_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (in_text) {
      if (letter == '\\') ++i;
      if (letter == '"') in_text = false;
    } else if (letter == '"') {
      in_text = true;
    } else if (letter == '{' || letter == '[') {
      if (++depth > QueryLimits::kJsonDepthMax) {
        return base::invalid(cat("the query nests deeper than ", QueryLimits::kJsonDepthMax));
      }
    } else if (letter == '}' || letter == ']') {
      --depth;
    }
  }
  return {};
}

}  // namespace

bool JsonReader::is_null() const { return node_->is_null(); }

std::string JsonReader::type_name() const {
  switch (node_->type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "a list";
    case json::value_t::string:
      return "a text";
    case json::value_t::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

base::Error JsonReader::error(std::string_view message) const {
  return base::invalid(path_.empty() ? std::string(message) : cat(path_, ": ", message));
}

std::optional<JsonReader> JsonReader::find(std::string_view key) const {
  if (!node_->is_object()) return std::nullopt;
  const auto found = node_->find(key);
  if (found == node_->end()) return std::nullopt;
  return JsonReader(*found, path_.empty() ? std::string(key) : cat(path_, ".", key));
}

Result<JsonReader> JsonReader::require(std::string_view key) const {
  if (!node_->is_object()) return error(cat("expected an object, found ", type_name()));
  if (auto found = find(key)) return *found;
  return error(cat("\"", key, "\" is missing"));
}

base::Status JsonReader::only_keys(std::span<const std::string_view> known) const {
  if (!node_->is_object()) return error(cat("expected an object, found ", type_name()));
  for (const auto& [key, value] : node_->items()) {
    bool found = false;
    for (const std::string_view candidate : known) found = found || candidate == key;
    if (found) continue;
    const std::string_view near = base::nearest(key, known);
    const JsonReader place(value, cat(path_, path_.empty() ? "" : ".", base::printable(key, 60)));
    return place.error(near.empty() ? std::string("is not a known field")
                                    : cat("is not a known field; did you mean \"", near, "\"?"));
  }
  return {};
}

Result<std::string> JsonReader::text() const {
  if (!node_->is_string()) return error(cat("expected a text, found ", type_name()));
  return node_->get<std::string>();
}

Result<bool> JsonReader::boolean() const {
  if (!node_->is_boolean()) return error(cat("expected true or false, found ", type_name()));
  return node_->get<bool>();
}

Result<double> JsonReader::number() const {
  if (!node_->is_number()) return error(cat("expected a number, found ", type_name()));
  return node_->get<double>();
}

Result<int64_t> JsonReader::integer(int64_t min, int64_t max) const {
  TRY_ASSIGN(const double value, number());
  if (value != std::floor(value)) return error(cat(value, " is not a whole number"));
  if (value < static_cast<double>(min)) return error(cat(node_->dump(), " is below ", min));
  if (value > static_cast<double>(max)) return error(cat(node_->dump(), " is above ", max));
  return static_cast<int64_t>(value);
}

Result<event::Value> JsonReader::scalar() const {
  if (node_->is_string()) return event::Value(node_->get<std::string>());
  if (node_->is_boolean()) return event::Value(node_->get<bool>());
  if (node_->is_number_unsigned() &&
      node_->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return event::Value(node_->get<double>());
  }
  if (node_->is_number_integer()) return event::Value(node_->get<int64_t>());
  if (node_->is_number_float()) return event::Value(node_->get<double>());
  return error(cat("expected a text, number or boolean, found ", type_name()));
}

Result<std::vector<JsonReader>> JsonReader::items(size_t count_max) const {
  if (!node_->is_array()) return error(cat("expected a list, found ", type_name()));
  if (node_->size() > count_max) {
    return error(cat(node_->size(), " entries are more than ", count_max));
  }
  std::vector<JsonReader> readers;
  readers.reserve(node_->size());
  for (size_t i = 0; i < node_->size(); ++i) {
    readers.emplace_back((*node_)[i], cat(path_, "[", i, "]"));
  }
  return readers;
}

JsonDocument::JsonDocument(std::unique_ptr<json> tree) : tree_(std::move(tree)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonReader JsonDocument::root() const { return JsonReader(*tree_, ""); }

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > QueryLimits::kTextBytesMax) {
    return base::invalid(
        cat("the query has ", text.size(), " bytes, more than ", QueryLimits::kTextBytesMax));
  }
  TRY(check_depth(text));
  try {
    return JsonDocument(std::make_unique<json>(json::parse(text)));
  } catch (const json::parse_error& broken) {
    return base::invalid(cat("the query is not JSON, at byte ", broken.byte));
  } catch (const json::out_of_range&) {
    return base::invalid("the query holds a number that is too large");
  }
}

}  // namespace understudy::query
