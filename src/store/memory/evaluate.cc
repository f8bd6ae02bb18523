#include "store/memory/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "event/event.h"
#include "store/text_case.h"
#include "store/text_number.h"
#include "store/text_pattern.h"
#include "store/text_time.h"
#include "store/value_order.h"

namespace understudy::store {
namespace {

using event::Type;
using event::Value;

constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();

bool truthy(const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      return false;
    case Type::kBool:
      return value.as_bool();
    case Type::kInt:
      return value.as_int() != 0;
    case Type::kDouble:
      return value.as_double() != 0;
    case Type::kString:
      return value.as_string() == "true";
  }
  return false;
}

Value number_of(const Value& value) {
  if (value.is_number()) return value;
  if (value.is_string()) {
    if (Value number = number_of_text(value.as_string()); !number.is_null()) return number;
  }
  return 0;
}

std::vector<Value> numbers_of(const std::vector<Value>& values) {
  std::vector<Value> numbers;
  for (const Value& value : values) numbers.push_back(number_of(value));
  return numbers;
}

Value sum(const std::vector<Value>& numbers) {
  __int128 whole = 0;
  bool ints = true;
  double total = numbers.front().as_number();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ints = ints && numbers[i].is_int();
    if (ints) whole += numbers[i].as_int();
    if (i > 0) total += numbers[i].as_number();
  }
  if (ints && whole >= kIntMin && whole <= kIntMax) return static_cast<std::int64_t>(whole);
  return total;
}

Value difference(const Value& a, const Value& b) {
  std::int64_t whole = 0;
  if (a.is_int() && b.is_int() && !__builtin_sub_overflow(a.as_int(), b.as_int(), &whole)) {
    return whole;
  }
  return a.as_number() - b.as_number();
}

Value product(const Value& a, const Value& b) {
  std::int64_t whole = 0;
  if (a.is_int() && b.is_int() && !__builtin_mul_overflow(a.as_int(), b.as_int(), &whole)) {
    return whole;
  }
  return a.as_number() * b.as_number();
}

Value remainder_of(const Value& a, const Value& b) {
  if (b.as_number() == 0) return {};
  if (!a.is_int() || !b.is_int()) return std::fmod(a.as_number(), b.as_number());
  return b.as_int() == -1 ? 0 : a.as_int() % b.as_int();
}

Value log10_of(const Value& value) {
  if (value.is_null() || value.is_bool()) return {};
  if (value.is_string() && number_of_text(value.as_string()).is_null()) return {};
  const double number = number_of(value).as_number();
  if (!(number > 0)) return {};
  return std::log10(number);
}

Value to_int(const Value& number) {
  if (number.is_int()) return number;
  if (std::isnan(number.as_double())) return 0;
  const IntegerBound whole = floor_to_int(std::trunc(number.as_double()));
  switch (whole.where) {
    case IntegerBound::Where::kWithin:
      return whole.value;
    case IntegerBound::Where::kBelow:
      return kIntMin;
    case IntegerBound::Where::kAbove:
      return kIntMax;
  }
  return 0;
}

Value bin(const Value& value, double origin, double width) {
  if (!value.is_number() || !std::isfinite(value.as_number())) return {};
  const double place = std::floor((value.as_number() - origin) / width);
  if (std::isnan(place)) return {};
  const IntegerBound whole = floor_to_int(place);
  return whole.where == IntegerBound::Where::kWithin ? Value(whole.value) : Value();
}

enum class Kind { kEmpty, kBool, kNumber, kText };

Kind kind_of(const Value& value) {
  if (value.is_null()) return Kind::kEmpty;
  if (value.is_bool()) return Kind::kBool;
  return value.is_number() ? Kind::kNumber : Kind::kText;
}

bool is_nan(const Value& value) { return value.is_double() && std::isnan(value.as_double()); }

Value extreme(const std::vector<Value>& values, bool least) {
  Kind kind = Kind::kEmpty;
  Value best;
  for (const Value& value : values) {
    if (kind == Kind::kEmpty) kind = kind_of(value);
    if (value.is_null() || kind_of(value) != kind) continue;
    if (best.is_null() || is_nan(best)) {
      best = value;
      continue;
    }
    const auto order = filter_compare(value.view(), best.view());
    const bool same = order == 0 && value.is_int();
    if (same || (least ? order < 0 : order > 0)) best = value;
  }
  if (best.is_double()) return best.as_double() + 0.0;  // no negative zero
  return best;
}

std::string text_of(const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      return "";
    case Type::kBool:
      return value.as_bool() ? "true" : "false";
    case Type::kInt:
      return std::to_string(value.as_int());
    case Type::kDouble:
      return text_of_number(value.as_double());
    case Type::kString:
      return value.as_string();
  }
  return "";
}

Value bucket(const std::vector<Value>& values) {
  if (!values[0].is_number()) return {};
  Bins bins{.size = values[1].as_number(), .least = -kInfinity, .most = kInfinity};
  if (values.size() > 2) bins.least = values[2].as_number();
  if (values.size() > 3) bins.most = values[3].as_number();
  std::string label = bin_label(values[0].as_number(), bins);
  return label.empty() ? Value() : Value(std::move(label));
}

