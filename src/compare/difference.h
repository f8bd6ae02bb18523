#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace understudy::compare {

/// Where two answers can disagree. The first four belong to tables, the next six to trees.
enum class Dimension {
  kRowCount,     // the tables have different numbers of rows
  kColumnCount,  // ... of columns
  kColumnType,   // a whole column has another type
  kCell,         // one cell has another value (or, alone in its column, another type)
  kMissing,      // only control has it
  kExtra,        // only candidate has it
  kType,         // same place, another type
  kValue,        // same place and type, another value
  kOrder,        // the same items in another order
  kUnparsed,     // a body is not what its content type says; compared as bytes
  kStatus,       // the status codes differ
  kHeader,       // a compared header differs
};

/// The type of a value on one side.
enum class ValueType {
  kMissing,
  kNull,
  kBool,
  kInteger,
  kFloat,
  kNan,  // NaN, Infinity, -Infinity: not JSON, but written by many encoders
  kString,
  kArray,
  kObject,
  kMixed,  // a column with values of several types
  kBytes,
};

/// Why two values probably differ. kNone: nothing known explains it.
enum class Explanation {
  kNone,
  kFloatUlp,              // neighbours among doubles: distance in ULP
  kFloatRounding,         // one side was rounded or cut to fewer digits
  kFloatSingle,           // one side went through single precision
  kIntegerAsDouble,       // an integer beyond 2^53 lost its last digits in a double
  kNumberRepresentation,  // equal numbers, one written as integer, one as float: 1 and 1.0
  kNegativeZero,          // -0 and 0
  kNanNull,               // NaN or Infinity on one side, null on the other
  kTimeUnit,              // seconds, milli-, micro- or nanoseconds of one moment or duration
  kIsoEpoch,              // ISO 8601 text and epoch number of one moment
  kTimePrecision,         // one moment with fewer digits of its second
  kTimeZone,              // one moment in two zones or spellings of UTC, or shifted by an offset
  kNumberAsString,        // 12 and "12"
  kBoolAsString,          // true and "true"
  kBoolAsNumber,          // true and 1
  kNullMissing,           // null and no such member
  kRowOrder,              // the same items, ordered differently
  kWhiteSpace,            // equal but for white space
  kCase,                  // equal but for letter case (and white space)
  kUnicodeForm,           // equal but for accents composed with their letters or not (NFC, NFD)
  kTruncation,            // one text is the beginning of the other
};

const char* name(Dimension dimension);
const char* name(ValueType type);
const char* name(Explanation explanation);
std::optional<Dimension> parse_dimension(std::string_view word);
std::optional<Explanation> parse_explanation(std::string_view word);
std::optional<ValueType> parse_value_type(std::string_view word);
/// The units of a distance: what `Difference::distance_unit` may be besides "".
std::span<const char* const> distance_units();
/// One of them as the static text a Difference holds; "" for any other word.
const char* parse_distance_unit(std::string_view word);

/// One place where two answers disagree. Owns its text; values are cut to
/// `value_bytes_max` and redacted before they get here.
struct Difference {
  Dimension dimension = Dimension::kValue;
  std::string path;          // "$.rows[3].revenue", "status", "headers.content-type"
  std::string path_pattern;  // "$.rows[*].revenue"
  int64_t row = -1;          // of a table, control's numbering; -1: not in a table
  std::string column;        // name, or index as text; empty: not in a table
  ValueType control_type = ValueType::kMissing;
  ValueType candidate_type = ValueType::kMissing;
  std::string control_value;    // as written in the body, cut, redacted
  std::string candidate_value;  // empty when missing
  Explanation explanation = Explanation::kNone;
  double distance = 0;             // how far apart; 0 when there is no measure
  const char* distance_unit = "";  // one of distance_units(), or ""
  std::string rule;  // JSON text of the narrowest rule that accepts it; empty when unexplained
};

}  // namespace understudy::compare
