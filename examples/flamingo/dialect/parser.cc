#include "dialect/parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "dialect/lexer.h"

namespace flamingo {
namespace {

constexpr std::string_view kKeywords[] = {"select", "from", "where", "group", "by",     "order",
                                          "limit",  "as",   "and",   "or",    "not",    "in",
                                          "is",     "null", "asc",   "desc",  "between"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Expr node(ExprKind kind, std::string text, size_t position, std::vector<Expr> args) {
  Expr expr;
  expr.kind = kind;
  expr.text = std::move(text);
  expr.position = position;
  expr.args = std::move(args);
  return expr;
}

template <class... Args>
std::vector<Expr> list(Args... args) {
  std::vector<Expr> out;
  (out.push_back(std::move(args)), ...);
  return out;
}

/// Recursive descent, one method per rule of the grammar.
class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Outcome<Query> query() {
    Query query;
    TRY_DONE(expect_keyword("select"));
    do {
      TRY_OUTCOME(SelectItem item, select_item());
      query.select.push_back(std::move(item));
      if (query.select.size() > kSelectItemsMax) return fault("too many columns");
    } while (take_symbol(","));
    TRY_DONE(expect_keyword("from"));
    query.dataset_position = here().position;
    TRY_OUTCOME(query.dataset, name("the name of a dataset"));
    if (take_keyword("where")) {
      TRY_OUTCOME(query.where, condition());
    }
    if (take_keyword("group")) {
      TRY_DONE(expect_keyword("by"));
      TRY_OUTCOME(query.group_by, column_refs(/*with_direction=*/false));
    }
    if (take_keyword("order")) {
      TRY_DONE(expect_keyword("by"));
      TRY_OUTCOME(query.order_by, column_refs(/*with_direction=*/true));
    }
    if (take_keyword("limit")) {
      TRY_OUTCOME(query.limit, limit());
    }
    TRY_DONE(expect_end());
    return query;
  }

  Outcome<Expr> lone_expression() {
    TRY_OUTCOME(Expr expr, sum());
    TRY_DONE(expect_end());
    return expr;
  }

 private:
  const Token& here() const { return tokens_[at_]; }

  Fault fault(std::string message) const { return fault_at(here().position, std::move(message)); }
  Fault fault_at(size_t position, std::string message) const {
    return bad_request("SyntaxError", point_at(text_, position, message), position);
  }
  Fault expected(std::string_view what) const {
    const std::string found =
        here().kind == TokenKind::kEnd ? "the end of the query" : "'" + here().text + "'";
    return fault("expected " + std::string(what) + ", found " + found);
  }

  bool is_keyword(std::string_view keyword) const {
    return here().kind == TokenKind::kName && lower(here().text) == keyword;
  }
  bool take_keyword(std::string_view keyword) {
    if (!is_keyword(keyword)) return false;
    ++at_;
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (here().kind != TokenKind::kSymbol || here().text != symbol) return false;
    ++at_;
    return true;
  }
  Done expect_keyword(std::string_view keyword) {
    if (take_keyword(keyword)) return done();
    std::string upper(keyword);
    for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
    return expected(upper);
  }
  Done expect_symbol(std::string_view symbol) {
    if (take_symbol(symbol)) return done();
    return expected("'" + std::string(symbol) + "'");
  }
  Done expect_end() {
    if (here().kind == TokenKind::kEnd) return done();
    return expected("the end of the query");
  }

  Outcome<std::string> name(std::string_view what) {
    if (here().kind != TokenKind::kName) return expected(what);
    const std::string word = lower(here().text);
    if (std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords)) {
      return expected(what);
    }
    return tokens_[at_++].text;
  }

  Outcome<SelectItem> select_item() {
    SelectItem item;
    item.position = here().position;
    TRY_OUTCOME(item.expr, sum());
    const size_t end = here().position;
    if (take_keyword("as")) {
      TRY_OUTCOME(item.name, name("a name for the column"));
      return item;
    }
    item.name = std::string(text_.substr(item.position, end - item.position));
    while (!item.name.empty() && (item.name.back() == ' ' || item.name.back() == '\n' ||
                                  item.name.back() == '\t' || item.name.back() == '\r')) {
      item.name.pop_back();
    }
    return item;
  }

