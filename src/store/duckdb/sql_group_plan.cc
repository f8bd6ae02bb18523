#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "base/text.h"
#include "store/duckdb/event_source.h"
#include "store/duckdb/histogram_function.h"
#include "store/duckdb/sql_concurrency.h"
#include "store/duckdb/sql_plan.h"
#include "store/intake.h"

namespace understudy::store {
namespace {

using event::Type;

/// A double as SQL that reads back to the same double.
std::string literal(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g::DOUBLE", value);
  return text;
}

std::string list_of(const std::vector<std::string>& words) { return base::join(words, ", "); }

/// Writes the SQL of one grouped question. In the text: `gJ_T` is group-by column J of type T,
/// `fI` the filter of aggregate I, `aI_K` piece K of aggregate I, `gr` the rank of a group.
class GroupPlanner {
 public:
  GroupPlanner(const Select& select, const TableView& view)
      : select_(select),
        view_(view),
        source_(select, view, plan_.sql.parameters),
        schema_(source_.schema()),
        filter_(schema_, plan_.sql.parameters) {}

  SqlPlan run() {
    base_list_ = {"ts", "rate"};
    condition_ = filter_.write(select_.filter);
    if (spans_) base_list_.push_back(base::cat("ts >= ", select_.start_ns, " AS inside"));
    for (std::size_t j = 0; j < select_.group_by.size(); ++j) add_group(j);
    if (!select_.group_by.empty() && keys_.empty()) {
      base_list_.push_back("0 AS g");  // a group nobody has a value for: all events are one group
      keys_.push_back("g");
    }
    for (std::size_t i = 0; i < select_.aggregates.size(); ++i) add_aggregate(i);
    for (const Formula& formula : select_.formulas) add_formula(formula);
    plan_.columns = group_result_columns(select_);
    if (select_.rest) {
      write_rest();
    } else if (select_.bucket_ns) {
      write_buckets();
    } else {
      write_groups();
    }
    return std::move(plan_);
  }

 private:
  using Kind = SqlPlan::Cell::Kind;

  struct Numbers {
    int ints = kAbsent;
    int doubles = kAbsent;
  };

  /// A weighted quantile, which needs a pass of its own.
  struct Quantile {
    std::size_t aggregate;
    std::string number;
    std::string condition;
  };

  std::string column(int physical) {
    std::string name = filter_.column(physical);
    if (std::find(base_list_.begin(), base_list_.end(), name) == base_list_.end()) {
      base_list_.push_back(name);
    }
    return name;
  }

  // --- groups ---

  void add_group(std::size_t j) {
    SqlPlan::Cell cell{.kind = Kind::kValue};
    for (const int physical : schema_.find(select_.group_by[j])) {
      if (physical == kAbsent) continue;
      const Type type = schema_.physical[static_cast<std::size_t>(physical)];
      std::string key = base::cat("g", j, "_", static_cast<int>(type));
      base_list_.push_back(base::cat(filter_.column(physical),
                                     type == Type::kDouble ? " + 0.0::DOUBLE" : "", " AS ", key));
      keys_.push_back(std::move(key));
      cell.types.push_back(type);
    }
    group_cells_.push_back(std::move(cell));
  }

  /// ORDER BY terms that put a group-by column's values in the order of store/select.h.
  void order_by_group(std::size_t j, bool descending, std::vector<std::string>& terms) const {
    const std::vector<Type>& types = group_cells_[j].types;
    const auto has = [&](Type type) {
      return std::find(types.begin(), types.end(), type) != types.end();
    };
    const auto key = [&](Type type) { return base::cat("g", j, "_", static_cast<int>(type)); };
    const char* const direction = descending ? " DESC NULLS LAST" : " ASC NULLS FIRST";
    const auto add = [&](std::string term) { terms.push_back(term + direction); };
    if (types.size() > 1) {
      std::string rank = "CASE";
      if (has(Type::kBool)) rank += base::cat(" WHEN ", key(Type::kBool), " IS NOT NULL THEN 1");
      if (has(Type::kInt)) rank += base::cat(" WHEN ", key(Type::kInt), " IS NOT NULL THEN 2");
      if (has(Type::kDouble)) {
        rank += base::cat(" WHEN ", key(Type::kDouble), " IS NOT NULL THEN 2");
      }
      if (has(Type::kString)) {
        rank += base::cat(" WHEN ", key(Type::kString), " IS NOT NULL THEN 3");
      }
      add(rank + " ELSE 0 END");
    }
    if (has(Type::kBool)) add(key(Type::kBool));
    if (has(Type::kInt) && has(Type::kDouble)) {
      add(base::cat("coalesce(", key(Type::kInt), "::DOUBLE, ", key(Type::kDouble), ")"));
      add(base::cat("(", key(Type::kInt), " IS NULL)"));
      add(key(Type::kInt));
    } else if (has(Type::kInt)) {
      // As doubles first, by the rule; exactly after.
      add(key(Type::kInt));
    } else if (has(Type::kDouble)) {
      add(key(Type::kDouble));
    }
    if (has(Type::kString)) add(key(Type::kString));
  }

