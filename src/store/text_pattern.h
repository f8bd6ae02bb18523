#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace understudy::store {

/// Bytes of memory one compiled regular expression may take, and how many instructions.
inline constexpr std::int64_t kPatternBytesMax = 1 << 20;
inline constexpr int kPatternProgramMax = 10'000;
inline constexpr std::uint64_t kPatternCountStepsMax = 1 << 25;

/// A regular expression of RE2: its matching is linear in the text, whatever the pattern is.
/// Immutable. Threads: any number at once.
class TextPattern {
 public:
  /// kInvalid with RE2's reason, when it compiles to more than the limits, and with \C, which
  /// matches a part of a letter and so makes text that is not UTF-8.
  static base::Result<std::shared_ptr<const TextPattern>> compile(std::string_view pattern);
  /// A valid pattern compiled before, if it is among the last used, else compiled now; null for an
  /// invalid one. Threads: any.
  static std::shared_ptr<const TextPattern> cached(std::string_view pattern);

  ~TextPattern();

  /// Somewhere in the text.
  bool matches(std::string_view text) const;
  /// What the first group holds in the first match; nullopt without a match or a group in it.
  std::optional<std::string_view> first_group(std::string_view text) const;
  /// Matches that do not overlap, from the left; an empty one right behind another is none. Each
  /// may take a look at the whole text, so that many in a long text could take its square: nullopt
  /// when the matches times the bytes of the text are more than kPatternCountStepsMax.
  std::optional<std::int64_t> count(std::string_view text) const;
  int groups() const;

 private:
  explicit TextPattern(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace understudy::store
