#include "api/compare_flag.h"

#include <utility>
#include <vector>

#include "base/config_node.h"
#include "base/text.h"
#include "compare/comparator_options.h"

namespace understudy::api {
namespace {

using base::cat;
using base::ConfigNode;

/// The value as the configuration would have it, for the parsers of the configuration.
ConfigNode node_of(const flags::Value& value) {
  if (value.is_null()) return {};
  if (value.is_list()) {
    std::vector<ConfigNode> items;
    for (const flags::Value& item : value.as_list()) items.push_back(node_of(item));
    return ConfigNode::list(std::move(items));
  }
  if (value.is_object()) {
    std::vector<ConfigNode::Entry> entries;
    for (const flags::Value::Member& member : value.as_object()) {
      entries.emplace_back(member.name, node_of(member.value));
    }
    return ConfigNode::map(std::move(entries));
  }
  if (!value.is_string()) return ConfigNode::scalar(flags::to_json(value));
  ConfigNode text = ConfigNode::scalar(value.as_string());
  text.set_quoted(true);
  return text;
}

base::Result<compare::Comparator> parse(const ConfigNode& section) {
  TRY_ASSIGN(compare::ComparatorOptions options, compare::ComparatorOptions::parse(section));
  compare::Rules rules;
  if (const ConfigNode* list = section.find("rules")) {
    TRY_ASSIGN(rules, compare::Rules::parse(*list));
  }
  return compare::Comparator(std::move(rules), std::move(options));
}

base::Error refused(const flags::Flag& flag, std::string_view what) {
  return base::error(base::ErrorKind::kProtocol, cat("flag ", flag.key, ": ", what));
}

}  // namespace

std::string compare_flag_key(std::string_view migration) { return cat(migration, ".compare"); }

const flags::Value* served_comparison(const flags::Flag& flag) {
  return flags::value_for_all(flag);
}

base::Result<compare::Comparator> comparator_from(const std::string& flag_key,
                                                  const flags::Value& value,
                                                  const std::string& place) {
  ConfigNode section = node_of(value);
  section.place(cat("flag ", flag_key), place);
  auto comparator = parse(section);
  if (comparator.ok()) return comparator;
  return base::error(base::ErrorKind::kProtocol, comparator.error().context);
}

base::Result<compare::Rules> rules_from(const flags::Value& rule) {
  if (!rule.is_object()) {
    return base::invalid("\"rule\" is not an object such as {\"path\": \"$.total\", \"ulps\": 4}");
  }
  ConfigNode list = node_of(flags::Value::List{rule});
  list.place("", "rule");
  auto rules = compare::Rules::parse(list);
  if (rules.ok()) return rules;
  return base::invalid(rules.error().context);
}

base::Status check_compare_flag(const flags::Flag& flag) {
  if (served_comparison(flag) == nullptr) {
    return refused(flag, flag.on ? "fallthrough: a comparison is one for everybody; serve one "
                                   "variation, not a rollout"
                                 : "offVariation: a comparison has to be served, also while the "
                                   "flag is off");
  }
  if (!flag.rules.empty() || !flag.targets.empty() || !flag.context_targets.empty() ||
      !flag.prerequisites.empty()) {
    return refused(flag,
                   "a comparison is one for everybody; leave out rules, targets, contextTargets "
                   "and prerequisites (rules of the comparison stand in the variation)");
  }
  for (size_t i = 0; i < flag.variations.size(); ++i) {
    TRY(comparator_from(flag.key, flag.variations[i], cat("variations[", i, "]")));
  }
  return base::ok_status();
}

}  // namespace understudy::api