  std::string order_by() const {
    std::vector<std::string> terms;
    for (const Order& order : select_.order) {
      if (order.by == Order::By::kGroup) {
        order_by_group(order.index, order.descending, terms);
      } else {
        terms.push_back(base::cat(values_[order.index],
                                  order.descending ? " DESC NULLS LAST" : " ASC NULLS FIRST"));
      }
    }
    for (std::size_t j = 0; j < group_cells_.size(); ++j) order_by_group(j, false, terms);
    return terms.empty() ? std::string() : base::cat(" ORDER BY ", list_of(terms));
  }

  // --- aggregates ---

  void add_aggregate(std::size_t i) {
    const Aggregate& aggregate = select_.aggregates[i];
    std::vector<std::string> conditions;
    if (spans_ && aggregate.kind != AggregateKind::kConcurrency) conditions.push_back("inside");
    if (aggregate.filter.kind != Filter::Kind::kAnd || !aggregate.filter.children.empty()) {
      base_list_.push_back(base::cat(filter_.write(aggregate.filter), " AS f", i));
      conditions.push_back(base::cat("f", i));
    }
    const PhysicalByType columns = schema_.find(aggregate.column);
    const Numbers numbers{columns[static_cast<std::size_t>(Type::kInt)],
                          columns[static_cast<std::size_t>(Type::kDouble)]};
    switch (aggregate.kind) {
      case AggregateKind::kCount:
        piece(i, 0, weight(conditions));
        zero_pieces_.insert(piece_name(i, 0));
        finish(i, Kind::kBigint, piece_name(i, 0));
        return;
      case AggregateKind::kRows:
        piece(i, 0, base::cat("count(*)", filtered(conditions)));
        zero_pieces_.insert(piece_name(i, 0));
        finish(i, Kind::kBigint, piece_name(i, 0));
        return;
      case AggregateKind::kConcurrency:
        add_concurrency(i, numbers, conditions);
        return;
      case AggregateKind::kHistogram:
        add_histogram(i, columns, conditions);
        return;
      case AggregateKind::kSum:
      case AggregateKind::kAvg:
        add_sum(i, aggregate.kind == AggregateKind::kAvg, numbers, conditions);
        return;
      case AggregateKind::kMin:
        add_extreme(i, "min", "least", numbers, conditions);
        return;
      case AggregateKind::kMax:
        add_extreme(i, "max", "greatest", numbers, conditions);
        return;
      case AggregateKind::kQuantile:
        add_quantile(i, numbers, conditions);
        return;
      case AggregateKind::kCountDistinct: {
        std::string sum = "0";
        for (const int physical : columns) {
          if (physical == kAbsent) continue;
          sum += base::cat(" + count(DISTINCT ", column(physical), ")", filtered(conditions));
        }
        piece(i, 0, base::cat("(", sum, ")::BIGINT"));
        zero_pieces_.insert(piece_name(i, 0));
        finish(i, Kind::kBigint, piece_name(i, 0));
        return;
      }
    }
  }

  static std::string piece_name(std::size_t i, int k) { return base::cat("a", i, "_", k); }

  void piece(std::size_t i, int k, const std::string& expression) {
    pieces_.push_back(base::cat(expression, " AS ", piece_name(i, k)));
    piece_names_.push_back(piece_name(i, k));
  }

