#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compare/decimal.h"
#include "compare/rules.h"

namespace understudy::compare {

/// A moment or a duration and how exactly it was written.
struct Moment {
  __extension__ typedef __int128 Nanos;

  Nanos nanos = 0;         // since 1970 in UTC
  int64_t precision = 1;   // nanoseconds of the last digit written; a day for a bare date
  bool zoned = false;      // ISO text with Z or an offset; without one UTC is assumed
  int32_t offset_min = 0;  // of that zone

  double seconds_from(const Moment& other) const;
};

/// ISO 8601 / RFC 3339: "2024-05-01", "2024-05-01T10:00:00.123Z", "2024-05-01 10:00:00+02:00".
std::optional<Moment> parse_iso(std::string_view text);

/// A number of units; nothing when it is too large for any clock. Not for kIso and kAny.
std::optional<Moment> moment_of(const Decimal& number, TimeUnit unit);

/// The same moment at the coarser of the two precisions, cut or rounded.
bool same_moment(const Moment& a, const Moment& b);

/// The unit in which a number is a moment between 1973 and 2286, if there is one.
std::optional<TimeUnit> epoch_unit(double number);

}  // namespace understudy::compare
