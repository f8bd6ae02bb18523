#include "http/date.h"

#include <algorithm>
#include <chrono>

namespace understudy::http {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

void put_digits(char* at, int width, unsigned number) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

void format_imf_fixdate(std::int64_t unix_seconds, std::array<char, kImfFixdateBytes>& out) {
  using namespace std::chrono;
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const sys_seconds time{seconds{unix_seconds}};
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};

  constexpr std::string_view kShape = "Ddd, 00 Mmm 0000 00:00:00 GMT";
  static_assert(kShape.size() == kImfFixdateBytes);
  std::copy(kShape.begin(), kShape.end(), out.begin());
  kDays.copy(out.data(), 3, weekday{day}.c_encoding() * 3);
  put_digits(out.data() + 5, 2, static_cast<unsigned>(date.day()));
  kMonths.copy(out.data() + 8, 3, (static_cast<unsigned>(date.month()) - 1) * 3);
  put_digits(out.data() + 12, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(out.data() + 17, 2, static_cast<unsigned>(clock.hours().count()));
  put_digits(out.data() + 20, 2, static_cast<unsigned>(clock.minutes().count()));
  put_digits(out.data() + 23, 2, static_cast<unsigned>(clock.seconds().count()));
}

std::string_view DateCache::at(std::int64_t unix_ns) {
  const std::int64_t second = unix_ns / kNanosecondsPerSecond;
  if (second != second_) {
    format_imf_fixdate(second, text_);
    second_ = second;
  }
  return {text_.data(), text_.size()};
}

}  // namespace understudy::http