  void finish(std::size_t i, Kind kind, std::string value) {
    const std::string first = piece_name(i, 0);
    const auto found = std::find(piece_names_.begin(), piece_names_.end(), first);
    aggregate_cells_.push_back(
        {.kind = kind, .first = static_cast<std::size_t>(found - piece_names_.begin())});
    values_.push_back(std::move(value));
  }

  static std::string filtered(const std::vector<std::string>& conditions) {
    if (conditions.empty()) return {};
    return base::cat(" FILTER (WHERE ", join_conditions(conditions, "AND", "true"), ")");
  }
  static std::vector<std::string> with(std::vector<std::string> conditions, std::string more) {
    conditions.push_back(std::move(more));
    return conditions;
  }

  /// How many events, each as often as its sample rate says.
  std::string weight(const std::vector<std::string>& conditions) const {
    if (!view_.weighted) return base::cat("count(*)", filtered(conditions));
    return base::cat("coalesce(sum(rate)", filtered(conditions), ", 0)::BIGINT");
  }

  void add_sum(std::size_t i, bool average, const Numbers& numbers,
               const std::vector<std::string>& conditions) {
    std::string ints = "NULL::HUGEINT";
    std::string doubles = "NULL::DOUBLE";
    std::vector<std::string> counted;
    if (numbers.ints != kAbsent) {
      const std::string name = column(numbers.ints);
      ints = base::cat("sum(", name, view_.weighted ? "::HUGEINT * rate" : "", ")",
                       filtered(conditions));
      counted.push_back(base::cat(name, " IS NOT NULL"));
    }
    if (numbers.doubles != kAbsent) {
      const std::string name = column(numbers.doubles);
      const bool nan = view_.may_be_nan(numbers.doubles);
      const std::string is_number = nan ? base::cat("coalesce(NOT isnan(", name, "), false)")
                                        : base::cat(name, " IS NOT NULL");
      doubles = base::cat("sum(", name, view_.weighted ? " * rate" : "", ")",
                          filtered(nan ? with(conditions, is_number) : conditions));
      counted.push_back(is_number);
    }
    piece(i, 0, ints);
    piece(i, 1, doubles);
    piece(i, 2,
          counted.empty() ? std::string("0::BIGINT")
                          : weight(with(conditions, join_conditions(counted, "OR", "false"))));
    finish(i, average ? Kind::kAvg : Kind::kSum,
           base::cat("CASE WHEN ", piece_name(i, 2), " > 0 THEN (coalesce(", piece_name(i, 0),
                     ", 0)::DOUBLE + coalesce(", piece_name(i, 1), ", 0))",
                     average ? base::cat(" / ", piece_name(i, 2)) : std::string(), " END"));
  }

  /// In the base, `uI` is where the span of the event ends within the window; null when it has none
  /// there. Over the window the parts are added up here, by buckets in write_buckets.
  void add_concurrency(std::size_t i, const Numbers& numbers,
                       const std::vector<std::string>& conditions) {
    std::string duration = "NULL::DOUBLE";
    if (numbers.ints != kAbsent && numbers.doubles != kAbsent) {
      duration = base::cat("coalesce(", filter_.column(numbers.ints), "::DOUBLE, ",
                           filter_.column(numbers.doubles), ")");
    } else if (numbers.ints != kAbsent) {
      duration = base::cat(filter_.column(numbers.ints), "::DOUBLE");
    } else if (numbers.doubles != kAbsent) {
      duration = filter_.column(numbers.doubles);
    }
    const SpanColumn span{.name = base::cat("u", i),
                          .start_ns = select_.start_ns,
                          .end_ns = select_.end_ns,
                          .condition = join_conditions(conditions, "AND", "true")};
    base_list_.push_back(base::cat(sql_span_end(span, duration), " AS ", span.name));
    span_columns_.push_back({i, span});
    piece(i, 0, sql_concurrency(span));
    zero_pieces_.insert(piece_name(i, 0));
    finish(i, Kind::kDouble, piece_name(i, 0));
  }

