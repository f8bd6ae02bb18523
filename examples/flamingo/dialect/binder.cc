#include "dialect/binder.h"

#include <algorithm>

#include "dialect/lexer.h"
#include "dialect/moment.h"
#include "dialect/parser.h"

namespace flamingo {
namespace {

constexpr std::string_view kAggregates[] = {"count", "sum", "mean", "median",
                                            "stdev", "min", "max"};

bool is_numeric(Type type) { return type == Type::kInteger || type == Type::kNumber; }

bool has_aggregate(const Expr& expr) {
  return (expr.kind == ExprKind::kCall && is_aggregate(expr.text)) ||
         std::any_of(expr.args.begin(), expr.args.end(), has_aggregate);
}

Type type_of(const Value& value) {
  if (std::holds_alternative<int64_t>(value)) return Type::kInteger;
  if (std::holds_alternative<double>(value)) return Type::kNumber;
  return Type::kString;
}

/// Replaces names and parameters and gives every node its type.
class Binder {
 public:
  Binder(std::string_view text, const Schema& schema, const Parameters& parameters)
      : text_(text), schema_(schema), parameters_(parameters) {}

  Fault fault(std::string type, size_t position, std::string_view message) const {
    return bad_request(std::move(type), point_at(text_, position, message), position);
  }

  Outcome<Expr> bind(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kColumn:
        return column(expr);
      case ExprKind::kLiteral: {
        Expr literal = expr;
        literal.type = type_of(expr.value);
        return literal;
      }
      case ExprKind::kParameter:
        return parameter(expr);
      case ExprKind::kCall:
        return call(expr);
      case ExprKind::kArithmetic:
      case ExprKind::kNegate:
        return arithmetic(expr);
      case ExprKind::kCompare:
      case ExprKind::kIn:
      case ExprKind::kBetween:
        return comparison(expr);
      case ExprKind::kAnd:
      case ExprKind::kOr:
      case ExprKind::kNot:
        return logic(expr);
      case ExprKind::kIsNull: {
        TRY_OUTCOME(Expr bound, bind_args(expr));
        bound.type = Type::kBoolean;
        return bound;
      }
    }
    return fault("InternalError", expr.position, "an expression of an unknown kind");
  }

 private:
  Outcome<Expr> bind_args(const Expr& expr) {
    Expr bound = expr;
    for (Expr& arg : bound.args) {
      TRY_OUTCOME(arg, bind(arg));
    }
    return bound;
  }

  Outcome<Expr> column(const Expr& expr) {
    const Field* field = schema_.find(expr.text);
    if (field == nullptr) {
      return fault("UnknownColumn", expr.position,
                   "the dataset '" + schema_.dataset + "' has no column '" + expr.text + "'");
    }
    if (field->calculated) return *field->calculated;
    Expr bound = expr;
    bound.type = field->type;
    return bound;
  }

  Outcome<Expr> parameter(const Expr& expr) {
    const auto found = parameters_.find(expr.text);
    if (found == parameters_.end()) {
      return fault("UnknownParameter", expr.position,
                   "the query was given no parameter '" + expr.text + "'");
    }
    if (std::holds_alternative<std::monostate>(found->second)) {
      return fault("TypeMismatch", expr.position, "a parameter cannot be null: use IS NULL");
    }
    Expr literal;
    literal.position = expr.position;
    literal.value = found->second;
    literal.type = type_of(literal.value);
    return literal;
  }

  Outcome<Expr> arithmetic(const Expr& expr) {
    TRY_OUTCOME(Expr bound, bind_args(expr));
    bound.type = Type::kInteger;
    for (const Expr& arg : bound.args) {
      if (!is_numeric(arg.type)) {
        return fault("TypeMismatch", arg.position, "this is not a number");
      }
      if (arg.type == Type::kNumber) bound.type = Type::kNumber;
    }
    if (expr.text == "/") bound.type = Type::kNumber;
    return bound;
  }

  Outcome<Expr> comparison(const Expr& expr) {
    TRY_OUTCOME(Expr bound, bind_args(expr));
    bound.type = Type::kBoolean;
    const Type first = bound.args[0].type;
    for (const Expr& arg : bound.args) {
      if (arg.type == Type::kBoolean ||
          (arg.type != first && !(is_numeric(arg.type) && is_numeric(first)))) {
        std::string message = "cannot compare " + std::string(type_name(first)) + " with " +
                              std::string(type_name(arg.type));
        if (first == Type::kTime) message += "; a moment is written time('2001-02-03T04:05:06')";
        return fault("TypeMismatch", arg.position, message);
      }
    }
    return bound;
  }

