#pragma once

#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/value.h"

namespace understudy::query {

/// One place in a JSON document, which knows its path, so that every complaint names the field:
/// "calculations[1].op: ...". Readers never guess; another type is an Error.
/// Lifetime: the JsonDocument must outlive it.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& node, std::string path) : node_(&node), path_(std::move(path)) {}

  bool is_null() const;
  std::optional<JsonReader> find(std::string_view key) const;
  base::Result<JsonReader> require(std::string_view key) const;
  base::Status only_keys(std::span<const std::string_view> known) const;
  base::Status only_keys(std::initializer_list<std::string_view> known) const {
    return only_keys(std::span<const std::string_view>(known.begin(), known.size()));
  }

  base::Result<std::string> text() const;
  base::Result<bool> boolean() const;
  base::Result<double> number() const;
  /// A whole number within [min, max]; 5.0 is one.
  base::Result<int64_t> integer(int64_t min, int64_t max) const;
  /// A text, number or boolean. Integers keep all 64 bits.
  base::Result<event::Value> scalar() const;
  base::Result<std::vector<JsonReader>> items(size_t count_max) const;

  base::Error error(std::string_view message) const;

 private:
  std::string type_name() const;

  const nlohmann::json* node_;
  std::string path_;
};

/// A parsed JSON text within QueryLimits (size and depth). Owns the tree.
class JsonDocument {
 public:
  static base::Result<JsonDocument> parse(std::string_view text);
  JsonReader root() const;

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

 private:
  explicit JsonDocument(std::unique_ptr<nlohmann::json> tree);
  std::unique_ptr<nlohmann::json> tree_;
};

}  // namespace understudy::query
