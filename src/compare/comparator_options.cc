#include "compare/comparator_options.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace understudy::compare {

namespace {

constexpr std::array<std::pair<BodyKind, std::string_view>, 5> kBodyKinds = {{
    {BodyKind::kAuto, "auto"},
    {BodyKind::kTable, "table"},
    {BodyKind::kJson, "json"},
    {BodyKind::kText, "text"},
    {BodyKind::kBytes, "bytes"},
}};

/// Sets `field` from an integer setting, when it is there.
template <class Integer>
base::Status read_count(const base::ConfigNode& section, std::string_view key, int64_t min,
                        int64_t max, Integer& field) {
  const base::ConfigNode* node = section.find(key);
  if (node == nullptr) return {};
  TRY_ASSIGN(const int64_t value, node->as_int(min, max));
  field = static_cast<Integer>(value);
  return {};
}

template <class Integer>
base::Status read_bytes(const base::ConfigNode& section, std::string_view key, uint64_t min,
                        uint64_t max, Integer& field) {
  const base::ConfigNode* node = section.find(key);
  if (node == nullptr) return {};
  TRY_ASSIGN(const uint64_t value, node->as_bytes());
  if (value < min) return node->error(base::cat(value, " is below ", min));
  if (value > max) return node->error(base::cat(value, " is above ", max));
  field = static_cast<Integer>(value);
  return {};
}

constexpr uint64_t kBytesLimit = 1ULL << 30;
constexpr int64_t kNodesLimit = (1 << 28) - 1;  // what a Node can count

}  // namespace

base::Result<ComparatorOptions> ComparatorOptions::parse(const base::ConfigNode& section) {
  ComparatorOptions options;
  if (section.is_null()) return options;
  TRY(section.only_keys({"differences_max", "value_bytes_max", "path_bytes_max", "body_bytes_max",
                         "decoded_bytes_max", "json_depth_max", "nodes_max", "work_max",
                         "pairing_trials_max", "columns_max", "explain_ulps_max", "headers",
                         "rules", "noise_sample"}));
  TRY(read_count(section, "differences_max", 1, 10'000, options.differences_max));
  TRY(read_bytes(section, "value_bytes_max", 16, 1 << 20, options.value_bytes_max));
  TRY(read_bytes(section, "path_bytes_max", 64, 1 << 16, options.path_bytes_max));
  TRY(read_bytes(section, "body_bytes_max", 1, kBytesLimit, options.body_bytes_max));
  if (section.find("decoded_bytes_max") != nullptr) {
    TRY(read_bytes(section, "decoded_bytes_max", 1, kBytesLimit, options.decoded_bytes_max));
  } else {
    options.decoded_bytes_max = std::min(kBytesLimit, options.body_bytes_max * 8);
  }
  TRY(read_count(section, "json_depth_max", 1, kJsonDepthLimit, options.json_depth_max));
  TRY(read_count(section, "nodes_max", 1, kNodesLimit, options.nodes_max));
  TRY(read_count(section, "work_max", 1, INT64_MAX, options.work_max));
  TRY(read_count(section, "pairing_trials_max", 0, INT64_MAX, options.pairing_trials_max));
  TRY(read_count(section, "columns_max", 1, 1 << 20, options.columns_max));
  TRY(read_count(section, "explain_ulps_max", 0, INT64_MAX, options.explain_ulps_max));
  if (const base::ConfigNode* list = section.find("headers")) {
    TRY(list->must_be_list());
    options.headers.clear();
    for (const base::ConfigNode& item : list->items()) {
      TRY_ASSIGN(const std::string field, item.as_string());
      options.headers.push_back(base::to_lower(field));
    }
  }
  return options;
}

base::Result<BodyKind> parse_body_kind(std::string_view word) {
  for (const auto& [kind, text] : kBodyKinds) {
    if (word == text) return kind;
  }
  return base::invalid(
      base::cat("'", word, "' is no way to compare; expected auto, table, json, text or bytes"));
}

base::Result<BodyKind> parse_body_kind(const base::ConfigNode& node) {
  TRY_ASSIGN(const std::string word, node.as_string());
  auto kind = parse_body_kind(word);
  if (!kind.ok()) return node.error(kind.error().context);
  return kind;
}

const char* name(BodyKind kind) { return kBodyKinds[static_cast<size_t>(kind)].second.data(); }

}  // namespace understudy::compare
