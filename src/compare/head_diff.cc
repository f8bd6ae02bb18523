#include "compare/head_diff.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/text.h"
#include "compare/acceptance.h"
#include "compare/explain.h"
#include "compare/scalar.h"
#include "compare/text_form.h"
#include "http/fields.h"

namespace understudy::compare {

namespace {

constexpr std::array<std::string_view, 6> kSecretFields = {"authorization",       "cookie",
                                                           "proxy-authorization", "set-cookie",
                                                           "www-authenticate",    "x-api-key"};

/// The value of a field, nothing when there is none; `joined` holds it when it is repeated.
std::optional<std::string_view> field_value(const Answer& answer, std::string_view name,
                                            http::KnownField known, std::string& joined) {
  if (answer.headers == nullptr) return std::nullopt;
  if (known != http::KnownField::kOther && !answer.headers->has(known)) return std::nullopt;
  std::optional<std::string_view> out;
  for (const http::Field& field : *answer.headers) {
    if (field.known != known) continue;
    if (known == http::KnownField::kOther && !http::same_field_name(field.name, name)) continue;
    if (!out) {
      out = field.value;
      continue;
    }
    joined = base::cat(*out, ", ", field.value);
    out = joined;
  }
  return out;
}

/// A media type with nothing left that has no meaning: the case of its name, of its parameters'
/// names and of a charset, white space around its parts, quotes.
std::string media_type(std::string_view value) {
  std::string out;
  for (const std::string_view part : base::split(value, ';')) {
    const size_t equals = std::min(part.find('='), part.size());
    const std::string name = base::to_lower(base::trim(part.substr(0, equals)));
    std::string_view set = base::trim(part.substr(std::min(equals + 1, part.size())));
    if (set.size() >= 2 && set.front() == '"' && set.back() == '"') {
      set = set.substr(1, set.size() - 2);
    }
    if (name.empty() && set.empty()) continue;
    out += base::cat(name, "=", name == "charset" ? base::to_lower(set) : std::string(set), ";");
  }
  return out;
}

void count_hit(uint16_t rule, const Rules& rules, Comparison& out) {
  if (out.rule_hits.empty()) out.rule_hits.resize(rules.size());
  ++out.rule_hits[rule];
  ++out.ignored;
}

bool names_field(const Rule& rule, std::string_view field) {
  if (rule.path.root() != PathPattern::Root::kHeaders) return false;
  const PathPattern::Step& step = rule.path.steps()[0];
  return step.kind == PathPattern::Kind::kAny || step.name == field;
}

void diff_field(std::string_view name, const Answer& control, const Answer& candidate,
                const Rules& rules, const ComparatorOptions& options, Comparison& out) {
  const http::KnownField known = http::known_field(name);
  std::string joined_a;
  std::string joined_b;
  const auto a = field_value(control, name, known, joined_a);
  const auto b = field_value(candidate, name, known, joined_b);
  if (a == b) return;
  if (a && b && name == "content-type" && media_type(*a) == media_type(*b)) return;
  const auto scalar = [](const std::optional<std::string_view>& value) {
    Scalar side;
    if (!value) return side;
    side.type = ValueType::kString;
    side.kind = NodeKind::kString;
    side.raw = *value;
    return side;
  };
  bool redacted =
      std::find(kSecretFields.begin(), kSecretFields.end(), name) != kSecretFields.end();
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!names_field(rules[i], name)) continue;
    redacted = redacted || rules[i].redact;
    if (rules[i].ignore || accepts(rules[i], scalar(a), scalar(b))) {
      count_hit(static_cast<uint16_t>(i), rules, out);
      return;
    }
  }
  if (out.differences.size() >= options.differences_max) {
    ++out.dropped;
    return;
  }
  Difference& difference = out.differences.emplace_back();
  difference.dimension = Dimension::kHeader;
  difference.path = "headers";
  append_member(difference.path, name);
  difference.path_pattern = difference.path;
  difference.control_type = scalar(a).type;
  difference.candidate_type = scalar(b).type;
  if (a) {
    difference.control_value = redacted ? "[redacted]" : presentable(*a, options.value_bytes_max);
  }
  if (b) {
    difference.candidate_value = redacted ? "[redacted]" : presentable(*b, options.value_bytes_max);
  }
  Explained why = explain(scalar(a), scalar(b), difference.path, options.explain_ulps_max);
  difference.explanation = why.explanation;
  if (redacted) return;
  difference.distance = why.distance;
  difference.distance_unit = why.distance_unit;
  auto path = PathPattern::parse(difference.path);
  if (why.rule && path.ok()) {
    why.rule->path = *std::move(path);
    difference.rule = why.rule->text();
  }
}

}  // namespace

bool diff_head(const Answer& control, const Answer& candidate, const Rules& rules,
               const ComparatorOptions& options, Comparison& out) {
  bool comparable = true;
  if (control.status != candidate.status) {
    comparable = control.status / 100 == candidate.status / 100;
    bool ignored = false;
    for (size_t i = 0; i < rules.size() && !ignored; ++i) {
      if (rules[i].path.root() != PathPattern::Root::kStatus || !rules[i].ignore) continue;
      count_hit(static_cast<uint16_t>(i), rules, out);
      ignored = true;
      comparable = true;
    }
    if (!ignored) {
      Difference& difference = out.differences.emplace_back();
      difference.dimension = Dimension::kStatus;
      difference.path = difference.path_pattern = "status";
      difference.control_type = difference.candidate_type = ValueType::kInteger;
      difference.control_value = base::cat(control.status);
      difference.candidate_value = base::cat(candidate.status);
    }
  }
  for (const std::string& name : options.headers) {
    diff_field(name, control, candidate, rules, options, out);
  }
  return comparable;
}

}  // namespace understudy::compare
