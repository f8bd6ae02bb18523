#include "state/sqlite/schema.h"

#include <array>

#include "base/text.h"

namespace understudy::state {
namespace {

using base::cat;

/// "UNDS": marks the file as ours for `file` and for us.
constexpr int64_t kApplicationId = 0x554E4453;

/// Step i brings a file from version i to i + 1. A step that was released is never edited.
constexpr std::array<const char*, 4> kSteps = {
    // 1: flags and segments with their history.
    R"(
CREATE TABLE records (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT;
CREATE TABLE history (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  who TEXT NOT NULL,
  comment TEXT NOT NULL,
  from_json TEXT NOT NULL,
  to_json TEXT NOT NULL
) STRICT;
CREATE INDEX history_of_item ON history (kind, key, id);
)",
    // 2: markers.
    R"(
CREATE TABLE markers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  end_time_ns INTEGER,
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  url TEXT NOT NULL
) STRICT;
CREATE INDEX markers_by_time ON markers (time_ns);
)",
    // 3: keys for the API; of a secret only its hash.
    R"(
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  permissions TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  revoked_ns INTEGER,
  revoked_by TEXT NOT NULL
) STRICT;
)",
    // 4: saved documents with their former versions.
    R"(
CREATE TABLE documents (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  id TEXT NOT NULL,
  scope TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL,
  who TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX documents_by_id ON documents (kind, id);
CREATE INDEX documents_by_scope ON documents (kind, scope, sequence);
CREATE INDEX documents_by_age ON documents (kind, sequence, bytes);
CREATE TABLE document_versions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  who TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX document_versions_by_id ON document_versions (kind, id, version, bytes);
)",
};

/// One step, unless another process has taken it while we waited for the lock.
base::Status take_step(Connection& connection, int64_t from) {
  TRY_ASSIGN(Transaction transaction, Transaction::begin(connection, Transaction::Kind::kWrite));
  TRY_ASSIGN(const int64_t now, connection.query_integer("PRAGMA user_version"));
  if (now != from) return base::ok_status();
  TRY(connection.execute(kSteps[static_cast<size_t>(from)]));
  TRY(connection.execute(cat("PRAGMA user_version = ", from + 1).c_str()));
  TRY(connection.execute(cat("PRAGMA application_id = ", kApplicationId).c_str()));
  return transaction.commit();
}

}  // namespace

int schema_version() { return static_cast<int>(kSteps.size()); }

base::Result<int64_t> check_identity(Connection& connection) {
  // One read transaction: another process may be migrating the file just now.
  TRY_ASSIGN(Transaction transaction, Transaction::begin(connection, Transaction::Kind::kRead));
  TRY_ASSIGN(const int64_t tables, connection.query_integer("SELECT count(*) FROM sqlite_master"));
  TRY_ASSIGN(const int64_t application, connection.query_integer("PRAGMA application_id"));
  TRY_ASSIGN(const int64_t version, connection.query_integer("PRAGMA user_version"));
  if (application != kApplicationId && (application != 0 || version != 0 || tables != 0)) {
    return base::invalid(
        cat(connection.path(), " is a database of another application; it was not touched"));
  }
  if (version < 0 || version > schema_version()) {
    return base::invalid(cat(connection.path(), " has schema version ", version,
                             ", newer than the ", schema_version(),
                             " this program knows; run the newer program"));
  }
  return version;
}

base::Status migrate(Connection& connection) {
  while (true) {
    TRY_ASSIGN(const int64_t version, check_identity(connection));
    if (version == schema_version()) return base::ok_status();
    TRY(take_step(connection, version));
  }
}

}  // namespace understudy::state
