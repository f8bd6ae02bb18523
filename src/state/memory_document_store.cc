#include "state/memory_document_store.h"

#include <algorithm>

namespace understudy::state {

using base::Result;
using base::Status;

Document* MemoryDocumentStore::present(DocumentKind kind, std::string_view id) {
  const auto found = std::find_if(documents_.begin(), documents_.end(), [&](const Document& one) {
    return one.kind == kind && one.id == id;
  });
  return found == documents_.end() ? nullptr : &*found;
}

int64_t MemoryDocumentStore::last_version(DocumentKind kind, std::string_view id) const {
  int64_t last = 0;
  for (const Former& one : former_) {
    if (one.kind == kind && one.id == id) last = std::max(last, one.version.version);
  }
  return last;
}

Status MemoryDocumentStore::make_room(DocumentKind kind, size_t bytes) {
  while (true) {
    size_t count = 0;
    uint64_t total = bytes;
    for (const Document& one : documents_) {
      count += one.kind == kind;
      total += one.json.size();
    }
    const bool many = count >= limits().count_max;
    if (!many && total <= limits().total_bytes_max) return {};
    const auto oldest = std::find_if(documents_.begin(), documents_.end(),
                                     [&](const Document& one) { return one.kind == kind; });
    if (!limits().newest_stay || oldest == documents_.end()) {
      return many ? too_many(kind) : too_many_bytes();
    }
    documents_.erase(oldest);
  }
}

void MemoryDocumentStore::keep_former(DocumentKind kind, std::string_view id,
                                      DocumentVersion version) {
  former_.push_back({kind, std::string(id), std::move(version)});
  const auto same = [&](const Former& one) { return one.kind == kind && one.id == id; };
  if (static_cast<size_t>(std::count_if(former_.begin(), former_.end(), same)) >
      limits().former_versions_max) {
    former_.erase(std::find_if(former_.begin(), former_.end(), same));
  }
  uint64_t bytes = 0;
  for (const Former& one : former_) bytes += one.version.json.size();
  while (bytes > limits().former_bytes_max && former_.size() > 1) {
    bytes -= former_.front().version.json.size();
    former_.erase(former_.begin());
  }
}

Result<Document> MemoryDocumentStore::write(Document document, std::optional<int64_t> expected) {
  const std::lock_guard lock(mutex_);
  Document* const now = present(document.kind, document.id);
  TRY(check_expected(document.kind, document.id, now == nullptr ? 0 : now->version, expected));
  if (now != nullptr && now->json == document.json && now->scope == document.scope) return *now;
  if (now == nullptr) {
    TRY(make_room(document.kind, document.json.size()));
    document.version = last_version(document.kind, document.id) + 1;
    document.sequence = ++sequence_;
    documents_.push_back(document);
    return document;
  }
  document.version = now->version + 1;
  document.sequence = now->sequence;
  document.created_ns = now->created_ns;
  keep_former(now->kind, now->id, {now->version, now->updated_ns, now->who, now->json});
  *now = document;
  return document;
}

Status MemoryDocumentStore::erase(DocumentKind kind, std::string_view id, std::string_view who,
                                  std::optional<int64_t> expected) {
  const std::lock_guard lock(mutex_);
  Document* const now = present(kind, id);
  if (now == nullptr) return check_expected(kind, id, 0, 1);
  TRY(check_expected(kind, id, now->version, expected));
  const int64_t version = now->version + 1;
  keep_former(kind, id, {now->version, now->updated_ns, now->who, now->json});
  keep_former(kind, id, {version, now_ns(), std::string(who), {}});
  documents_.erase(documents_.begin() + (now - documents_.data()));
  return {};
}

Result<std::optional<Document>> MemoryDocumentStore::read(DocumentKind kind, std::string_view id) {
  const std::lock_guard lock(mutex_);
  const Document* const now = present(kind, id);
  return now == nullptr ? std::optional<Document>() : *now;
}

Result<std::vector<Document>> MemoryDocumentStore::select(const DocumentQuery& query) {
  const std::lock_guard lock(mutex_);
  std::vector<Document> found;
  for (const Document& one : documents_) {
    if (one.kind != query.kind || one.sequence <= query.after_sequence) continue;
    if (query.scope && one.scope != *query.scope) continue;
    if (found.size() == static_cast<size_t>(query.limit)) break;
    found.push_back(one);
  }
  return found;
}

Result<std::vector<DocumentVersion>> MemoryDocumentStore::select_versions(DocumentKind kind,
                                                                          std::string_view id) {
  const std::lock_guard lock(mutex_);
  std::vector<DocumentVersion> found;
  if (const Document* now = present(kind, id)) {
    found.push_back({now->version, now->updated_ns, now->who, now->json});
  }
  for (auto one = former_.rbegin(); one != former_.rend(); ++one) {
    if (one->kind == kind && one->id == id) found.push_back(one->version);
  }
  return found;
}

}  // namespace understudy::state
