#include "core/compare_settings.h"

#include <utility>

#include "base/config_yaml.h"
#include "base/text.h"

namespace understudy::sdk {
namespace {

base::ConfigNode node_of(const flags::Value& value) {
  if (value.is_object()) {
    std::vector<base::ConfigNode::Entry> entries;
    for (const auto& member : value.as_object()) {
      entries.emplace_back(member.name, node_of(member.value));
    }
    return base::ConfigNode::map(std::move(entries));
  }
  if (value.is_list()) {
    std::vector<base::ConfigNode> items;
    for (const auto& item : value.as_list()) items.push_back(node_of(item));
    return base::ConfigNode::list(std::move(items));
  }
  if (value.is_null()) return {};
  if (value.is_string()) {
    base::ConfigNode text = base::ConfigNode::scalar(value.as_string());
    text.set_quoted(true);
    return text;
  }
  return base::ConfigNode::scalar(flags::to_json(value));
}

}  // namespace

base::ConfigNode to_config(const flags::Value& value, const std::string& path) {
  base::ConfigNode node = node_of(value);
  node.place("flag", path);
  return node;
}

base::Result<std::unique_ptr<compare::Comparator>> make_comparator(const flags::Value& section,
                                                                   const std::string& path) {
  const base::ConfigNode node = to_config(section, path);
  TRY_ASSIGN(compare::ComparatorOptions options, compare::ComparatorOptions::parse(node));
  compare::Rules rules;
  if (const base::ConfigNode* list = node.find("rules")) {
    TRY_ASSIGN(rules, compare::Rules::parse(*list));
  }
  return std::make_unique<compare::Comparator>(std::move(rules), std::move(options));
}

}  // namespace understudy::sdk

namespace understudy::base {

/// The SDK carries no YAML library. The one place below it that reads configuration text
/// (compare::Rules::parse_text) gets JSON here, which is the part of YAML that flags are written
/// in.
Result<ConfigNode> parse_yaml(std::string_view text, const std::string& file_name) {
  if (text.size() > kYamlBytesMax) return error(ErrorKind::kLimit, cat(file_name, ": too long"));
  TRY_ASSIGN(const flags::Value value, flags::parse_json(text, kYamlBytesMax));
  return sdk::to_config(value, file_name);
}

}  // namespace understudy::base
