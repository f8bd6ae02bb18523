#include "store/expression.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "store/text_pattern.h"
#include "store/text_time.h"

namespace understudy::store {
namespace {

constexpr std::size_t kAnyNumber = kExpressionNodesMax;

struct FunctionInfo {
  std::string_view name;
  ArgumentCount arguments;
};

FunctionInfo info(Function function) {
  switch (function) {
    case Function::kIf:
      return {"IF", {2, kAnyNumber}};
    case Function::kSwitch:
      return {"SWITCH", {3, kAnyNumber}};
    case Function::kCoalesce:
      return {"COALESCE", {1, kAnyNumber}};
    case Function::kLess:
      return {"LT", {2, 2}};
    case Function::kLessOrEqual:
      return {"LTE", {2, 2}};
    case Function::kGreater:
      return {"GT", {2, 2}};
    case Function::kGreaterOrEqual:
      return {"GTE", {2, 2}};
    case Function::kEqual:
      return {"EQUALS", {2, 2}};
    case Function::kIn:
      return {"IN", {2, kAnyNumber}};
    case Function::kExists:
      return {"EXISTS", {1, 1}};
    case Function::kNot:
      return {"NOT", {1, 1}};
    case Function::kAnd:
      return {"AND", {1, kAnyNumber}};
    case Function::kOr:
      return {"OR", {1, kAnyNumber}};
    case Function::kMin:
      return {"MIN", {1, kAnyNumber}};
    case Function::kMax:
      return {"MAX", {1, kAnyNumber}};
    case Function::kSum:
      return {"SUM", {1, kAnyNumber}};
    case Function::kSub:
      return {"SUB", {2, 2}};
    case Function::kMul:
      return {"MUL", {1, kAnyNumber}};
    case Function::kDiv:
      return {"DIV", {2, 2}};
    case Function::kMod:
      return {"MOD", {2, 2}};
    case Function::kLog10:
      return {"LOG10", {1, 1}};
    case Function::kBucket:
      return {"BUCKET", {2, 4}};
    case Function::kInt:
      return {"INT", {1, 1}};
    case Function::kFloat:
      return {"FLOAT", {1, 1}};
    case Function::kBool:
      return {"BOOL", {1, 1}};
    case Function::kString:
      return {"STRING", {1, 1}};
    case Function::kConcat:
      return {"CONCAT", {1, kAnyNumber}};
    case Function::kStartsWith:
      return {"STARTS_WITH", {2, 2}};
    case Function::kEndsWith:
      return {"ENDS_WITH", {2, 2}};
    case Function::kContains:
      return {"CONTAINS", {2, 2}};
    case Function::kToLower:
      return {"TO_LOWER", {1, 1}};
    case Function::kLengthBytes:
      return {"LENGTH in bytes", {1, 1}};
    case Function::kLengthChars:
      return {"LENGTH in chars", {1, 1}};
    case Function::kRegMatch:
      return {"REG_MATCH", {2, 2}};
    case Function::kRegValue:
      return {"REG_VALUE", {2, 2}};
    case Function::kRegCount:
      return {"REG_COUNT", {2, 2}};
    case Function::kUnixTimestamp:
      return {"UNIX_TIMESTAMP", {1, 1}};
    case Function::kFormatTime:
      return {"FORMAT_TIME", {2, 2}};
    case Function::kEventTimestamp:
      return {"EVENT_TIMESTAMP", {0, 0}};
    case Function::kTimeNs:
      return {"time in ns", {0, 0}};
    case Function::kBin:
      return {"bin", {3, 3}};
  }
  return {"unknown", {0, 0}};
}

bool is_constant(const Expression& expression) {
  return expression.kind == Expression::Kind::kConstant;
}

bool is_text_constant(const Expression& expression) {
  return is_constant(expression) && expression.constant.is_string();
}

bool is_finite_constant(const Expression& expression) {
  return is_constant(expression) && expression.constant.is_number() &&
         std::isfinite(expression.constant.as_number());
}

/// Arguments that must be constants of a certain kind.
base::Status check_constants(const Expression& call) {
  const std::vector<Expression>& arguments = call.arguments;
  switch (call.function) {
    case Function::kSwitch:
      for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
        if (!is_text_constant(arguments[i])) {
          return base::invalid("SWITCH: a case is not a constant text");
        }
      }
      return {};
    case Function::kBucket: {
      const bool all = std::all_of(arguments.begin() + 1, arguments.end(), is_finite_constant);
      if (!all || arguments[1].constant.as_number() <= 0) {
        return base::invalid("BUCKET: size, min and max are finite constants, size above 0");
      }
      if (arguments.size() == 4 &&
          arguments[2].constant.as_number() >= arguments[3].constant.as_number()) {
        return base::invalid("BUCKET: min is not below max");
      }
      return {};
    }
    case Function::kRegMatch:
    case Function::kRegValue:
    case Function::kRegCount: {
      if (!is_text_constant(arguments[1])) {
        return base::invalid(base::cat(name(call.function), ": the pattern is a constant text"));
      }
      const std::string& pattern = arguments[1].constant.as_string();
      if (TextPattern::cached(pattern) == nullptr) return TextPattern::compile(pattern).error();
      return {};
    }
    case Function::kFormatTime:
      if (!is_text_constant(arguments[0])) {
        return base::invalid("FORMAT_TIME: the format is a constant text");
      }
      return check_time_format(arguments[0].constant.as_string());
    case Function::kBin:
      if (!is_finite_constant(arguments[1]) || !is_finite_constant(arguments[2]) ||
          arguments[2].constant.as_number() <= 0) {
        return base::invalid("bin: origin and width are finite constants, width above 0");
      }
      return {};
    default:
      return {};
  }
}

/// How many calls deep a call counts: engines multiply pairwise and add up in stretches.
std::size_t steps(Function function, std::size_t arguments) {
  constexpr std::size_t kAddedAtOnce = 200;
  switch (function) {
    case Function::kMul:
      return std::max<std::size_t>(arguments, 2) - 1;
    case Function::kSum:
      return 1 + arguments / kAddedAtOnce;
    default:
      return 1;
  }
}

struct Size {
  std::size_t nodes = 0;
  const std::map<std::string_view, std::size_t>& depths;  // of the computed columns before
};

/// Adds to the size and gives how deep the expression is, with those of other computed columns.
base::Result<std::size_t> check(const Expression& expression, std::size_t depth, Size& size) {
  if (depth > kExpressionDepthMax) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("an expression nests deeper than ", kExpressionDepthMax));
  }
  if (++size.nodes > kExpressionNodesMax) {
    return base::error(base::ErrorKind::kLimit, base::cat("computed columns have more than ",
                                                          kExpressionNodesMax, " parts"));
  }
  switch (expression.kind) {
    case Expression::Kind::kConstant:
      return std::size_t{0};
    case Expression::Kind::kColumn: {
      if (expression.column.empty()) return base::invalid("an expression names no column");
      const auto found = size.depths.find(expression.column);
      return found == size.depths.end() ? std::size_t{0} : found->second;
    }
    case Expression::Kind::kCall:
      break;
  }
  const FunctionInfo about = info(expression.function);
  const std::size_t count = expression.arguments.size();
  if (count < about.arguments.least || count > about.arguments.most) {
    return base::invalid(base::cat(about.name, " does not take ", count, " arguments"));
  }
  TRY(check_constants(expression));
  std::size_t deepest = 0;
  for (const Expression& argument : expression.arguments) {
    TRY_ASSIGN(const std::size_t found, check(argument, depth + 1, size));
    deepest = std::max(deepest, found);
  }
  return deepest + steps(expression.function, count);
}

