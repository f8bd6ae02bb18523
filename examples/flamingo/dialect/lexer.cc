#include "dialect/lexer.h"

#include <algorithm>

namespace flamingo {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Reads tokens one after the other from one text.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Outcome<Token> next() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    if (at_ == text_.size()) return Token{TokenKind::kEnd, "", at_};
    const char c = text_[at_];
    if (is_name_start(c)) return name(TokenKind::kName, at_);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '\'') return string();
    if (c == ':') return parameter();
    return symbol();
  }

 private:
  char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Fault fault(size_t position, std::string_view message) const {
    return bad_request("SyntaxError", point_at(text_, position, message), position);
  }

  Token name(TokenKind kind, size_t start) {
    const size_t from = at_;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    return {kind, std::string(text_.substr(from, at_ - from)), start};
  }

  Outcome<Token> number() {
    const size_t start = at_;
    bool whole = true;
    while (is_digit(peek(0))) ++at_;
    if (peek(0) == '.') {
      whole = false;
      ++at_;
      while (is_digit(peek(0))) ++at_;
    }
    if (peek(0) == 'e' || peek(0) == 'E') {
      whole = false;
      ++at_;
      if (peek(0) == '+' || peek(0) == '-') ++at_;
      if (!is_digit(peek(0))) return fault(at_, "an exponent needs digits");
      while (is_digit(peek(0))) ++at_;
    }
    if (is_name_part(peek(0)) || peek(0) == '.') return fault(at_, "a number ends here");
    return Token{whole ? TokenKind::kInteger : TokenKind::kNumber,
                 std::string(text_.substr(start, at_ - start)), start};
  }

  Outcome<Token> string() {
    const size_t start = at_++;
    std::string value;
    while (at_ < text_.size()) {
      if (text_[at_] == '\'') {
        if (peek(1) != '\'') {
          ++at_;
          return Token{TokenKind::kString, std::move(value), start};
        }
        ++at_;
      }
      value += text_[at_++];
    }
    return fault(start, "this string is not closed");
  }

  Outcome<Token> parameter() {
    const size_t start = at_++;
    if (!is_name_start(peek(0))) return fault(start, "a parameter is written :name");
    return name(TokenKind::kParameter, start);
  }

  Outcome<Token> symbol() {
    static constexpr std::string_view kSymbols[] = {"<=", ">=", "<>", "!=", "(", ")", ",",
                                                    "+",  "-",  "*",  "/",  "=", "<", ">"};
    for (const std::string_view symbol : kSymbols) {
      if (text_.substr(at_, symbol.size()) == symbol) {
        const size_t start = at_;
        at_ += symbol.size();
        return Token{TokenKind::kSymbol, std::string(symbol), start};
      }
    }
    return fault(at_, "this character has no meaning here");
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Outcome<std::vector<Token>> tokenize(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return bad_request("QueryTooLong",
                       "a query has at most " + std::to_string(kQueryBytesMax) + " bytes");
  }
  Lexer lexer(text);
  std::vector<Token> tokens;
  do {
    TRY_OUTCOME(Token token, lexer.next());
    tokens.push_back(std::move(token));
    if (tokens.size() > kTokensMax) {
      return bad_request("QueryTooLong",
                         "a query has at most " + std::to_string(kTokensMax) + " words");
    }
  } while (tokens.back().kind != TokenKind::kEnd);
  return tokens;
}

std::string point_at(std::string_view text, size_t position, std::string_view message) {
  position = std::min(position, text.size());
  const size_t line_break = position == 0 ? std::string_view::npos : text.rfind('\n', position - 1);
  const size_t line_start = line_break == std::string_view::npos ? 0 : line_break + 1;
  const size_t line_end = std::min(text.find('\n', position), text.size());
  // A long line is cut around the character.
  constexpr size_t kBefore = 60;
  constexpr size_t kAfter = 30;
  const size_t from = std::max(line_start, position > kBefore ? position - kBefore : 0);
  const size_t to = std::min(line_end, position + kAfter);
  std::string out(message);
  out += "\n  ";
  for (const char c : text.substr(from, to - from)) out += is_space(c) ? ' ' : c;
  out += "\n  ";
  out.append(position - from, ' ');
  out += '^';
  return out;
}

}  // namespace flamingo
