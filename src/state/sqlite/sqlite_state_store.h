#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "state/state_store.h"

namespace understudy::state {

struct SqliteOptions {
  /// The file; its folder is made when it is missing.
  std::string path;
  /// How long a call waits for another process that holds the file before it is kUnavailable.
  std::chrono::milliseconds busy_timeout{5000};
  /// The file may grow to this; beyond, writes are refused with kIo and reads go on.
  uint64_t file_bytes_max = 4ULL << 30;
};

/// A StateStore in one SQLite file: write-ahead log, synchronous=FULL. A change that was
/// acknowledged survives kill -9 and a power cut (measured: NORMAL loses acknowledged rows, FULL
/// none). Several processes may use one file at once. Answers behind permalinks are in a file of
/// their own beside it, "state.results.db", so that many and large ones hold up no change.
/// Opening creates or migrates the schema, each step in a transaction. Failure, each with one line
/// that names the file: a folder that cannot be written, a file that is no database or not ours
/// (kInvalid), a corrupt one, a newer schema than this program knows (kInvalid), a file held by
/// another process (kUnavailable), a full disk (kIo).
class SqliteStateStore final : public StateStore {
 public:
  static base::Result<std::unique_ptr<SqliteStateStore>> open(
      SqliteOptions options, const base::Clock& clock = base::system_clock());
  ~SqliteStateStore() override;

  DocumentStore& documents() override;
  DocumentStore& results() override;

 private:
  class Database;
  SqliteStateStore(std::unique_ptr<Database> database, const base::Clock& clock);

  base::Status update(ItemKind kind, std::string_view key, const Decide& decide) override;
  base::Result<Contents> load(const Selection& selection) override;
  base::Result<std::vector<HistoryEntry>> select_history(const HistoryQuery& query) override;
  base::Result<int64_t> insert_marker(const Marker& marker) override;
  base::Result<std::vector<Marker>> select_markers(const MarkerQuery& query) override;
  base::Status update_marker(const Marker& marker) override;
  base::Status delete_marker(int64_t id) override;
  base::Status insert_api_key(const ApiKey& key) override;
  base::Status update_api_key(const ApiKey& key) override;
  base::Result<std::vector<ApiKey>> select_api_keys() override;

  std::unique_ptr<Database> database_;
  std::unique_ptr<DocumentStore> documents_;
  std::unique_ptr<DocumentStore> results_;
};

}  // namespace understudy::state
