#include "query/formula.h"

#include <cmath>

#include "base/text.h"

namespace understudy::query {
namespace {

using base::cat;
using Kind = FormulaStep::Kind;

constexpr int kDepthMax = 50;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_name_letter(char letter) {
  return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '_' || letter == '.';
}

/// Recursive descent; every level puts its operands before its operator.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  base::Result<std::vector<FormulaStep>> run() {
    TRY(sum(0));
    skip_spaces();
    if (at_ < text_.size()) return error("expected an operator or the end");
    return std::move(steps_);
  }

 private:
  base::Error error(std::string_view what) const {
    return base::invalid(cat("at character ", at_ + 1, ": ", what));
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  bool take(char letter) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != letter) return false;
    ++at_;
    return true;
  }
  base::Status add(FormulaStep step) {
    if (steps_.size() >= QueryLimits::kFormulaStepsMax) {
      return error(
          cat("a formula has at most ", QueryLimits::kFormulaStepsMax, " operands and operators"));
    }
    steps_.push_back(std::move(step));
    return {};
  }
  base::Status add(Kind kind) { return add(FormulaStep{.kind = kind}); }

  base::Status sum(int depth) {
    TRY(product(depth));
    for (;;) {
      if (take('+')) {
        TRY(product(depth));
        TRY(add(Kind::kAdd));
      } else if (take('-')) {
        TRY(product(depth));
        TRY(add(Kind::kSubtract));
      } else {
        return {};
      }
    }
  }

  base::Status product(int depth) {
    TRY(operand(depth));
    for (;;) {
      if (take('*')) {
        TRY(operand(depth));
        TRY(add(Kind::kMultiply));
      } else if (take('/')) {
        TRY(operand(depth));
        TRY(add(Kind::kDivide));
      } else {
        return {};
      }
    }
  }

  base::Status operand(int depth) {
    if (depth > kDepthMax) return error(cat("brackets nest deeper than ", kDepthMax));
    if (take('-')) {
      TRY(add(FormulaStep{.number = -1}));
      TRY(operand(depth + 1));
      return add(Kind::kMultiply);
    }
    if (take('(')) {
      TRY(sum(depth + 1));
      if (!take(')')) return error("expected )");
      return {};
    }
    if (at_ >= text_.size()) return error("expected a number, a name or (, found the end");
    const char letter = text_[at_];
    if (is_digit(letter) || (letter == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
      return number();
    }
    return name(depth);
  }

  base::Status number() {
    const size_t start = at_;
    const auto digits = [&] {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    digits();
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      digits();
    }
    std::string literal(text_.substr(start, at_ - start));
    if (literal.front() == '.') literal.insert(0, 1, '0');
    if (literal.back() == '.') literal += '0';
    const auto value = base::parse_double(literal);
    if (!value || !std::isfinite(*value) || (at_ < text_.size() && is_name_letter(text_[at_]))) {
      at_ = start;
      return error("not a number");
    }
    return add(FormulaStep{.number = *value});
  }

  base::Status name(int depth) {
    const size_t start = at_;
    const bool marked = take('$');
    std::string word;
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '`')) {
      const char quote = text_[at_];
      const size_t end = text_.find(quote, at_ + 1);
      if (end == std::string_view::npos) return error("the quotes do not end");
      word = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    } else {
      while (at_ < text_.size() && is_name_letter(text_[at_])) word += text_[at_++];
      if (!marked && !word.empty() && take('(')) return call(word, start, depth);
    }
    if (word.empty()) return error("expected a number, a name or (");
    return add(FormulaStep{.kind = Kind::kCalculation, .calculation = std::move(word)});
  }

  base::Status call(std::string_view word, size_t start, int depth) {
    Kind kind = Kind::kNumber;
    if (base::equals_ignore_case(word, "SUM")) kind = Kind::kAdd;
    if (base::equals_ignore_case(word, "SUB")) kind = Kind::kSubtract;
    if (base::equals_ignore_case(word, "MUL")) kind = Kind::kMultiply;
    if (base::equals_ignore_case(word, "DIV")) kind = Kind::kDivide;
    if (kind == Kind::kNumber) {
      at_ = start;
      return error(cat(base::printable(word, 40),
                       " is not a function of formulas; they are SUM, SUB, MUL and DIV; a name "
                       "with brackets stands in quotes"));
    }
    size_t operands = 0;
    do {
      TRY(sum(depth + 1));
      if (++operands > 1) TRY(add(kind));
    } while (take(','));
    if (!take(')')) return error("expected , or )");
    const bool exactly_two = kind == Kind::kSubtract || kind == Kind::kDivide;
    if (operands < 2 || (exactly_two && operands > 2)) {
      at_ = start;
      return error(cat(word, exactly_two ? " takes two operands" : " takes two operands or more"));
    }
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<FormulaStep> steps_;
};

}  // namespace

base::Result<std::vector<FormulaStep>> parse_formula(std::string_view text) {
  if (text.size() > QueryLimits::kFormulaBytesMax) {
    return base::invalid(
        cat("has ", text.size(), " bytes, more than ", QueryLimits::kFormulaBytesMax));
  }
  return Parser(text).run();
}

}  // namespace understudy::query
