#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::store {

/// The seconds since 1970 of a time as RFC 3339 writes it, with a fraction of up to nanoseconds
/// (further digits are dropped); nullopt for any other text.
std::optional<double> unix_seconds(std::string_view rfc3339);

inline constexpr std::size_t kTimeFormatBytesMax = 256;

/// Whether a format has at most kTimeFormatBytesMax bytes and only directives of strftime that
/// `format_time` knows: %a %A %b %B %c %C %d %D %e %F %g %G %h %H %I %j %k %l %m %M %n %p %r %R %s
/// %S %t %T %u %U %V %w %W %x %X %y %Y %z %Z %%, in English and without E and O modifiers.
base::Status check_time_format(std::string_view format);

/// A moment in UTC as a valid format says; its fraction of a second is cut off downwards. Nullopt
/// for NaN and outside the years 0 to 9999.
std::optional<std::string> format_time(std::string_view format, double unix_seconds);

}  // namespace understudy::store
