#include "judge/criteria.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

using base::cat;
using base::ConfigNode;
using base::Result;

constexpr double kRatioMax = 1'000;
constexpr double kConfidenceMin = 0.5;
constexpr double kConfidenceMax = 0.999999;
constexpr size_t kNameBytesMax = 256;

constexpr std::string_view kKinds[] = {"success_rate",  "latency",  "difference_rate",
                                       "error_classes", "evidence", "confidence"};

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

// A share strictly between 0 and 1. Zero is refused with the reason, as it is what people try
// first.
Result<double> margin_fraction(const ConfigNode& node) {
  TRY_ASSIGN(const double value, node.as_fraction());
  if (value == 0) {
    return node.error(
        "0 can never be shown, as two equal services differ by chance; give the amount you would "
        "accept, such as 0.1%");
  }
  if (!(value > 0 && value < 1)) {
    return node.error(cat("expected a share between 0% and 100%, found ", node.text()));
  }
  return value;
}

Result<SuccessRateCriterion> parse_success_rate(const ConfigNode& node) {
  TRY(node.only_keys({"no_worse_by"}));
  TRY_ASSIGN(const ConfigNode* margin, node.require("no_worse_by"));
  TRY_ASSIGN(const double no_worse_by, margin_fraction(*margin));
  return SuccessRateCriterion{no_worse_by};
}

Result<LatencyCriterion> parse_latency(const ConfigNode& node) {
  TRY(node.only_keys({"quantile", "at_most"}));
  LatencyCriterion latency;
  TRY_ASSIGN(const ConfigNode* quantile, node.require("quantile"));
  const auto level = parse_quantile(quantile->text());
  if (!quantile->is_scalar() || !level) {
    return quantile->error(cat("expected a quantile such as p50, p99 or 0.999, found \"",
                               base::printable(quantile->text()), "\""));
  }
  latency.quantile = *level;
  TRY_ASSIGN(const ConfigNode* at_most, node.require("at_most"));
  if (auto absolute = at_most->as_duration(); absolute.ok()) {
    latency.absolute_max_ms = std::chrono::duration<double, std::milli>(*absolute).count();
    if (*latency.absolute_max_ms <= 0) return at_most->error("must be above 0");
    return latency;
  }
  auto ratio = at_most->as_fraction();
  if (!ratio.ok() || !(*ratio > 0 && *ratio <= kRatioMax)) {
    return at_most->error(
        cat("expected a factor over control such as 1.10, or a duration such as 250ms, found \"",
            base::printable(at_most->text()), "\""));
  }
  latency.ratio_max = *ratio;
  return latency;
}

Result<DifferenceRateCriterion> parse_difference_rate(const ConfigNode& node) {
  TRY(node.only_keys({"at_most"}));
  TRY_ASSIGN(const ConfigNode* limit, node.require("at_most"));
  TRY_ASSIGN(const double at_most, margin_fraction(*limit));
  return DifferenceRateCriterion{at_most};
}

Result<ErrorClassesCriterion> parse_error_classes(const ConfigNode& node) {
  TRY(node.only_keys({"forbid"}));
  TRY_ASSIGN(const ConfigNode* forbid, node.require("forbid"));
  TRY(forbid->must_be_list());
  if (forbid->items().empty()) return forbid->error("name at least one error type");
  if (forbid->items().size() > Criteria::kErrorClassesMax) {
    return forbid->error(
        cat(forbid->items().size(), " error types are more than ", Criteria::kErrorClassesMax));
  }
  std::set<std::string> unique;
  for (const ConfigNode& item : forbid->items()) {
    TRY_ASSIGN(std::string type, item.as_string());
    if (type.empty() || type.size() > kNameBytesMax) {
      return item.error(cat("expected an error type of 1 to ", kNameBytesMax, " bytes"));
    }
    unique.insert(std::move(type));
  }
  return ErrorClassesCriterion{{unique.begin(), unique.end()}};
}

Result<EvidenceCriterion> parse_evidence(const ConfigNode& node) {
  TRY(node.only_keys({"evaluations_min", "duration_min"}));
  EvidenceCriterion evidence;
  if (const ConfigNode* evaluations = node.find("evaluations_min")) {
    TRY_ASSIGN(evidence.evaluations_min, evaluations->as_int(1, int64_t{1} << 50));
  }
  if (const ConfigNode* duration = node.find("duration_min")) {
    TRY_ASSIGN(evidence.duration_min, duration->as_duration());
  }
  if (evidence.evaluations_min == 0 && evidence.duration_min.count() == 0) {
    return node.error("give evaluations_min, duration_min or both");
  }
  return evidence;
}

// What makes two entries the same question, so that it is not agreed on twice with two answers.
std::string identity(const Criterion& criterion) {
  const std::string kind = std::visit(
      Overloaded{[](const SuccessRateCriterion&) { return std::string("success_rate"); },
                 [](const LatencyCriterion& latency) {
                   return cat("latency ", quantile_name(latency.quantile),
                              latency.ratio_max ? " ratio" : " absolute");
                 },
                 [](const DifferenceRateCriterion&) { return std::string("difference_rate"); },
                 [](const ErrorClassesCriterion&) { return std::string("error_classes"); },
                 [](const EvidenceCriterion&) { return std::string("evidence"); }},
      criterion.rule);
  return criterion.route.empty() ? kind : cat(kind, " route ", criterion.route);
}

