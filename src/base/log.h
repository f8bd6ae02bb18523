#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace understudy::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// Writes one line with time and level to the log sink (standard error unless replaced). Control
/// characters are made visible, so that one call is one line whatever a peer sent. Threads: any.
void log(LogLevel level, std::string_view message);

/// Replaces the sink, for tests; an empty function restores standard error.
using LogSink = std::function<void(LogLevel, std::string_view)>;
void set_log_sink(LogSink sink);
void set_log_level(LogLevel lowest);
bool log_enabled(LogLevel level);

template <class... Parts>
void log_debug(const Parts&... parts) {
  if (log_enabled(LogLevel::kDebug)) log(LogLevel::kDebug, cat(parts...));
}
template <class... Parts>
void log_info(const Parts&... parts) {
  if (log_enabled(LogLevel::kInfo)) log(LogLevel::kInfo, cat(parts...));
}
template <class... Parts>
void log_warn(const Parts&... parts) {
  if (log_enabled(LogLevel::kWarn)) log(LogLevel::kWarn, cat(parts...));
}
template <class... Parts>
void log_error(const Parts&... parts) {
  if (log_enabled(LogLevel::kError)) log(LogLevel::kError, cat(parts...));
}

}  // namespace understudy::base
