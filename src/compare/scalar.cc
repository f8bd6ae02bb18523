#include "compare/scalar.h"

#include <optional>

#include "compare/decimal.h"
#include "compare/text_form.h"

namespace understudy::compare {

Scalar Scalar::of(const Document& document, uint32_t index) {
  Scalar scalar;
  if (index == kAbsent) return scalar;
  scalar.kind = document[index].kind();
  scalar.type = value_type(scalar.kind);
  scalar.raw = document.text_of(index);
  scalar.escaped = document[index].escaped();
  return scalar;
}

std::string_view Scalar::text(std::string& buffer) const {
  if (!escaped) return raw;
  buffer = unescaped(raw);
  return buffer;
}

namespace {

/// Without the zeros at the end of its fraction; nothing for a number with an exponent.
std::optional<std::string_view> without_last_zeros(std::string_view token) {
  for (const char letter : token) {
    if (letter == 'e' || letter == 'E') return std::nullopt;
  }
  while (token.ends_with('0')) token.remove_suffix(1);
  return token;
}

bool same_float(std::string_view a, std::string_view b) {
  // JSON allows no zeros in front, so without an exponent a value has one spelling but for those
  // at the end. A float without an exponent has a point, so only its fraction loses zeros.
  const auto x = without_last_zeros(a);
  const auto y = without_last_zeros(b);
  if (x && y) return *x == *y;
  return Decimal(a).same(Decimal(b));
}

}  // namespace

bool same_scalar(const Scalar& a, const Scalar& b) {
  if (a.kind != b.kind) return false;
  if (a.raw == b.raw && a.escaped == b.escaped) return true;
  if (a.type == ValueType::kFloat) return same_float(a.raw, b.raw);
  if (a.is_string() && (a.escaped || b.escaped)) {
    std::string buffer_a;
    std::string buffer_b;
    return a.text(buffer_a) == b.text(buffer_b);
  }
  return a.type == ValueType::kNull || a.type == ValueType::kBool || a.type == ValueType::kMissing;
}

}  // namespace understudy::compare
