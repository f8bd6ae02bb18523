#include "query/cli_syntax.h"

#include <algorithm>
#include <array>

#include "base/config_node.h"
#include "base/text.h"
#include "event/column.h"
#include "query/expression_parser.h"
#include "query/formula.h"
#include "query/rfc3339.h"
#include "query/text_cursor.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;
using base::Status;

constexpr std::string_view kOperatorLetters = "=!<>";

// Longest first, so that ">=" is not read as ">".
constexpr std::array<std::pair<std::string_view, FilterOp>, 7> kSymbols = {{
    {"==", FilterOp::kEqual},
    {"!=", FilterOp::kNotEqual},
    {">=", FilterOp::kGreaterOrEqual},
    {"<=", FilterOp::kLessOrEqual},
    {"=", FilterOp::kEqual},
    {">", FilterOp::kGreater},
    {"<", FilterOp::kLess},
}};

Result<std::string> take_column(TextCursor& cursor, std::string_view stops) {
  cursor.skip_spaces();
  const size_t start = cursor.at();
  std::string column;
  if (cursor.at_quote()) {
    TRY_ASSIGN(column, cursor.take_quoted());
  } else {
    column = std::string(cursor.take_until(stops));
  }
  if (column.empty()) return cursor.error_at(start, "expected a column");
  if (column.size() > event::kColumnNameBytesMax) {
    return cursor.error_at(start,
                           cat("a column name has at most ", event::kColumnNameBytesMax, " bytes"));
  }
  return column;
}

Status expect_end(TextCursor& cursor) {
  cursor.skip_spaces();
  if (cursor.done()) return {};
  return cursor.error("expected the end here; put a value with spaces in quotes");
}

// A word is a number or boolean when it reads as one in full; quotes make it text.
Result<event::Value> take_value(TextCursor& cursor, std::string_view stops) {
  cursor.skip_spaces();
  if (cursor.at_quote()) {
    TRY_ASSIGN(std::string text, cursor.take_quoted());
    return event::Value(std::move(text));
  }
  const size_t start = cursor.at();
  const std::string_view word = cursor.take_until(stops);
  if (word.empty() || kOperatorLetters.find(word[0]) != std::string_view::npos) {
    return cursor.error_at(start, "expected a number or text");
  }
  if (const auto whole = base::parse_int64(word)) return event::Value(*whole);
  if (const auto number = base::parse_double(word)) return event::Value(*number);
  if (word == "true") return event::Value(true);
  if (word == "false") return event::Value(false);
  return event::Value(std::string(word));
}

// name = expression
Result<CalculatedField> read_field(TextCursor& cursor) {
  CalculatedField field;
  TRY_ASSIGN(field.name, take_column(cursor, "="));
  cursor.skip_spaces();
  if (!cursor.take("=")) return cursor.error("expected = and an expression behind the name");
  field.expression = std::string(base::trim(cursor.rest()));
  auto parsed = parse_expression(field.expression);
  if (!parsed.ok()) return base::invalid(cat("--field ", field.name, ": ", parsed.error().context));
  field.parsed = *std::move(parsed);
  return field;
}

bool text_only(FilterOp op) {
  return op == FilterOp::kStartsWith || op == FilterOp::kDoesNotStartWith ||
         op == FilterOp::kEndsWith || op == FilterOp::kDoesNotEndWith ||
         op == FilterOp::kContains || op == FilterOp::kDoesNotContain;
}

Result<FilterOp> take_operator(TextCursor& cursor) {
  cursor.skip_spaces();
  for (const auto& [symbol, op] : kSymbols) {
    if (cursor.take(symbol)) return op;
  }
  const size_t start = cursor.at();
  std::string word(cursor.take_until("=!<>("));
  if (word == "not") {  // "not in (...)"
    cursor.skip_spaces();
    word = cat("not-", cursor.take_until("("));
  }
  if (const auto op = filter_op(word)) return *op;
  constexpr std::string_view kWords[] = {"starts-with", "does-not-start-with",
                                         "ends-with",   "does-not-end-with",
                                         "contains",    "does-not-contain",
                                         "exists",      "does-not-exist",
                                         "in",          "not-in"};
  const std::string_view near = base::nearest(word, kWords);
  return cursor.error_at(
      start, near.empty() ? std::string("expected an operator: =, !=, >, >=, <, <=, in, not-in, "
                                        "exists, does-not-exist, contains, starts-with, ends-with")
                          : cat("not an operator; did you mean ", near, "?"));
}

