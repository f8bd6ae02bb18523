#include "compare/decimal.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace understudy::compare {

namespace {

constexpr int64_t kExponentMax = 1'000'000'000'000'000;  // written exponents saturate here

}  // namespace

Decimal::Decimal(std::string_view token) {
  size_t at = 0;
  if (at < token.size() && (token[at] == '-' || token[at] == '+')) negative_ = token[at++] == '-';
  size_t letter = at;
  while (letter < token.size() && token[letter] != 'e' && token[letter] != 'E') ++letter;
  const std::string_view mantissa = token.substr(at, letter - at);
  const size_t point = mantissa.find('.');
  digits_.reserve(mantissa.size());
  digits_ = mantissa.substr(0, point);
  if (point != std::string_view::npos) {
    digits_ += mantissa.substr(point + 1);
    places_ = static_cast<int64_t>(mantissa.size() - point - 1);
  }
  if (letter < token.size()) {
    std::string_view written = token.substr(letter + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    const bool down = written.starts_with('-');
    if (down) written.remove_prefix(1);
    int64_t exponent = 0;
    for (const char digit : written) {
      exponent = std::min(kExponentMax, exponent * 10 + (digit - '0'));
    }
    places_ -= down ? -exponent : exponent;
    vague_ = exponent == kExponentMax;
  }
  exponent_ = -places_;
  const size_t leading = digits_.find_first_not_of('0');
  significant_ = leading == std::string::npos ? 1 : static_cast<int64_t>(digits_.size() - leading);
  strip();
}

Decimal Decimal::of(bool negative, std::string digits, int64_t exponent) {
  Decimal value;
  value.negative_ = negative;
  value.significant_ = static_cast<int64_t>(digits.size());
  value.digits_ = std::move(digits);
  value.exponent_ = exponent;
  value.places_ = -exponent;
  value.strip();
  return value;
}

void Decimal::strip() {
  const size_t leading = digits_.find_first_not_of('0');
  if (leading == std::string::npos) {
    digits_.clear();
    exponent_ = 0;
    vague_ = false;
    return;
  }
  const size_t last = digits_.find_last_not_of('0');
  exponent_ += static_cast<int64_t>(digits_.size() - 1 - last);
  digits_ = digits_.substr(leading, last - leading + 1);
}

std::string Decimal::text() const {
  if (zero()) return negative_ ? "-0" : "0";
  std::string out = negative_ ? "-" : "";
  const auto size = static_cast<int64_t>(digits_.size());
  if (exponent_ >= 0 && exponent_ + size <= 21) {
    return out + digits_ + std::string(static_cast<size_t>(exponent_), '0');
  }
  if (exponent_ < 0 && exponent_ > -21) {
    const int64_t whole = size + exponent_;
    if (whole > 0) {
      return out + digits_.substr(0, static_cast<size_t>(whole)) + "." +
             digits_.substr(static_cast<size_t>(whole));
    }
    return out + "0." + std::string(static_cast<size_t>(-whole), '0') + digits_;
  }
  return base::cat(out, digits_, "e", exponent_);
}

int compare_magnitude(const Decimal& a, const Decimal& b) {
  if (a.zero() || b.zero()) return a.zero() ? (b.zero() ? 0 : -1) : 1;
  const int64_t top_a = a.exponent() + static_cast<int64_t>(a.digits().size());
  const int64_t top_b = b.exponent() + static_cast<int64_t>(b.digits().size());
  if (top_a != top_b) return top_a < top_b ? -1 : 1;
  // Same power of ten in front, so the digits compare like text: no trailing zeros are left.
  const int order = a.digits().compare(b.digits());
  if (order == 0 && (a.vague() || b.vague())) return 1;
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::optional<Decimal> distance(const Decimal& a, const Decimal& b) {
  if (a.vague() || b.vague()) return std::nullopt;
  if (a.zero()) return Decimal::of(false, b.digits(), b.exponent());
  if (b.zero()) return Decimal::of(false, a.digits(), a.exponent());
  const int64_t low = std::min(a.exponent(), b.exponent());
  const int64_t high = std::max(a.exponent() + static_cast<int64_t>(a.digits().size()),
                                b.exponent() + static_cast<int64_t>(b.digits().size()));
  if (high - low > kDistanceDigitsMax) return std::nullopt;
  const auto aligned = [&](const Decimal& value) {
    std::string digits(static_cast<size_t>(high - low), '0');
    const int64_t below = value.exponent() - low;
    std::copy(value.digits().begin(), value.digits().end(),
              digits.end() - below - static_cast<int64_t>(value.digits().size()));
    return digits;
  };
  std::string x = aligned(a);
  std::string y = aligned(b);
  if (a.negative() != b.negative()) {
    int carry = 0;
    for (size_t i = x.size(); i-- > 0;) {
      const int sum = (x[i] - '0') + (y[i] - '0') + carry;
      x[i] = static_cast<char>('0' + sum % 10);
      carry = sum / 10;
    }
    if (carry != 0) x.insert(x.begin(), '1');
  } else {
    if (x < y) std::swap(x, y);
    int borrow = 0;
    for (size_t i = x.size(); i-- > 0;) {
      int rest = (x[i] - '0') - (y[i] - '0') - borrow;
      borrow = rest < 0 ? 1 : 0;
      if (rest < 0) rest += 10;
      x[i] = static_cast<char>('0' + rest);
    }
  }
  return Decimal::of(false, std::move(x), low);
}

double to_double(std::string_view token) {
  if (token.starts_with('+')) token.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  const Decimal exact(token);
  const bool large = exact.exponent() + static_cast<int64_t>(exact.digits().size()) > 0;
  value = large ? std::numeric_limits<double>::infinity() : 0.0;
  return exact.negative() ? -value : value;
}

uint64_t ulp_distance(double a, double b) {
  // Doubles of one sign are ordered like their bits; below zero the order is turned around, and
  // both zeros become 0.
  const auto ordered = [](double value) {
    const auto bits = std::bit_cast<int64_t>(value);
    return bits < 0 ? std::numeric_limits<int64_t>::min() - bits : bits;
  };
  const int64_t x = ordered(a);
  const int64_t y = ordered(b);
  return x > y ? static_cast<uint64_t>(x) - static_cast<uint64_t>(y)
               : static_cast<uint64_t>(y) - static_cast<uint64_t>(x);
}

}  // namespace understudy::compare