  void add_histogram(std::size_t i, const PhysicalByType& columns,
                     std::vector<std::string> conditions) {
    const int ints = columns[static_cast<std::size_t>(Type::kInt)];
    const int doubles = columns[static_cast<std::size_t>(Type::kDouble)];
    std::string number = "NULL::DOUBLE";
    if (ints != kAbsent && doubles != kAbsent) {
      number = base::cat("coalesce(", column(doubles), ", ", column(ints), "::DOUBLE)");
    } else if (doubles != kAbsent) {
      number = column(doubles);
    } else if (ints != kAbsent) {
      number = base::cat(column(ints), "::DOUBLE");
    }
    std::vector<std::string> others;
    for (const Type type : {Type::kBool, Type::kString}) {
      const int physical = columns[static_cast<std::size_t>(type)];
      if (physical != kAbsent) others.push_back(base::cat(column(physical), " IS NOT NULL"));
    }
    const bool plain = !view_.weighted && others.empty();
    const std::string more = plain ? std::string()
                                   : base::cat(join_conditions(others, "OR", "false"), ", ",
                                               view_.weighted ? "rate" : "1::BIGINT", ", ");
    piece(i, 0,
          base::cat(select_.few_groups ? kFewHistogramsFunction : kHistogramFunction, "(ts, ",
                    number, ", ", more, select_.aggregates[i].histogram_bucket_ns, "::BIGINT)",
                    filtered(conditions)));
    finish(i, Kind::kBytes, piece_name(i, 0));
  }

  /// Every divisor and every formula becomes a column of its own, in a SELECT around the last, so
  /// that no text is written twice however deep they nest.
  void add_formula(const Formula& formula) {
    std::vector<std::string> stack;
    const auto layer = [&](const std::string& expression) {
      std::string name = base::cat("q", layers_.size());
      layers_.push_back(base::cat(expression, " AS ", name));
      return name;
    };
    for (const FormulaStep& step : formula.steps) {
      if (step.kind == FormulaStep::Kind::kNumber) {
        stack.push_back(literal(step.number));
        continue;
      }
      if (step.kind == FormulaStep::Kind::kAggregate) {
        stack.push_back(base::cat("(", values_[step.aggregate], ")::DOUBLE"));
        continue;
      }
      const std::string right = std::move(stack.back());
      stack.pop_back();
      std::string& left = stack.back();
      if (step.kind == FormulaStep::Kind::kAdd) left = base::cat("(", left, " + ", right, ")");
      if (step.kind == FormulaStep::Kind::kSubtract) left = base::cat("(", left, " - ", right, ")");
      if (step.kind == FormulaStep::Kind::kMultiply) left = base::cat("(", left, " * ", right, ")");
      if (step.kind == FormulaStep::Kind::kDivide) {
        const std::string divisor = layer(right);
        left = base::cat("(", left, " / CASE WHEN ", divisor, " <> 0 THEN ", divisor, " END)");
      }
    }
    const std::string value = layer(stack.back());
    const std::string name =
        layer(base::cat("CASE WHEN NOT isnan(", value, ") THEN ", value, " END"));
    piece_names_.push_back(name);
    aggregate_cells_.push_back({.kind = Kind::kDouble, .first = piece_names_.size() - 1});
    values_.push_back(name);
  }

  std::string with_formulas(std::string text) const {
    for (const std::string& layer : layers_) {
      text = base::cat("SELECT *, ", layer, " FROM (", text, ")");
    }
    return text;
  }

  void add_extreme(std::size_t i, const char* function, const char* of_both, const Numbers& numbers,
                   const std::vector<std::string>& conditions) {
    piece(i, 0,
          numbers.ints == kAbsent
              ? std::string("NULL::BIGINT")
              : base::cat(function, "(", column(numbers.ints), ")", filtered(conditions)));
    std::string doubles = "NULL::DOUBLE";
    if (numbers.doubles != kAbsent) {
      const std::string name = column(numbers.doubles);
      const bool nan = view_.may_be_nan(numbers.doubles);
      doubles = base::cat(
          function, "(", name, ")",
          filtered(nan ? with(conditions, base::cat("NOT isnan(", name, ")")) : conditions));
    }
    piece(i, 1, doubles);
    finish(i, function == std::string_view("min") ? Kind::kMin : Kind::kMax,
           base::cat(of_both, "(", piece_name(i, 0), "::DOUBLE, ", piece_name(i, 1), ")"));
  }

