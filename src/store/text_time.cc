#include "store/text_time.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "base/text.h"

namespace understudy::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view kDirectives = "aAbBcCdDeFgGhHIjklmMnprRsStTuUVwWxXyYzZ%";
constexpr const char* kDayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
constexpr const char* kMonthNames[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
constexpr std::int64_t kSecondsPerDay = 86'400;

/// Reads fixed-width parts from the left; `ok` says whether all were there.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_.empty() || text_[0] < '0' || text_[0] > '9') return fail();
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    return value;
  }
  /// Digits of a fraction, as nanoseconds.
  int fraction() {
    int value = 0;
    std::size_t digits = 0;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; ++digits) {
      if (digits < 9) value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    if (digits == 0) return fail();
    for (; digits < 9; ++digits) value *= 10;
    return value;
  }
  /// The next letter when it is one of these, else '\0'.
  char take(std::string_view letters) {
    if (text_.empty() || letters.find(text_[0]) == std::string_view::npos) return '\0';
    const char letter = text_[0];
    text_.remove_prefix(1);
    return letter;
  }
  void expect(std::string_view letters) {
    if (take(letters) == '\0') fail();
  }
  bool ok() const { return ok_ && text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

std::string padded(std::int64_t number, int width, char pad = '0') {
  char text[24];
  std::snprintf(text, sizeof(text), pad == '0' ? "%0*lld" : "%*lld", width,
                static_cast<long long>(number));
  return text;
}

/// The parts of one second in UTC.
struct Parts {
  explicit Parts(std::int64_t unix_seconds) : seconds(unix_seconds) {
    const std::int64_t day =
        seconds >= 0 ? seconds / kSecondsPerDay : (seconds + 1) / kSecondsPerDay - 1;
    const std::int64_t within = seconds - day * kSecondsPerDay;
    const sys_days date{days{static_cast<int>(day)}};
    const year_month_day parts{date};
    year = static_cast<int>(parts.year());
    month = static_cast<unsigned>(parts.month());
    day_of_month = static_cast<unsigned>(parts.day());
    weekday = std::chrono::weekday{date}.c_encoding();
    day_of_year = static_cast<int>((date - sys_days{parts.year() / 1 / 1}).count());
    hour = within / 3'600;
    minute = within / 60 % 60;
    second = within % 60;
    // The week of ISO 8601 is that of its Thursday.
    const sys_days thursday = date + days{3 - static_cast<int>((weekday + 6) % 7)};
    const auto iso = year_month_day{thursday}.year();
    iso_year = static_cast<int>(iso);
    iso_week = static_cast<int>((thursday - sys_days{iso / 1 / 1}).count()) / 7 + 1;
  }

  /// Weeks of the year that begin on this weekday; before the first is week 0.
  int week_from(unsigned first_weekday) const {
    return (day_of_year + 7 - static_cast<int>((weekday + 7 - first_weekday) % 7)) / 7;
  }

  std::int64_t seconds;
  int year;
  unsigned month;
  unsigned day_of_month;
  unsigned weekday;  // 0 is Sunday
  int day_of_year;   // from 0
  std::int64_t hour;
  std::int64_t minute;
  std::int64_t second;
  int iso_year;
  int iso_week;
};

std::string write(char directive, const Parts& at) {
  const std::int64_t hour12 = (at.hour + 11) % 12 + 1;
  const auto both = [&](std::string_view letters) {
    std::string text;
    for (const char letter : letters) {
      text += letter >= 'A' ? write(letter, at) : std::string(1, letter);
    }
    return text;
  };
  switch (directive) {
    case 'a':
      return std::string(kDayNames[at.weekday]).substr(0, 3);
    case 'A':
      return kDayNames[at.weekday];
    case 'b':
    case 'h':
      return std::string(kMonthNames[at.month - 1]).substr(0, 3);
    case 'B':
      return kMonthNames[at.month - 1];
    case 'c':
      return both("a b e H:M:S Y");
    case 'C':
      return padded(at.year / 100, 2);
    case 'd':
      return padded(at.day_of_month, 2);
    case 'D':
    case 'x':
      return both("m/d/y");
    case 'e':
      return padded(at.day_of_month, 2, ' ');
    case 'F':
      return both("Y-m-d");
    case 'g':
      return padded((at.iso_year % 100 + 100) % 100, 2);
    case 'G':
      return padded(at.iso_year, 4);
    case 'H':
      return padded(at.hour, 2);
    case 'I':
      return padded(hour12, 2);
    case 'j':
      return padded(at.day_of_year + 1, 3);
    case 'k':
      return padded(at.hour, 2, ' ');
    case 'l':
      return padded(hour12, 2, ' ');
    case 'm':
      return padded(at.month, 2);
    case 'M':
      return padded(at.minute, 2);
    case 'n':
      return "\n";
    case 'p':
      return at.hour < 12 ? "AM" : "PM";
    case 'r':
      return both("I:M:S p");
    case 'R':
      return both("H:M");
    case 's':
      return base::cat(at.seconds);
    case 'S':
      return padded(at.second, 2);
    case 't':
      return "\t";
    case 'T':
    case 'X':
      return both("H:M:S");
    case 'u':
      return base::cat(at.weekday == 0 ? 7U : at.weekday);
    case 'U':
      return padded(at.week_from(0), 2);
    case 'V':
      return padded(at.iso_week, 2);
    case 'w':
      return base::cat(at.weekday);
    case 'W':
      return padded(at.week_from(1), 2);
    case 'y':
      return padded(at.year % 100, 2);
    case 'Y':
      return padded(at.year, 4);
    case 'z':
      return "+0000";
    case 'Z':
      return "UTC";
    default:
      return "%";
  }
}

}  // namespace

