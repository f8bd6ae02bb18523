// The contract of DocumentStore, run against every engine.
#include "state/document_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <set>

#include "base/text.h"
#include "state/memory_document_store.h"
#include "state/sqlite/sqlite_document_store.h"

namespace understudy::state {
namespace {

using base::ErrorKind;

struct Engine {
  const char* name;
  std::function<std::unique_ptr<DocumentStore>(const std::string& folder, const DocumentLimits&,
                                               const base::Clock&)>
      open;
};

std::unique_ptr<DocumentStore> open_memory(const std::string&, const DocumentLimits& limits,
                                           const base::Clock& clock) {
  return std::make_unique<MemoryDocumentStore>(clock, limits);
}

std::unique_ptr<DocumentStore> open_sqlite(const std::string& folder, const DocumentLimits& limits,
                                           const base::Clock& clock) {
  auto store = SqliteDocumentStore::open({.path = folder + "/state.db"},
                                         SqliteDocumentStore::Durability::kFull, limits, clock);
  if (!store.ok()) {
    ADD_FAILURE() << store.error().context;
    return nullptr;
  }
  return *std::move(store);
}

template <class Result>
ErrorKind kind_of(const Result& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorKind::kInternal : result.error().kind;
}

class DocumentStoreContract : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "documents_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    open({});
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open(const DocumentLimits& limits) {
    store_.reset();
    store_ = GetParam().open(folder_, limits, clock_);
    ASSERT_NE(store_, nullptr);
  }
  base::Result<Document> put(const std::string& id, const std::string& json,
                             std::optional<int64_t> expected = std::nullopt,
                             const std::string& scope = "",
                             DocumentKind kind = DocumentKind::kBoard) {
    return store_->put({.kind = kind, .id = id, .scope = scope, .who = "alice", .json = json},
                       expected);
  }
  std::string ids(const DocumentQuery& query) {
    std::string all;
    const auto found = store_->list(query);
    EXPECT_TRUE(found.ok());
    for (const Document& one : *found) all += one.id;
    return all;
  }
  std::string versions(const std::string& id) {
    std::string all;
    const auto kept = store_->versions(DocumentKind::kBoard, id);
    EXPECT_TRUE(kept.ok());
    for (const DocumentVersion& one : *kept) {
      all += base::cat(one.version, "=", one.json, " ");
    }
    return all;
  }