  Outcome<Expr> logic(const Expr& expr) {
    TRY_OUTCOME(Expr bound, bind_args(expr));
    bound.type = Type::kBoolean;
    for (const Expr& arg : bound.args) {
      if (arg.type != Type::kBoolean) {
        return fault("TypeMismatch", arg.position, "this is not a condition");
      }
    }
    return bound;
  }

  Outcome<Expr> call(const Expr& expr) {
    if (is_aggregate(expr.text)) return aggregate(expr);
    if (expr.text == "time") return time(expr);
    if (expr.text == "bin") return bin(expr);
    if (expr.text == "time_unit") return time_unit(expr);
    return fault("UnknownFunction", expr.position,
                 "no function '" + expr.text +
                     "'; there are count, sum, mean, median, stdev, min, max, bin, time_unit "
                     "and time");
  }

  Outcome<Expr> take_args(const Expr& expr, size_t least, size_t most) {
    if (expr.args.size() < least || expr.args.size() > most) {
      return fault(
          "SyntaxError", expr.position,
          expr.text + " takes " + std::to_string(most) + (most == 1 ? " argument" : " arguments"));
    }
    return bind_args(expr);
  }

  Outcome<Expr> aggregate(const Expr& expr) {
    TRY_OUTCOME(Expr bound, take_args(expr, expr.text == "count" ? 0 : 1, 1));
    if (std::any_of(bound.args.begin(), bound.args.end(), has_aggregate)) {
      return fault("TypeMismatch", expr.position, "an aggregate inside an aggregate");
    }
    if (expr.text == "count") {
      bound.type = Type::kInteger;
      return bound;
    }
    const Type arg = bound.args[0].type;
    if (expr.text == "min" || expr.text == "max") {
      if (arg == Type::kBoolean) {
        return fault("TypeMismatch", expr.position, "a condition has no order");
      }
      bound.type = arg;
      return bound;
    }
    if (!is_numeric(arg)) {
      return fault("TypeMismatch", bound.args[0].position, expr.text + " needs a number");
    }
    bound.type = expr.text == "sum" ? arg : Type::kNumber;
    return bound;
  }

  Outcome<Expr> time(const Expr& expr) {
    TRY_OUTCOME(Expr bound, take_args(expr, 1, 1));
    const Expr& arg = bound.args[0];
    const auto* text = std::get_if<std::string>(&arg.value);
    const auto moment = arg.kind == ExprKind::kLiteral && text ? parse_moment(*text) : std::nullopt;
    if (!moment) {
      return fault("TypeMismatch", arg.position,
                   "time() needs a moment such as '2001-02-03' or '2001-02-03T04:05:06'");
    }
    Expr literal;
    literal.position = expr.position;
    literal.value = *moment;
    literal.type = Type::kTime;
    return literal;
  }

  Outcome<Expr> bin(const Expr& expr) {
    TRY_OUTCOME(Expr bound, take_args(expr, 2, 2));
    const Expr& step = bound.args[1];
    const auto* whole = std::get_if<int64_t>(&step.value);
    const auto* real = std::get_if<double>(&step.value);
    if (step.kind != ExprKind::kLiteral || !((whole && *whole > 0) || (real && *real > 0))) {
      return fault("TypeMismatch", step.position, "the step of bin() is a positive number");
    }
    if (!is_numeric(bound.args[0].type)) {
      return fault("TypeMismatch", bound.args[0].position, "bin() needs a number");
    }
    bound.type = bound.args[0].type == Type::kInteger && whole ? Type::kInteger : Type::kNumber;
    return bound;
  }

  Outcome<Expr> time_unit(const Expr& expr) {
    TRY_OUTCOME(Expr bound, take_args(expr, 2, 2));
    if (bound.args[0].type != Type::kTime) {
      return fault("TypeMismatch", bound.args[0].position, "time_unit() needs a time");
    }
    const auto* name = std::get_if<std::string>(&bound.args[1].value);
    const auto unit = bound.args[1].kind == ExprKind::kLiteral && name ? time_unit_from_name(*name)
                                                                       : std::nullopt;
    if (!unit) {
      return fault("TypeMismatch", bound.args[1].position,
                   "a time unit is one of 'year', 'yearmonth', 'yearmonthdate', "
                   "'yearmonthdatehours', 'month', 'day', 'hours'");
    }
    bound.type = cuts(*unit) ? Type::kTime : Type::kInteger;
    return bound;
  }

