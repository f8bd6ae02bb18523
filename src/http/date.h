#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace understudy::http {

/// `Sun, 06 Nov 1994 08:49:37 GMT`
inline constexpr std::size_t kImfFixdateBytes = 29;

/// Writes an IMF-fixdate (RFC 9110 5.6.7). Years 0 to 9999.
void format_imf_fixdate(std::int64_t unix_seconds, std::array<char, kImfFixdateBytes>& out);

/// Date field value, formatted once a second. Not for more than one thread: one per worker.
class DateCache {
 public:
  /// Valid until the next call.
  std::string_view at(std::int64_t unix_ns);

 private:
  std::int64_t second_ = INT64_MIN;
  std::array<char, kImfFixdateBytes> text_{};
};

}  // namespace understudy::http
