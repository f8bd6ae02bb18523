#include "api/verdict_marker.h"

#include <mutex>
#include <string>

#include "base/text.h"

namespace understudy::api {
namespace {

using base::cat;

constexpr std::string_view kType = "verdict";
constexpr std::string_view kNotEnough = "not enough evidence";
/// Newest markers of all migrations that are looked through for the last one of this.
constexpr int kMarkersMax = 200;

std::string in_words(std::string_view ruling) {
  return std::string(ruling == "not_enough_evidence" ? kNotEnough : ruling);
}

/// What the newest marker of the migration says; none says that it begins.
base::Result<std::string> last_verdict(state::StateStore& state, const std::string& prefix) {
  TRY_ASSIGN(const auto markers, state.markers({.type = std::string(kType), .limit = kMarkersMax}));
  for (const state::Marker& marker : markers) {
    if (!marker.message.starts_with(prefix)) continue;
    const size_t end = marker.message.find(',', prefix.size());
    return marker.message.substr(prefix.size(), end - prefix.size());
  }
  return std::string(kNotEnough);
}

}  // namespace

base::Status mark_verdict(state::StateStore& state, std::string_view migration,
                          const flags::Value& verdict) {
  const auto text = [&](std::string_view name) {
    const flags::Value* member = verdict.find(name);
    return member == nullptr ? std::string() : member->as_string();
  };
  const std::string now = in_words(text("verdict"));
  if (now.empty()) return base::ok_status();
  // Two who look at once make one marker.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const std::string prefix = cat(migration, ": ");
  TRY_ASSIGN(const std::string before, last_verdict(state, prefix));
  if (now == before) return base::ok_status();
  state::Marker marker;
  marker.type = kType;
  marker.message =
      cat(prefix, now, ", after ", before, "; criteria ", text("criteria_hash").substr(0, 12));
  TRY(state.add_marker(std::move(marker)));
  return base::ok_status();
}

}  // namespace understudy::api