  std::string_view text_;
  const Schema& schema_;
  const Parameters& parameters_;
};

std::optional<size_t> column_named(const BoundQuery& query, std::string_view name) {
  for (size_t i = 0; i < query.columns.size(); ++i) {
    if (query.columns[i].name == name) return i;
  }
  return std::nullopt;
}

/// Whether an expression over a group has one value in it: aggregates and literals only.
bool is_constant_in_group(const Expr& expr) {
  if (expr.kind == ExprKind::kColumn) return false;
  if (expr.kind == ExprKind::kCall && is_aggregate(expr.text)) return true;
  return std::all_of(expr.args.begin(), expr.args.end(), is_constant_in_group);
}

/// Makes the order of rows total, so that two engines must agree on it.
void complete_order(BoundQuery& query) {
  std::vector<size_t> ties = query.group_by;
  if (!query.grouped) {
    for (size_t i = 0; i < query.columns.size(); ++i) ties.push_back(i);
  }
  for (const size_t column : ties) {
    const bool present = std::any_of(query.order.begin(), query.order.end(),
                                     [&](const SortKey& key) { return key.column == column; });
    if (!present) query.order.push_back({column, false});
  }
}

}  // namespace

bool is_aggregate(std::string_view function) {
  return std::find(std::begin(kAggregates), std::end(kAggregates), function) !=
         std::end(kAggregates);
}

Outcome<Expr> bind_calculated(const Expr& expr, std::string_view text, const Schema& schema) {
  Binder binder(text, schema, {});
  TRY_OUTCOME(Expr bound, binder.bind(expr));
  if (has_aggregate(bound) || bound.type == Type::kBoolean) {
    return binder.fault("TypeMismatch", expr.position, "a calculated field is a value of one row");
  }
  return bound;
}

Outcome<BoundQuery> bind_query(const Query& query, std::string_view text, const Schema& schema,
                               const Parameters& parameters) {
  Binder binder(text, schema, parameters);
  if (query.dataset != schema.dataset) {
    return binder.fault("UnknownDataset", query.dataset_position,
                        "there is no dataset '" + query.dataset + "'");
  }
  BoundQuery bound;
  bound.dataset = query.dataset;
  bound.limit = query.limit.value_or(kRowsMax);
  for (const SelectItem& item : query.select) {
    TRY_OUTCOME(Expr expr, binder.bind(item.expr));
    if (expr.type == Type::kBoolean) {
      return binder.fault("TypeMismatch", item.position, "a condition cannot be a column");
    }
    if (column_named(bound, item.name)) {
      return binder.fault("SyntaxError", item.position,
                          "two columns are called '" + item.name + "'");
    }
    bound.grouped = bound.grouped || has_aggregate(expr);
    const Type type = expr.type;
    bound.columns.push_back({item.name, type, std::move(expr)});
  }
  if (query.where) {
    TRY_OUTCOME(bound.where, binder.bind(*query.where));
    if (bound.where->type != Type::kBoolean) {
      return binder.fault("TypeMismatch", query.where->position, "WHERE needs a condition");
    }
    if (has_aggregate(*bound.where)) {
      return binder.fault("TypeMismatch", query.where->position, "WHERE cannot aggregate");
    }
  }
  for (const ColumnRef& ref : query.group_by) {
    const auto column = column_named(bound, ref.name);
    if (!column) {
      return binder.fault("UnknownColumn", ref.position,
                          "GROUP BY names an output column; there is no '" + ref.name + "'");
    }
    if (has_aggregate(bound.columns[*column].expr)) {
      return binder.fault("TypeMismatch", ref.position, "cannot group by an aggregate");
    }
    bound.group_by.push_back(*column);
  }
  bound.grouped = bound.grouped || !bound.group_by.empty();
  for (size_t i = 0; bound.grouped && i < bound.columns.size(); ++i) {
    const bool is_key =
        std::find(bound.group_by.begin(), bound.group_by.end(), i) != bound.group_by.end();
    if (!is_key && !is_constant_in_group(bound.columns[i].expr)) {
      return binder.fault("TypeMismatch", query.select[i].position,
                          "'" + bound.columns[i].name + "' is neither grouped nor aggregated");
    }
  }
  for (const ColumnRef& ref : query.order_by) {
    const auto column = column_named(bound, ref.name);
    if (!column) {
      return binder.fault("UnknownColumn", ref.position,
                          "ORDER BY names an output column; there is no '" + ref.name + "'");
    }
    bound.order.push_back({*column, ref.descending});
  }
  complete_order(bound);
  return bound;
}

}  // namespace flamingo