std::optional<double> unix_seconds(std::string_view rfc3339) {
  Reader read(rfc3339);
  const int year = read.number(4);
  read.expect("-");
  const int month = read.number(2);
  read.expect("-");
  const int day = read.number(2);
  read.expect("Tt");
  const int hour = read.number(2);
  read.expect(":");
  const int minute = read.number(2);
  read.expect(":");
  const int second = read.number(2);
  const int nanoseconds = read.take(".") != '\0' ? read.fraction() : 0;
  std::int64_t offset_minutes = 0;
  if (const char sign = read.take("+-"); sign != '\0') {
    const int hours = read.number(2);
    read.expect(":");
    const int minutes = read.number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
  } else {
    read.expect("Zz");
  }
  const year_month_day date{std::chrono::year{year},
                            std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!read.ok() || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t seconds =
      static_cast<std::int64_t>(sys_days{date}.time_since_epoch().count()) * kSecondsPerDay +
      hour * 3'600 + minute * 60 + second - offset_minutes * 60;
  // As the time of an event is computed, where 64 bits of nanoseconds reach.
  std::int64_t total = 0;
  if (!__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &total) &&
      !__builtin_add_overflow(total, std::int64_t{nanoseconds}, &total)) {
    return static_cast<double>(total) / 1e9;
  }
  return static_cast<double>(seconds) + nanoseconds / 1e9;
}

base::Status check_time_format(std::string_view format) {
  if (format.size() > kTimeFormatBytesMax) {
    return base::invalid(base::cat("a time format has at most ", kTimeFormatBytesMax, " bytes"));
  }
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    ++i;
    if (i == format.size()) return base::invalid("a time format ends in %; write %% for a percent");
    if (kDirectives.find(format[i]) == std::string_view::npos) {
      return base::invalid(base::cat("%", base::printable(format.substr(i, 1)),
                                     " is not a directive of a time format that is known"));
    }
  }
  return {};
}

std::optional<std::string> format_time(std::string_view format, double unix_seconds) {
  const double whole = std::floor(unix_seconds);
  constexpr double kYear0 = -62'167'219'200;
  constexpr double kYear10000 = 253'402'300'800;
  if (!(whole >= kYear0 && whole < kYear10000)) return std::nullopt;
  const Parts at(static_cast<std::int64_t>(whole));
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 1 < format.size()) {
      text += write(format[++i], at);
    } else {
      text += format[i];
    }
  }
  return text;
}

}  // namespace understudy::store
