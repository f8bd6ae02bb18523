#include "store/duckdb/sql_expression.h"

#include <cmath>
#include <set>
#include <span>

#include "base/text.h"
#include "store/value_order.h"

namespace understudy::store {
namespace {

using event::Type;
using event::Value;

constexpr std::array kTypes = {Type::kBool, Type::kInt, Type::kDouble, Type::kString};

SqlPiece joined(std::span<const SqlPiece> pieces, std::string_view word) {
  if (pieces.size() == 1) return pieces[0];
  const std::size_t half = pieces.size() / 2;
  return sql("(", joined(pieces.first(half), word), " ", word, " ",
             joined(pieces.subspan(half), word), ")");
}

SqlValue only(Type type, SqlPiece piece) {
  SqlValue value;
  value.of(type) = std::move(piece);
  return value;
}

}  // namespace

SqlPiece sql_join(const std::vector<SqlPiece>& pieces, std::string_view word, const char* none) {
  return pieces.empty() ? SqlPiece{.text = none} : joined(pieces, word);
}

std::string sql_literal(double value) {
  // In quotes: without them DuckDB reads a decimal first, which rounds twice.
  return std::isnan(value) ? "'nan'::DOUBLE" : base::cat("'", value, "'::DOUBLE");
}

std::string sql_literal(std::int64_t value) { return base::cat("(", value, ")::BIGINT"); }

std::vector<Type> SqlExpressions::add(const Computed& computed, std::size_t first_physical) {
  SqlValue value = write(computed.expression);
  std::vector<Type> types;
  for (const Type type : kTypes) {
    if (!value.has(type)) continue;
    value.of(type) = put(value.of(type), base::cat("c", first_physical + types.size()));
    types.push_back(type);
  }
  computed_.insert_or_assign(computed.name, std::move(value));
  return types;
}

std::string SqlExpressions::around(std::string source, std::vector<std::string> wanted) const {
  std::set<std::string> live = {"seq", "ts", "rate"};
  live.insert(wanted.begin(), wanted.end());
  std::vector<std::string> lists;  // from the last layer
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    std::vector<std::string> list;
    std::set<std::string> below;
    for (const std::string& name : live) {
      if (layer->contains(name)) continue;
      list.push_back(name);
      below.insert(name);
    }
    for (const auto& [name, piece] : *layer) {
      // A parameter must occur in the text even when nothing looks at it.
      if (!live.contains(name) && !piece.text.starts_with('$')) continue;
      list.push_back(base::cat(piece.text, " AS ", name));
      below.insert(piece.uses.begin(), piece.uses.end());
    }
    lists.push_back(base::join(list, ", "));
    live = std::move(below);
  }
  for (auto list = lists.rbegin(); list != lists.rend(); ++list) {
    source = base::cat("SELECT ", *list, " FROM (", source, ")");
  }
  return source;
}

SqlValue SqlExpressions::write(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kConstant:
      return write_constant(expression.constant);
    case Expression::Kind::kColumn:
      return write_column(expression.column);
    case Expression::Kind::kCall:
      return write_call(expression);
  }
  return {};
}

SqlValue SqlExpressions::write_column(const std::string& name) {
  if (const auto found = computed_.find(name); found != computed_.end()) return found->second;
  SqlValue value;
  const PhysicalByType columns = schema_.find(name);
  for (const Type type : kTypes) {
    const int physical = columns[static_cast<std::size_t>(type)];
    if (physical == kAbsent) continue;
    const auto index = static_cast<std::size_t>(physical);
    if (index >= used_.size()) used_.resize(index + 1);
    used_[index] = true;
    const std::string column = base::cat("c", physical);
    value.of(type) = {.text = column, .name = true, .uses = {column}};
  }
  return value;
}

SqlValue SqlExpressions::write_constant(const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      return {};
    case Type::kBool:
      return only(Type::kBool, {.text = value.as_bool() ? "true" : "false", .name = true});
    case Type::kInt:
      return only(Type::kInt, {.text = sql_literal(value.as_int()),
                               .name = true,
                               .exact_double = compare_numbers(value.view(), value.as_number()) == 0
                                                   ? sql_literal(value.as_number())
                                                   : std::string()});
    case Type::kDouble:
      return only(Type::kDouble, {.text = sql_literal(value.as_double()), .name = true});
    case Type::kString:
      return only(Type::kString, parameter(value));
  }
  return {};
}

SqlPiece SqlExpressions::parameter(const Value& value) {
  parameters_.push_back(value);
  return named(SqlPiece{.text = base::cat("$", parameters_.size(), "::VARCHAR")});
}

SqlPiece SqlExpressions::named(SqlPiece piece) {
  if (piece.name || !piece.exists()) return piece;
  // The same text has the same value, as names mean one thing only.
  const auto [found, is_new] = named_.try_emplace(piece.text);
  if (is_new) found->second = put(piece, base::cat("x", named_.size()));
  return found->second;
}

