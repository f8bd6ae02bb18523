#include "flags/semver.h"

#include <algorithm>

#include "base/text.h"

namespace understudy::flags {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_identifier_letter(char letter) {
  return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '-';
}
bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Takes the digits at the front of `text` as one version number.
std::optional<uint64_t> take_number(std::string_view& text) {
  const size_t length =
      static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const std::string_view digits = text.substr(0, length);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  text.remove_prefix(length);
  return base::parse_uint64(digits);
}

bool valid_identifiers(std::string_view dotted, bool numbers_without_leading_zero) {
  for (const std::string_view part : base::split(dotted, '.')) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_identifier_letter)) return false;
    if (numbers_without_leading_zero && is_number(part) && part.size() > 1 && part[0] == '0') {
      return false;
    }
  }
  return true;
}

std::strong_ordering order_text(std::string_view a, std::string_view b) {
  return a.compare(b) <=> 0;
}

/// Numbers of any length by value, numbers before words, words by ASCII.
std::strong_ordering order_identifiers(std::string_view a, std::string_view b) {
  const bool a_number = is_number(a);
  const bool b_number = is_number(b);
  if (a_number && b_number) {
    if (a.size() != b.size()) return a.size() <=> b.size();
    return order_text(a, b);
  }
  if (a_number != b_number) {
    return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return order_text(a, b);
}

}  // namespace

std::optional<SemVer> SemVer::parse(std::string_view text) {
  if (text.size() > kSemVerBytesMax) return std::nullopt;
  SemVer version;
  const size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!valid_identifiers(text.substr(plus + 1), false)) return std::nullopt;
    text = text.substr(0, plus);
  }
  uint64_t* const parts[] = {&version.major_part, &version.minor_part, &version.patch_part};
  for (size_t i = 0; i < std::size(parts); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) break;
      text.remove_prefix(1);
    }
    const std::optional<uint64_t> number = take_number(text);
    if (!number) return std::nullopt;
    *parts[i] = *number;
  }
  if (text.empty()) return version;
  if (text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  if (!valid_identifiers(text, true)) return std::nullopt;
  for (const std::string_view part : base::split(text, '.')) version.prerelease.emplace_back(part);
  return version;
}

std::strong_ordering operator<=>(const SemVer& a, const SemVer& b) {
  if (const auto order = a.major_part <=> b.major_part; order != 0) return order;
  if (const auto order = a.minor_part <=> b.minor_part; order != 0) return order;
  if (const auto order = a.patch_part <=> b.patch_part; order != 0) return order;
  if (a.prerelease.empty() != b.prerelease.empty()) {
    return a.prerelease.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  const size_t shared = std::min(a.prerelease.size(), b.prerelease.size());
  for (size_t i = 0; i < shared; ++i) {
    const auto order = order_identifiers(a.prerelease[i], b.prerelease[i]);
    if (order != 0) return order;
  }
  return a.prerelease.size() <=> b.prerelease.size();
}

}  // namespace understudy::flags