Value pattern_value(Function function, const std::vector<Value>& values) {
  const auto pattern = TextPattern::cached(values[1].as_string());
  const std::string_view text = values[0].is_string() ? values[0].view().as_string() : "";
  if (function == Function::kRegMatch) return values[0].is_string() && pattern->matches(text);
  if (function == Function::kRegCount && values[0].is_string()) {
    const auto matches = pattern->count(text);
    return matches ? Value(*matches) : Value();
  }
  if (function == Function::kRegCount) return 0;
  if (!values[0].is_string()) return {};
  const auto found = pattern->first_group(text);
  return found ? Value(*found) : Value();
}

bool both_text(const std::vector<Value>& values) {
  return values[0].is_string() && values[1].is_string();
}

class Evaluation {
 public:
  explicit Evaluation(const EvaluatedEvent& event) : event_(event) {}

  Value of(const Expression& expression) const {
    switch (expression.kind) {
      case Expression::Kind::kConstant:
        return expression.constant;
      case Expression::Kind::kColumn:
        return Value(event_.column(expression.column));
      case Expression::Kind::kCall:
        break;
    }
    std::vector<Value> values;
    for (const Expression& argument : expression.arguments) values.push_back(of(argument));
    return call(expression.function, values);
  }

 private:
  Value call(Function function, const std::vector<Value>& values) const {
    const auto compared = [&] { return filter_compare(values[0].view(), values[1].view()); };
    switch (function) {
      case Function::kIf:
        for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
          if (truthy(values[i])) return values[i + 1];
        }
        return values.size() % 2 == 1 ? values.back() : Value();
      case Function::kSwitch:
        for (std::size_t i = 1; i + 1 < values.size(); i += 2) {
          if (filter_equal(values[0].view(), values[i].view())) return values[i + 1];
        }
        return values.size() % 2 == 0 ? values.back() : Value();
      case Function::kCoalesce:
        for (const Value& value : values) {
          if (!value.is_null()) return value;
        }
        return {};
      case Function::kLess:
        return compared() < 0;
      case Function::kLessOrEqual:
        return compared() <= 0;
      case Function::kGreater:
        return compared() > 0;
      case Function::kGreaterOrEqual:
        return compared() >= 0;
      case Function::kEqual:
      case Function::kIn:
        return std::any_of(values.begin() + 1, values.end(), [&](const Value& value) {
          return filter_equal(values[0].view(), value.view());
        });
      case Function::kExists:
        return !values[0].is_null();
      case Function::kNot:
        return !truthy(values[0]);
      case Function::kAnd:
        return std::all_of(values.begin(), values.end(), truthy);
      case Function::kOr:
        return std::any_of(values.begin(), values.end(), truthy);
      case Function::kMin:
        return extreme(values, true);
      case Function::kMax:
        return extreme(values, false);
      case Function::kSum:
        return sum(numbers_of(values));
      case Function::kSub:
        return difference(number_of(values[0]), number_of(values[1]));
      case Function::kMul: {
        Value result = number_of(values[0]);
        for (std::size_t i = 1; i < values.size(); ++i) {
          result = product(result, number_of(values[i]));
        }
        return result;
      }
      case Function::kDiv: {
        const double divisor = number_of(values[1]).as_number();
        return divisor == 0 ? Value() : Value(number_of(values[0]).as_number() / divisor);
      }
      case Function::kMod:
        return remainder_of(number_of(values[0]), number_of(values[1]));
      case Function::kLog10:
        return log10_of(values[0]);
      case Function::kBucket:
        return bucket(values);
      case Function::kInt:
        return to_int(number_of(values[0]));
      case Function::kFloat:
        return number_of(values[0]).as_number();
      case Function::kBool:
        return truthy(values[0]);
      case Function::kString:
        return text_of(values[0]);
      case Function::kConcat: {
        std::string all;
        for (const Value& value : values) all += text_of(value);
        return all.size() <= event::kStringBytesMax ? Value(std::move(all)) : Value();
      }
      case Function::kStartsWith:
        return both_text(values) && values[0].as_string().starts_with(values[1].as_string());
      case Function::kEndsWith:
        return both_text(values) && values[0].as_string().ends_with(values[1].as_string());
      case Function::kContains:
        return both_text(values) &&
               values[0].as_string().find(values[1].as_string()) != std::string::npos;
      case Function::kToLower:
        return values[0].is_string() ? Value(lower_case(values[0].as_string())) : Value();
      case Function::kLengthBytes:
        return values[0].is_string() ? values[0].as_string().size() : 0;
      case Function::kLengthChars:
        return values[0].is_string() ? code_points(values[0].as_string()).value_or(0) : 0;
      case Function::kRegMatch:
      case Function::kRegValue:
      case Function::kRegCount:
        return pattern_value(function, values);
      case Function::kUnixTimestamp: {
        if (!values[0].is_string()) return {};
        const auto seconds = unix_seconds(values[0].as_string());
        return seconds ? Value(*seconds) : Value();
      }
      case Function::kFormatTime: {
        if (!values[1].is_number()) return {};
        auto text = format_time(values[0].as_string(), values[1].as_number());
        return text ? Value(*std::move(text)) : Value();
      }
      case Function::kEventTimestamp:
        return static_cast<double>(event_.time_ns) / 1e9;
      case Function::kTimeNs:
        return event_.time_ns;
      case Function::kBin:
        return bin(values[0], values[1].as_number(), values[2].as_number());
    }
    return {};
  }

  const EvaluatedEvent& event_;
};

}  // namespace

Value evaluate(const Expression& expression, const EvaluatedEvent& event) {
  return Evaluation(event).of(expression);
}

}  // namespace understudy::store
