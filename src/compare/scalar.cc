#include "compare/scalar.h"

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

bool same_scalar(const Scalar& a, const Scalar& b) {
  if (a.kind != b.kind) return false;
  if (a.raw == b.raw && a.escaped == b.escaped) return true;
  if (a.type == ValueType::kFloat) return Decimal(a.raw).same(Decimal(b.raw));
  if (a.is_string() && (a.escaped || b.escaped)) {
    std::string buffer_a;
    std::string buffer_b;
    return a.text(buffer_a) == b.text(buffer_b);
  }
  return a.type == ValueType::kNull || a.type == ValueType::kBool || a.type == ValueType::kMissing;
}

}  // namespace understudy::compare
