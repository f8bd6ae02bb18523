#include "state/sqlite/sqlite_state_store.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "state/sqlite/connection.h"
#include "state/sqlite/open_file.h"
#include "state/sqlite/sqlite_document_store.h"

namespace understudy::state {

using base::cat;
using base::ErrorKind;
using base::Result;
using base::Status;

namespace {

constexpr const char* kHistoryColumns =
    "SELECT id, kind, key, version, time_ns, origin, who, comment, from_json, to_json "
    "FROM history WHERE ";
constexpr const char* kMarkerColumns =
    "SELECT id, time_ns, end_time_ns, type, message, url FROM markers WHERE ";

/// "state.db" has "state.results.db" beside it.
std::string results_path(const std::string& path) {
  std::filesystem::path file(path);
  return file.replace_extension(base::cat(".results", file.extension().string())).string();
}

/// Kept answers can be done without: a file that cannot be read is set aside, so that it keeps
/// nobody from starting.
Result<std::unique_ptr<DocumentStore>> open_results(const SqliteOptions& options,
                                                    const base::Clock& clock) {
  const auto open = [&]() -> Result<std::unique_ptr<DocumentStore>> {
    TRY_ASSIGN(auto opened,
               SqliteDocumentStore::open(options, SqliteDocumentStore::Durability::kRelaxed,
                                         kResultLimits, clock));
    return std::unique_ptr<DocumentStore>(std::move(opened));
  };
  Result<std::unique_ptr<DocumentStore>> first = open();
  if (first.ok() || first.error().kind == ErrorKind::kUnavailable) return first;
  const std::string aside = options.path + ".damaged";
  std::error_code failure;
  std::filesystem::rename(options.path, aside, failure);
  if (failure) return first;
  for (const char* const log : {"-wal", "-shm"}) {
    std::filesystem::remove(options.path + log, failure);
  }
  base::log_warn("state: ", first.error().context, "; it is now ", aside,
                 ", and the links to the answers in it lead nowhere");
  return open();
}

}  // namespace

/// The connection with its statements, and the lock that makes calls take turns.
class SqliteStateStore::Database {
 public:
  static Result<std::unique_ptr<Database>> open(std::unique_ptr<Connection> connection) {
    TRY_ASSIGN(Statement select_record,
               connection->prepare("SELECT version, deleted, origin, json FROM records "
                                   "WHERE kind = ? AND key = ?"));
    TRY_ASSIGN(
        Statement write_record,
        connection->prepare("INSERT INTO records (kind, key, version, deleted, origin, json) "
                            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET "
                            "version = excluded.version, deleted = excluded.deleted, "
                            "origin = excluded.origin, json = excluded.json"));
    TRY_ASSIGN(Statement insert_history,
               connection->prepare("INSERT INTO history (kind, key, version, time_ns, origin, "
                                   "who, comment, from_json, to_json) "
                                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY_ASSIGN(Statement insert_marker,
               connection->prepare("INSERT INTO markers (time_ns, end_time_ns, type, message, url) "
                                   "VALUES (?, ?, ?, ?, ?)"));
    return std::unique_ptr<Database>(
        new Database(std::move(connection), std::move(select_record), std::move(write_record),
                     std::move(insert_history), std::move(insert_marker)));
  }

  Status update(ItemKind kind, std::string_view key, const Decide& decide) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction,
               Transaction::begin(*connection_, Transaction::Kind::kWrite));
    TRY_ASSIGN(const std::optional<Record> current, read(kind, key));
    TRY_ASSIGN(const std::optional<Write> write, decide(current ? &*current : nullptr));
    if (!write) return base::ok_status();
    if (!current) TRY(check_room());
    TRY(apply(*write));
    return transaction.commit();
  }

