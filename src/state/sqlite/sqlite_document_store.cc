#include "state/sqlite/sqlite_document_store.h"

#include <mutex>
#include <utility>

#include "base/text.h"
#include "state/sqlite/connection.h"
#include "state/sqlite/open_file.h"

namespace understudy::state {

using base::Result;
using base::Status;

namespace {

constexpr std::string_view kColumns =
    "SELECT sequence, kind, id, scope, version, created_ns, updated_ns, who, json FROM documents ";

Document document_of(const Statement& row) {
  return {.kind = static_cast<DocumentKind>(row.integer(1)),
          .id = row.text(2),
          .scope = row.text(3),
          .sequence = row.integer(0),
          .version = row.integer(4),
          .created_ns = row.integer(5),
          .updated_ns = row.integer(6),
          .who = row.text(7),
          .json = row.text(8)};
}

int64_t number(DocumentKind kind) { return static_cast<int64_t>(kind); }

}  // namespace

/// The connection and the lock that makes calls take turns. Documents are changed by people, a few
/// in a minute, so that statements are made when they are needed.
class SqliteDocumentStore::Database {
 public:
  explicit Database(std::unique_ptr<Connection> opened) : connection(std::move(opened)) {}

  template <class... Args>
  Status run(std::string_view sql, const Args&... args) const {
    TRY_ASSIGN(Statement statement, connection->prepare(sql));
    TRY(statement.bind(args...));
    return statement.run();
  }
  template <class... Args>
  Result<int64_t> integer(std::string_view sql, const Args&... args) const {
    TRY_ASSIGN(Statement statement, connection->prepare(sql));
    TRY(statement.bind(args...));
    TRY_ASSIGN(const bool has_row, statement.step());
    return has_row ? statement.integer(0) : int64_t{0};
  }
  Result<std::optional<Document>> read(DocumentKind kind, std::string_view id) const {
    TRY_ASSIGN(Statement select,
               connection->prepare(base::cat(kColumns, "WHERE kind = ? AND id = ?")));
    TRY(select.bind(number(kind), id));
    TRY_ASSIGN(const bool has_row, select.step());
    return has_row ? document_of(select) : std::optional<Document>();
  }

