#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "state/document_store.h"

namespace understudy::state {

/// A DocumentStore that forgets when it ends: for tests and for a server without a data folder.
class MemoryDocumentStore final : public DocumentStore {
 public:
  explicit MemoryDocumentStore(const base::Clock& clock = base::system_clock(),
                               const DocumentLimits& limits = {})
      : DocumentStore(clock, limits) {}

 private:
  base::Result<Document> write(Document document, std::optional<int64_t> expected) override;
  base::Status erase(DocumentKind kind, std::string_view id, std::string_view who,
                     std::optional<int64_t> expected) override;
  base::Result<std::optional<Document>> read(DocumentKind kind, std::string_view id) override;
  base::Result<std::vector<Document>> select(const DocumentQuery& query) override;
  base::Result<std::vector<DocumentVersion>> select_versions(DocumentKind kind,
                                                             std::string_view id) override;

  struct Former {
    DocumentKind kind;
    std::string id;
    DocumentVersion version;
  };
  Document* present(DocumentKind kind, std::string_view id);
  int64_t last_version(DocumentKind kind, std::string_view id) const;
  base::Status make_room(DocumentKind kind, size_t bytes);
  void keep_former(DocumentKind kind, std::string_view id, DocumentVersion version);

  std::mutex mutex_;
  int64_t sequence_ = 0;
  std::vector<Document> documents_;  // by sequence
  std::vector<Former> former_;       // oldest first
};

}  // namespace understudy::state