Result<Filter> read_filter(TextCursor& cursor) {
  Filter filter;
  TRY_ASSIGN(filter.column, take_column(cursor, kOperatorLetters));
  TRY_ASSIGN(filter.op, take_operator(cursor));
  if (filter.op == FilterOp::kExists || filter.op == FilterOp::kDoesNotExist) {
    TRY(expect_end(cursor));
    return filter;
  }
  if (filter.op == FilterOp::kIn || filter.op == FilterOp::kNotIn) {
    cursor.skip_spaces();
    if (!cursor.take("(")) return cursor.error("expected a list such as (a, b)");
    do {
      if (filter.values.size() >= QueryLimits::kFilterValuesMax) {
        return cursor.error(cat("more than ", QueryLimits::kFilterValuesMax, " values"));
      }
      TRY_ASSIGN(event::Value value, take_value(cursor, ",)"));
      filter.values.push_back(std::move(value));
      cursor.skip_spaces();
    } while (cursor.take(","));
    if (!cursor.take(")")) return cursor.error("expected , or )");
    TRY(expect_end(cursor));
    return filter;
  }
  cursor.skip_spaces();
  const size_t start = cursor.at();
  TRY_ASSIGN(event::Value value, take_value(cursor, ""));
  if (text_only(filter.op) && !value.is_string()) {
    // These look at text only, so a bare number means its digits.
    TextCursor again = cursor;
    again.move_to(start);
    value = event::Value(std::string(again.take_until("")));
  }
  filter.values.push_back(std::move(value));
  TRY(expect_end(cursor));
  return filter;
}

// OP or OP(column), up to the closing parenthesis.
Result<Calculation> read_operation(TextCursor& cursor) {
  cursor.skip_spaces();
  const size_t start = cursor.at();
  const std::string word(cursor.take_until("(=!<>"));
  auto found = calculation_op(word);
  if (!found.ok()) return cursor.error_at(start, found.error().context);
  Calculation calculation = *std::move(found);
  cursor.skip_spaces();
  const size_t parenthesis = cursor.at();
  const bool given = cursor.take("(");
  cursor.skip_spaces();
  if (!takes_column(calculation.op)) {
    if (given && !cursor.take(")")) {
      return cursor.error(calculation.op == CalculationOp::kCount
                              ? "COUNT takes no column; use COUNT_DISTINCT, or --where"
                              : "CONCURRENCY takes no column");
    }
    return calculation;
  }
  if (!given) {
    return cursor.error_at(parenthesis, cat(calculation.op_name(), " needs a column, such as ",
                                            calculation.op_name(), "(duration_ms)"));
  }
  TRY_ASSIGN(calculation.column, take_column(cursor, ")"));
  cursor.skip_spaces();
  if (!cursor.take(")")) return cursor.error("expected )");
  return calculation;
}

Result<Calculation> read_calculation(TextCursor& cursor) {
  // "name: OP(column)": a colon before any parenthesis.
  const std::string_view rest = cursor.rest();
  const size_t colon = rest.find(':');
  std::string given_name;
  if (colon != std::string_view::npos && colon < rest.find('(')) {
    given_name = std::string(base::trim(rest.substr(0, colon)));
    if (given_name.empty()) return cursor.error("expected a name before the colon");
    cursor.move_to(cursor.at() + colon + 1);
  }
  TRY_ASSIGN(Calculation calculation, read_operation(cursor));
  calculation.name = given_name;
  TRY(expect_end(cursor));
  return calculation;
}

std::string known_keys(const QuerySpec& spec) {
  std::vector<std::string> keys = spec.breakdowns;
  for (const Calculation& calculation : spec.calculations) keys.push_back(calculation.key());
  for (const Formula& formula : spec.formulas) keys.push_back(formula.name);
  return base::join(keys, ", ");
}

bool calculates(const QuerySpec& spec, const std::string& key) {
  return std::any_of(spec.calculations.begin(), spec.calculations.end(),
                     [&](const Calculation& calculation) { return calculation.key() == key; }) ||
         std::any_of(spec.formulas.begin(), spec.formulas.end(),
                     [&](const Formula& formula) { return formula.name == key; });
}

