#include "state/document_store.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "state/state_store.h"

namespace understudy::state {

using base::cat;
using base::ErrorKind;
using base::Result;
using base::Status;

namespace {

Status check_id(DocumentKind kind, std::string_view id) {
  if (!id.empty() && id.size() <= kDocumentIdBytesMax) return {};
  return base::invalid(cat("the id of a ", name(kind), " has 1 to ", kDocumentIdBytesMax,
                           " bytes, not ", id.size()));
}

base::Error no_document(DocumentKind kind, std::string_view id) {
  return base::error(ErrorKind::kNotFound,
                     cat("there is no ", name(kind), " '", base::printable(id), "'"));
}

}  // namespace

std::string_view name(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kBoard:
      return "board";
    case DocumentKind::kQuery:
      return "query";
    case DocumentKind::kQueryResult:
      return "query result";
    case DocumentKind::kQueryAnnotation:
      return "query annotation";
    case DocumentKind::kDerivedColumn:
      return "derived column";
    case DocumentKind::kColumn:
      return "column";
    case DocumentKind::kDataset:
      return "dataset";
    case DocumentKind::kMarkerSetting:
      return "marker setting";
    case DocumentKind::kHoneycombBoard:
      return "board";
  }
  return "document";
}

Result<Document> DocumentStore::put(Document document, std::optional<int64_t> expected_version) {
  TRY(check_id(document.kind, document.id));
  if (document.scope.size() > kDocumentScopeBytesMax) {
    return base::error(ErrorKind::kLimit, cat("the dataset of a ", name(document.kind),
                                              " has more than ", kDocumentScopeBytesMax, " bytes"));
  }
  if (document.who.empty()) return base::invalid("who changes it is empty");
  document.who = base::cut_utf8(document.who, kWhoBytesMax);
  if (document.json.empty()) return base::invalid(cat("the ", name(document.kind), " is empty"));
  if (document.json.size() > limits_.json_bytes_max) {
    return base::error(ErrorKind::kLimit,
                       cat("the ", name(document.kind), " has ", document.json.size(),
                           " bytes, more than ", limits_.json_bytes_max));
  }
  document.created_ns = document.updated_ns = now_ns();
  return write(std::move(document), expected_version);
}

Status DocumentStore::remove(DocumentKind kind, std::string_view id, std::string_view who,
                             std::optional<int64_t> expected_version) {
  return erase(kind, id, base::cut_utf8(who, kWhoBytesMax), expected_version);
}

Result<Document> DocumentStore::find(DocumentKind kind, std::string_view id) {
  TRY_ASSIGN(std::optional<Document> found, read(kind, id));
  if (!found) return no_document(kind, id);
  return *std::move(found);
}

Result<std::vector<Document>> DocumentStore::list(const DocumentQuery& query) {
  DocumentQuery bounded = query;
  bounded.limit = std::clamp(query.limit, 1, kDocumentsPerCallMax);
  return select(bounded);
}

Result<std::vector<DocumentVersion>> DocumentStore::versions(DocumentKind kind,
                                                             std::string_view id) {
  return select_versions(kind, id);
}

Status DocumentStore::check_expected(DocumentKind kind, std::string_view id, int64_t version,
                                     std::optional<int64_t> expected) {
  if (!expected || *expected == version) return {};
  if (version == 0) return no_document(kind, id);
  return base::error(ErrorKind::kConflict,
                     cat("the ", name(kind), " '", base::printable(id), "' is at version ", version,
                         ", not ", *expected, "; read it again"));
}

base::Error DocumentStore::too_many(DocumentKind kind) const {
  return base::error(ErrorKind::kLimit,
                     cat("there is room for ", limits_.count_max, " of a kind, and ",
                         "as many as that: delete a ", name(kind), " first"));
}

base::Error DocumentStore::too_many_bytes() const {
  return base::error(ErrorKind::kLimit,
                     cat("all that is saved would have more than ", limits_.total_bytes_max,
                         " bytes; delete something first"));
}

Result<std::string> new_document_id() {
  constexpr std::string_view kLetters =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  constexpr size_t kLength = 11;
  std::string id;
  while (id.size() < kLength) {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
      return base::error(ErrorKind::kInternal, "the system has no random bytes to give");
    }
    for (const unsigned char byte : bytes) {
      // Bytes past the last whole multiple would make some letters more likely.
      if (byte >= kLetters.size() * 4 || id.size() == kLength) continue;
      id += kLetters[byte % kLetters.size()];
    }
  }
  return id;
}

}  // namespace understudy::state
