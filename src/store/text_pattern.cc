#include "store/text_pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <string>

#include "base/text.h"

namespace understudy::store {
namespace {

constexpr std::size_t kCachedMax = 64;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

/// Whether a pattern has \C outside of a literal stretch \Q...\E.
bool matches_bytes(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    const char escaped = pattern[++i];
    if (escaped == 'C') return true;
    if (escaped == 'Q') i = std::min(pattern.find("\\E", i), pattern.size());
  }
  return false;
}

/// The patterns used last, the newest in front.
struct Cache {
  std::mutex mutex;
  std::list<std::pair<std::string, std::shared_ptr<const TextPattern>>> patterns;
};

Cache& cache() {
  static Cache one;
  return one;
}

}  // namespace

TextPattern::TextPattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}

TextPattern::~TextPattern() = default;

base::Result<std::shared_ptr<const TextPattern>> TextPattern::compile(std::string_view pattern) {
  if (matches_bytes(pattern)) {
    return base::invalid("the regular expression matches parts of letters with \\C");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytesMax);
  auto compiled = std::make_unique<re2::RE2>(piece(pattern), options);
  if (!compiled->ok()) {
    return base::invalid(
        base::cat("the regular expression is not valid: ", base::printable(compiled->error())));
  }
  if (compiled->ProgramSize() > kPatternProgramMax) {
    return base::invalid(
        "the regular expression is too large when its repetitions are written out");
  }
  return std::shared_ptr<const TextPattern>(new TextPattern(std::move(compiled)));
}

std::shared_ptr<const TextPattern> TextPattern::cached(std::string_view pattern) {
  const std::lock_guard lock(cache().mutex);
  auto& patterns = cache().patterns;
  for (auto one = patterns.begin(); one != patterns.end(); ++one) {
    if (one->first != pattern) continue;
    patterns.splice(patterns.begin(), patterns, one);
    return one->second;
  }
  auto compiled = compile(pattern);
  if (!compiled.ok()) return nullptr;
  patterns.emplace_front(pattern, *std::move(compiled));
  if (patterns.size() > kCachedMax) patterns.pop_back();
  return patterns.front().second;
}

bool TextPattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(piece(text), *compiled_);
}

std::optional<std::string_view> TextPattern::first_group(std::string_view text) const {
  if (groups() == 0) return std::nullopt;
  re2::StringPiece found[2];
  if (!compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, found, 2)) {
    return std::nullopt;
  }
  if (found[1].data() == nullptr) return std::nullopt;
  return std::string_view(found[1].data(), found[1].size());
}

std::optional<std::int64_t> TextPattern::count(std::string_view text) const {
  std::int64_t matches = 0;
  std::uint64_t steps = 0;
  std::size_t at = 0;
  const char* behind = nullptr;  // the match before ends here
  re2::StringPiece found;
  while (at <= text.size() &&
         compiled_->Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
    steps += text.size();
    if (steps > kPatternCountStepsMax) return std::nullopt;
    if (!found.empty() || found.data() != behind) ++matches;
    behind = found.data() + found.size();
    at = static_cast<std::size_t>(behind - text.data());
    if (!found.empty()) continue;
    // Past the next letter, so as not to find the same place again.
    ++at;
    while (at < text.size() && (text[at] & 0xC0) == 0x80) ++at;
  }
  return matches;
}

int TextPattern::groups() const { return compiled_->NumberOfCapturingGroups(); }

}  // namespace understudy::store