  Result<Contents> load(const Selection& selection) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction, Transaction::begin(*connection_, Transaction::Kind::kRead));
    Contents contents;
    TRY_ASSIGN(contents.newest_history_id,
               connection_->query_integer("SELECT coalesce(max(id), 0) FROM history"));
    TRY_ASSIGN(Statement select,
               connection_->prepare(
                   selection.key.empty()
                       ? "SELECT kind, key, version, deleted, origin, json FROM records "
                         "WHERE ?1 IS NULL OR kind = ?1 ORDER BY kind, key"
                       : "SELECT kind, key, version, deleted, origin, json FROM records "
                         "WHERE (?1 IS NULL OR kind = ?1) AND key = ?2 ORDER BY kind, key"));
    std::optional<int64_t> kind;
    if (selection.kind) kind = static_cast<int64_t>(*selection.kind);
    if (selection.key.empty()) {
      TRY(select.bind(kind));
    } else {
      TRY(select.bind(kind, std::string_view(selection.key)));
    }
    while (true) {
      TRY_ASSIGN(const bool has_row, select.step());
      if (!has_row) break;
      contents.records.push_back({.kind = static_cast<ItemKind>(select.integer(0)),
                                  .key = select.text(1),
                                  .version = select.integer(2),
                                  .deleted = select.integer(3) != 0,
                                  .origin = static_cast<Origin>(select.integer(4)),
                                  .json = select.text(5)});
    }
    return contents;
  }

  Result<std::vector<HistoryEntry>> select_history(const HistoryQuery& query) {
    const std::lock_guard lock(mutex_);
    // With a kind and a key the index finds them; the plan must not hide behind an OR.
    std::string sql = kHistoryColumns;
    sql += query.kind ? "kind = ?1" : "?1 IS NULL";
    sql += query.key.empty() ? " AND ?2 = ''" : " AND key = ?2";
    sql += query.before_id > 0 ? " AND id < ?3" : " AND ?3 = 0";
    sql += " ORDER BY id DESC LIMIT ?4";
    TRY_ASSIGN(Statement select, connection_->prepare(sql));
    std::optional<int64_t> kind;
    if (query.kind) kind = static_cast<int64_t>(*query.kind);
    TRY(select.bind(kind, std::string_view(query.key), std::max<int64_t>(query.before_id, 0),
                    int64_t{query.limit}));
    std::vector<HistoryEntry> entries;
    while (true) {
      TRY_ASSIGN(const bool has_row, select.step());
      if (!has_row) return entries;
      entries.push_back({.id = select.integer(0),
                         .kind = static_cast<ItemKind>(select.integer(1)),
                         .key = select.text(2),
                         .version = select.integer(3),
                         .time_ns = select.integer(4),
                         .origin = static_cast<Origin>(select.integer(5)),
                         .who = select.text(6),
                         .comment = select.text(7),
                         .from_json = select.text(8),
                         .to_json = select.text(9)});
    }
  }

  Result<int64_t> insert_marker(const Marker& marker) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction,
               Transaction::begin(*connection_, Transaction::Kind::kWrite));
    // Hardly any is ever deleted, so the newest id is their number.
    TRY_ASSIGN(const int64_t count,
               connection_->query_integer("SELECT coalesce(max(id), 0) FROM markers"));
    if (count >= kMarkersMax) {
      return base::error(ErrorKind::kLimit, cat("there are ", count, " markers already"));
    }
    TRY_ASSIGN(const int64_t id, write(marker));
    TRY(transaction.commit());
    return id;
  }

  Result<std::vector<Marker>> select_markers(const MarkerQuery& query) {
    const std::lock_guard lock(mutex_);
    std::string sql = kMarkerColumns;
    sql += "coalesce(end_time_ns, time_ns) >= ?1";
    sql += query.until_ns ? " AND time_ns < ?2" : " AND ?2 IS NULL";
    sql += query.type.empty() ? " AND ?3 = ''" : " AND type = ?3";
    sql += query.before_id > 0 ? " AND id < ?4" : " AND ?4 = 0";
    sql += " ORDER BY id DESC LIMIT ?5";
    TRY_ASSIGN(Statement select, connection_->prepare(sql));
    TRY(select.bind(query.from_ns, query.until_ns, std::string_view(query.type),
                    std::max<int64_t>(query.before_id, 0), int64_t{query.limit}));
    std::vector<Marker> markers;
    while (true) {
      TRY_ASSIGN(const bool has_row, select.step());
      if (!has_row) return markers;
      markers.push_back({.id = select.integer(0),
                         .time_ns = select.integer(1),
                         .end_time_ns = select.optional_integer(2),
                         .type = select.text(3),
                         .message = select.text(4),
                         .url = select.text(5)});
    }
  }

  Status update_marker(const Marker& marker) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction,
               Transaction::begin(*connection_, Transaction::Kind::kWrite));
    TRY_ASSIGN(Statement update,
               connection_->prepare("UPDATE markers SET time_ns = ?, end_time_ns = ?, type = ?, "
                                    "message = ?, url = ? WHERE id = ?"));
    TRY(update.bind(marker.time_ns, marker.end_time_ns, std::string_view(marker.type),
                    std::string_view(marker.message), std::string_view(marker.url), marker.id));
    TRY(update.run());
    return transaction.commit();
  }

  Status delete_marker(int64_t id) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction,
               Transaction::begin(*connection_, Transaction::Kind::kWrite));
    TRY_ASSIGN(Statement remove, connection_->prepare("DELETE FROM markers WHERE id = ?"));
    TRY(remove.bind(id));
    TRY(remove.run());
    return transaction.commit();
  }

  Status insert_api_key(const ApiKey& key) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction,
               Transaction::begin(*connection_, Transaction::Kind::kWrite));
    TRY_ASSIGN(const std::vector<ApiKey> present, read_api_keys());
    TRY(check_new_api_key(present, key));
    TRY_ASSIGN(Statement insert,
               connection_->prepare("INSERT INTO api_keys (id, name, permissions, secret_sha256, "
                                    "created_ns, created_by, revoked_ns, revoked_by) "
                                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
    const std::string permissions = key.permissions.text();
    TRY(insert.bind(std::string_view(key.id), std::string_view(key.name),
                    std::string_view(permissions), std::string_view(key.secret_sha256),
                    key.created_ns, std::string_view(key.created_by), key.revoked_ns,
                    std::string_view(key.revoked_by)));
    TRY(insert.run());
    return transaction.commit();
  }

  Status update_api_key(const ApiKey& key) {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction,
               Transaction::begin(*connection_, Transaction::Kind::kWrite));
    TRY_ASSIGN(
        Statement update,
        connection_->prepare("UPDATE api_keys SET revoked_ns = ?, revoked_by = ? WHERE id = ?"));
    TRY(update.bind(key.revoked_ns, std::string_view(key.revoked_by), std::string_view(key.id)));
    TRY(update.run());
    return transaction.commit();
  }

  Result<std::vector<ApiKey>> select_api_keys() {
    const std::lock_guard lock(mutex_);
    TRY_ASSIGN(Transaction transaction, Transaction::begin(*connection_, Transaction::Kind::kRead));
    return read_api_keys();
  }

 private:
  Database(std::unique_ptr<Connection> connection, Statement select_record, Statement write_record,
           Statement insert_history, Statement insert_marker)
      : connection_(std::move(connection)),
        select_record_(std::move(select_record)),
        write_record_(std::move(write_record)),
        insert_history_(std::move(insert_history)),
        insert_marker_(std::move(insert_marker)) {}

  Result<std::optional<Record>> read(ItemKind kind, std::string_view key) {
    TRY(select_record_.bind(static_cast<int64_t>(kind), key));
    TRY_ASSIGN(const bool has_row, select_record_.step());
    std::optional<Record> record;
    if (has_row) {
      record = Record{.kind = kind,
                      .key = std::string(key),
                      .version = select_record_.integer(0),
                      .deleted = select_record_.integer(1) != 0,
                      .origin = static_cast<Origin>(select_record_.integer(2)),
                      .json = select_record_.text(3)};
    }
    select_record_.reset();
    return record;
  }

  Result<std::vector<ApiKey>> read_api_keys() {
    TRY_ASSIGN(Statement select,
               connection_->prepare("SELECT id, name, permissions, secret_sha256, created_ns, "
                                    "created_by, revoked_ns, revoked_by FROM api_keys "
                                    "ORDER BY created_ns, id"));
    std::vector<ApiKey> keys;
    while (true) {
      TRY_ASSIGN(const bool has_row, select.step());
      if (!has_row) return keys;
      TRY_ASSIGN(const Permissions permissions, Permissions::parse(select.text(2)));
      keys.push_back({.id = select.text(0),
                      .name = select.text(1),
                      .permissions = permissions,
                      .secret_sha256 = select.text(3),
                      .created_ns = select.integer(4),
                      .created_by = select.text(5),
                      .revoked_ns = select.optional_integer(6),
                      .revoked_by = select.text(7)});
    }
  }

  Status check_room() {
    TRY_ASSIGN(const int64_t count, connection_->query_integer("SELECT count(*) FROM records"));
    if (static_cast<size_t>(count) < kRecordsMax) return base::ok_status();
    return base::error(ErrorKind::kLimit, cat("there are ", count, " flags and segments already"));
  }

  Status apply(const Write& change) {
    const Record& record = change.record;
    const HistoryEntry& entry = change.history;
    const auto kind = static_cast<int64_t>(record.kind);
    const auto origin = static_cast<int64_t>(record.origin);
    TRY(write_record_.bind(kind, std::string_view(record.key), record.version,
                           int64_t{record.deleted}, origin, std::string_view(record.json)));
    TRY(write_record_.run());
    TRY(insert_history_.bind(kind, std::string_view(entry.key), entry.version, entry.time_ns,
                             origin, std::string_view(entry.who), std::string_view(entry.comment),
                             std::string_view(entry.from_json), std::string_view(entry.to_json)));
    TRY(insert_history_.run());
    TRY_ASSIGN(const int64_t marker_id, write(change.marker));
    (void)marker_id;
    return base::ok_status();
  }

  Result<int64_t> write(const Marker& marker) {
    TRY(insert_marker_.bind(marker.time_ns, marker.end_time_ns, std::string_view(marker.type),
                            std::string_view(marker.message), std::string_view(marker.url)));
    TRY(insert_marker_.run());
    return connection_->last_id();
  }

  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  // outlives the statements below
  Statement select_record_;
  Statement write_record_;
  Statement insert_history_;
  Statement insert_marker_;
};

