// The functions of store/expression.h in SQL; sql_expression.cc walks the tree.
#include <limits>

#include "base/text.h"
#include "event/event.h"
#include "store/duckdb/sql_expression.h"

namespace understudy::store {
namespace {

using event::Type;

constexpr std::array kTypes = {Type::kBool, Type::kInt, Type::kDouble, Type::kString};
// Additions in one SQL expression; a longer chain is continued in the next layer.
constexpr std::size_t kChainMax = 200;

SqlValue only(Type type, SqlPiece piece) {
  SqlValue value;
  value.of(type) = std::move(piece);
  return value;
}

SqlPiece is_there(const SqlPiece& piece) { return sql(piece, " IS NOT NULL"); }

/// coalesce(a, b, ...) of those that exist.
SqlPiece first_of(const std::vector<SqlPiece>& pieces) {
  if (pieces.size() == 1) return pieces[0];
  SqlPiece all = sql("coalesce(");
  for (std::size_t i = 0; i < pieces.size(); ++i) sql_append(all, i > 0 ? ", " : "", pieces[i]);
  sql_append(all, ")");
  return all;
}

SqlPiece not_null(const SqlPiece& condition) { return sql("coalesce(", condition, ", false)"); }

}  // namespace

SqlPiece SqlExpressions::truthy(const SqlValue& value) {
  std::vector<SqlPiece> pieces;
  if (value.has(Type::kBool)) pieces.push_back(value.of(Type::kBool));
  if (value.has(Type::kInt)) pieces.push_back(sql(value.of(Type::kInt), " <> 0"));
  if (value.has(Type::kDouble)) pieces.push_back(sql(value.of(Type::kDouble), " <> 0"));
  if (value.has(Type::kString)) pieces.push_back(sql(value.of(Type::kString), " = 'true'"));
  pieces.push_back({.text = "false"});
  return first_of(pieces);
}

SqlPiece SqlExpressions::exists(const SqlValue& value) {
  std::vector<SqlPiece> pieces;
  for (const Type type : kTypes) {
    if (value.has(type)) pieces.push_back(is_there(value.of(type)));
  }
  return sql_join(pieces, "OR", "false");
}

SqlPiece SqlExpressions::equal(const SqlValue& a, const SqlValue& b) {
  std::vector<SqlPiece> ways;
  for (const Type type : kTypes) {
    if (a.has(type) && b.has(type)) ways.push_back(sql(a.of(type), " = ", b.of(type)));
  }
  const auto mixed = [&](const SqlPiece& whole, const SqlPiece& number) {
    if (!whole.exists() || !number.exists()) return;
    if (!whole.exact_double.empty()) {
      ways.push_back(sql(number, " = ", whole.exact_double));
      return;
    }
    ways.push_back(sql("(", whole, "::DOUBLE = ", number, " AND ", whole, "::HUGEINT = TRY_CAST(",
                       number, " AS HUGEINT))"));
  };
  mixed(a.of(Type::kInt), b.of(Type::kDouble));
  mixed(b.of(Type::kInt), a.of(Type::kDouble));
  ways.push_back(sql("(NOT ", not_null(sql_join({exists(a), exists(b)}, "OR", "false")), ")"));
  return not_null(sql_join(ways, "OR", "false"));
}

SqlPiece SqlExpressions::ordered(const SqlValue& a, Than than, const SqlValue& b) {
  // An int and a double: as doubles, which keeps the order, and exactly when these are equal.
  const std::string sign = than == Than::kLess ? " < " : " <= ";
  std::vector<SqlPiece> ways;
  for (const Type type : {Type::kBool, Type::kInt, Type::kString}) {
    if (a.has(type) && b.has(type)) ways.push_back(sql(a.of(type), sign, b.of(type)));
  }
  const auto number = [](const SqlPiece& piece) { return sql("NOT isnan(", piece, ")"); };
  const SqlPiece& a_double = a.of(Type::kDouble);
  const SqlPiece& b_double = b.of(Type::kDouble);
  // DuckDB holds NaN to be equal to itself and above every other number.
  if (a_double.exists() && b_double.exists()) {
    ways.push_back(sql("(", a_double, sign, b_double, " AND ", number(b_double), ")"));
  }
  if (a.has(Type::kInt) && b_double.exists() && !a.of(Type::kInt).exact_double.empty()) {
    ways.push_back(
        sql("(", a.of(Type::kInt).exact_double, sign, b_double, " AND ", number(b_double), ")"));
  } else if (a.has(Type::kInt) && b_double.exists()) {
    const SqlPiece& whole = a.of(Type::kInt);
    ways.push_back(sql("((", whole, "::DOUBLE < ", b_double, " AND ", number(b_double), ") OR (",
                       whole, "::DOUBLE = ", b_double, " AND ", whole, "::HUGEINT", sign,
                       "TRY_CAST(", b_double, " AS HUGEINT)))"));
  }
  if (a_double.exists() && b.has(Type::kInt) && !b.of(Type::kInt).exact_double.empty()) {
    ways.push_back(sql(a_double, sign, b.of(Type::kInt).exact_double));
  } else if (a_double.exists() && b.has(Type::kInt)) {
    const SqlPiece& whole = b.of(Type::kInt);
    ways.push_back(sql("(", a_double, " < ", whole, "::DOUBLE OR (", a_double, " = ", whole,
                       "::DOUBLE AND TRY_CAST(", a_double, " AS HUGEINT)", sign, whole,
                       "::HUGEINT))"));
  }
  return ways.empty() ? SqlPiece{.text = "false"} : not_null(sql_join(ways, "OR", "false"));
}

SqlExpressions::Number SqlExpressions::number_of(const SqlValue& value) {
  std::vector<SqlPiece> ints;
  std::vector<SqlPiece> doubles;
  if (value.has(Type::kInt)) ints.push_back(value.of(Type::kInt));
  if (value.has(Type::kDouble)) doubles.push_back(value.of(Type::kDouble));
  if (value.has(Type::kString)) {
    const SqlPiece& text = value.of(Type::kString);
    ints.push_back(sql("understudy_text_int(", text, ")"));
    doubles.push_back(sql("understudy_text_fraction(", text, ")"));
  }
  ints.push_back({.text = "0::BIGINT", .name = true});
  Number number;
  if (!doubles.empty()) number.doubles = named(first_of(doubles));
  number.ints = first_of(ints);
  if (number.doubles.exists()) {
    number.ints = sql("(CASE WHEN ", number.doubles, " IS NULL THEN ", number.ints, " END)");
  }
  number.ints = named(number.ints);
  return number;
}

SqlPiece SqlExpressions::as_double(const Number& number) {
  const SqlPiece whole = sql(number.ints, "::DOUBLE");
  return number.doubles.exists() ? first_of({number.doubles, whole}) : whole;
}

SqlPiece SqlExpressions::only_number(const SqlValue& value) {
  std::vector<SqlPiece> pieces;
  if (value.has(Type::kDouble)) pieces.push_back(value.of(Type::kDouble));
  if (value.has(Type::kInt)) pieces.push_back(sql(value.of(Type::kInt), "::DOUBLE"));
  return pieces.empty() ? SqlPiece() : first_of(pieces);
}

// --- choice ---

SqlValue SqlExpressions::choose(const Values& arguments) {
  Pieces conditions;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    conditions.push_back(named(truthy(arguments[i])));
  }
  SqlValue result;
  for (const Type type : kTypes) {
    SqlPiece text = sql("(CASE");
    bool possible = false;
    const auto branch = [&](const SqlValue& value) {
      possible = possible || value.has(type);
      return value.has(type) ? value.of(type) : SqlPiece{.text = "NULL"};
    };
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      sql_append(text, " WHEN ", conditions[i], " THEN ", branch(arguments[2 * i + 1]));
    }
    if (arguments.size() % 2 == 1) text = sql(text, " ELSE ", branch(arguments.back()));
    if (possible) result.of(type) = sql(text, " END)");
  }
  return result;
}

