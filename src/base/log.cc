#include "base/log.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>

namespace understudy::base {
namespace {

constexpr size_t kLineBytesMax = 4096;

std::atomic<LogLevel> g_lowest{LogLevel::kInfo};
std::mutex g_sink_mutex;
LogSink& sink() {
  static LogSink instance;
  return instance;
}

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

void write_standard_error(LogLevel level, std::string_view message) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  char stamp[64];
  std::snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                now.tv_nsec / 1'000'000);
  const std::string line = cat(stamp, " ", level_name(level), " ", message, "\n");
  // One write keeps lines of several threads apart; a lost log line must not stop the server.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  if (!log_enabled(level)) return;
  const std::string line = printable(message, kLineBytesMax);
  const std::lock_guard lock(g_sink_mutex);
  if (sink()) {
    sink()(level, line);
  } else {
    write_standard_error(level, line);
  }
}

void set_log_sink(LogSink replacement) {
  const std::lock_guard lock(g_sink_mutex);
  sink() = std::move(replacement);
}

void set_log_level(LogLevel lowest) { g_lowest.store(lowest, std::memory_order_relaxed); }
bool log_enabled(LogLevel level) { return level >= g_lowest.load(std::memory_order_relaxed); }

}  // namespace understudy::base
