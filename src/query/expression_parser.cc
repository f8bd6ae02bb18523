#include "query/expression_parser.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/text.h"
#include "event/event.h"
#include "query/expression_functions.h"
#include "query/expression_text.h"
#include "query/query_spec.h"
#include "store/text_pattern.h"
#include "store/text_time.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;
using base::Status;
using store::Expression;
using store::Function;

/// A part of the expression that was read, with where it began and how deep it is.
struct Part {
  Expression expression;
  std::size_t at = 0;
  std::size_t depth = 0;  // of calls
};

bool is_text(const Part& part) {
  return part.expression.kind == Expression::Kind::kConstant &&
         part.expression.constant.is_string();
}

bool is_number(const Part& part) {
  return part.expression.kind == Expression::Kind::kConstant &&
         part.expression.constant.is_number();
}

double number(const Part& part) { return part.expression.constant.as_number(); }

const std::string& text(const Part& part) { return part.expression.constant.as_string(); }

std::string shown(std::string_view word) { return base::printable(word, 40); }

/// Recursive descent, one function per level of precedence, loosest first. What could recurse
/// without end (brackets, arguments, `!`) is counted by Nesting.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Result<Expression> parse() {
    TRY_ASSIGN(Part whole, disjunction());
    if (!text_.done()) return expected_operator();
    return std::move(whole.expression);
  }

 private:
  /// One level of brackets, arguments or `!`, left at the end of its scope.
  class Nesting {
   public:
    explicit Nesting(std::size_t& depth) : depth_(depth) { ++depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { --depth_; }

   private:
    std::size_t& depth_;
  };

  Status check_nesting() const {
    if (nesting_ <= store::kExpressionDepthMax) return {};
    return text_.error(cat("this nests deeper than ", store::kExpressionDepthMax));
  }

  base::Error expected_operator() const {
    if (text_.after_column_with_sign()) {
      return text_.error(
          "expected an operator or the end; the name of a column takes + - / : = ? too, so "
          "operators need a space before them, or the name quotes");
    }
    if (text_.peek() == '\'') return text_.error("text is put in double quotes");
    return text_.error("expected an operator or the end");
  }

  /// A call of parts; the error, if it nests too deep, points at `at`.
  Result<Part> call(Function function, std::vector<Part> parts, std::size_t begin, std::size_t at) {
    Part result{.at = begin};
    std::vector<Expression> arguments;
    for (Part& part : parts) {
      result.depth = std::max(result.depth, part.depth);
      arguments.push_back(std::move(part.expression));
    }
    // Multiplied pairwise, as the store counts it.
    const bool pairwise = function == Function::kMul && arguments.size() > 2;
    result.depth += pairwise ? arguments.size() - 1 : 1;
    if (result.depth > store::kExpressionDepthMax) {
      return text_.error_at(at, cat("this nests deeper than ", store::kExpressionDepthMax));
    }
    result.expression = store::call(function, std::move(arguments));
    return result;
  }

  Result<Part> call(Function function, Part left, Part right, std::size_t at) {
    std::vector<Part> parts;
    const std::size_t begin = left.at;
    parts.push_back(std::move(left));
    parts.push_back(std::move(right));
    return call(function, std::move(parts), begin, at);
  }

  /// Parts joined by one sign, as one call of all of them.
  template <class Next, class Take>
  Result<Part> chain(Function function, Next next, Take take) {
    TRY_ASSIGN(Part first, next());
    const std::size_t begin = first.at;
    std::vector<Part> parts;
    parts.push_back(std::move(first));
    for (;;) {
      text_.skip_spaces();
      const std::size_t at = text_.at();
      if (!take()) {
        if (parts.size() == 1) return std::move(parts.front());
        return call(function, std::move(parts), begin, at);
      }
      TRY_ASSIGN(Part part, next());
      parts.push_back(std::move(part));
    }
  }

  Result<Part> disjunction() {
    return chain(
        Function::kOr, [&] { return conjunction(); }, [&] { return text_.take_word("OR"); });
  }

  Result<Part> conjunction() {
    return chain(
        Function::kAnd, [&] { return equality(); }, [&] { return text_.take_word("AND"); });
  }

  Result<Part> equality() {
    TRY_ASSIGN(Part left, comparison());
    for (;;) {
      text_.skip_spaces();
      const std::size_t at = text_.at();
      const bool negated = text_.take("!=");
      if (!negated && !text_.take("=")) return left;
      if (text_.peek() == '=') return text_.error_at(at, "equality is written =");
      TRY_ASSIGN(Part right, comparison());
      TRY_ASSIGN(left, call(Function::kEqual, std::move(left), std::move(right), at));
      if (!negated) continue;
      std::vector<Part> parts;
      const std::size_t begin = left.at;
      parts.push_back(std::move(left));
      TRY_ASSIGN(left, call(Function::kNot, std::move(parts), begin, at));
    }
  }

  std::optional<Function> take_comparison() {
    if (text_.take("<=")) return Function::kLessOrEqual;
    if (text_.take("<")) return Function::kLess;
    if (text_.take(">=")) return Function::kGreaterOrEqual;
    if (text_.take(">")) return Function::kGreater;
    return std::nullopt;
  }

  Result<Part> comparison() {
    TRY_ASSIGN(Part left, sum());
    for (;;) {
      text_.skip_spaces();
      const std::size_t at = text_.at();
      const auto function = take_comparison();
      if (!function) return left;
      TRY_ASSIGN(Part right, sum());
      TRY_ASSIGN(left, call(*function, std::move(left), std::move(right), at));
    }
  }

  Result<Part> sum() {
    return chain(
        Function::kSum, [&] { return difference(); }, [&] { return text_.take("+"); });
  }

  Result<Part> difference() {
    TRY_ASSIGN(Part left, product());
    for (;;) {
      text_.skip_spaces();
      const std::size_t at = text_.at();
      if (!text_.take("-")) return left;
      TRY_ASSIGN(Part right, product());
      TRY_ASSIGN(left, call(Function::kSub, std::move(left), std::move(right), at));
    }
  }

  std::optional<Function> take_factor() {
    if (text_.take("*")) return Function::kMul;
    if (text_.take("/")) return Function::kDiv;
    if (text_.take("%")) return Function::kMod;
    return std::nullopt;
  }

  Result<Part> product() {
    TRY_ASSIGN(Part left, negation());
    for (;;) {
      text_.skip_spaces();
      const std::size_t at = text_.at();
      const auto function = take_factor();
      if (!function) return left;
      TRY_ASSIGN(Part right, negation());
      TRY_ASSIGN(left, call(*function, std::move(left), std::move(right), at));
    }
  }

  Result<Part> negation() {
    text_.skip_spaces();
    const std::size_t at = text_.at();
    if (text_.peek() != '!' || text_.peek(1) == '=') return primary();
    text_.take("!");
    const Nesting nesting(nesting_);
    TRY(check_nesting());
    TRY_ASSIGN(Part inner, negation());
    std::vector<Part> parts;
    parts.push_back(std::move(inner));
    return call(Function::kNot, std::move(parts), at, at);
  }

  Result<Part> primary() {
    text_.skip_spaces();
    const std::size_t at = text_.at();
    const char letter = text_.peek();
    if (text_.done()) return text_.error("expected a column, a value or a function here");
    if (letter == '$') {
      TRY_ASSIGN(std::string name, text_.take_column());
      return Part{.expression = store::column(std::move(name)), .at = at};
    }
    if (letter == '"' || letter == '`') {
      TRY_ASSIGN(std::string value, text_.take_quoted());
      return Part{.expression = store::constant(std::move(value)), .at = at};
    }
    if (letter == '(') return in_brackets();
    if (letter == '-' || letter == '.' || (letter >= '0' && letter <= '9')) return number_literal();
    if (const std::string_view name = text_.take_name(); !name.empty()) return named(name, at);
    if (letter == '\'') return text_.error("text is put in double quotes");
    return text_.error("expected a column, a value or a function here");
  }

  Result<Part> in_brackets() {
    const std::size_t at = text_.at();
    text_.take("(");
    const Nesting nesting(nesting_);
    TRY(check_nesting());
    TRY_ASSIGN(Part inner, disjunction());
    if (text_.done()) return text_.error_at(at, "this bracket is never closed");
    if (!text_.take(")")) return expected_operator_or("expected an operator or )");
    inner.at = at;
    return inner;
  }

  base::Error expected_operator_or(std::string_view message) const {
    return text_.after_column_with_sign() || text_.peek() == '\'' ? expected_operator()
                                                                  : text_.error(message);
  }

  Result<Part> number_literal() {
    const std::size_t at = text_.at();
    const bool negative = text_.take("-");
    if (negative) text_.skip_spaces();
    const bool digits = text_.peek() >= '0' && text_.peek() <= '9';
    const bool fraction = text_.peek() == '.' && text_.peek(1) >= '0' && text_.peek(1) <= '9';
    if (!digits && !fraction) {
      return text_.error_at(at, negative ? "a minus in front belongs to a number; write 0 - ..."
                                         : "expected a column, a value or a function here");
    }
    TRY_ASSIGN(const std::string_view word, text_.take_number());
    const std::string signed_word = cat(negative ? "-" : "", word);
    if (word.find_first_of(".eE") == word.npos) {
      const auto whole = base::parse_int64(signed_word);
      if (!whole) {
        return text_.error_at(at,
                              "this does not fit into 64 bits; with a point, such as 1e20 or "
                              "10.0, it is a floating-point number");
      }
      return Part{.expression = store::constant(*whole), .at = at};
    }
    const auto value = base::parse_double(signed_word);
    if (!value) return text_.error_at(at, "no floating-point number is near to this one");
    return Part{.expression = store::constant(*value), .at = at};
  }

  /// true, false, null, or a function with its arguments.
  Result<Part> named(std::string_view name, std::size_t at) {
    text_.skip_spaces();
    if (text_.peek() == '(') return function_call(name, at);
    if (name == "true" || name == "false") {
      return Part{.expression = store::constant(name == "true"), .at = at};
    }
    if (name == "null") return Part{.expression = store::constant({}), .at = at};
    for (const char* word : {"true", "false", "null"}) {
      if (base::equals_ignore_case(name, word)) {
        return text_.error_at(at, cat(word, " is written in small letters"));
      }
    }
    if (const ExpressionFunction* known = find_expression_function(name)) {
      return text_.error_at(at, cat(known->name, " needs its arguments: ", known->usage));
    }
    return text_.error_at(at, cat(shown(name), " is not a value; a column is written $",
                                  shown(name), ", a text \"", shown(name), "\""));
  }

  Result<Part> function_call(std::string_view name, std::size_t at) {
    const ExpressionFunction* const known = find_expression_function(name);
    if (known == nullptr) return unknown_function(name, at);
    const std::size_t bracket = text_.at();
    text_.take("(");
    const Nesting nesting(nesting_);
    TRY(check_nesting());
    std::vector<Part> arguments;
    for (;;) {
      text_.skip_spaces();
      if (text_.take(")")) break;  // also behind the comma after the last
      TRY_ASSIGN(Part argument, disjunction());
      arguments.push_back(std::move(argument));
      if (text_.take(",")) continue;
      if (text_.take(")")) break;
      if (text_.done()) return text_.error_at(bracket, "this bracket is never closed");
      return expected_operator_or("expected an operator, a comma or )");
    }
    if (arguments.size() < known->least || arguments.size() > known->most) {
      return text_.error_at(
          at, cat(known->name, " does not take ", arguments.size(),
                  arguments.size() == 1 ? " argument: " : " arguments: ", known->usage));
    }
    return known_call(*known, std::move(arguments), at);
  }

  base::Error unknown_function(std::string_view name, std::size_t at) const {
    if (const std::string_view reason = refused_function(name); !reason.empty()) {
      return text_.error_at(at, reason);
    }
    std::vector<std::string_view> names;
    for (const ExpressionFunction& one : expression_functions()) names.push_back(one.name);
    std::string capitals(name);
    for (char& letter : capitals) {
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    const std::string_view near = base::nearest(capitals, names);
    return text_.error_at(at, cat(shown(name), " is not a function",
                                  near.empty() ? "" : cat("; did you mean ", near, "?")));
  }

  Result<Part> known_call(const ExpressionFunction& known, std::vector<Part> arguments,
                          std::size_t at) {
    Function function = known.function;
    switch (function) {
      case Function::kSwitch:
        for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
          if (!is_text(arguments[i])) {
            return text_.error_at(arguments[i].at, "a case of SWITCH is a text in quotes");
          }
        }
        break;
      case Function::kBucket:
        TRY(check_bucket(arguments));
        break;
      case Function::kLengthBytes:
        if (arguments.size() == 2) {
          const Part& unit = arguments[1];
          if (!is_text(unit) || (text(unit) != "bytes" && text(unit) != "chars")) {
            return text_.error_at(unit.at, "LENGTH counts \"bytes\" or \"chars\"");
          }
          if (text(unit) == "chars") function = Function::kLengthChars;
          arguments.pop_back();
        }
        break;
      case Function::kRegMatch:
      case Function::kRegValue:
      case Function::kRegCount:
        TRY(check_pattern(known, arguments[1]));
        break;
      case Function::kFormatTime:
        if (!is_text(arguments[0])) {
          return text_.error_at(arguments[0].at, "the format of FORMAT_TIME is a text in quotes");
        }
        if (const Status status = store::check_time_format(text(arguments[0])); !status.ok()) {
          return text_.error_at(arguments[0].at, status.error().context);
        }
        break;
      default:
        break;
    }
    return call(function, std::move(arguments), at, at);
  }

  Status check_bucket(const std::vector<Part>& arguments) const {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      if (!is_number(arguments[i])) {
        return text_.error_at(arguments[i].at,
                              "size, min and max of BUCKET are written as numbers");
      }
    }
    if (number(arguments[1]) <= 0) {
      return text_.error_at(arguments[1].at, "the size of a BUCKET is above 0");
    }
    if (arguments.size() == 4 && number(arguments[2]) >= number(arguments[3])) {
      return text_.error_at(arguments[3].at, "the max of a BUCKET is above its min");
    }
    return {};
  }

  Status check_pattern(const ExpressionFunction& known, const Part& pattern) const {
    if (!is_text(pattern)) {
      return text_.error_at(pattern.at, cat("the pattern of ", known.name, " is a text in quotes"));
    }
    const auto compiled = store::TextPattern::compile(text(pattern));
    if (!compiled.ok()) return text_.error_at(pattern.at, compiled.error().context);
    if (known.function == Function::kRegValue && (*compiled)->groups() == 0) {
      return text_.error_at(pattern.at,
                            "REG_VALUE gives what the first (group) holds, and there is none");
    }
    return {};
  }

  ExpressionText text_;
  std::size_t nesting_ = 0;
};

static_assert(kExpressionBytesMax == QueryLimits::kExpressionBytesMax);

}  // namespace

Result<Expression> parse_expression(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return base::invalid(
        cat("an expression has at most ", kExpressionBytesMax, " bytes, not ", text.size()));
  }
  if (!event::is_utf8(text)) return base::invalid("an expression is UTF-8");
  return ExpressionParser(text).parse();
}

}  // namespace understudy::query