SqlValue SqlExpressions::switch_on(const Values& arguments) {
  // Each case becomes a condition of an IF.
  Values choices;
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    choices.push_back(only(Type::kBool, equal(arguments[0], arguments[i])));
    choices.push_back(arguments[i + 1]);
  }
  if (arguments.size() % 2 == 0) choices.push_back(arguments.back());
  return choose(choices);
}

SqlValue SqlExpressions::coalesce(const Values& arguments) {
  Values choices;
  for (const SqlValue& argument : arguments) {
    choices.push_back(only(Type::kBool, exists(argument)));
    choices.push_back(argument);
  }
  return choose(choices);
}

SqlValue SqlExpressions::extreme(const Values& arguments, bool least) {
  const char* const function = least ? "least(" : "greatest(";
  const auto best = [&](const Pieces& pieces) {
    if (pieces.size() == 1) return pieces[0];
    SqlPiece all = sql(function);
    for (std::size_t i = 0; i < pieces.size(); ++i) sql_append(all, i > 0 ? ", " : "", pieces[i]);
    sql_append(all, ")");
    return all;
  };
  // Which kind the first that is not empty has: 1 numbers, 2 text, 3 bools.
  Pieces kinds;
  Pieces ints;
  Pieces doubles;
  Pieces texts;
  Pieces bools;
  const auto kind = [&](const SqlPiece& piece, const char* number) {
    kinds.push_back(sql(" WHEN ", is_there(piece), " THEN ", number));
  };
  for (const SqlValue& argument : arguments) {
    if (const SqlPiece& piece = argument.of(Type::kInt); piece.exists()) {
      kind(piece, "1");
      ints.push_back(piece);
    }
    if (const SqlPiece& piece = argument.of(Type::kDouble); piece.exists()) {
      kind(piece, "1");
      doubles.push_back(sql("(CASE WHEN NOT isnan(", piece, ") THEN ", piece, " END)"));
    }
    if (const SqlPiece& piece = argument.of(Type::kString); piece.exists()) {
      kind(piece, "2");
      texts.push_back(piece);
    }
    if (const SqlPiece& piece = argument.of(Type::kBool); piece.exists()) {
      kind(piece, "3");
      bools.push_back(piece);
    }
  }
  if (kinds.empty()) return {};
  SqlPiece first = sql("(CASE");
  for (const SqlPiece& one : kinds) sql_append(first, one);
  first = named(sql(first, " ELSE 0 END)"));
  const auto if_kind = [&](const char* number, const SqlPiece& more, const SqlPiece& value) {
    return sql("(CASE WHEN ", first, " = ", number, more, " THEN ", value, " END)");
  };
  SqlValue result;
  if (!bools.empty()) result.of(Type::kBool) = if_kind("3", {}, best(bools));
  if (!texts.empty()) result.of(Type::kString) = if_kind("2", {}, best(texts));
  if (doubles.empty()) {
    if (!ints.empty()) result.of(Type::kInt) = if_kind("1", {}, best(ints));
    return result;
  }
  SqlValue whole;
  SqlValue number;
  if (!ints.empty()) whole.of(Type::kInt) = named(best(ints));
  number.of(Type::kDouble) = named(best(doubles));
  const SqlPiece& double_best = number.of(Type::kDouble);
  // Without another number there was only NaN.
  const SqlPiece double_shown = sql("coalesce(", double_best, " + 0::DOUBLE, 'nan'::DOUBLE)");
  if (ints.empty()) {
    result.of(Type::kDouble) = if_kind("1", {}, double_shown);
    return result;
  }
  const SqlPiece& int_best = whole.of(Type::kInt);
  const SqlPiece double_wins = named(
      sql("(", int_best, " IS NULL OR ",
          least ? ordered(number, Than::kLess, whole) : ordered(whole, Than::kLess, number), ")"));
  result.of(Type::kInt) = if_kind("1", sql(" AND NOT ", double_wins), int_best);
  result.of(Type::kDouble) = if_kind("1", sql(" AND ", double_wins), double_shown);
  return result;
}