// A key is a breakdown, a calculation's name, or OP(column) in any case.
Result<std::string> take_key(TextCursor& cursor, const QuerySpec& spec) {
  cursor.skip_spaces();
  const size_t start = cursor.at();
  std::vector<std::string> keys = spec.breakdowns;
  for (const Calculation& calculation : spec.calculations) keys.push_back(calculation.key());
  for (const Formula& formula : spec.formulas) keys.push_back(formula.name);
  // The longest key first: one may be the beginning of another.
  std::sort(keys.begin(), keys.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& key : keys) {
    TextCursor attempt = cursor;
    if (!attempt.take(key)) continue;
    if (!attempt.done() &&
        std::string_view(" \t=!<>").find(attempt.rest()[0]) == std::string_view::npos) {
      continue;
    }
    cursor = attempt;
    return key;
  }
  TextCursor attempt = cursor;
  if (auto calculation = read_operation(attempt);
      calculation.ok() && calculates(spec, calculation->key())) {
    cursor = attempt;
    return calculation->key();
  }
  return cursor.error_at(start, cat("expected one of ", known_keys(spec)));
}

Result<Order> read_order(TextCursor& cursor, const QuerySpec& spec) {
  Order order;
  TRY_ASSIGN(order.key, take_key(cursor, spec));
  cursor.skip_spaces();
  const size_t start = cursor.at();
  const std::string direction = base::to_lower(cursor.take_until(""));
  if (direction == "desc" || direction == "descending") {
    order.descending = true;
  } else if (!direction.empty() && direction != "asc" && direction != "ascending") {
    return cursor.error_at(start, "expected asc or desc");
  }
  TRY(expect_end(cursor));
  return order;
}

Result<Having> read_having(TextCursor& cursor, const QuerySpec& spec) {
  Having having;
  TRY_ASSIGN(having.key, take_key(cursor, spec));
  if (!calculates(spec, having.key)) {
    return cursor.error_at(0, "expected a calculation; use --where for columns");
  }
  cursor.skip_spaces();
  const size_t start = cursor.at();
  TRY_ASSIGN(having.op, take_operator(cursor));
  if (having.op > FilterOp::kLessOrEqual) {
    return cursor.error_at(start, "expected =, !=, >, >=, < or <=");
  }
  cursor.skip_spaces();
  const size_t value_at = cursor.at();
  TRY_ASSIGN(const event::Value value, take_value(cursor, ""));
  if (!value.is_number()) return cursor.error_at(value_at, "expected a number");
  having.value = value.as_number();
  TRY(expect_end(cursor));
  return having;
}

// "name: expression".
Result<Formula> read_formula(const std::string& text) {
  const TextCursor cursor("--formula", text);
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    return cursor.error("expected a name and a colon before the formula, such as share: a / b");
  }
  Formula formula{.name = std::string(base::trim(std::string_view(text).substr(0, colon))),
                  .expression = std::string(base::trim(std::string_view(text).substr(colon + 1)))};
  if (formula.name.empty()) return cursor.error("expected a name before the colon");
  if (formula.name.size() > event::kColumnNameBytesMax) {
    return cursor.error(cat("a name has at most ", event::kColumnNameBytesMax, " bytes"));
  }
  const size_t start = text.find(formula.expression, colon);
  auto steps = parse_formula(formula.expression);
  if (!steps.ok()) return cursor.error_at(start, steps.error().context);
  formula.steps = *std::move(steps);
  return formula;
}

Result<int64_t> read_seconds(std::string_view option, const std::string& text) {
  const TextCursor cursor(option, text);
  const auto duration = base::ConfigNode::scalar(text).as_duration();
  if (!duration.ok() || duration->count() <= 0 || duration->count() % 1'000'000'000 != 0) {
    return cursor.error("expected whole seconds, such as 30s, 10m, 2h or 7d");
  }
  return duration->count() / 1'000'000'000;
}

Result<int64_t> read_moment(std::string_view option, const std::string& text) {
  const TextCursor cursor(option, text);
  if (const auto seconds = base::parse_int64(text); seconds && *seconds >= 0) return *seconds;
  if (const auto seconds = parse_rfc3339(text); seconds && *seconds >= 0) return *seconds;
  return cursor.error("expected a time such as 2026-11-22T15:04:05Z, or Unix seconds");
}

}  // namespace

Result<Calculation> parse_calculation(std::string_view text) {
  TextCursor cursor("--calc", text);
  return read_calculation(cursor);
}

