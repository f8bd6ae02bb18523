#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dialect/moment.h"
#include "dialect/outcome.h"
#include "dialect/value.h"

namespace flamingo {

enum class Mark { kBar, kLine, kPoint, kRect };
enum class FieldType { kQuantitative, kTemporal, kOrdinal, kNominal };
enum class Aggregate { kNone, kCount, kSum, kMean, kMedian, kStdev, kMin, kMax };

/// Round bins: a fixed width, or at most so many over the extent of the selected rows.
struct Bin {
  std::optional<double> step = std::nullopt;
  int64_t maxbins = 10;
};

/// How the rows of a chart are ordered.
struct Sort {
  std::string channel;  // "x", "y", "color", "size"
  bool descending = false;
};

/// One visual channel and what it shows.
struct Channel {
  std::string name;   // "x", "y", "color", "size"
  std::string field;  // empty for a plain count
  FieldType type = FieldType::kQuantitative;
  Aggregate aggregate = Aggregate::kNone;
  std::optional<Bin> bin = std::nullopt;
  std::optional<TimeUnit> time_unit = std::nullopt;
  std::optional<Sort> sort = std::nullopt;
  std::string title = {};
};

/// A condition on rows, as written in a filter transform.
struct Predicate {
  enum class Kind {
    kAnd,      // all of parts
    kOr,       // any of parts
    kNot,      // parts[0] does not hold
    kCompare,  // field op values[0]; op is = < <= > >=
    kOneOf,    // field is one of values
    kRange,    // values[0] <= field <= values[1]
    kValid,    // field is not null
  };
  Kind kind = Kind::kAnd;
  std::vector<Predicate> parts = {};
  std::string field = {};
  std::string op = {};
  std::vector<Value> values = {};
};

/// A chart: what is drawn from which dataset. Immutable once parsed.
struct ChartSpec {
  std::string dataset;
  Mark mark = Mark::kBar;
  std::vector<Channel> channels;
  std::vector<Predicate> filters;  // all must hold
  std::optional<int64_t> limit;    // of rows; Flamingo's own word, not Vega-Lite's
  std::string title;
};

inline constexpr size_t kSpecBytesMax = 64 * 1024;
inline constexpr int kPredicateDepthMax = 16;
inline constexpr size_t kPredicatesMax = 100;

/// Reads a specification in Flamingo's subset of Vega-Lite (README.md lists it). What is outside of
/// the subset is refused, never ignored: a fault of type "InvalidSpec" that begins with the place,
/// such as "encoding.x.aggregate: ...".
Outcome<ChartSpec> parse_spec(std::string_view json);

/// The dialect's function for an aggregate, and Vega-Lite's word for it.
std::string_view aggregate_name(Aggregate aggregate);

}  // namespace flamingo
