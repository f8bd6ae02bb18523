#include "compare/difference.h"

#include <array>
#include <span>
#include <utility>

#include "compare/comparison.h"

namespace understudy::compare {

namespace {

template <class Enum>
using Word = std::pair<Enum, const char*>;

constexpr std::array<Word<Dimension>, 12> kDimensions = {{
    {Dimension::kRowCount, "row_count"},
    {Dimension::kColumnCount, "column_count"},
    {Dimension::kColumnType, "column_type"},
    {Dimension::kCell, "cell"},
    {Dimension::kMissing, "missing"},
    {Dimension::kExtra, "extra"},
    {Dimension::kType, "type"},
    {Dimension::kValue, "value"},
    {Dimension::kOrder, "order"},
    {Dimension::kUnparsed, "unparsed"},
    {Dimension::kStatus, "status"},
    {Dimension::kHeader, "header"},
}};

constexpr std::array<Word<ValueType>, 11> kTypes = {{
    {ValueType::kMissing, "missing"},
    {ValueType::kNull, "null"},
    {ValueType::kBool, "bool"},
    {ValueType::kInteger, "integer"},
    {ValueType::kFloat, "float"},
    {ValueType::kNan, "nan"},
    {ValueType::kString, "string"},
    {ValueType::kArray, "array"},
    {ValueType::kObject, "object"},
    {ValueType::kMixed, "mixed"},
    {ValueType::kBytes, "bytes"},
}};

constexpr std::array<Word<Explanation>, 21> kExplanations = {{
    {Explanation::kNone, "none"},
    {Explanation::kFloatUlp, "float_ulp"},
    {Explanation::kFloatRounding, "float_rounding"},
    {Explanation::kFloatSingle, "float_single"},
    {Explanation::kIntegerAsDouble, "integer_as_double"},
    {Explanation::kNumberRepresentation, "number_representation"},
    {Explanation::kNegativeZero, "negative_zero"},
    {Explanation::kNanNull, "nan_null"},
    {Explanation::kTimeUnit, "time_unit"},
    {Explanation::kIsoEpoch, "iso_epoch"},
    {Explanation::kTimePrecision, "time_precision"},
    {Explanation::kTimeZone, "time_zone"},
    {Explanation::kNumberAsString, "number_as_string"},
    {Explanation::kBoolAsString, "bool_as_string"},
    {Explanation::kBoolAsNumber, "bool_as_number"},
    {Explanation::kNullMissing, "null_missing"},
    {Explanation::kRowOrder, "row_order"},
    {Explanation::kWhiteSpace, "white_space"},
    {Explanation::kCase, "case"},
    {Explanation::kUnicodeForm, "unicode_form"},
    {Explanation::kTruncation, "truncation"},
}};

template <class Enum, size_t size>
const char* word_of(const std::array<Word<Enum>, size>& words, Enum value) {
  for (const auto& [key, word] : words) {
    if (key == value) return word;
  }
  return "";
}

template <class Enum, size_t size>
std::optional<Enum> value_of(const std::array<Word<Enum>, size>& words, std::string_view text) {
  for (const auto& [key, word] : words) {
    if (text == word) return key;
  }
  return std::nullopt;
}

}  // namespace

const char* name(Dimension dimension) { return word_of(kDimensions, dimension); }
const char* name(ValueType type) { return word_of(kTypes, type); }
const char* name(Explanation explanation) { return word_of(kExplanations, explanation); }

std::optional<Dimension> parse_dimension(std::string_view word) {
  return value_of(kDimensions, word);
}

std::optional<Explanation> parse_explanation(std::string_view word) {
  return value_of(kExplanations, word);
}

std::optional<ValueType> parse_value_type(std::string_view word) { return value_of(kTypes, word); }

std::span<const char* const> distance_units() {
  static constexpr std::array<const char*, 8> kUnits = {"ulp",  "absolute", "ratio", "s",
                                                        "rows", "columns",  "items", "bytes"};
  return kUnits;
}

const char* parse_distance_unit(std::string_view word) {
  for (const char* unit : distance_units()) {
    if (word == unit) return unit;
  }
  return "";
}

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kMatch:
      return "match";
    case Outcome::kIgnored:
      return "ignored";
    case Outcome::kMismatch:
      return "mismatch";
    case Outcome::kIncomparable:
      return "incomparable";
  }
  return "";
}

}  // namespace understudy::compare