Result<double> parse_confidence(const ConfigNode& node) {
  TRY_ASSIGN(const double confidence, node.as_fraction());
  if (!(confidence >= kConfidenceMin && confidence <= kConfidenceMax)) {
    return node.error(cat("expected a confidence from 50% to 99.9999%, found ", node.text()));
  }
  return confidence;
}

Result<Criterion> parse_criterion(const ConfigNode& item) {
  Criterion criterion;
  if (const ConfigNode* route = item.find("route")) {
    TRY_ASSIGN(criterion.route, route->as_string());
    if (criterion.route.empty() || criterion.route.size() > kNameBytesMax) {
      return route->error(cat("expected a route name of 1 to ", kNameBytesMax, " bytes"));
    }
  }
  if (const ConfigNode* success_rate = item.find("success_rate")) {
    TRY_ASSIGN(criterion.rule, parse_success_rate(*success_rate));
  } else if (const ConfigNode* latency = item.find("latency")) {
    TRY_ASSIGN(criterion.rule, parse_latency(*latency));
  } else if (const ConfigNode* difference_rate = item.find("difference_rate")) {
    TRY_ASSIGN(criterion.rule, parse_difference_rate(*difference_rate));
  } else if (const ConfigNode* error_classes = item.find("error_classes")) {
    TRY_ASSIGN(criterion.rule, parse_error_classes(*error_classes));
  } else if (const ConfigNode* evidence = item.find("evidence")) {
    TRY_ASSIGN(criterion.rule, parse_evidence(*evidence));
  }
  return criterion;
}

}  // namespace

std::string criteria_flag_key(std::string_view migration) { return cat(migration, ".criteria"); }

std::optional<double> parse_quantile(std::string_view text) {
  std::optional<double> level;
  if (!text.empty() && (text[0] == 'p' || text[0] == 'P')) {
    const std::string_view digits = text.substr(1);
    if (digits.empty() || digits[0] == '-') return std::nullopt;
    level = base::parse_double(digits);
    const bool short_form = digits.size() > 2 && digits.find('.') == std::string_view::npos &&
                            (digits.starts_with("99") || digits.starts_with("00"));
    if (level && short_form) {
      // p999 is the field's short form of p99.9, P001 of p0.1.
      level = *level / std::pow(10, static_cast<double>(digits.size()));
    } else if (level) {
      level = *level / 100;
    }
  } else {
    level = base::parse_double(text);
  }
  if (!level || !(*level > 0 && *level < 1)) return std::nullopt;
  return level;
}

std::string quantile_name(double quantile) {
  std::string name = short_number(quantile * 100);
  return cat("p", name);
}

std::string Criterion::text() const {
  const std::string base_text = std::visit(
      Overloaded{
          [](const SuccessRateCriterion& success) {
            return cat("success_rate no_worse_by ", short_number(success.no_worse_by));
          },
          [](const LatencyCriterion& latency) {
            return cat("latency ", quantile_name(latency.quantile), " at_most ",
                       latency.ratio_max ? short_number(*latency.ratio_max)
                                         : cat(short_number(*latency.absolute_max_ms), "ms"));
          },
          [](const DifferenceRateCriterion& difference) {
            return cat("difference_rate at_most ", short_number(difference.at_most));
          },
          [](const ErrorClassesCriterion& classes) {
            return cat("error_classes forbid ", base::join(classes.forbid, ","));
          },
          [](const EvidenceCriterion& evidence) {
            const double seconds = std::chrono::duration<double>(evidence.duration_min).count();
            return cat("evidence evaluations_min ", evidence.evaluations_min, " duration_min ",
                       short_number(seconds), "s");
          }},
      rule);
  return route.empty() ? base_text : cat(base_text, " route ", route);
}

Result<Criteria> Criteria::parse(const ConfigNode& node) {
  Criteria criteria;
  if (node.is_null()) return criteria;
  TRY(node.must_be_list());
  if (node.items().size() > kCriteriaMax) {
    return node.error(cat(node.items().size(), " criteria are more than ", kCriteriaMax));
  }
  std::set<std::string> seen;
  bool confidence_seen = false;
  for (const ConfigNode& item : node.items()) {
    TRY(item.only_keys({"success_rate", "latency", "difference_rate", "error_classes", "evidence",
                        "confidence", "route"}));
    size_t kinds = 0;
    for (const std::string_view kind : kKinds) kinds += item.find(kind) != nullptr ? 1 : 0;
    if (kinds != 1) {
      return item.error(
          "expected exactly one of success_rate, latency, difference_rate, error_classes, "
          "evidence, confidence");
    }
    if (const ConfigNode* confidence = item.find("confidence")) {
      if (item.find("route") != nullptr) return item.error("confidence is for all routes");
      if (confidence_seen) return item.error("confidence is given twice");
      confidence_seen = true;
      TRY_ASSIGN(const double value, parse_confidence(*confidence));
      criteria.alpha = 1 - value;
      continue;
    }
    TRY_ASSIGN(Criterion criterion, parse_criterion(item));
    if (!seen.insert(identity(criterion)).second) {
      return item.error(cat("\"", identity(criterion), "\" is given twice"));
    }
    criteria.list.push_back(std::move(criterion));
  }
  return criteria;
}

std::string Criteria::canonical_text() const {
  std::string text;
  for (const Criterion& criterion : list) text += cat(criterion.text(), "\n");
  return cat(text, "confidence ", short_number(1 - alpha), "\n");
}

std::string Criteria::hash() const {
  const std::string text = canonical_text();
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return base::hex(digest);
}

}  // namespace understudy::judge
