#include <array>
#include <utility>

#include "base/text.h"
#include "query/query_spec.h"

namespace understudy::query {
namespace {

using base::cat;

constexpr std::array<std::pair<std::string_view, FilterOp>, 16> kFilterOps = {{
    {"=", FilterOp::kEqual},
    {"!=", FilterOp::kNotEqual},
    {">", FilterOp::kGreater},
    {">=", FilterOp::kGreaterOrEqual},
    {"<", FilterOp::kLess},
    {"<=", FilterOp::kLessOrEqual},
    {"starts-with", FilterOp::kStartsWith},
    {"does-not-start-with", FilterOp::kDoesNotStartWith},
    {"ends-with", FilterOp::kEndsWith},
    {"does-not-end-with", FilterOp::kDoesNotEndWith},
    {"contains", FilterOp::kContains},
    {"does-not-contain", FilterOp::kDoesNotContain},
    {"exists", FilterOp::kExists},
    {"does-not-exist", FilterOp::kDoesNotExist},
    {"in", FilterOp::kIn},
    {"not-in", FilterOp::kNotIn},
}};

struct NamedOp {
  std::string_view name;
  CalculationOp op;
  double percentile;
};
constexpr std::array kCalculationOps = {
    NamedOp{"COUNT", CalculationOp::kCount, 0},
    NamedOp{"COUNT_DISTINCT", CalculationOp::kCountDistinct, 0},
    NamedOp{"SUM", CalculationOp::kSum, 0},
    NamedOp{"AVG", CalculationOp::kAvg, 0},
    NamedOp{"MIN", CalculationOp::kMin, 0},
    NamedOp{"MAX", CalculationOp::kMax, 0},
    NamedOp{"P001", CalculationOp::kPercentile, 0.001},
    NamedOp{"P01", CalculationOp::kPercentile, 0.01},
    NamedOp{"P05", CalculationOp::kPercentile, 0.05},
    NamedOp{"P10", CalculationOp::kPercentile, 0.10},
    NamedOp{"P20", CalculationOp::kPercentile, 0.20},
    NamedOp{"P25", CalculationOp::kPercentile, 0.25},
    NamedOp{"P50", CalculationOp::kPercentile, 0.50},
    NamedOp{"P75", CalculationOp::kPercentile, 0.75},
    NamedOp{"P80", CalculationOp::kPercentile, 0.80},
    NamedOp{"P90", CalculationOp::kPercentile, 0.90},
    NamedOp{"P95", CalculationOp::kPercentile, 0.95},
    NamedOp{"P99", CalculationOp::kPercentile, 0.99},
    NamedOp{"P999", CalculationOp::kPercentile, 0.999},
    NamedOp{"CONCURRENCY", CalculationOp::kConcurrency, 0},
    NamedOp{"RATE_AVG", CalculationOp::kRateAvg, 0},
    NamedOp{"RATE_SUM", CalculationOp::kRateSum, 0},
    NamedOp{"RATE_MAX", CalculationOp::kRateMax, 0},
    NamedOp{"HEATMAP", CalculationOp::kHeatmap, 0},
};
// Honeycomb knows these for metrics. They are refused by name rather than as a typing mistake.
constexpr std::array<std::string_view, 2> kUnsupportedOps = {"COUNT_DATAPOINTS", "HISTOGRAM_COUNT"};

}  // namespace

bool is_rate(CalculationOp op) {
  return op == CalculationOp::kRateAvg || op == CalculationOp::kRateSum ||
         op == CalculationOp::kRateMax;
}

bool takes_column(CalculationOp op) {
  return op != CalculationOp::kCount && op != CalculationOp::kConcurrency;
}

std::vector<std::string_view> calculation_op_names() {
  std::vector<std::string_view> names;
  for (const NamedOp& op : kCalculationOps) names.push_back(op.name);
  return names;
}

std::vector<std::string_view> filter_op_names() {
  std::vector<std::string_view> names;
  for (const auto& [text, op] : kFilterOps) names.push_back(text);
  return names;
}

std::string_view name(FilterOp op) {
  for (const auto& [text, known] : kFilterOps) {
    if (known == op) return text;
  }
  return "=";
}

std::optional<FilterOp> filter_op(std::string_view text) {
  for (const auto& [known, op] : kFilterOps) {
    if (known == text) return op;
  }
  return std::nullopt;
}

base::Result<Calculation> calculation_op(std::string_view text) {
  std::array<std::string_view, kCalculationOps.size()> names;
  for (size_t i = 0; i < names.size(); ++i) {
    if (base::equals_ignore_case(kCalculationOps[i].name, text)) {
      return Calculation{.op = kCalculationOps[i].op, .percentile = kCalculationOps[i].percentile};
    }
    names[i] = kCalculationOps[i].name;
  }
  std::string supported;
  for (const std::string_view known : names) supported += cat(supported.empty() ? "" : ", ", known);
  for (const std::string_view unsupported : kUnsupportedOps) {
    if (base::equals_ignore_case(unsupported, text)) {
      return base::invalid(cat(unsupported, " is not supported; supported are ", supported));
    }
  }
  std::string upper(text);
  for (char& letter : upper) letter = letter >= 'a' && letter <= 'z' ? char(letter - 32) : letter;
  const std::string_view near = base::nearest(upper, names);
  return base::invalid(
      cat("\"", base::printable(text, 40), "\" is not a calculation",
          near.empty() ? cat("; known are ", supported) : cat("; did you mean ", near, "?")));
}

std::string Calculation::op_name() const {
  for (const NamedOp& known : kCalculationOps) {
    if (known.op == op && (op != CalculationOp::kPercentile || known.percentile == percentile)) {
      return std::string(known.name);
    }
  }
  return "COUNT";
}

std::string Calculation::key() const {
  if (!name.empty()) return name;
  return column.empty() ? op_name() : cat(op_name(), "(", column, ")");
}

}  // namespace understudy::query