// --- numbers ---

SqlValue SqlExpressions::sum(const Values& arguments) {
  Pieces wholes;
  Pieces doubles;
  for (const SqlValue& argument : arguments) {
    const Number number = number_of(argument);
    wholes.push_back(sql(number.ints, "::HUGEINT"));
    doubles.push_back(as_double(number));
  }
  SqlPiece total = doubles[0];
  for (std::size_t i = 1; i < doubles.size(); ++i) {
    sql_append(total, " + ", doubles[i]);
    if (i % kChainMax == 0) total = named(total);
  }
  SqlValue result;
  // Null as soon as one of them is a double, or beyond 64 bits.
  const SqlPiece whole = named(sql("TRY_CAST(", sql_join(wholes, "+", ""), " AS BIGINT)"));
  result.of(Type::kInt) = whole;
  result.of(Type::kDouble) = sql("(CASE WHEN ", whole, " IS NULL THEN ", total, " END)");
  return result;
}

SqlValue SqlExpressions::pair(const char* sign, const Number& a, const Number& b) {
  SqlValue result;
  const SqlPiece whole =
      named(sql("TRY_CAST(", a.ints, "::HUGEINT ", sign, " ", b.ints, "::HUGEINT AS BIGINT)"));
  result.of(Type::kInt) = whole;
  result.of(Type::kDouble) = sql("(CASE WHEN ", whole, " IS NULL THEN ", as_double(a), " ", sign,
                                 " ", as_double(b), " END)");
  return result;
}