  std::mutex mutex;
  const std::unique_ptr<Connection> connection;
};

Result<std::unique_ptr<SqliteDocumentStore>> SqliteDocumentStore::open(const SqliteOptions& options,
                                                                       Durability durability,
                                                                       const DocumentLimits& limits,
                                                                       const base::Clock& clock) {
  TRY_ASSIGN(std::unique_ptr<Connection> connection, open_file(options));
  if (durability == Durability::kRelaxed) {
    TRY(connection->execute("PRAGMA synchronous = NORMAL"));
  }
  return std::unique_ptr<SqliteDocumentStore>(
      new SqliteDocumentStore(std::make_unique<Database>(std::move(connection)), limits, clock));
}

SqliteDocumentStore::SqliteDocumentStore(std::unique_ptr<Database> database,
                                         const DocumentLimits& limits, const base::Clock& clock)
    : DocumentStore(clock, limits), database_(std::move(database)) {}
SqliteDocumentStore::~SqliteDocumentStore() = default;

Status SqliteDocumentStore::make_room(DocumentKind kind, size_t bytes) {
  TRY_ASSIGN(int64_t count,
             database_->integer("SELECT count(*) FROM documents WHERE kind = ?", number(kind)));
  TRY_ASSIGN(int64_t total, database_->integer("SELECT coalesce(sum(bytes), 0) FROM documents"));
  const auto count_max = static_cast<int64_t>(limits().count_max);
  const auto total_max = static_cast<int64_t>(limits().total_bytes_max);
  total += static_cast<int64_t>(bytes);
  if (count < count_max && total <= total_max) return {};
  if (!limits().newest_stay) return count >= count_max ? too_many(kind) : too_many_bytes();

  TRY_ASSIGN(Statement oldest,
             database_->connection->prepare(
                 "SELECT sequence, bytes FROM documents WHERE kind = ? ORDER BY sequence"));
  TRY(oldest.bind(number(kind)));
  int64_t last = 0;
  while (count >= count_max || total > total_max) {
    TRY_ASSIGN(const bool has_row, oldest.step());
    if (!has_row) return too_many_bytes();
    last = oldest.integer(0);
    total -= oldest.integer(1);
    --count;
  }
  oldest.reset();
  return database_->run("DELETE FROM documents WHERE kind = ? AND sequence <= ?", number(kind),
                        last);
}

Status SqliteDocumentStore::keep_former(const Document& former) {
  return keep_former(former.kind, former.id,
                     {former.version, former.updated_ns, former.who, former.json});
}

Status SqliteDocumentStore::keep_former(DocumentKind kind, std::string_view id,
                                        const DocumentVersion& version) {
  TRY(database_->run(
      "INSERT INTO document_versions (kind, id, version, time_ns, who, bytes, json) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      number(kind), id, version.version, version.time_ns, std::string_view(version.who),
      static_cast<int64_t>(version.json.size()), std::string_view(version.json)));
  TRY(database_->run("DELETE FROM document_versions WHERE kind = ? AND id = ? AND version <= ?",
                     number(kind), id,
                     version.version - static_cast<int64_t>(limits().former_versions_max)));
  while (true) {
    TRY_ASSIGN(const int64_t bytes,
               database_->integer("SELECT coalesce(sum(bytes), 0) FROM document_versions"));
    if (bytes <= static_cast<int64_t>(limits().former_bytes_max)) return {};
    TRY(
        database_->run("DELETE FROM document_versions WHERE sequence = "
                       "(SELECT min(sequence) FROM document_versions)"));
  }
}

Result<Document> SqliteDocumentStore::write(Document document, std::optional<int64_t> expected) {
  const std::lock_guard lock(database_->mutex);
  TRY_ASSIGN(Transaction transaction,
             Transaction::begin(*database_->connection, Transaction::Kind::kWrite));
  TRY_ASSIGN(const std::optional<Document> now, database_->read(document.kind, document.id));
  TRY(check_expected(document.kind, document.id, now ? now->version : 0, expected));
  if (now && now->json == document.json && now->scope == document.scope) return *now;
  const auto bytes = static_cast<int64_t>(document.json.size());
  if (!now) {
    TRY(make_room(document.kind, document.json.size()));
    TRY_ASSIGN(const int64_t last,
               database_->integer("SELECT coalesce(max(version), 0) FROM document_versions "
                                  "WHERE kind = ? AND id = ?",
                                  number(document.kind), std::string_view(document.id)));
    document.version = last + 1;
    TRY(database_->run(
        "INSERT INTO documents (kind, id, scope, version, created_ns, updated_ns, who, bytes, "
        "json) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number(document.kind), std::string_view(document.id), std::string_view(document.scope),
        document.version, document.created_ns, document.updated_ns, std::string_view(document.who),
        bytes, std::string_view(document.json)));
    document.sequence = database_->connection->last_id();
  } else {
    document.version = now->version + 1;
    document.sequence = now->sequence;
    document.created_ns = now->created_ns;
    TRY(keep_former(*now));
    TRY(database_->run(
        "UPDATE documents SET scope = ?, version = ?, updated_ns = ?, who = ?, "
        "bytes = ?, json = ? WHERE sequence = ?",
        std::string_view(document.scope), document.version, document.updated_ns,
        std::string_view(document.who), bytes, std::string_view(document.json), document.sequence));
  }
  TRY(transaction.commit());
  return document;
}

Status SqliteDocumentStore::erase(DocumentKind kind, std::string_view id, std::string_view who,
                                  std::optional<int64_t> expected) {
  const std::lock_guard lock(database_->mutex);
  TRY_ASSIGN(Transaction transaction,
             Transaction::begin(*database_->connection, Transaction::Kind::kWrite));
  TRY_ASSIGN(const std::optional<Document> now, database_->read(kind, id));
  if (!now) return check_expected(kind, id, 0, 1);
  TRY(check_expected(kind, id, now->version, expected));
  TRY(keep_former(*now));
  TRY(keep_former(kind, id, {now->version + 1, now_ns(), std::string(who), {}}));
  TRY(database_->run("DELETE FROM documents WHERE sequence = ?", now->sequence));
  return transaction.commit();
}

Result<std::optional<Document>> SqliteDocumentStore::read(DocumentKind kind, std::string_view id) {
  const std::lock_guard lock(database_->mutex);
  return database_->read(kind, id);
}

Result<std::vector<Document>> SqliteDocumentStore::select(const DocumentQuery& query) {
  const std::lock_guard lock(database_->mutex);
  TRY_ASSIGN(Statement select,
             database_->connection->prepare(base::cat(
                 kColumns, query.scope ? "WHERE kind = ?1 AND scope = ?4 " : "WHERE kind = ?1 ",
                 "AND sequence > ?2 ORDER BY sequence LIMIT ?3")));
  if (query.scope) {
    TRY(select.bind(number(query.kind), query.after_sequence, int64_t{query.limit},
                    std::string_view(*query.scope)));
  } else {
    TRY(select.bind(number(query.kind), query.after_sequence, int64_t{query.limit}));
  }
  std::vector<Document> found;
  while (true) {
    TRY_ASSIGN(const bool has_row, select.step());
    if (!has_row) return found;
    found.push_back(document_of(select));
  }
}

Result<std::vector<DocumentVersion>> SqliteDocumentStore::select_versions(DocumentKind kind,
                                                                          std::string_view id) {
  const std::lock_guard lock(database_->mutex);
  std::vector<DocumentVersion> found;
  TRY_ASSIGN(const std::optional<Document> now, database_->read(kind, id));
  if (now) found.push_back({now->version, now->updated_ns, now->who, now->json});
  TRY_ASSIGN(Statement select, database_->connection->prepare(
                                   "SELECT version, time_ns, who, json FROM document_versions "
                                   "WHERE kind = ? AND id = ? ORDER BY version DESC"));
  TRY(select.bind(number(kind), id));
  while (true) {
    TRY_ASSIGN(const bool has_row, select.step());
    if (!has_row) return found;
    found.push_back({select.integer(0), select.integer(1), select.text(2), select.text(3)});
  }
}

}  // namespace understudy::state
