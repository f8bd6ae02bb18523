#include "app/restart_settings.h"

#include <array>

namespace understudy::app {
namespace {

struct Setting {
  std::string_view path;
  bool (*same)(const Config& before, const Config& after);
};

/// A setting by its path and the member that holds it.
#define SETTING(path, member)                                                   \
  Setting {                                                                     \
    path, [](const Config& a, const Config& b) { return a.member == b.member; } \
  }

constexpr std::array kSettings = {
    SETTING("data_dir", data_dir),
    SETTING("admin.listen", admin.listen),
    SETTING("admin.require_keys", admin.require_keys),
    SETTING("admin.allow_remote", admin.allow_remote),
    SETTING("admin.hosts", admin.hosts),
    SETTING("workers", workers),
    SETTING("recording", recording),
    SETTING("recorder.threads", recorder.threads),
    SETTING("recorder.queue_len_max", recorder.queue_len_max),
    SETTING("recorder.queue_bytes_max", recorder.queue_bytes_max),
    SETTING("store.sync", store.log.sync),
    SETTING("store.sync_interval", store.log.sync_interval),
    SETTING("store.log_file_bytes_max", store.log.file_bytes_max),
    SETTING("store.log_bytes_max", store.log.log_bytes_max),
    SETTING("store.segment_events", store.segment_events),
    SETTING("store.segment_age", store.segment_age),
    SETTING("store.retention_age", store.retention_age),
    SETTING("store.retention_bytes", store.retention_bytes),
    SETTING("store.tail_bytes_max", store.tail_bytes_max),
    SETTING("store.memory_bytes_max", store.memory_bytes_max),
    SETTING("store.threads", store.threads),
    SETTING("store.query_timeout", store.query_timeout),
    SETTING("store.queries_at_once_max", store.queries_at_once_max),
};

#undef SETTING

}  // namespace

std::vector<std::string_view> settings_read_at_start() {
  std::vector<std::string_view> paths;
  for (const Setting& setting : kSettings) paths.push_back(setting.path);
  return paths;
}

std::vector<std::string> changed_settings_read_at_start(const Config& before, const Config& after) {
  std::vector<std::string> changed;
  for (const Setting& setting : kSettings) {
    if (!setting.same(before, after)) changed.emplace_back(setting.path);
  }
  return changed;
}

}  // namespace understudy::app