  Outcome<std::vector<ColumnRef>> column_refs(bool with_direction) {
    std::vector<ColumnRef> refs;
    do {
      ColumnRef ref;
      ref.position = here().position;
      TRY_OUTCOME(ref.name, name("the name of an output column"));
      if (with_direction && take_keyword("desc")) {
        ref.descending = true;
      } else if (with_direction) {
        take_keyword("asc");
      }
      refs.push_back(std::move(ref));
      if (refs.size() > kSelectItemsMax) return fault("too many columns");
    } while (take_symbol(","));
    return refs;
  }

  Outcome<int64_t> limit() {
    if (here().kind != TokenKind::kInteger) return expected("a number of rows");
    TRY_OUTCOME(Expr number, literal());
    const int64_t rows = std::get<int64_t>(number.value);
    if (rows < 1 || rows > kRowsMax) {
      return fault_at(number.position, "LIMIT is between 1 and " + std::to_string(kRowsMax));
    }
    return rows;
  }

  /// Refuses what nests too deep, so that no later walk over the tree can overflow its stack.
  Done enter() {
    if (++depth_ > kExprDepthMax) return fault("this expression nests too deep");
    return done();
  }

  Outcome<Expr> condition() {
    TRY_DONE(enter());
    TRY_OUTCOME(Expr left, conjunction());
    while (is_keyword("or")) {
      const size_t position = tokens_[at_++].position;
      TRY_DONE(grow());
      TRY_OUTCOME(Expr right, conjunction());
      left = node(ExprKind::kOr, "", position, list(std::move(left), std::move(right)));
    }
    --depth_;
    return left;
  }

  Outcome<Expr> conjunction() {
    TRY_OUTCOME(Expr left, negation());
    while (is_keyword("and")) {
      const size_t position = tokens_[at_++].position;
      TRY_DONE(grow());
      TRY_OUTCOME(Expr right, negation());
      left = node(ExprKind::kAnd, "", position, list(std::move(left), std::move(right)));
    }
    return left;
  }

  /// A chain of operators is a tree as deep as it is long, so its length is bounded too.
  Done grow() {
    if (++chain_ > kChainMax) return fault("this expression has too many operators");
    return done();
  }

  Outcome<Expr> negation() {
    if (!is_keyword("not")) return predicate();
    const size_t position = tokens_[at_++].position;
    TRY_DONE(enter());
    TRY_OUTCOME(Expr inner, negation());
    --depth_;
    return node(ExprKind::kNot, "", position, list(std::move(inner)));
  }

  Outcome<Expr> predicate() {
    TRY_OUTCOME(Expr left, sum());
    const size_t position = here().position;
    if (here().kind == TokenKind::kSymbol) {
      for (std::string_view op : {"=", "<>", "!=", "<=", ">=", "<", ">"}) {
        if (!take_symbol(op)) continue;
        TRY_OUTCOME(Expr right, sum());
        return node(ExprKind::kCompare, std::string(op == "!=" ? "<>" : op), position,
                    list(std::move(left), std::move(right)));
      }
      return left;
    }
    if (take_keyword("is")) {
      const bool negated = take_keyword("not");
      TRY_DONE(expect_keyword("null"));
      return negate_if(negated, node(ExprKind::kIsNull, "", position, list(std::move(left))));
    }
    const bool negated = take_keyword("not");
    if (take_keyword("in")) {
      TRY_OUTCOME(std::vector<Expr> args, in_list(std::move(left)));
      return negate_if(negated, node(ExprKind::kIn, "", position, std::move(args)));
    }
    if (take_keyword("between")) {
      TRY_OUTCOME(Expr low, sum());
      TRY_DONE(expect_keyword("and"));
      TRY_OUTCOME(Expr high, sum());
      return negate_if(negated, node(ExprKind::kBetween, "", position,
                                     list(std::move(left), std::move(low), std::move(high))));
    }
    if (negated) return expected("IN or BETWEEN");
    return left;
  }

  static Expr negate_if(bool negated, Expr expr) {
    if (!negated) return expr;
    const size_t position = expr.position;
    return node(ExprKind::kNot, "", position, list(std::move(expr)));
  }

  Outcome<std::vector<Expr>> in_list(Expr first) {
    std::vector<Expr> args = list(std::move(first));
    TRY_DONE(expect_symbol("("));
    do {
      TRY_OUTCOME(Expr arg, sum());
      args.push_back(std::move(arg));
      if (args.size() > kInListMax) return fault("too many values in IN");
    } while (take_symbol(","));
    TRY_DONE(expect_symbol(")"));
    return args;
  }