SqlValue SqlExpressions::product(const Values& arguments) {
  Number first = number_of(arguments[0]);
  SqlValue result;
  result.of(Type::kInt) = first.ints;
  result.of(Type::kDouble) = first.doubles;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    result = named(
        pair("*", {result.of(Type::kInt), result.of(Type::kDouble)}, number_of(arguments[i])));
  }
  return result;
}

SqlValue SqlExpressions::quotient(const SqlValue& a, const SqlValue& b) {
  const SqlPiece divisor = named(as_double(number_of(b)));
  return only(Type::kDouble, sql("(CASE WHEN ", divisor, " <> 0 THEN ", as_double(number_of(a)),
                                 " / ", divisor, " END)"));
}

SqlValue SqlExpressions::remainder(const SqlValue& a, const SqlValue& b) {
  const Number left = number_of(a);
  const Number right = number_of(b);
  SqlValue result;
  result.of(Type::kInt) =
      sql("(CASE WHEN ", left.ints, " IS NOT NULL AND ", right.ints, " <> 0 THEN CASE WHEN ",
          right.ints, " = -1 THEN 0 ELSE ", left.ints, " % ", right.ints, " END END)");
  if (left.doubles.exists() || right.doubles.exists()) {
    const SqlPiece divisor = named(as_double(right));
    result.of(Type::kDouble) =
        sql("(CASE WHEN (", left.ints, " IS NULL OR ", right.ints, " IS NULL) AND ", divisor,
            " <> 0 THEN ", as_double(left), " % ", divisor, " END)");
  }
  return result;
}

SqlValue SqlExpressions::log10(const SqlValue& a) {
  Pieces pieces;
  if (const SqlPiece number = only_number(a); number.exists()) pieces.push_back(number);
  if (a.has(Type::kString)) {
    pieces.push_back(sql("understudy_text_double(", a.of(Type::kString), ")"));
  }
  if (pieces.empty()) return {};
  const SqlPiece number = named(first_of(pieces));
  return only(Type::kDouble, sql("log10(CASE WHEN ", number, " > 0 AND NOT isnan(", number,
                                 ") THEN ", number, " END)"));
}

SqlValue SqlExpressions::to_int(const SqlValue& a) {
  const Number number = number_of(a);
  if (!number.doubles.exists()) return only(Type::kInt, number.ints);
  const SqlPiece& value = number.doubles;
  // 2^63 is the least double that is too large.
  return only(Type::kInt,
              sql("(CASE WHEN ", value, " IS NULL THEN ", number.ints, " WHEN isnan(", value,
                  ") THEN 0 WHEN ", value, " >= 9223372036854775808::DOUBLE THEN ",
                  "9223372036854775807::BIGINT WHEN ", value,
                  " < (-9223372036854775808)::DOUBLE THEN (-9223372036854775808)::BIGINT ",
                  "ELSE TRY_CAST(trunc(", value, ") AS BIGINT) END)"));
}