  void add_quantile(std::size_t i, const Numbers& numbers, std::vector<std::string> conditions) {
    if (numbers.ints == kAbsent && numbers.doubles == kAbsent) {
      piece(i, 0, "NULL::DOUBLE");
      finish(i, Kind::kDouble, piece_name(i, 0));
      return;
    }
    std::string number;
    if (numbers.doubles == kAbsent) {
      number = base::cat(column(numbers.ints), "::DOUBLE");
    } else {
      number = column(numbers.doubles);
      if (view_.may_be_nan(numbers.doubles)) {
        conditions.push_back(base::cat("NOT coalesce(isnan(", number, "), false)"));
      }
      if (numbers.ints != kAbsent) {
        number = base::cat("coalesce(", number, ", ", column(numbers.ints), "::DOUBLE)");
      }
    }
    if (view_.weighted) {
      conditions.push_back(base::cat(number, " IS NOT NULL"));
      quantiles_.push_back({i, number, join_conditions(conditions, "AND", "true")});
      piece_names_.push_back(piece_name(i, 0));
    } else {
      // Those of one column are one aggregate in the engine, which sorts its values once.
      const std::vector<std::size_t> together = quantiles_like(i);
      std::vector<std::string> wanted;
      std::size_t place = 0;
      for (const std::size_t other : together) {
        wanted.push_back(literal(select_.aggregates[other].quantile));
        if (other == i) place = wanted.size();
      }
      piece(i, 0,
            base::cat("(quantile_disc(", number, ", [", list_of(wanted), "])", filtered(conditions),
                      ")[", place, "]"));
    }
    finish(i, Kind::kDouble, piece_name(i, 0));
  }

  static bool unfiltered(const Aggregate& aggregate) {
    return aggregate.filter.kind == Filter::Kind::kAnd && aggregate.filter.children.empty();
  }

  /// The quantiles of the same values as aggregate `i`, with itself.
  std::vector<std::size_t> quantiles_like(std::size_t i) const {
    if (!unfiltered(select_.aggregates[i])) return {i};
    std::vector<std::size_t> found;
    for (std::size_t other = 0; other < select_.aggregates.size(); ++other) {
      const Aggregate& aggregate = select_.aggregates[other];
      if (aggregate.kind == AggregateKind::kQuantile && unfiltered(aggregate) &&
          aggregate.column == select_.aggregates[i].column) {
        found.push_back(other);
      }
    }
    return found;
  }

  // --- statements ---

  std::string base_statement() const {
    std::string text = base::cat("SELECT ", list_of(base_list_), " FROM (",
                                 source_.sql(filter_.used(), spans_ ? kSpanLookBackNs : 0),
                                 ") WHERE ", condition_);
    if (!spans_) return text;
    text = base::cat("SELECT * FROM (", text, ") WHERE inside");
    for (const auto& [i, span] : span_columns_) {
      text += base::cat(" OR coalesce(", span.name, " > ", select_.start_ns, ", false)");
    }
    return text;
  }

  /// `source` grouped by `keys`: a SELECT of the keys and every piece.
  std::string grouped(const std::string& source, const std::vector<std::string>& keys) const {
    const std::string key_list = list_of(keys);
    const std::string group_by = keys.empty() ? "" : base::cat(" GROUP BY ", key_list);
    const std::string comma = keys.empty() ? "" : ", ";
    std::string text = base::cat("SELECT ", key_list, comma, "count(*) AS n");
    for (const std::string& expression : pieces_) text += base::cat(", ", expression);
    text += base::cat(" FROM ", source, group_by);
    for (const Quantile& quantile : quantiles_) {
      // The least value whose weight, with all not above it, reaches the rank.
      const std::string name = piece_name(quantile.aggregate, 0);
      const std::string partition = keys.empty() ? "" : base::cat("PARTITION BY ", key_list, " ");
      const std::string p = literal(select_.aggregates[quantile.aggregate].quantile);
      const std::string ranked = base::cat(
          "SELECT ", key_list, comma, quantile.number, " AS v, sum(rate) OVER (", partition,
          "ORDER BY ", quantile.number, ")::DOUBLE AS reached, sum(rate) OVER (", partition,
          ")::DOUBLE AS total FROM ", source, " WHERE ", quantile.condition);
      const std::string value =
          base::cat("SELECT ", key_list, comma,
                    "min(v) FILTER (WHERE reached >= greatest(1, total - "
                    "floor(total - ",
                    p, " * total))) AS ", name, " FROM (", ranked, ")", group_by);
      std::vector<std::string> same;
      for (const std::string& key : keys) {
        same.push_back(base::cat("m.", key, " IS NOT DISTINCT FROM q.", key));
      }
      text = base::cat("SELECT m.*, q.", name, " FROM (", text, ") m LEFT JOIN (", value, ") q ON ",
                       join_conditions(same, "AND", "true"));
    }
    return text;
  }

