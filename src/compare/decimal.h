#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::compare {

/// A decimal number exactly as written: digits times ten to an exponent. No size is too large and
/// no digit is lost. A value type. Cost: linear in its digits.
class Decimal {
 public:
  Decimal() = default;
  /// `token` is a JSON number.
  explicit Decimal(std::string_view token);

  bool negative() const { return negative_; }
  bool zero() const { return digits_.empty(); }
  /// Without leading and trailing zeros; empty for zero.
  const std::string& digits() const { return digits_; }
  /// Of the last digit: the value is digits() * 10^exponent().
  int64_t exponent() const { return exponent_; }
  /// Decimal places as written: 2 for "1.50", -3 for "12e3".
  int64_t places() const { return places_; }
  /// Its exponent is too large to be counted: which number it is is not known, and it is equal to
  /// none. Never zero.
  bool vague() const { return vague_; }
  /// Significant digits as written: 3 for "1.50".
  int64_t significant() const { return significant_; }

  /// A plain number when short, else with an exponent; parses back to the same value.
  std::string text() const;
  static Decimal of(bool negative, std::string digits, int64_t exponent);

  /// Equal value and equal sign, also of zero.
  bool same(const Decimal& other) const {
    return negative_ == other.negative_ && exponent_ == other.exponent_ &&
           digits_ == other.digits_ && !vague_ && !other.vague_;
  }

 private:
  void strip();

  bool negative_ = false;
  bool vague_ = false;
  std::string digits_;
  int64_t exponent_ = 0;
  int64_t places_ = 0;
  int64_t significant_ = 0;
};

/// Whether |a| is below (-1), equal to (0) or above (1) |b|; never equal when one is vague.
int compare_magnitude(const Decimal& a, const Decimal& b);

/// |a - b| exactly; nothing when the result would have more than kDistanceDigitsMax digits, or when
/// one of them is vague.
std::optional<Decimal> distance(const Decimal& a, const Decimal& b);
inline constexpr int64_t kDistanceDigitsMax = 4096;

/// The double nearest to a JSON number; beyond the range of doubles an infinity or a zero.
double to_double(std::string_view token);

/// How many representable doubles lie between a and b, counting one end: 0 for equal values and
/// for -0 and 0; correct across zero, subnormals and the whole range. Not for NaN.
uint64_t ulp_distance(double a, double b);

}  // namespace understudy::compare
