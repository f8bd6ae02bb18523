#include "query/expression_functions.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace understudy::query {
namespace {

using store::Function;

constexpr std::size_t kMany = 5'000;  // more than an expression has room for

constexpr std::array kFunctions = {
    ExpressionFunction{"IF", "IF(condition, value[, condition, value...][, else])", 2, kMany,
                       Function::kIf},
    ExpressionFunction{"SWITCH",
                       "SWITCH(value, \"case\", result[, \"case\", result...][, default])", 3,
                       kMany, Function::kSwitch},
    ExpressionFunction{"COALESCE", "COALESCE(value[, value...])", 1, kMany, Function::kCoalesce},
    ExpressionFunction{"LT", "LT(a, b)", 2, 2, Function::kLess},
    ExpressionFunction{"LTE", "LTE(a, b)", 2, 2, Function::kLessOrEqual},
    ExpressionFunction{"GT", "GT(a, b)", 2, 2, Function::kGreater},
    ExpressionFunction{"GTE", "GTE(a, b)", 2, 2, Function::kGreaterOrEqual},
    ExpressionFunction{"EQUALS", "EQUALS(a, b)", 2, 2, Function::kEqual},
    ExpressionFunction{"IN", "IN(value, a[, b...])", 2, kMany, Function::kIn},
    ExpressionFunction{"EXISTS", "EXISTS(value)", 1, 1, Function::kExists},
    ExpressionFunction{"NOT", "NOT(value)", 1, 1, Function::kNot},
    ExpressionFunction{"AND", "AND(a[, b...])", 1, kMany, Function::kAnd},
    ExpressionFunction{"OR", "OR(a[, b...])", 1, kMany, Function::kOr},
    ExpressionFunction{"MIN", "MIN(a[, b...])", 1, kMany, Function::kMin},
    ExpressionFunction{"MAX", "MAX(a[, b...])", 1, kMany, Function::kMax},
    ExpressionFunction{"SUM", "SUM(a[, b...])", 1, kMany, Function::kSum},
    ExpressionFunction{"SUB", "SUB(a, b)", 2, 2, Function::kSub},
    ExpressionFunction{"MUL", "MUL(a[, b...])", 1, kMany, Function::kMul},
    ExpressionFunction{"DIV", "DIV(a, b)", 2, 2, Function::kDiv},
    ExpressionFunction{"MOD", "MOD(a, b)", 2, 2, Function::kMod},
    ExpressionFunction{"LOG10", "LOG10(a)", 1, 1, Function::kLog10},
    ExpressionFunction{"BUCKET", "BUCKET(value, size[, min[, max]])", 2, 4, Function::kBucket},
    ExpressionFunction{"INT", "INT(a)", 1, 1, Function::kInt},
    ExpressionFunction{"FLOAT", "FLOAT(a)", 1, 1, Function::kFloat},
    ExpressionFunction{"BOOL", "BOOL(a)", 1, 1, Function::kBool},
    ExpressionFunction{"STRING", "STRING(a)", 1, 1, Function::kString},
    ExpressionFunction{"CONCAT", "CONCAT(a[, b...])", 1, kMany, Function::kConcat},
    ExpressionFunction{"STARTS_WITH", "STARTS_WITH(text, prefix)", 2, 2, Function::kStartsWith},
    ExpressionFunction{"ENDS_WITH", "ENDS_WITH(text, suffix)", 2, 2, Function::kEndsWith},
    ExpressionFunction{"CONTAINS", "CONTAINS(text, part)", 2, 2, Function::kContains},
    ExpressionFunction{"TO_LOWER", "TO_LOWER(text)", 1, 1, Function::kToLower},
    ExpressionFunction{"LENGTH", "LENGTH(text[, \"bytes\" or \"chars\"])", 1, 2,
                       Function::kLengthBytes},
    ExpressionFunction{"REG_MATCH", "REG_MATCH(text, `pattern`)", 2, 2, Function::kRegMatch},
    ExpressionFunction{"REG_VALUE", "REG_VALUE(text, `pattern with a (group)`)", 2, 2,
                       Function::kRegValue},
    ExpressionFunction{"REG_COUNT", "REG_COUNT(text, `pattern`)", 2, 2, Function::kRegCount},
    ExpressionFunction{"UNIX_TIMESTAMP", "UNIX_TIMESTAMP(text)", 1, 1, Function::kUnixTimestamp},
    ExpressionFunction{"EVENT_TIMESTAMP", "EVENT_TIMESTAMP()", 0, 0, Function::kEventTimestamp},
    ExpressionFunction{"FORMAT_TIME", "FORMAT_TIME(\"format\", seconds)", 2, 2,
                       Function::kFormatTime},
};

struct Refused {
  std::string_view name;
  std::string_view reason;
};
constexpr std::array kRefused = {
    Refused{"INGEST_TIMESTAMP",
            "INGEST_TIMESTAMP is not supported, as events are kept without the time they arrived; "
            "EVENT_TIMESTAMP() is the time of the event"},
    Refused{"METRO_HASH", "METRO_HASH is not supported: how it computes is not documented"},
    Refused{"RAND", "RAND is not supported: the same question must give the same answer"},
};

}  // namespace

std::span<const ExpressionFunction> expression_functions() { return kFunctions; }

const ExpressionFunction* find_expression_function(std::string_view name) {
  const auto found = std::find_if(kFunctions.begin(), kFunctions.end(), [&](const auto& one) {
    return base::equals_ignore_case(one.name, name);
  });
  return found == kFunctions.end() ? nullptr : &*found;
}

std::string_view refused_function(std::string_view name) {
  for (const Refused& one : kRefused) {
    if (base::equals_ignore_case(one.name, name)) return one.reason;
  }
  return {};
}

}  // namespace understudy::query