Result<std::unique_ptr<SqliteStateStore>> SqliteStateStore::open(SqliteOptions options,
                                                                 const base::Clock& clock) {
  TRY_ASSIGN(std::unique_ptr<Connection> connection, open_file(options));
  TRY_ASSIGN(std::unique_ptr<Database> database, Database::open(std::move(connection)));
  std::unique_ptr<SqliteStateStore> store(new SqliteStateStore(std::move(database), clock));
  TRY_ASSIGN(store->documents_,
             SqliteDocumentStore::open(options, SqliteDocumentStore::Durability::kFull,
                                       kDocumentLimits, clock));
  SqliteOptions results = options;
  results.path = results_path(options.path);
  TRY_ASSIGN(store->results_, open_results(results, clock));
  return store;
}

SqliteStateStore::SqliteStateStore(std::unique_ptr<Database> database, const base::Clock& clock)
    : StateStore(clock), database_(std::move(database)) {}
DocumentStore& SqliteStateStore::documents() { return *documents_; }
DocumentStore& SqliteStateStore::results() { return *results_; }
SqliteStateStore::~SqliteStateStore() = default;

Status SqliteStateStore::update(ItemKind kind, std::string_view key, const Decide& decide) {
  return database_->update(kind, key, decide);
}
Result<StateStore::Contents> SqliteStateStore::load(const Selection& selection) {
  return database_->load(selection);
}
Result<std::vector<HistoryEntry>> SqliteStateStore::select_history(const HistoryQuery& query) {
  return database_->select_history(query);
}
Result<int64_t> SqliteStateStore::insert_marker(const Marker& marker) {
  return database_->insert_marker(marker);
}
Result<std::vector<Marker>> SqliteStateStore::select_markers(const MarkerQuery& query) {
  return database_->select_markers(query);
}
Status SqliteStateStore::update_marker(const Marker& marker) {
  return database_->update_marker(marker);
}
Status SqliteStateStore::delete_marker(int64_t id) { return database_->delete_marker(id); }
Status SqliteStateStore::insert_api_key(const ApiKey& key) {
  return database_->insert_api_key(key);
}
Status SqliteStateStore::update_api_key(const ApiKey& key) {
  return database_->update_api_key(key);
}
Result<std::vector<ApiKey>> SqliteStateStore::select_api_keys() {
  return database_->select_api_keys();
}

}  // namespace understudy::state