  std::string having() {
    std::vector<std::string> conditions;
    for (const Having& having : select_.having) {
      const std::string& value = values_[having.aggregate];
      plan_.sql.parameters.emplace_back(having.value);
      const std::string wanted = base::cat("$", plan_.sql.parameters.size(), "::DOUBLE");
      const auto holds = [&](const char* op) {
        return base::cat("coalesce((", value, ")::DOUBLE ", op, " ", wanted, ", false)");
      };
      const std::string not_nan = base::cat(" AND NOT isnan((", value, ")::DOUBLE))");
      switch (having.op) {
        case FilterOp::kEqual:
          conditions.push_back(holds("="));
          break;
        case FilterOp::kNotEqual:
          conditions.push_back(base::cat("NOT ", holds("=")));
          break;
        case FilterOp::kLess:
          conditions.push_back(holds("<"));
          break;
        case FilterOp::kLessOrEqual:
          conditions.push_back(holds("<="));
          break;
        case FilterOp::kGreater:
          conditions.push_back(base::cat("(", holds(">"), not_nan));
          break;
        default:
          conditions.push_back(base::cat("(", holds(">="), not_nan));
          break;
      }
    }
    return join_conditions(conditions, "AND", "true");
  }

  /// SQL columns: groups, then pieces, from `first` on.
  void place_cells(std::size_t first) {
    for (SqlPlan::Cell& cell : group_cells_) {
      cell.first = first;
      first += cell.types.size();
    }
    for (SqlPlan::Cell& cell : aggregate_cells_) cell.first += first;
    plan_.cells.insert(plan_.cells.end(), group_cells_.begin(), group_cells_.end());
    plan_.cells.insert(plan_.cells.end(), aggregate_cells_.begin(), aggregate_cells_.end());
  }

  std::vector<std::string> shown_keys() const {
    std::vector<std::string> shown;
    for (const std::string& key : keys_) {
      if (key != "g") shown.push_back(key);
    }
    return shown;
  }

  void write_groups() {
    plan_.rows_max = std::min(select_.limit, result_rows_max(plan_.columns.size()));
    std::vector<std::string> shown = shown_keys();
    place_cells(0);
    shown.insert(shown.end(), piece_names_.begin(), piece_names_.end());
    const std::string condition = having();
    plan_.sql.text = base::cat("WITH base AS NOT MATERIALIZED (", base_statement(), ") SELECT ",
                               list_of(shown), " FROM (", with_formulas(grouped("base", keys_)),
                               ") WHERE ", condition, order_by(), " LIMIT ", plan_.rows_max + 1);
  }

  void write_buckets() {
    plan_.rows_max = result_rows_max(plan_.columns.size());
    plan_.groups_max = select_.limit;
    const BucketWidth width{.width_ns = *select_.bucket_ns, .origin_ns = select_.bucket_origin_ns};
    const std::string condition = having();
    const std::string top = top_statement(condition, select_.limit + 1);
    std::vector<std::string> same = {base::cat("top.gr <= ", select_.limit)};
    for (const std::string& key : keys_) {
      same.push_back(base::cat("base.", key, " IS NOT DISTINCT FROM top.", key));
    }
    const std::string chosen =
        base::cat("SELECT base.*, top.gr, ", sql_bucket("ts", width),
                  " AS bucket FROM base JOIN top ON ", join_conditions(same, "AND", "true"));

    std::vector<std::string> shown = {"s.bucket"};
    plan_.cells.push_back({.kind = Kind::kBigint, .first = 0});
    place_cells(1);
    for (const std::string& key : shown_keys()) shown.push_back(base::cat("t.", key));
    for (const std::string& name : piece_names_) shown.push_back(base::cat("s.", name));
    plan_.groups_column = shown.size();
    plan_.sql.text = base::cat(
        "WITH base AS NOT MATERIALIZED (", base_statement(), "), top AS MATERIALIZED (", top,
        "), chosen AS NOT MATERIALIZED (", chosen, ") SELECT ", list_of(shown),
        ", (SELECT count(*) FROM top)::BIGINT FROM (", with_formulas(buckets(width)),
        ") s JOIN top t ON s.gr = t.gr ORDER BY s.gr, s.bucket LIMIT ", plan_.rows_max + 1);
  }