Result<Filter> parse_filter(std::string_view text) {
  TextCursor cursor("--where", text);
  return read_filter(cursor);
}

Result<QuerySpec> parse_cli_query(const CliQuery& query) {
  QuerySpec spec;
  const auto bounded = [](std::string_view option, size_t count, size_t count_max) -> Status {
    if (count <= count_max) return {};
    return base::invalid(cat(option, " is given ", count, " times, at most ", count_max));
  };
  TRY(bounded("--calc", query.calc.size(), QueryLimits::kCalculationsMax));
  TRY(bounded("--by", query.by.size(), QueryLimits::kBreakdownsMax));
  TRY(bounded("--where", query.where.size(), QueryLimits::kFiltersMax));
  TRY(bounded("--order", query.order.size(), QueryLimits::kOrdersMax));
  TRY(bounded("--formula", query.formula.size(), QueryLimits::kFormulasMax));
  TRY(bounded("--having", query.having.size(), QueryLimits::kHavingsMax));

  TRY(bounded("--field", query.field.size(), QueryLimits::kCalculatedFieldsMax));

  for (const std::string& text : query.field) {
    TextCursor cursor("--field", text);
    TRY_ASSIGN(CalculatedField field, read_field(cursor));
    spec.calculated_fields.push_back(std::move(field));
  }
  for (const std::string& text : query.calc) {
    TRY_ASSIGN(Calculation calculation, parse_calculation(text));
    spec.calculations.push_back(std::move(calculation));
  }
  if (spec.calculations.empty()) spec.calculations.emplace_back();
  for (const std::string& text : query.formula) {
    TRY_ASSIGN(Formula formula, read_formula(text));
    spec.formulas.push_back(std::move(formula));
  }
  for (const std::string& text : query.by) {
    TextCursor cursor("--by", text);
    do {
      TRY_ASSIGN(std::string column, take_column(cursor, ","));
      spec.breakdowns.push_back(std::move(column));
      cursor.skip_spaces();
    } while (cursor.take(","));
    TRY(expect_end(cursor));
  }
  TRY(bounded("--by", spec.breakdowns.size(), QueryLimits::kBreakdownsMax));
  for (const std::string& text : query.where) {
    TRY_ASSIGN(Filter filter, parse_filter(text));
    spec.filters.push_back(std::move(filter));
  }
  if (query.any) spec.filter_combination = FilterCombination::kOr;
  for (const std::string& text : query.order) {
    TextCursor cursor("--order", text);
    TRY_ASSIGN(Order order, read_order(cursor, spec));
    spec.orders.push_back(std::move(order));
  }
  for (const std::string& text : query.having) {
    TextCursor cursor("--having", text);
    TRY_ASSIGN(Having having, read_having(cursor, spec));
    spec.havings.push_back(std::move(having));
  }
  if (!query.last.empty()) {
    TRY_ASSIGN(spec.time_range_s, read_seconds("--last", query.last));
  }
  if (!query.start.empty()) {
    TRY_ASSIGN(spec.start_time_s, read_moment("--start", query.start));
  }
  if (!query.end.empty()) {
    TRY_ASSIGN(spec.end_time_s, read_moment("--end", query.end));
  }
  if (!query.compare.empty()) {
    TRY_ASSIGN(spec.compare_time_offset_s, read_seconds("--compare", query.compare));
    if (std::find(kCompareOffsetsS.begin(), kCompareOffsetsS.end(), *spec.compare_time_offset_s) ==
        kCompareOffsetsS.end()) {
      return TextCursor("--compare", query.compare)
          .error("expected one of 30m, 1h, 2h, 8h, 1d, 7d, 28d, 182d");
    }
  }
  if (!query.granularity.empty()) {
    TRY_ASSIGN(spec.granularity_s, read_seconds("--granularity", query.granularity));
  }
  if (!query.limit.empty()) {
    const auto limit = base::parse_int64(query.limit);
    if (!limit || *limit < 1 || *limit > QueryLimits::kLimitMax) {
      return TextCursor("--limit", query.limit)
          .error(cat("expected a number from 1 to ", QueryLimits::kLimitMax));
    }
    spec.limit = *limit;
  }
  if (spec.time_range_s && spec.start_time_s && spec.end_time_s) {
    return TextCursor("--last", query.last)
        .error("--start and --end already say the range; leave one of the three out");
  }
  TRY(validate(spec));
  return spec;
}

}  // namespace understudy::query
