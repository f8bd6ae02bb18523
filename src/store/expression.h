#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/value.h"

/// A value computed from the fields of one event: a tree of columns, constants and functions, known
/// to every engine. docs/calculated-fields.md is the same for a person.
///
/// Rules every engine keeps, and a differential test compares:
/// - The value of every node is null, a bool, an int, a double or text, for each event anew; a
///   function takes arguments of any type. No function fails: what it cannot compute has the value
///   its comment says.
/// - `empty` is null: an absent field. The empty text is a value.
/// - `truthy` is true, a number other than zero (NaN is other than zero) and the text "true".
/// - The `number of` a value is the int or double itself; of text that is a decimal number (digits
///   with an optional sign, point and exponent, nothing else) that number, an int when it is
///   written without point and exponent and fits 64 bits, else a double; of everything else it is
///   the int 0.
/// - Ints stay ints as long as the exact result fits 64 bits. Otherwise, and as soon as one number
/// is
///   a double, the numbers are taken as doubles and computed as IEEE 754 says, left to right.
/// - Equality and order are those of select.h.
namespace understudy::store {

/// What can be called. A constant argument is one that is a constant node.
enum class Function {
  // Choice.
  kIf,        // (c1, v1, c2, v2, ... [else]): the value after the first truthy; else null
  kSwitch,    // (x, t1, v1, t2, v2, ... [else]): the value after the first constant text x equals
  kCoalesce,  // (a, ...): the first that is not empty

  // Comparison. Always a bool.
  kLess,            // (a, b): false when one is empty or the kinds differ, as `<` in select.h
  kLessOrEqual,     // (a, b)
  kGreater,         // (a, b)
  kGreaterOrEqual,  // (a, b)
  kEqual,           // (a, b): as `=` in select.h; two empty ones are equal
  kIn,              // (a, x, ...): a equals one of the others
  kExists,          // (a): a is not empty
  kNot,             // (a): a is not truthy
  kAnd,             // (a, ...): all are truthy
  kOr,              // (a, ...): one is truthy

  // Numbers.
  kMin,    // (a, ...): the least of those of the kind (number, text, bool) of the first that is not
           // empty; NaN only when there is no other number, an int before an equal double
  kMax,    // (a, ...)
  kSum,    // (a, ...): of the numbers of all
  kSub,    // (a, b): number of a minus number of b
  kMul,    // (a, ...): pairwise from the left
  kDiv,    // (a, b): a double; null when the number of b is 0
  kMod,    // (a, b): the remainder with the sign of a; null when the number of b is 0
  kLog10,  // (a): a double; null unless the number of a is above 0, and for a bool
  kBucket,  // (a, size[, min[, max]]): the label of the bin of an int or double as in
            // text_number.h;
            // the constants are finite numbers, size is above 0, min below max; null for others

  // Conversions.
  kInt,     // (a): the number of a without its fraction, within 64 bits; NaN gives 0
  kFloat,   // (a): the number of a as a double
  kBool,    // (a): whether a is truthy
  kString,  // (a): an int in digits, a double as in text_number.h, true and false, text itself, ""
            // for an empty one

  // Text.
  kConcat,  // (a, ...): the texts of all, one after the other; null when longer than a stored text
  kStartsWith,   // (a, b): both are text and a begins with b
  kEndsWith,     // (a, b)
  kContains,     // (a, b)
  kToLower,      // (a): the text in lower case as in text_case.h; null when a is no text
  kLengthBytes,  // (a): an int; 0 when a is no text
  kLengthChars,  // (a): Unicode code points; 0 when a is no text or not UTF-8
  kRegMatch,     // (a, pattern): the text a has a match of the constant regular expression
  kRegValue,     // (a, pattern): what the first group holds in the first match; null without, or
                 // when a is no text
  kRegCount,     // (a, pattern): matches that do not overlap; 0 when a is no text, null when
                 // it is so long that they cannot be counted in linear time (text_pattern.h)

  // Time.
  kUnixTimestamp,  // (a): the seconds since 1970 of an RFC 3339 text as a double, else null
  kFormatTime,     // (format, a): the seconds a, an int or double, in UTC as the constant format of
                   // text_time.h says; null when a is no number or outside the years 0 to 9999
  kEventTimestamp,  // (): seconds since 1970 as a double
  kTimeNs,          // (): nanoseconds since 1970 as an int; no name in the query language

  // Charts; no name in the query language.
  kBin,  // (a, origin, width): floor((a - origin) / width) as an int, computed in doubles; the
         // constants are finite, width is above 0; null unless a is a finite number, and when the
         // result does not fit 64 bits
};

struct Expression {
  enum class Kind {
    kConstant,  // `constant`
    kColumn,    // the value of `column`; null when the event does not have it
    kCall,      // `function` of `arguments`
  };
  Kind kind = Kind::kConstant;
  event::Value constant = {};
  std::string column = {};
  Function function = Function::kCoalesce;
  std::vector<Expression> arguments = {};

  friend bool operator==(const Expression&, const Expression&) = default;
};

Expression constant(event::Value value);
Expression column(std::string name);
Expression call(Function function, std::vector<Expression> arguments);

/// A column that exists for one question. Its expression may use columns and the computed columns
/// before it in the list; one it has itself the name of, or a later one has, is the stored column.
struct Computed {
  std::string name = {};
  Expression expression = {};
};

/// Limits, checked by `validate`.
inline constexpr std::size_t kComputedMax = 200;
inline constexpr std::size_t kComputedNameBytesMax = 255;
inline constexpr std::size_t kExpressionNodesMax = 5'000;  // of all computed columns together
inline constexpr std::size_t kExpressionDepthMax = 100;    // of one expression
/// Of one expression with those of the computed columns it uses in its place, through all of them.
inline constexpr std::size_t kComputedDepthMax = 150;

/// Whether every call has as many arguments as its function takes, constants where it needs them,
/// and the limits are kept; names are unique.
base::Status validate(std::span<const Computed> computed);

/// The names of the columns an expression uses, each once.
std::vector<std::string> columns_of(const Expression& expression);

/// The name of a function as people write it: "IF". Of those without one, its name in this file.
std::string_view name(Function function);

/// How many arguments a function takes.
struct ArgumentCount {
  std::size_t least = 0;
  std::size_t most = 0;
};
ArgumentCount argument_count(Function function);

}  // namespace understudy::store