void collect(const Expression& expression, std::set<std::string>& names) {
  if (expression.kind == Expression::Kind::kColumn) names.insert(expression.column);
  for (const Expression& argument : expression.arguments) collect(argument, names);
}

}  // namespace

Expression constant(event::Value value) {
  return {.kind = Expression::Kind::kConstant, .constant = std::move(value)};
}

Expression column(std::string name) {
  return {.kind = Expression::Kind::kColumn, .column = std::move(name)};
}

Expression call(Function function, std::vector<Expression> arguments) {
  return {.kind = Expression::Kind::kCall, .function = function, .arguments = std::move(arguments)};
}

base::Status validate(std::span<const Computed> computed) {
  if (computed.size() > kComputedMax) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("computed columns: ", computed.size(), " is over ", kComputedMax));
  }
  std::map<std::string_view, std::size_t> depths;
  Size size{.depths = depths};
  for (const Computed& one : computed) {
    if (one.name.empty() || one.name.size() > kComputedNameBytesMax) {
      return base::invalid(
          base::cat("the name of a computed column has 1 to ", kComputedNameBytesMax, " bytes"));
    }
    if (depths.contains(one.name)) {
      return base::invalid(
          base::cat("two computed columns are called \"", base::printable(one.name), "\""));
    }
    TRY_ASSIGN(const std::size_t depth, check(one.expression, 0, size));
    if (depth > kComputedDepthMax) {
      return base::error(base::ErrorKind::kLimit,
                         base::cat("computed columns nest deeper than ", kComputedDepthMax,
                                   " through one another"));
    }
    depths.emplace(one.name, depth);
  }
  return {};
}

std::vector<std::string> columns_of(const Expression& expression) {
  std::set<std::string> names;
  collect(expression, names);
  return {names.begin(), names.end()};
}

std::string_view name(Function function) { return info(function).name; }

ArgumentCount argument_count(Function function) { return info(function).arguments; }

}  // namespace understudy::store
