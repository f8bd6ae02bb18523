#include "app/restart_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/text.h"

namespace understudy::app {
namespace {

Config read(std::string_view text) {
  auto config = parse_config(text, "understudy.yaml", {});
  EXPECT_TRUE(config.ok()) << text << config.error().context;
  return config.ok() ? *std::move(config) : Config{};
}

/// One that is not the default, for every setting that is read at the start.
const std::map<std::string, std::string>& other_values() {
  static const std::map<std::string, std::string> values = {
      {"data_dir", "/elsewhere"},
      {"admin.listen", "127.0.0.1:9"},
      {"admin.require_keys", "true"},
      {"admin.allow_remote", "true"},
      {"admin.hosts", "[understudy]"},
      {"workers", "7"},
      {"recording", "compared"},
      {"recorder.threads", "7"},
      {"recorder.queue_len_max", "777"},
      {"recorder.queue_bytes_max", "7MiB"},
      {"store.sync", "interval"},
      {"store.sync_interval", "7s"},
      {"store.log_file_bytes_max", "7MiB"},
      {"store.log_bytes_max", "777MiB"},
      {"store.segment_events", "77777"},
      {"store.segment_age", "77s"},
      {"store.retention_age", "70h"},
      {"store.retention_bytes", "777MiB"},
      {"store.tail_bytes_max", "77MiB"},
      {"store.memory_bytes_max", "777MiB"},
      {"store.threads", "7"},
      {"store.query_timeout", "7s"},
      {"store.queries_at_once_max", "7"},
  };
  return values;
}

TEST(RestartSettings, EachIsNamedWhenItAndNothingElseChanged) {
  const Config before = read("log_level: info\n");
  for (const std::string_view path : settings_read_at_start()) {
    const auto value = other_values().find(std::string(path));
    ASSERT_NE(value, other_values().end()) << path;
    const size_t dot = path.find('.');
    const std::string yaml = dot == std::string_view::npos
                                 ? base::cat(path, ": ", value->second, "\n")
                                 : base::cat(path.substr(0, dot), ": { ", path.substr(dot + 1),
                                             ": ", value->second, " }\n");
    EXPECT_THAT(changed_settings_read_at_start(before, read(yaml)), ::testing::ElementsAre(path));
  }
}

TEST(RestartSettings, WhatAReloadChangesIsNotNamed) {
  const Config before = read("log_level: info\n");
  const Config after = read("log_level: warn\ndrain_timeout: 1s\nmigrations:\n  - name: a\n");
  EXPECT_TRUE(changed_settings_read_at_start(before, after).empty());
}

}  // namespace
}  // namespace understudy::app
