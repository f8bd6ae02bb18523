#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace understudy::state {

/// What people save beside flags. The numbers are in files: never reused.
enum class DocumentKind {
  kBoard = 1,
  kQuery = 2,            // a specification, saved to be run again
  kQueryResult = 3,      // an answer, behind a permalink
  kQueryAnnotation = 4,  // name and description of a saved query
  kDerivedColumn = 5,    // a calculated field with a name of its own
  kColumn = 6,           // what a person says about a column: description, hidden
  kDataset = 7,          // what a person says about a dataset
  kMarkerSetting = 8,    // colours of types of markers
  kHoneycombBoard = 9,   // a board as Honeycomb's clients make them
};
/// "board", "query result", for messages.
std::string_view name(DocumentKind kind);

inline constexpr size_t kDocumentIdBytesMax = 512;
inline constexpr size_t kDocumentScopeBytesMax = 256;
/// At most this many leave one call.
inline constexpr int kDocumentsPerCallMax = 1'000;

/// One saved thing: JSON, which the store keeps and never reads.
struct Document {
  DocumentKind kind = DocumentKind::kBoard;
  std::string id;
  std::string scope;     // of which dataset; may be empty
  int64_t sequence = 0;  // grows with the order in which they were made
  int64_t version = 0;
  int64_t created_ns = 0;  // unix
  int64_t updated_ns = 0;
  std::string who;  // changed it last
  std::string json;
};

/// What a document was at one of its versions.
struct DocumentVersion {
  int64_t version = 0;
  int64_t time_ns = 0;
  std::string who;
  std::string json;  // empty: it was deleted
};

struct DocumentQuery {
  DocumentKind kind = DocumentKind::kBoard;
  std::optional<std::string> scope = {};  // absent: of all
  int64_t after_sequence = 0;             // 0: from the oldest
  int limit = 100;
};

struct DocumentLimits {
  size_t count_max = 10'000;                       // of one kind
  size_t json_bytes_max = size_t{1} << 20;         // of one
  uint64_t total_bytes_max = uint64_t{256} << 20;  // of all
  /// At a bound of the number or of all bytes the oldest of the kind go, without a trace; else a
  /// new one is refused.
  bool newest_stay = false;
  size_t former_versions_max = 100;                 // of one document; the oldest go
  uint64_t former_bytes_max = uint64_t{256} << 20;  // of all former versions; the oldest go
};

/// Saved documents with their former versions. Versions start at 1 and grow by 1 with every change,
/// deletion included, so that the number of a deleted and re-created document still grows.
/// Failure: kInvalid and kLimit for what is given, kConflict when it is not at `expected_version`
/// (0: it must not exist), kNotFound; kUnavailable, kIo and kInternal from the engine.
/// Threads: any; calls take turns. Cost: a write waits for the disk, as far as its engine does.
class DocumentStore {
 public:
  virtual ~DocumentStore() = default;

  /// Creates or replaces the document of this kind and id; version and times are filled in. One
  /// that would change nothing returns the present one and leaves no trace.
  base::Result<Document> put(Document document,
                             std::optional<int64_t> expected_version = std::nullopt);
  base::Status remove(DocumentKind kind, std::string_view id, std::string_view who,
                      std::optional<int64_t> expected_version = std::nullopt);
  base::Result<Document> find(DocumentKind kind, std::string_view id);
  /// In the order in which they were made.
  base::Result<std::vector<Document>> list(const DocumentQuery& query);
  /// All that are kept, newest first, the present one included. Empty for what never existed.
  base::Result<std::vector<DocumentVersion>> versions(DocumentKind kind, std::string_view id);

  const DocumentLimits& limits() const { return limits_; }

 protected:
  DocumentStore(const base::Clock& clock, const DocumentLimits& limits)
      : clock_(clock), limits_(limits) {}

  // What an engine does. Arguments are checked before they get here.

  virtual base::Result<Document> write(Document document, std::optional<int64_t> expected) = 0;
  virtual base::Status erase(DocumentKind kind, std::string_view id, std::string_view who,
                             std::optional<int64_t> expected) = 0;
  virtual base::Result<std::optional<Document>> read(DocumentKind kind, std::string_view id) = 0;
  virtual base::Result<std::vector<Document>> select(const DocumentQuery& query) = 0;
  virtual base::Result<std::vector<DocumentVersion>> select_versions(DocumentKind kind,
                                                                     std::string_view id) = 0;

  int64_t now_ns() const { return clock_.unix_ns(); }
  static base::Status check_expected(DocumentKind kind, std::string_view id, int64_t version,
                                     std::optional<int64_t> expected);
  base::Error too_many(DocumentKind kind) const;
  base::Error too_many_bytes() const;

 private:
  const base::Clock& clock_;
  const DocumentLimits limits_;
};

/// Eleven letters and digits nobody can guess, without those that look alike.
base::Result<std::string> new_document_id();

}  // namespace understudy::state
