#pragma once

#include <memory>
#include <string>

#include "state/document_store.h"
#include "state/sqlite/sqlite_state_store.h"

namespace understudy::state {

/// A DocumentStore in an SQLite file, which may be the one of a SqliteStateStore. Several may use
/// one file at once. Failure of opening: as SqliteStateStore.
class SqliteDocumentStore final : public DocumentStore {
 public:
  enum class Durability {
    kFull,     // what was acknowledged survives kill -9 and a power cut
    kRelaxed,  // it survives kill -9; a write does not wait for the disk
  };
  static base::Result<std::unique_ptr<SqliteDocumentStore>> open(const SqliteOptions& options,
                                                                 Durability durability,
                                                                 const DocumentLimits& limits,
                                                                 const base::Clock& clock);
  ~SqliteDocumentStore() override;

 private:
  class Database;
  SqliteDocumentStore(std::unique_ptr<Database> database, const DocumentLimits& limits,
                      const base::Clock& clock);

  base::Result<Document> write(Document document, std::optional<int64_t> expected) override;
  base::Status erase(DocumentKind kind, std::string_view id, std::string_view who,
                     std::optional<int64_t> expected) override;
  base::Result<std::optional<Document>> read(DocumentKind kind, std::string_view id) override;
  base::Result<std::vector<Document>> select(const DocumentQuery& query) override;
  base::Result<std::vector<DocumentVersion>> select_versions(DocumentKind kind,
                                                             std::string_view id) override;
  base::Status make_room(DocumentKind kind, size_t bytes);
  base::Status keep_former(const Document& former);
  base::Status keep_former(DocumentKind kind, std::string_view id, const DocumentVersion& version);

  const std::unique_ptr<Database> database_;
};

}  // namespace understudy::state