  /// The keys of the first so many groups in order, and their rank.
  std::string top_statement(const std::string& condition, std::size_t groups) {
    std::vector<std::string> keys = keys_;
    keys.push_back(base::cat("row_number() OVER (", order_by(), ") AS gr"));
    return base::cat("SELECT ", list_of(keys), " FROM (", with_formulas(grouped("base", keys_)),
                     ") WHERE ", condition, " ORDER BY gr LIMIT ", groups);
  }

  /// The pieces of each chosen group and bucket. Those of spans come from their edges and fill
  /// buckets in which no event began.
  std::string buckets(const BucketWidth& width) {
    if (!spans_) return grouped("chosen", {"gr", "bucket"});
    std::vector<std::string> own = std::move(pieces_);
    pieces_.clear();
    for (std::string& text : own) {
      const bool of_span = std::any_of(
          span_columns_.begin(), span_columns_.end(),
          [&](const auto& span) { return text.ends_with(" AS " + piece_name(span.first, 0)); });
      if (!of_span) pieces_.push_back(std::move(text));
    }
    std::string text = grouped("(SELECT * FROM chosen WHERE inside)", {"gr", "bucket"});
    for (const auto& [i, span] : span_columns_) {
      text = base::cat("SELECT * FROM (", text, ") FULL OUTER JOIN (",
                       sql_concurrency_by_bucket(span, "chosen", width, piece_name(i, 0)),
                       ") USING (gr, bucket)");
    }
    std::string zeros;
    for (const std::string& name : zero_pieces_) {
      zeros += base::cat(zeros.empty() ? "" : ", ", "coalesce(", name, ", 0) AS ", name);
    }
    return base::cat("SELECT * REPLACE (", zeros, ") FROM (", text, ")");
  }

  void write_rest() {
    plan_.rows_max = 1;
    const std::string condition = having();
    const std::string top = top_statement(condition, select_.limit);
    std::vector<std::string> same = {"true"};
    for (const std::string& key : keys_) {
      same.push_back(base::cat("base.", key, " IS NOT DISTINCT FROM top.", key));
    }
    const std::string left = keys_.empty()
                                 ? std::string("SELECT * FROM base WHERE NOT EXISTS (FROM top)")
                                 : base::cat("SELECT base.* FROM base ANTI JOIN top ON ",
                                             join_conditions(same, "AND", "true"));
    group_cells_.clear();
    place_cells(0);
    plan_.sql.text =
        base::cat("WITH base AS NOT MATERIALIZED (", base_statement(), "), top AS MATERIALIZED (",
                  top, "), remaining AS NOT MATERIALIZED (", left, ") SELECT ",
                  list_of(piece_names_), " FROM (", with_formulas(grouped("remaining", {})), ")");
  }

  const Select& select_;
  const TableView& view_;
  const bool spans_ = asks_for_spans(select_);
  SqlPlan plan_;
  const EventSource source_;
  const Schema& schema_;
  SqlFilter filter_;

  std::string condition_;
  std::vector<std::string> base_list_;    // what `base` selects
  std::vector<std::string> keys_;         // of the groups
  std::vector<std::string> pieces_;       // "expression AS name"
  std::vector<std::string> piece_names_;  // of pieces and weighted quantiles
  std::vector<std::string> values_;       // per aggregate, its value made of its pieces
  std::vector<Quantile> quantiles_;
  std::vector<std::pair<std::size_t, SpanColumn>> span_columns_;  // by aggregate
  std::set<std::string> zero_pieces_;  // that are 0 where a group has no event
  std::vector<std::string> layers_;    // what formulas are computed by, one around the other
  std::vector<SqlPlan::Cell> group_cells_;
  std::vector<SqlPlan::Cell> aggregate_cells_;  // `first` counts from the first piece
};

}  // namespace

SqlPlan plan_groups(const Select& select, const TableView& view) {
  return GroupPlanner(select, view).run();
}

}  // namespace understudy::store
