#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::flags {

/// A semantic version (semver.org 2.0.0), except that minor and patch may be left out: "2" is
/// "2.0.0", "2.1-rc.1" is "2.1.0-rc.1". No leading "v", no leading zeros. Build metadata is
/// accepted and takes no part in the order.
struct SemVer {
  uint64_t major_part = 0;
  uint64_t minor_part = 0;
  uint64_t patch_part = 0;
  std::vector<std::string> prerelease;

  static std::optional<SemVer> parse(std::string_view text);

  /// By precedence: 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-beta.2 < 1.0.0-beta.11 < 1.0.0.
  friend std::strong_ordering operator<=>(const SemVer& a, const SemVer& b);
  friend bool operator==(const SemVer& a, const SemVer& b) { return (a <=> b) == 0; }
};

/// How long a version may be, in bytes; longer text is no version.
inline constexpr size_t kSemVerBytesMax = 256;

}  // namespace understudy::flags
