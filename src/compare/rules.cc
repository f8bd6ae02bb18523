#include "compare/rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/config_yaml.h"
#include "base/text.h"
#include "compare/decimal.h"
#include "compare/json_lift.h"
#include "compare/place.h"

namespace understudy::compare {

namespace {

constexpr std::array<std::pair<TimeUnit, const char*>, 6> kTimeUnits = {{
    {TimeUnit::kSeconds, "s"},
    {TimeUnit::kMillis, "ms"},
    {TimeUnit::kMicros, "us"},
    {TimeUnit::kNanos, "ns"},
    {TimeUnit::kIso, "iso"},
    {TimeUnit::kAny, "any"},
}};

base::Result<TimeUnit> parse_time_unit(const base::ConfigNode& node, std::string_view word) {
  for (const auto& [unit, text] : kTimeUnits) {
    if (word == text) return unit;
  }
  return node.error(base::cat("'", word, "' is no time unit; expected s, ms, us, ns, iso or any"));
}

base::Result<TimeUnits> parse_time_units(const base::ConfigNode& node) {
  TRY_ASSIGN(const std::string text, node.as_string());
  const auto parts = base::split(text, ':');
  if (parts.size() == 1 && parts[0] == "any") return TimeUnits{};
  if (parts.size() != 2) {
    return node.error("expected any, or control's and candidate's unit as in ms:us");
  }
  TimeUnits units;
  TRY_ASSIGN(units.control, parse_time_unit(node, parts[0]));
  TRY_ASSIGN(units.candidate, parse_time_unit(node, parts[1]));
  return units;
}

base::Status add_coercion(const base::ConfigNode& node, Coerce& coerce) {
  const std::string_view word = node.is_null() ? "null" : std::string_view(node.text());
  if (!node.is_null() && !node.is_scalar()) return node.error("expected a word or a list of words");
  if (word == "number") {
    coerce.number = true;
  } else if (word == "bool") {
    coerce.boolean = true;
  } else if (word == "null") {
    coerce.null = true;
  } else if (word == "nan") {
    coerce.nan = true;
  } else if (word == "all" || word == "true") {
    coerce = Coerce{.number = true, .boolean = true, .null = true, .nan = true};
  } else {
    return node.error(
        base::cat("'", word, "' is no coercion; expected number, bool, null, nan or all"));
  }
  return {};
}

base::Result<std::string> parse_absolute(const base::ConfigNode& node) {
  TRY_ASSIGN(const double value, node.as_double());
  if (!(value >= 0)) return node.error("expected a number of at least 0");
  const NodeKind kind = classify_number(node.text());
  if (kind == NodeKind::kInteger || kind == NodeKind::kFloat) return node.text();
  return base::cat(value);
}

void append_json(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(letter) >> 4];
      out += kDigits[static_cast<unsigned char>(letter) & 15];
    } else {
      out += letter;
    }
  }
  out += '"';
}

base::Status add_rules(const base::ConfigNode& list, const PathPattern* parent, size_t nesting,
                       std::vector<Rule>& out);

