#include "engine/sql_writer.h"

#include "dialect/moment.h"

namespace flamingo {
namespace {

class SqlWriter {
 public:
  explicit SqlWriter(SqlFlavor flavor) : flavor_(flavor) {}

  Sql query(const BoundQuery& query, std::string_view table) {
    text("SELECT ");
    for (size_t i = 0; i < query.columns.size(); ++i) {
      if (i) text(", ");
      expr(query.columns[i].expr);
    }
    text(" FROM ");
    name(table);
    if (query.where) {
      text(" WHERE ");
      expr(*query.where);
    }
    // By position: the same expression written twice would have two sets of question marks, which
    // an engine may take for two expressions.
    for (size_t i = 0; i < query.group_by.size(); ++i) {
      text(i ? ", " : " GROUP BY ");
      text(std::to_string(query.group_by[i] + 1));
    }
    for (size_t i = 0; i < query.order.size(); ++i) {
      text(i ? ", " : " ORDER BY ");
      text(std::to_string(query.order[i].column + 1));
      text(query.order[i].descending ? " DESC NULLS LAST" : " ASC NULLS FIRST");
    }
    text(" LIMIT ");
    text(std::to_string(query.limit));
    return std::move(sql_);
  }

 private:
  void text(std::string_view piece) { sql_.text += piece; }

  void name(std::string_view plain) {
    text("\"");
    text(plain);
    text("\"");
  }

  void infix(const Expr& node, std::string_view op) {
    text("(");
    expr(node.args[0]);
    text(op);
    expr(node.args[1]);
    text(")");
  }

  void call(std::string_view function, const Expr& arg, std::string_view after = "") {
    text(function);
    text("(");
    expr(arg);
    text(")");
    text(after);
  }

  void expr(const Expr& node) {
    switch (node.kind) {
      case ExprKind::kColumn:
        return name(node.text);
      case ExprKind::kLiteral:
        return literal(node);
      case ExprKind::kParameter:
        return;  // a bound query has none
      case ExprKind::kCall:
        return function(node);
      case ExprKind::kArithmetic:
        return node.text == "/" ? division(node) : infix(node, " " + node.text + " ");
      case ExprKind::kNegate:
        return call("-", node.args[0]);
      case ExprKind::kCompare:
        return infix(node, " " + node.text + " ");
      case ExprKind::kAnd:
        return infix(node, " AND ");
      case ExprKind::kOr:
        return infix(node, " OR ");
      case ExprKind::kNot:
        text("(NOT ");
        expr(node.args[0]);
        return text(")");
      case ExprKind::kIn:
        text("(");
        expr(node.args[0]);
        for (size_t i = 1; i < node.args.size(); ++i) {
          text(i == 1 ? " IN (" : ", ");
          expr(node.args[i]);
        }
        return text("))");
      case ExprKind::kBetween:
        text("(");
        expr(node.args[0]);
        text(" BETWEEN ");
        expr(node.args[1]);
        text(" AND ");
        expr(node.args[2]);
        return text(")");
      case ExprKind::kIsNull:
        text("(");
        expr(node.args[0]);
        return text(" IS NULL)");
    }
  }

  void literal(const Expr& node) {
    sql_.literals.push_back({node.value, node.type});
    if (flavor_ == SqlFlavor::kSqlite) return text("?");
    switch (node.type) {
      case Type::kInteger:
        return text("?::BIGINT");
      case Type::kNumber:
        return text("?::DOUBLE");
      case Type::kTime:
        return text("?::TIMESTAMP");
      case Type::kString:
      case Type::kBoolean:
        return text("?::VARCHAR");
    }
  }

  /// Real division whatever the types; by zero it is null.
  void division(const Expr& node) {
    text(flavor_ == SqlFlavor::kSqlite ? "(CAST(" : "(TRY_CAST(");
    expr(node.args[0]);
    text(flavor_ == SqlFlavor::kSqlite ? " AS REAL) / NULLIF(" : " AS DOUBLE) / NULLIF(");
    expr(node.args[1]);
    text(", 0))");
  }

  void function(const Expr& node) {
    if (node.text == "bin") return bin(node);
    if (node.text == "time_unit") return time_unit(node);
    if (node.text == "count" && node.args.empty()) return text("count(*)");
    const bool sqlite = flavor_ == SqlFlavor::kSqlite;
    const Expr& arg = node.args[0];
    if (node.text == "mean") return call("avg", arg);
    if (node.text == "median") {
      return sqlite ? call("flamingo_median", arg) : call("median", arg, "::DOUBLE");
    }
    if (node.text == "stdev") {
      return sqlite ? call("flamingo_stdev", arg) : call("stddev_samp", arg, "::DOUBLE");
    }
    if (node.text == "sum" && !sqlite && node.type == Type::kInteger) {
      return call("sum", arg, "::BIGINT");
    }
    call(node.text, arg);
  }

  void bin(const Expr& node) {
    if (flavor_ == SqlFlavor::kSqlite) {
      text("flamingo_bin(");
      expr(node.args[0]);
      text(", ");
      expr(node.args[1]);
      return text(")");
    }
    text("(floor(");
    expr(node.args[0]);
    text("::DOUBLE / ");
    expr(node.args[1]);
    text(") * ");
    expr(node.args[1]);
    text(node.type == Type::kInteger ? ")::BIGINT" : ")");
  }

  void time_unit(const Expr& node) {
    const auto unit = time_unit_from_name(std::get<std::string>(node.args[1].value));
    const Expr& moment = node.args[0];
    if (flavor_ == SqlFlavor::kSqlite) {
      text("flamingo_time_unit(");
      expr(moment);
      text(", ");
      text(std::to_string(static_cast<int>(*unit)));
      return text(")");
    }
    switch (*unit) {
      case TimeUnit::kYear:
        return date_trunc("year", moment);
      case TimeUnit::kYearMonth:
        return date_trunc("month", moment);
      case TimeUnit::kYearMonthDate:
        return date_trunc("day", moment);
      case TimeUnit::kYearMonthDateHour:
        return date_trunc("hour", moment);
      case TimeUnit::kMonth:
        return call("month", moment, "::BIGINT");
      case TimeUnit::kDay:
        return call("dayofweek", moment, "::BIGINT");
      case TimeUnit::kHour:
        return call("hour", moment, "::BIGINT");
    }
  }

  void date_trunc(std::string_view part, const Expr& moment) {
    text("date_trunc('");
    text(part);
    text("', ");
    expr(moment);
    text(")::TIMESTAMP");
  }

  SqlFlavor flavor_;
  Sql sql_;
};

}  // namespace

Sql write_sql(const BoundQuery& query, std::string_view table, SqlFlavor flavor) {
  return SqlWriter(flavor).query(query, table);
}

}  // namespace flamingo
