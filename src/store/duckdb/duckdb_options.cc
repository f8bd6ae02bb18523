#include <algorithm>

#include "base/text.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::store {
namespace {

constexpr std::int64_t kThreadsMax = 256;
constexpr std::int64_t kQueriesMax = 64;
constexpr std::int64_t kSegmentEventsMin = 1'000;
constexpr std::int64_t kSegmentEventsMax = 10'000'000;
constexpr std::uint64_t kRetentionBytesMin = 1u << 20;
constexpr std::uint64_t kTailBytesMin = 16u << 20;
constexpr std::uint64_t kMemoryBytesMin = 64u << 20;
constexpr std::uint64_t kFileBytesMin = 64u << 10;
// Only whole files are removed, so the one that is written is at most so small a part of the log.
constexpr std::uint64_t kFilesPerLogMin = 4;

/// Reads `key` into `out` with one of ConfigNode's readers, when it is there.
template <class T, class Read>
base::Status read(const base::ConfigNode& node, std::string_view key, T& out, Read read_value) {
  const base::ConfigNode* found = node.find(key);
  if (found == nullptr) return {};
  TRY_ASSIGN(const auto value, read_value(*found));
  out = static_cast<T>(value);
  return {};
}

base::Status read_bytes(const base::ConfigNode& node, std::string_view key, std::uint64_t least,
                        std::uint64_t& out) {
  TRY(read(node, key, out, [](const auto& value) { return value.as_bytes(); }));
  if (out >= least) return {};
  return node.find(key)->error(base::cat("is below ", least, " bytes"));
}

base::Status read_duration(const base::ConfigNode& node, std::string_view key,
                           std::chrono::nanoseconds& out) {
  TRY(read(node, key, out, [](const auto& value) { return value.as_duration(); }));
  if (out.count() > 0) return {};
  return node.find(key)->error("is not longer than 0");
}

template <class T>
base::Status read_count(const base::ConfigNode& node, std::string_view key, std::int64_t least,
                        std::int64_t most, T& out) {
  return read(node, key, out, [&](const auto& value) { return value.as_int(least, most); });
}

base::Status read_sync(const base::ConfigNode& node, EventLogOptions::Sync& out) {
  const base::ConfigNode* found = node.find("sync");
  if (found == nullptr) return {};
  TRY_ASSIGN(const std::string word, found->as_string());
  if (word == "each_group") {
    out = EventLogOptions::Sync::kEachGroup;
  } else if (word == "interval") {
    out = EventLogOptions::Sync::kInterval;
  } else if (word == "none") {
    out = EventLogOptions::Sync::kNone;
  } else {
    return found->error(base::cat(word, " is not one of each_group, interval, none"));
  }
  return {};
}

}  // namespace

base::Result<DuckDbStoreOptions> DuckDbStoreOptions::parse(const base::ConfigNode& node) {
  DuckDbStoreOptions options;
  if (node.is_null()) return options;
  TRY(node.must_be_map());
  TRY(node.only_keys({"sync", "sync_interval", "log_file_bytes_max", "log_bytes_max",
                      "segment_events", "segment_age", "retention_age", "retention_bytes",
                      "tail_bytes_max", "memory_bytes_max", "threads", "query_timeout",
                      "queries_at_once_max"}));
  TRY(read_sync(node, options.log.sync));
  TRY(read_duration(node, "sync_interval", options.log.sync_interval));
  TRY(read_bytes(node, "log_file_bytes_max", kFileBytesMin, options.log.file_bytes_max));
  TRY(read_bytes(node, "log_bytes_max", kFileBytesMin, options.log.log_bytes_max));
  options.log.file_bytes_max =
      std::min(options.log.file_bytes_max, options.log.log_bytes_max / kFilesPerLogMin);
  TRY(read_count(node, "segment_events", kSegmentEventsMin, kSegmentEventsMax,
                 options.segment_events));
  TRY(read_duration(node, "segment_age", options.segment_age));
  TRY(read_duration(node, "retention_age", options.retention_age));
  TRY(read_bytes(node, "retention_bytes", kRetentionBytesMin, options.retention_bytes));
  TRY(read_bytes(node, "tail_bytes_max", kTailBytesMin, options.tail_bytes_max));
  TRY(read_bytes(node, "memory_bytes_max", kMemoryBytesMin, options.memory_bytes_max));
  TRY(read_count(node, "threads", 1, kThreadsMax, options.threads));
  TRY(read_duration(node, "query_timeout", options.query_timeout));
  TRY(read_count(node, "queries_at_once_max", 1, kQueriesMax, options.queries_at_once_max));
  return options;
}

}  // namespace understudy::store