  base::FakeClock clock_{1'000};
  std::string folder_;
  std::unique_ptr<DocumentStore> store_;
};

TEST_P(DocumentStoreContract, WhatWasPutIsFound) {
  const auto made = put("a", "{}", std::nullopt, "evaluations");
  ASSERT_TRUE(made.ok()) << made.error().context;
  EXPECT_EQ(made->version, 1);
  const auto found = store_->find(DocumentKind::kBoard, "a");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->json, "{}");
  EXPECT_EQ(found->scope, "evaluations");
  EXPECT_EQ(found->created_ns, 1'000);
  EXPECT_EQ(found->who, "alice");
  EXPECT_EQ(kind_of(store_->find(DocumentKind::kBoard, "b")), ErrorKind::kNotFound);
  EXPECT_EQ(kind_of(store_->find(DocumentKind::kQuery, "a")), ErrorKind::kNotFound);
}

TEST_P(DocumentStoreContract, AChangeKeepsWhatWas) {
  ASSERT_TRUE(put("a", "1").ok());
  clock_.advance_ns(5);
  const auto changed = put("a", "2", 1);
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(changed->created_ns, 1'000);
  EXPECT_EQ(changed->updated_ns, 1'005);
  EXPECT_EQ(versions("a"), "2=2 1=1 ");
}

TEST_P(DocumentStoreContract, AChangeOfNothingLeavesNoTrace) {
  ASSERT_TRUE(put("a", "1").ok());
  EXPECT_EQ(put("a", "1")->version, 1);
  EXPECT_EQ(versions("a"), "1=1 ");
}

TEST_P(DocumentStoreContract, TheVersionMustBeTheOneExpected) {
  EXPECT_EQ(kind_of(put("a", "1", 1)), ErrorKind::kNotFound);
  ASSERT_TRUE(put("a", "1", 0).ok());
  EXPECT_EQ(kind_of(put("a", "2", 0)), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(put("a", "2", 7)), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(store_->remove(DocumentKind::kBoard, "a", "bob", 7)), ErrorKind::kConflict);
  EXPECT_EQ(store_->find(DocumentKind::kBoard, "a")->json, "1");
}

TEST_P(DocumentStoreContract, ADeletionIsAVersionToo) {
  ASSERT_TRUE(put("a", "1").ok());
  ASSERT_TRUE(store_->remove(DocumentKind::kBoard, "a", "bob").ok());
  EXPECT_EQ(kind_of(store_->find(DocumentKind::kBoard, "a")), ErrorKind::kNotFound);
  EXPECT_EQ(kind_of(store_->remove(DocumentKind::kBoard, "a", "bob")), ErrorKind::kNotFound);
  EXPECT_EQ(versions("a"), "2= 1=1 ");
  EXPECT_EQ(put("a", "1")->version, 3);
}

TEST_P(DocumentStoreContract, ListsInTheOrderOfMakingAndByScope) {
  ASSERT_TRUE(put("c", "1", std::nullopt, "x").ok());
  ASSERT_TRUE(put("a", "1", std::nullopt, "y").ok());
  ASSERT_TRUE(put("b", "1", std::nullopt, "x").ok());
  ASSERT_TRUE(put("q", "1", std::nullopt, "x", DocumentKind::kQuery).ok());
  ASSERT_TRUE(put("c", "2", std::nullopt, "x").ok());  // a change moves nothing
  EXPECT_EQ(ids({}), "cab");
  EXPECT_EQ(ids({.scope = "x"}), "cb");
  EXPECT_EQ(ids({.scope = ""}), "");
  EXPECT_EQ(ids({.limit = 2}), "ca");
  const int64_t last = store_->list({.limit = 2})->back().sequence;
  EXPECT_EQ(ids({.after_sequence = last}), "b");
}

TEST_P(DocumentStoreContract, AllBytesComeBack) {
  const std::string json = std::string("\"\0\xff'; DROP TABLE documents\"", 28);
  ASSERT_TRUE(put("a'\"", json).ok());
  EXPECT_EQ(store_->find(DocumentKind::kBoard, "a'\"")->json, json);
}

// Bounds.

TEST_P(DocumentStoreContract, RefusesWhatIsTooLargeOrTooMuch) {
  open({.count_max = 2, .json_bytes_max = 10, .total_bytes_max = 15});
  EXPECT_EQ(kind_of(put("a", std::string(11, 'x'))), ErrorKind::kLimit);
  EXPECT_EQ(kind_of(put("", "1")), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of(put(std::string(kDocumentIdBytesMax + 1, 'x'), "1")), ErrorKind::kInvalid);
  ASSERT_TRUE(put("a", std::string(10, 'x')).ok());
  EXPECT_EQ(kind_of(put("b", std::string(6, 'x'))), ErrorKind::kLimit);
  ASSERT_TRUE(put("b", "1").ok());
  EXPECT_EQ(kind_of(put("c", "1")), ErrorKind::kLimit);
  EXPECT_TRUE(put("q", "1", std::nullopt, "", DocumentKind::kQuery).ok()) << "another kind";
  ASSERT_TRUE(store_->remove(DocumentKind::kBoard, "a", "bob").ok());
  EXPECT_TRUE(put("c", "1").ok());
}

TEST_P(DocumentStoreContract, WhereTheNewestStayTheOldestGo) {
  open({.count_max = 3, .json_bytes_max = 10, .total_bytes_max = 12, .newest_stay = true});
  for (const char* id : {"a", "b", "c", "d"}) ASSERT_TRUE(put(id, "1").ok());
  EXPECT_EQ(ids({}), "bcd");
  ASSERT_TRUE(put("e", std::string(10, 'x')).ok());  // 2 bytes of others fit beside it
  EXPECT_EQ(ids({}), "cde");
  ASSERT_TRUE(put("f", std::string(9, 'x')).ok());
  EXPECT_EQ(ids({}), "f");
  EXPECT_EQ(versions("a"), "");
}

TEST_P(DocumentStoreContract, TheOldestFormerVersionsGo) {
  open({.former_versions_max = 2});
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(put("a", std::to_string(i)).ok());
  EXPECT_EQ(versions("a"), "5=5 4=4 3=3 ");
  open({.former_bytes_max = 2});
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(put("b", std::to_string(i)).ok());
  for (int i = 1; i <= 2; ++i) ASSERT_TRUE(put("c", std::to_string(i)).ok());
  EXPECT_EQ(versions("b"), "4=4 3=3 ");
  EXPECT_EQ(versions("c"), "2=2 1=1 ");
}

INSTANTIATE_TEST_SUITE_P(Engines, DocumentStoreContract,
                         testing::Values(Engine{"Memory", open_memory},
                                         Engine{"Sqlite", open_sqlite}),
                         [](const auto& instance) { return instance.param.name; });

TEST(DocumentId, IsElevenLettersAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const auto id = new_document_id();
    ASSERT_TRUE(id.ok());
    EXPECT_EQ(id->size(), 11U);
    EXPECT_TRUE(seen.insert(*id).second);
  }
}

}  // namespace
}  // namespace understudy::state
