#include "store/text_number.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "base/text.h"

namespace understudy::store {
namespace {

/// An edge of a bin, without the noise of its computation.
std::string edge(double number) {
  char digits[40];
  std::snprintf(digits, sizeof(digits), "%.15g", number);
  return text_of_number(std::strtod(digits, nullptr));
}

}  // namespace

event::Value number_of_text(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return {};
  if (const auto whole = base::parse_int64(text)) return *whole;
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || at != end || !std::isfinite(number)) return {};
  return number;
}

std::string text_of_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  if (number == 0) return "0";
  const double size = std::abs(number);
  const auto format =
      size < 1e-6 || size >= 1e21 ? std::chars_format::scientific : std::chars_format::fixed;
  char digits[64];
  const auto [end, failure] = std::to_chars(digits, digits + sizeof(digits), number, format);
  return {digits, end};
}

double bin_of(double number, const Bins& bins) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (std::isnan(number)) return kNone;
  if (number < bins.least) return -kInfinity;
  if (number > bins.most) return kInfinity;
  if (std::isinf(number)) return kNone;
  const bool bounded = std::isfinite(bins.least);
  const double bin = std::ceil((number - (bounded ? bins.least : 0)) / bins.size) - 1;
  if (!std::isfinite(bin)) return kNone;
  return bounded && bin < 0 ? 0 : bin;
}

std::string label_of_bin(double bin, const Bins& bins) {
  if (std::isnan(bin)) return {};
  if (std::isinf(bin)) return bin < 0 ? "< " + edge(bins.least) : "> " + edge(bins.most);
  const double origin = std::isfinite(bins.least) ? bins.least : 0;
  const double from = origin + bin * bins.size;
  const double to = std::min(origin + (bin + 1) * bins.size, bins.most);
  if (!std::isfinite(from) || !std::isfinite(to)) return {};
  return base::cat(edge(from), " - ", edge(to));
}

std::string bin_label(double number, const Bins& bins) {
  return label_of_bin(bin_of(number, bins), bins);
}

}  // namespace understudy::store
