#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "event/value.h"
#include "store/duckdb/dataset_view.h"
#include "store/expression.h"

namespace understudy::store {

/// A piece of SQL and from which layer on it can be computed: layer 0 has the columns of the
/// dataset, each further layer is a SELECT over the one before.
struct SqlPiece {
  std::string text = {};
  std::size_t layer = 0;
  bool name = false;                   // a column or constant, to be used as often as wanted
  std::vector<std::string> uses = {};  // columns, some perhaps twice
  std::string exact_double = {};       // of a constant int: the double it is equal to, if one is

  bool exists() const { return !text.empty(); }
};

/// The value of an expression: a piece for each type it can have, of which at most one is not null
/// in a row. A type it cannot have has no piece.
class SqlValue {
 public:
  SqlPiece& of(event::Type type) { return pieces_[static_cast<std::size_t>(type)]; }
  const SqlPiece& of(event::Type type) const { return pieces_[static_cast<std::size_t>(type)]; }
  bool has(event::Type type) const { return of(type).exists(); }

 private:
  std::array<SqlPiece, 5> pieces_;
};

/// Writes expressions as SQL over the physical columns of a dataset, in layers: what is used more
/// than once is computed in a layer of its own, so that the text grows with the tree and not with
/// the number of its paths, and no SQL expression nests deep. Texts become parameters.
/// Every piece is total: no value of any event makes DuckDB fail.
/// Lifetime: schema and parameters must outlive it. Threads: one at a time.
class SqlExpressions {
 public:
  SqlExpressions(const Schema& schema, std::vector<event::Value>& parameters)
      : schema_(schema), parameters_(parameters) {}

  /// Writes a computed column; later expressions may name it. `first_physical` is the number of the
  /// physical column of its first type; each further type has the next. Gives the types.
  std::vector<event::Type> add(const Computed& computed, std::size_t first_physical);

  /// Every physical column of the dataset that expressions look at.
  const std::vector<bool>& used() const { return used_; }

  /// All layers around `source`, a SELECT of seq, ts, rate and the used columns. Gives these three
  /// and `wanted`; on the way each layer has only what is still needed above it.
  std::string around(std::string source, std::vector<std::string> wanted) const;

 private:
  using Pieces = std::vector<SqlPiece>;
  using Values = std::vector<SqlValue>;
  struct Number {
    SqlPiece ints;     // null when the number is a double
    SqlPiece doubles;  // does not exist when it is always an int
  };

  SqlValue write(const Expression& expression);
  SqlValue write_column(const std::string& name);
  SqlValue write_constant(const event::Value& value);
  SqlValue write_call(const Expression& call);

  // sql_functions.cc
  SqlValue choose(const Values& arguments);
  SqlValue switch_on(const Values& arguments);
  SqlValue coalesce(const Values& arguments);
  SqlValue extreme(const Values& arguments, bool least);
  SqlValue sum(const Values& arguments);
  SqlValue pair(const char* sign, const Number& a, const Number& b);
  SqlValue product(const Values& arguments);
  SqlValue quotient(const SqlValue& a, const SqlValue& b);
  SqlValue remainder(const SqlValue& a, const SqlValue& b);
  SqlValue log10(const SqlValue& a);
  SqlValue to_int(const SqlValue& a);
  SqlValue bin(const SqlValue& a, double origin, double width);
  SqlValue bucket(const SqlValue& a, const std::vector<Expression>& arguments);
  SqlPiece text_test(const char* function, const SqlValue& a, const SqlValue& b);
  SqlValue to_text(const SqlValue& a);
  SqlValue concat(const Values& arguments);
  /// A function of texts; `without` is its value when the first is none, "" for null.
  SqlValue of_text(event::Type type, const char* function, const Values& arguments,
                   const char* without);
  SqlValue format_time(const Values& arguments);

  SqlPiece truthy(const SqlValue& value);
  SqlPiece exists(const SqlValue& value);
  SqlPiece equal(const SqlValue& a, const SqlValue& b);
  enum class Than { kLess, kLessOrEqual };
  /// a < b or a <= b: never null.
  SqlPiece ordered(const SqlValue& a, Than than, const SqlValue& b);
  Number number_of(const SqlValue& value);
  /// The number as a double, never null.
  SqlPiece as_double(const Number& number);
  /// A value's int or double as a double, null when it is neither.
  SqlPiece only_number(const SqlValue& value);

  SqlPiece parameter(const event::Value& value);
  /// Gives a piece a name in a layer of its own, unless it is or has one.
  SqlPiece named(SqlPiece piece);
  SqlValue named(SqlValue value);
  SqlPiece put(const SqlPiece& piece, const std::string& name);

  const Schema& schema_;
  std::vector<event::Value>& parameters_;
  std::map<std::string, SqlValue, std::less<>> computed_;
  std::vector<bool> used_;
  std::vector<std::map<std::string, SqlPiece>> layers_;  // by name, what is computed over a layer
  std::map<std::string, SqlPiece> named_;                // by their text
};

/// Joins texts and pieces to one piece of the highest layer among them.
template <class... Parts>
SqlPiece sql(const Parts&... parts);
/// The same behind a piece that there is.
template <class... Parts>
void sql_append(SqlPiece& piece, const Parts&... parts);
/// The pieces joined by a word, as a balanced tree; `none` when there are none.
SqlPiece sql_join(const std::vector<SqlPiece>& pieces, std::string_view word, const char* none);
/// A number as SQL that reads back as the same number.
std::string sql_literal(double value);
std::string sql_literal(std::int64_t value);

namespace sql_detail {
inline void append(SqlPiece& to, std::string_view text) { to.text += text; }
inline void append(SqlPiece& to, const SqlPiece& piece) {
  to.text += piece.text;
  to.layer = std::max(to.layer, piece.layer);
  to.uses.insert(to.uses.end(), piece.uses.begin(), piece.uses.end());
}
}  // namespace sql_detail

template <class... Parts>
void sql_append(SqlPiece& piece, const Parts&... parts) {
  piece.name = false;
  (sql_detail::append(piece, parts), ...);
}

template <class... Parts>
SqlPiece sql(const Parts&... parts) {
  SqlPiece piece;
  sql_append(piece, parts...);
  return piece;
}

}  // namespace understudy::store