SqlValue SqlExpressions::bin(const SqlValue& a, double origin, double width) {
  const SqlPiece number = only_number(a);
  if (!number.exists()) return {};
  const SqlPiece value = named(number);
  return only(Type::kInt,
              sql("(CASE WHEN isfinite(", value, ") THEN TRY_CAST(floor((", value, " - ",
                  sql_literal(origin), ") / ", sql_literal(width), ") AS BIGINT) END)"));
}

SqlValue SqlExpressions::bucket(const SqlValue& a, const std::vector<Expression>& arguments) {
  const SqlPiece number = only_number(a);
  if (!number.exists()) return {};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto bound = [&](std::size_t i, double none) {
    return sql_literal(i < arguments.size() ? arguments[i].constant.as_number() : none);
  };
  return only(Type::kString, sql("understudy_bin_label(", number, ", ", bound(1, 1), ", ",
                                 bound(2, -kInfinity), ", ", bound(3, kInfinity), ")"));
}

// --- text ---

SqlPiece SqlExpressions::text_test(const char* function, const SqlValue& a, const SqlValue& b) {
  if (!a.has(Type::kString) || !b.has(Type::kString)) return {.text = "false"};
  return not_null(sql(function, "(", a.of(Type::kString), ", ", b.of(Type::kString), ")"));
}

SqlValue SqlExpressions::to_text(const SqlValue& a) {
  Pieces pieces;
  if (a.has(Type::kString)) pieces.push_back(a.of(Type::kString));
  if (a.has(Type::kInt)) pieces.push_back(sql(a.of(Type::kInt), "::VARCHAR"));
  if (a.has(Type::kDouble)) {
    pieces.push_back(sql("understudy_number_text(", a.of(Type::kDouble), ")"));
  }
  if (a.has(Type::kBool)) {
    const SqlPiece& value = a.of(Type::kBool);
    pieces.push_back(
        sql("(CASE WHEN ", value, " THEN 'true' WHEN NOT ", value, " THEN 'false' END)"));
  }
  pieces.push_back({.text = "''"});
  return only(Type::kString, first_of(pieces));
}

SqlValue SqlExpressions::concat(const Values& arguments) {
  Pieces pieces;
  Pieces lengths;
  for (const SqlValue& argument : arguments) {
    pieces.push_back(named(to_text(argument).of(Type::kString)));
    lengths.push_back(sql("strlen(", pieces.back(), ")"));
  }
  return only(Type::kString, sql("(CASE WHEN ", sql_join(lengths, "+", "0"),
                                 " <= ", base::cat(event::kStringBytesMax), " THEN ",
                                 sql_join(pieces, "||", "''"), " END)"));
}

SqlValue SqlExpressions::of_text(Type type, const char* function, const Values& arguments,
                                 const char* without) {
  const bool null_without = *without == '\0';
  if (!arguments[0].has(Type::kString)) {
    if (null_without) return {};
    return only(type, {.text = base::cat(without, "::", sql_type(type))});
  }
  SqlPiece value = sql(function, "(");
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    sql_append(value, i > 0 ? ", " : "", arguments[i].of(Type::kString));
  }
  value = sql(value, ")");
  if (null_without) return only(type, value);
  return only(type, sql("(CASE WHEN ", arguments[0].of(Type::kString), " IS NULL THEN ", without,
                        " ELSE ", value, " END)"));
}

SqlValue SqlExpressions::format_time(const Values& arguments) {
  const SqlPiece seconds = only_number(arguments[1]);
  if (!seconds.exists()) return {};
  return only(Type::kString,
              sql("understudy_format_time(", arguments[0].of(Type::kString), ", ", seconds, ")"));
}

}  // namespace understudy::store