/// Reads one rule and, into `out`, what is nested in it.
base::Status add_rule(const base::ConfigNode& node, const PathPattern* parent, size_t nesting,
                      std::vector<Rule>& out) {
  TRY(node.only_keys({"path", "ignore", "absolute", "relative", "ulps", "time_unit", "unordered",
                      "match_by", "coerce", "case", "unicode", "trim", "redact", "rules"}));
  Rule rule;
  TRY_ASSIGN(const base::ConfigNode* path_node, node.require("path"));
  TRY_ASSIGN(const std::string path_text, path_node->as_string());
  auto path = PathPattern::parse(path_text);
  if (!path.ok()) return path_node->error(path.error().context);
  if (path->root() == PathPattern::Root::kRelative) {
    if (parent == nullptr) return path_node->error("'@' stands for the enclosing rule; none is");
    path = path->below(*parent);
    if (!path.ok()) return path_node->error(path.error().context);
  }
  rule.path = *std::move(path);

  if (const auto* value = node.find("ignore")) {
    TRY_ASSIGN(rule.ignore, value->as_bool());
  }
  if (const auto* value = node.find("unordered")) {
    TRY_ASSIGN(rule.unordered, value->as_bool());
  }
  if (const auto* value = node.find("redact")) {
    TRY_ASSIGN(rule.redact, value->as_bool());
  }
  if (const auto* value = node.find("absolute")) {
    TRY_ASSIGN(rule.absolute, parse_absolute(*value));
  }
  if (const auto* value = node.find("relative")) {
    TRY_ASSIGN(rule.relative, value->as_fraction());
    if (!(*rule.relative >= 0)) return value->error("expected a number of at least 0");
  }
  if (const auto* value = node.find("ulps")) {
    TRY_ASSIGN(const int64_t ulps, value->as_int(0));
    rule.ulps = static_cast<uint64_t>(ulps);
  }
  if (const auto* value = node.find("time_unit")) {
    TRY_ASSIGN(rule.time_unit, parse_time_units(*value));
  }
  if (const auto* value = node.find("case")) {
    TRY_ASSIGN(const std::string word, value->as_string());
    if (word != "ignore" && word != "exact") {
      return value->error(base::cat("'", word, "' is not known; expected ignore or exact"));
    }
    rule.ignore_case = word == "ignore";
  }
  if (const auto* value = node.find("unicode")) {
    TRY_ASSIGN(const std::string word, value->as_string());
    if (word != "normalise" && word != "exact") {
      return value->error(base::cat("'", word, "' is not known; expected normalise or exact"));
    }
    rule.canonical = word == "normalise";
  }
  if (const auto* value = node.find("trim")) {
    TRY_ASSIGN(const std::string word, value->as_string());
    if (word == "true" || word == "ends") {
      rule.trim = Trim::kEnds;
    } else if (word == "all") {
      rule.trim = Trim::kAll;
    } else if (word != "false") {
      return value->error(base::cat("'", word, "' is not known; expected ends, all or false"));
    }
  }
  if (const auto* value = node.find("coerce")) {
    if (value->is_list()) {
      for (const base::ConfigNode& item : value->items()) TRY(add_coercion(item, rule.coerce));
    } else if (value->text() != "false") {
      TRY(add_coercion(*value, rule.coerce));
    }
  }
  if (const auto* value = node.find("match_by")) {
    if (value->is_scalar()) {
      rule.match_by.push_back(value->text());
    } else {
      TRY(value->must_be_list());
      for (const base::ConfigNode& item : value->items()) {
        TRY_ASSIGN(std::string member, item.as_string());
        rule.match_by.push_back(std::move(member));
      }
    }
    if (rule.match_by.empty()) return value->error("expected at least one member name");
  }

  const base::ConfigNode* nested = node.find("rules");
  Rule nothing;
  nothing.path = rule.path;
  const bool acts = !(rule == nothing);
  if (!acts && nested == nullptr) return node.error("the rule accepts nothing");
  if (out.size() == Rules::kRulesMax) {
    return node.error(base::cat("more than ", Rules::kRulesMax, " rules"));
  }
  const PathPattern place = rule.path;
  if (acts) out.push_back(std::move(rule));
  if (nested == nullptr) return {};
  return add_rules(*nested, &place, nesting + 1, out);
}

base::Status add_rules(const base::ConfigNode& list, const PathPattern* parent, size_t nesting,
                       std::vector<Rule>& out) {
  if (nesting > Rules::kNestingMax) {
    return list.error(base::cat("rules nested deeper than ", Rules::kNestingMax));
  }
  TRY(list.must_be_list());
  for (const base::ConfigNode& item : list.items()) TRY(add_rule(item, parent, nesting, out));
  return {};
}

}  // namespace

const char* name(TimeUnit unit) { return kTimeUnits[static_cast<size_t>(unit)].second; }

