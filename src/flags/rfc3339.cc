#include "flags/rfc3339.h"

#include <chrono>
#include <cstdint>

namespace understudy::flags {
namespace {

/// Reads a text of fixed fields from the front; one mismatch makes all that follows fail.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  /// Exactly `count` digits.
  unsigned digits(size_t count) {
    unsigned value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  /// One of `letters`; returns it.
  char one_of(std::string_view letters) {
    if (rest_.empty() || letters.find(rest_.front()) == std::string_view::npos) {
      ok_ = false;
      return 0;
    }
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    return letter;
  }

  /// ".123", of any length; 0 when there is none.
  double fraction() {
    if (!rest_.starts_with('.')) return 0;
    rest_.remove_prefix(1);
    double value = 0;
    double unit = 0.1;
    size_t count = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      value += unit * (rest_[count] - '0');
      unit /= 10;
    }
    if (count == 0) ok_ = false;
    rest_.remove_prefix(count);
    return value;
  }

  bool at_end() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

constexpr size_t kTextBytesMax = 64;

}  // namespace

std::optional<double> parse_rfc3339_ms(std::string_view text) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  FieldReader reader(text);
  const unsigned year = reader.digits(4);
  reader.one_of("-");
  const unsigned month = reader.digits(2);
  reader.one_of("-");
  const unsigned day = reader.digits(2);
  reader.one_of("Tt ");
  const unsigned hour = reader.digits(2);
  reader.one_of(":");
  const unsigned minute = reader.digits(2);
  reader.one_of(":");
  const unsigned second = reader.digits(2);
  const double fraction = reader.fraction();
  const char zone = reader.one_of("Zz+-");
  int offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    const unsigned hours = reader.digits(2);
    reader.one_of(":");
    const unsigned minutes = reader.digits(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = static_cast<int>(hours * 60 + minutes) * (zone == '-' ? -1 : 1);
  }
  if (!reader.at_end()) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = days * 86'400 + int64_t{hour} * 3600 + int64_t{minute} * 60 + second -
                          int64_t{offset_minutes} * 60;
  return static_cast<double>(seconds * 1000) + fraction * 1000;
}

}  // namespace understudy::flags
