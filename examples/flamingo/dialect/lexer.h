#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/outcome.h"

namespace flamingo {

/// One word of a query text.
enum class TokenKind {
  kName,       // a column, a function, a keyword: [A-Za-z_][A-Za-z0-9_]*
  kInteger,    // 42
  kNumber,     // 4.2, 1e3
  kString,     // 'text', a quote inside written twice; `text` has it unescaped
  kParameter,  // :name; `text` is the name
  kSymbol,     // ( ) , + - * / = != <> < <= > >=
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  size_t position = 0;  // byte of the query text where it starts
};

/// A query text of more bytes, or of more tokens, is refused.
inline constexpr size_t kQueryBytesMax = 16 * 1024;
inline constexpr size_t kTokensMax = 2000;

/// Cuts a query text into tokens, the last of kind kEnd. A character that starts no token, an
/// unclosed string and a malformed number are faults of type "SyntaxError" with their position.
Outcome<std::vector<Token>> tokenize(std::string_view text);

/// "expected FROM, found 'FORM'\n  SELECT count() FORM flights\n                 ^": the message
/// with the line it speaks of and a caret under the character.
std::string point_at(std::string_view text, size_t position, std::string_view message);

}  // namespace flamingo