std::string Rule::text() const {
  std::string out = "{\"path\": ";
  append_json(out, path.text());
  if (ignore) out += ", \"ignore\": true";
  if (redact) out += ", \"redact\": true";
  if (unordered) out += ", \"unordered\": true";
  if (!match_by.empty()) {
    out += ", \"match_by\": [";
    for (const std::string& member : match_by) {
      if (&member != &match_by.front()) out += ", ";
      append_json(out, member);
    }
    out += ']';
  }
  if (trim != Trim::kNone)
    out += trim == Trim::kAll ? ", \"trim\": \"all\"" : ", \"trim\": \"ends\"";
  if (ignore_case) out += ", \"case\": \"ignore\"";
  if (canonical) out += ", \"unicode\": \"normalise\"";
  if (coerce.any()) {
    const std::array<std::pair<bool, const char*>, 4> words = {{{coerce.number, "\"number\""},
                                                                {coerce.boolean, "\"bool\""},
                                                                {coerce.null, "\"null\""},
                                                                {coerce.nan, "\"nan\""}}};
    std::string list;
    for (const auto& [set, word] : words) {
      if (!set) continue;
      if (!list.empty()) list += ", ";
      list += word;
    }
    out += base::cat(", \"coerce\": [", list, "]");
  }
  if (time_unit) {
    if (*time_unit == TimeUnits{}) {
      out += ", \"time_unit\": \"any\"";
    } else {
      out += base::cat(", \"time_unit\": \"", name(time_unit->control), ":",
                       name(time_unit->candidate), "\"");
    }
  }
  if (!absolute.empty()) out += base::cat(", \"absolute\": ", absolute);
  if (relative) out += base::cat(", \"relative\": ", *relative);
  if (ulps) out += base::cat(", \"ulps\": ", *ulps);
  out += '}';
  return out;
}

Rule Rule::widened(const Rule& other) const {
  Rule wide = *this;
  wide.ignore = ignore || other.ignore;
  wide.unordered = unordered || other.unordered;
  wide.redact = redact || other.redact;
  wide.ignore_case = ignore_case || other.ignore_case;
  wide.canonical = canonical || other.canonical;
  wide.trim = std::max(trim, other.trim);
  wide.coerce.number = coerce.number || other.coerce.number;
  wide.coerce.boolean = coerce.boolean || other.coerce.boolean;
  wide.coerce.null = coerce.null || other.coerce.null;
  wide.coerce.nan = coerce.nan || other.coerce.nan;
  if (other.time_unit && time_unit && *time_unit != *other.time_unit) {
    wide.time_unit = TimeUnits{};
  } else if (other.time_unit) {
    wide.time_unit = other.time_unit;
  }
  if (!other.absolute.empty() &&
      (absolute.empty() || compare_magnitude(Decimal(absolute), Decimal(other.absolute)) < 0)) {
    wide.absolute = other.absolute;
  }
  if (other.relative) wide.relative = std::max(relative.value_or(0), *other.relative);
  if (other.ulps) wide.ulps = std::max(ulps.value_or(0), *other.ulps);
  if (wide.match_by.empty()) wide.match_by = other.match_by;
  return wide;
}

base::Result<Rule> Rule::parse(const base::ConfigNode& node) {
  std::vector<Rule> rules;
  TRY(add_rule(node, nullptr, 1, rules));
  if (rules.size() != 1) return node.error("expected one rule");
  return std::move(rules[0]);
}

base::Result<Rule> Rule::parse(std::string_view text) {
  TRY_ASSIGN(const base::ConfigNode node, base::parse_yaml(text, "rule"));
  return parse(node);
}

Rules::Rules(std::vector<Rule> rules) : rules_(std::move(rules)) {
  if (rules_.size() > kRulesMax) rules_.resize(kRulesMax);
}

bool Rules::redacts(std::initializer_list<std::string_view> members) const {
  WorkBudget work(UINT64_MAX);
  Place place;
  place.start(*this, &work);
  for (const std::string_view member : members) place.enter_member({member, false});
  return place.redacted();
}

base::Result<Rules> Rules::parse(const base::ConfigNode& list) {
  Rules rules;
  if (list.is_null()) return rules;
  TRY(add_rules(list, nullptr, 1, rules.rules_));
  return rules;
}

base::Result<Rules> Rules::parse_text(std::string_view text) {
  TRY_ASSIGN(const base::ConfigNode node, base::parse_yaml(text, "rules"));
  if (!node.is_map()) return parse(node);
  const base::ConfigNode* list = node.find("rules");
  return list == nullptr ? Rules() : parse(*list);
}

}  // namespace understudy::compare