  Outcome<Expr> sum() {
    TRY_OUTCOME(Expr left, product());
    while (here().kind == TokenKind::kSymbol && (here().text == "+" || here().text == "-")) {
      const Token op = tokens_[at_++];
      TRY_DONE(grow());
      TRY_OUTCOME(Expr right, product());
      left = node(ExprKind::kArithmetic, op.text, op.position,
                  list(std::move(left), std::move(right)));
    }
    return left;
  }

  Outcome<Expr> product() {
    TRY_OUTCOME(Expr left, unary());
    while (here().kind == TokenKind::kSymbol && (here().text == "*" || here().text == "/")) {
      const Token op = tokens_[at_++];
      TRY_DONE(grow());
      TRY_OUTCOME(Expr right, unary());
      left = node(ExprKind::kArithmetic, op.text, op.position,
                  list(std::move(left), std::move(right)));
    }
    return left;
  }

  Outcome<Expr> unary() {
    const size_t position = here().position;
    if (!take_symbol("-")) return primary();
    if (here().kind == TokenKind::kInteger || here().kind == TokenKind::kNumber) {
      TRY_OUTCOME(Expr number, literal());
      if (auto* integer = std::get_if<int64_t>(&number.value)) *integer = -*integer;
      if (auto* real = std::get_if<double>(&number.value)) *real = -*real;
      return number;
    }
    TRY_DONE(enter());
    TRY_OUTCOME(Expr inner, unary());
    --depth_;
    return node(ExprKind::kNegate, "", position, list(std::move(inner)));
  }

  Outcome<Expr> primary() {
    const Token& token = here();
    switch (token.kind) {
      case TokenKind::kInteger:
      case TokenKind::kNumber:
      case TokenKind::kString:
        return literal();
      case TokenKind::kParameter:
        ++at_;
        return node(ExprKind::kParameter, token.text, token.position, {});
      case TokenKind::kName:
        return column_or_call();
      case TokenKind::kSymbol: {
        if (!take_symbol("(")) return expected("an expression");
        TRY_OUTCOME(Expr inner, condition());
        TRY_DONE(expect_symbol(")"));
        return inner;
      }
      case TokenKind::kEnd:
        break;
    }
    return expected("an expression");
  }

  Outcome<Expr> column_or_call() {
    const size_t position = here().position;
    TRY_OUTCOME(std::string word, name("an expression"));
    if (!take_symbol("(")) return node(ExprKind::kColumn, std::move(word), position, {});
    Expr call = node(ExprKind::kCall, lower(word), position, {});
    if (take_symbol(")")) return call;
    TRY_DONE(enter());
    do {
      TRY_OUTCOME(Expr arg, sum());
      call.args.push_back(std::move(arg));
      if (call.args.size() > 4) return fault("too many arguments");
    } while (take_symbol(","));
    --depth_;
    TRY_DONE(expect_symbol(")"));
    return call;
  }

  Outcome<Expr> literal() {
    const Token& token = tokens_[at_++];
    Expr expr;
    expr.position = token.position;
    const char* const begin = token.text.data();
    const char* const end = begin + token.text.size();
    if (token.kind == TokenKind::kString) {
      expr.value = token.text;
    } else if (token.kind == TokenKind::kInteger) {
      int64_t integer = 0;
      if (std::from_chars(begin, end, integer).ec != std::errc()) {
        return fault_at(token.position, "this number does not fit into 64 bits");
      }
      expr.value = integer;
    } else {
      double number = 0;
      if (std::from_chars(begin, end, number).ec != std::errc()) {
        return fault_at(token.position, "this number is out of range");
      }
      expr.value = number;
    }
    return expr;
  }

  static constexpr int kChainMax = 500;

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int chain_ = 0;
};

}  // namespace

Outcome<Query> parse_query(std::string_view text) {
  TRY_OUTCOME(std::vector<Token> tokens, tokenize(text));
  return Parser(text, std::move(tokens)).query();
}

Outcome<Expr> parse_expression(std::string_view text) {
  TRY_OUTCOME(std::vector<Token> tokens, tokenize(text));
  return Parser(text, std::move(tokens)).lone_expression();
}

}  // namespace flamingo