SqlValue SqlExpressions::named(SqlValue value) {
  for (const Type type : kTypes) value.of(type) = named(std::move(value.of(type)));
  return value;
}

SqlPiece SqlExpressions::put(const SqlPiece& piece, const std::string& name) {
  if (layers_.size() <= piece.layer) layers_.resize(piece.layer + 1);
  layers_[piece.layer].emplace(name, piece);
  return {.text = name, .layer = piece.layer + 1, .name = true, .uses = {name}};
}

SqlValue SqlExpressions::write_call(const Expression& call) {
  Values arguments;
  for (const Expression& argument : call.arguments) arguments.push_back(named(write(argument)));
  const auto boolean = [&](SqlPiece piece) { return only(Type::kBool, std::move(piece)); };
  const auto all_truthy = [&] {
    Pieces pieces;
    for (const SqlValue& argument : arguments) pieces.push_back(truthy(argument));
    return pieces;
  };
  switch (call.function) {
    case Function::kIf:
      return choose(arguments);
    case Function::kSwitch:
      return switch_on(arguments);
    case Function::kCoalesce:
      return coalesce(arguments);
    case Function::kLess:
      return boolean(ordered(arguments[0], Than::kLess, arguments[1]));
    case Function::kLessOrEqual:
      return boolean(ordered(arguments[0], Than::kLessOrEqual, arguments[1]));
    case Function::kGreater:
      return boolean(ordered(arguments[1], Than::kLess, arguments[0]));
    case Function::kGreaterOrEqual:
      return boolean(ordered(arguments[1], Than::kLessOrEqual, arguments[0]));
    case Function::kEqual:
      return boolean(equal(arguments[0], arguments[1]));
    case Function::kIn: {
      Pieces pieces;
      for (std::size_t i = 1; i < arguments.size(); ++i) {
        pieces.push_back(equal(arguments[0], arguments[i]));
      }
      return boolean(sql_join(pieces, "OR", "false"));
    }
    case Function::kExists:
      return boolean(exists(arguments[0]));
    case Function::kNot:
      return boolean(sql("(NOT ", truthy(arguments[0]), ")"));
    case Function::kAnd:
      return boolean(sql_join(all_truthy(), "AND", "true"));
    case Function::kOr:
      return boolean(sql_join(all_truthy(), "OR", "false"));
    case Function::kMin:
      return extreme(arguments, true);
    case Function::kMax:
      return extreme(arguments, false);
    case Function::kSum:
      return sum(arguments);
    case Function::kSub:
      return pair("-", number_of(arguments[0]), number_of(arguments[1]));
    case Function::kMul:
      return product(arguments);
    case Function::kDiv:
      return quotient(arguments[0], arguments[1]);
    case Function::kMod:
      return remainder(arguments[0], arguments[1]);
    case Function::kLog10:
      return log10(arguments[0]);
    case Function::kBucket:
      return bucket(arguments[0], call.arguments);
    case Function::kInt:
      return to_int(arguments[0]);
    case Function::kFloat:
      return only(Type::kDouble, as_double(number_of(arguments[0])));
    case Function::kBool:
      return boolean(truthy(arguments[0]));
    case Function::kString:
      return to_text(arguments[0]);
    case Function::kConcat:
      return concat(arguments);
    case Function::kStartsWith:
      return boolean(text_test("starts_with", arguments[0], arguments[1]));
    case Function::kEndsWith:
      return boolean(text_test("suffix", arguments[0], arguments[1]));
    case Function::kContains:
      return boolean(text_test("contains", arguments[0], arguments[1]));
    case Function::kToLower:
      return of_text(Type::kString, "understudy_lower", arguments, "");
    case Function::kLengthBytes:
      return of_text(Type::kInt, "strlen", arguments, "0");
    case Function::kLengthChars:
      return of_text(Type::kInt, "understudy_code_points", arguments, "0");
    case Function::kRegMatch:
      return of_text(Type::kBool, "understudy_reg_match", arguments, "false");
    case Function::kRegValue:
      return of_text(Type::kString, "understudy_reg_value", arguments, "");
    case Function::kRegCount:
      return of_text(Type::kInt, "understudy_reg_count", arguments, "0");
    case Function::kUnixTimestamp:
      return of_text(Type::kDouble, "understudy_unix_seconds", arguments, "");
    case Function::kFormatTime:
      return format_time(arguments);
    case Function::kEventTimestamp:
      return only(Type::kDouble, {.text = "(ts::DOUBLE / 1e9::DOUBLE)"});
    case Function::kTimeNs:
      return only(Type::kInt, {.text = "ts", .name = true});
    case Function::kBin:
      return bin(arguments[0], call.arguments[1].constant.as_number(),
                 call.arguments[2].constant.as_number());
  }
  return {};
}

}  // namespace understudy::store
