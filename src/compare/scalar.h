#pragma once

#include <string>
#include <string_view>

#include "compare/difference.h"
#include "compare/document.h"

namespace understudy::compare {

/// One side of a pair of values: what a document holds at a place, or nothing.
/// Views only; lives within one step of a comparison.
struct Scalar {
  ValueType type = ValueType::kMissing;
  NodeKind kind = NodeKind::kNull;
  std::string_view raw;  // as written
  bool escaped = false;  // a string with JSON escapes in it

  static Scalar of(const Document& document, uint32_t index);

  bool is_number() const { return type == ValueType::kInteger || type == ValueType::kFloat; }
  bool is_string() const { return type == ValueType::kString; }
  /// The text a string stands for; `buffer` holds it when it has to be decoded.
  std::string_view text(std::string& buffer) const;
};

/// Equal values in any spelling: escapes of strings, 1.50 and 15e-1. Integers and floats are
/// different types and never the same; neither are -0 and 0.
bool same_scalar(const Scalar& a, const Scalar& b);

}  // namespace understudy::compare
