#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "data/catalog.h"
#include "data/csv_reader.h"
#include "data/dynamo_catalog.h"
#include "data/manifest.h"
#include "data/s3_store.h"
#include "data/token_bucket.h"
#include "engine/data_manager.h"
#include "engine/flights_export.h"
#include "engine/local_engine.h"
#include "engine/sqlite_dataset.h"
#include "tests/flights.h"
#include "tests/node_server.h"

namespace flamingo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using std::chrono_literals::operator""ms;

std::vector<std::vector<std::string>> records(std::string_view csv) {
  CsvReader reader(csv);
  std::vector<std::vector<std::string>> all;
  std::vector<std::string_view> cells;
  while (reader.next(cells)) all.emplace_back(cells.begin(), cells.end());
  return all;
}

TEST(CsvReaderTest, ReadsQuotesEmptyCellsAndBothLineEnds) {
  EXPECT_THAT(
      records("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n,\n"),
      ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "x, \"y\"\nz"), ElementsAre("", "")));
  EXPECT_THAT(records("last,line"), ElementsAre(ElementsAre("last", "line")));
  EXPECT_THAT(records("\"never closed"), ElementsAre(ElementsAre("never closed")));
  EXPECT_THAT(records(""), ElementsAre());
}

TEST(TokenBucketTest, TakesWhatFlowedInAndNoMore) {
  std::chrono::steady_clock::time_point now{};
  TokenBucket bucket(10, 2, [&] { return now; });
  EXPECT_TRUE(bucket.take(20));
  EXPECT_FALSE(bucket.take(1));
  now += 100ms;
  EXPECT_TRUE(bucket.take(1));
  EXPECT_FALSE(bucket.take(1));
  now += std::chrono::hours(1);
  EXPECT_TRUE(bucket.take(20));
  EXPECT_FALSE(bucket.take(1));
}

TEST(TokenBucketTest, MoreCapacityHelpsAtOnce) {
  std::chrono::steady_clock::time_point now{};
  TokenBucket bucket(1, 1, [&] { return now; });
  EXPECT_TRUE(bucket.take(1));
  EXPECT_FALSE(bucket.take(50));
  bucket.set_rate(100);
  EXPECT_TRUE(bucket.take(50));
  EXPECT_EQ(bucket.rate(), 100);
}

TEST(FolderStoreTest, KeysStayInTheFolder) {
  const ScratchFolder folder;
  FolderStore store(folder.path() / "store");
  ASSERT_TRUE(store.put("a/b.txt", "hello").ok());
  EXPECT_EQ(*store.get("a/b.txt"), "hello");
  EXPECT_EQ(store.get("a/c.txt").fault().type, "NoSuchKey");
  for (const char* key : {"../x", "/etc/passwd", "a/../../x", "", ".", "a/./b"}) {
    EXPECT_EQ(store.get(key).fault().type, "InvalidKey") << key;
    EXPECT_FALSE(store.put(key, "x").ok()) << key;
  }
}

TEST(ManifestTest, SaysWhatIsWrong) {
  const auto complaint = [](const char* text) {
    const auto manifest = parse_manifest(text);
    return manifest.ok() ? "none" : manifest.fault().message;
  };
  EXPECT_EQ(complaint("[]"), "it is not a JSON object");
  EXPECT_THAT(complaint(R"({"name":"a b","fields":[{"name":"x","type":"time"}]})"),
              HasSubstr("is not a plain name"));
  EXPECT_THAT(complaint(R"({"name":"a","fields":[{"name":"x","type":"money"}]})"),
              HasSubstr("no type 'money'"));
  EXPECT_THAT(complaint(R"({"name":"a","fields":[{"name":"x","type":"integer"}],
                            "calculated":[{"name":"y","expression":"x + z"}]})"),
              HasSubstr("calculated.y: the dataset 'a' has no column 'z'"));
  EXPECT_THAT(complaint(R"({"name":"a","fields":[{"name":"x","type":"integer"}],
                            "csv":[{"key":"k","bytes":"many"}]})"),
              HasSubstr("type must be number"));
}

// ---- The data manager ----

/// A loader of empty datasets of a given size that counts what it loads.
class CountingLoader final : public DatasetLoader {
 public:
  struct Empty final : Dataset {
    explicit Empty(size_t size) : size_(size) {}
    Outcome<ResultSet> run(const BoundQuery&) override { return ResultSet{}; }
    size_t bytes() const override { return size_; }
    size_t size_;
  };

  Outcome<std::shared_ptr<Dataset>> load(const Manifest& manifest, ObjectStore&) override {
    ++loads[manifest.schema.dataset];
    if (fails) return Fault{FaultKind::kUnavailable, "MalformedData", "broken"};
    return std::shared_ptr<Dataset>(std::make_shared<Empty>(40));
  }

  std::map<std::string, int> loads;
  bool fails = false;
};

class DataManagerTest : public testing::Test {
 protected:
  DataManagerTest() {
    for (const char* name : {"a", "b", "c"}) {
      const std::string manifest =
          R"({"name":")" + std::string(name) + R"(","fields":[{"name":"x","type":"integer"}]})";
      catalog_.register_dataset(*parse_manifest(manifest));
    }
  }

  const ScratchFolder folder_;
  FolderStore store_{folder_.path()};
  EmbeddedCatalog catalog_{1000, 1};
  CountingLoader loader_;
  DataManager data_{catalog_, store_, loader_, 100};
};

TEST_F(DataManagerTest, ADatasetIsLoadedOnce) {
  EXPECT_TRUE(data_.open("a").ok());
  EXPECT_TRUE(data_.open("a").ok());
  EXPECT_EQ(loader_.loads["a"], 1);
  EXPECT_EQ(data_.bytes(), 40u);
}

TEST_F(DataManagerTest, TheLeastRecentlyUsedGoesWhenMemoryIsFull) {
  const auto kept = data_.open("a");
  EXPECT_TRUE(data_.open("b").ok());
  EXPECT_TRUE(data_.open("a").ok());
  EXPECT_TRUE(data_.open("c").ok());  // 120 of 100: b goes
  EXPECT_EQ(data_.bytes(), 80u);
  EXPECT_TRUE(data_.open("a").ok());
  EXPECT_EQ(loader_.loads["a"], 1);
  EXPECT_TRUE(data_.open("b").ok());
  EXPECT_EQ(loader_.loads["b"], 2);
}

TEST_F(DataManagerTest, AFailedLoadIsTriedAgain) {
  loader_.fails = true;
  EXPECT_EQ(data_.open("a").fault().type, "MalformedData");
  loader_.fails = false;
  EXPECT_TRUE(data_.open("a").ok());
  EXPECT_EQ(data_.open("z").fault().type, "UnknownDataset");
}

TEST_F(DataManagerTest, ManyThreadsLoadOnce) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([this] { EXPECT_TRUE(data_.open("a").ok()); });
    }
  }
  EXPECT_EQ(loader_.loads["a"], 1);
}

TEST(EmbeddedCatalogTest, ReadsAboveTheCapacityAreRefusedUntilItIsRaised) {
  EmbeddedCatalog catalog(2, 1);
  catalog.register_dataset(
      *parse_manifest(R"({"name":"a","fields":[{"name":"x","type":"time"}]})"));
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    const auto item = catalog.locate("a");
    if (item.ok()) continue;
    ++refused;
    EXPECT_EQ(item.fault().type, "ProvisionedThroughputExceededException");
    EXPECT_EQ(http_status(item.fault().kind), 503);
  }
  EXPECT_GT(refused, 40);
  ASSERT_TRUE(catalog.set_capacity(10'000).ok());
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(catalog.locate("a").ok());
  EXPECT_FALSE(catalog.set_capacity(0).ok());
}

TEST(SqliteLoaderTest, ABrokenCellIsNamedWithItsLine) {
  const ScratchFolder folder;
  FolderStore store(folder.path());
  ASSERT_TRUE(store.put("a.csv", "x,s\n1,one\ntwo,2\n").ok());
  const auto manifest = parse_manifest(R"({"name":"a","fields":[{"name":"x","type":"integer"},
      {"name":"s","type":"string"}],"csv":[{"key":"a.csv"}]})");
  SqliteLoader loader({});
  EXPECT_EQ(loader.load(*manifest, store).fault().message,
            "a.csv:3: 'two' is not of the type of x");
  ASSERT_TRUE(store.put("a.csv", "s,x\n").ok());
  EXPECT_THAT(loader.load(*manifest, store).fault().message, HasSubstr("the header does not name"));
  EXPECT_EQ(SqliteLoader({.bytes_max = 100}).load(*manifest, store).fault().type, "MalformedData");
}

TEST(SqliteLoaderTest, AnEmptyCellIsNullAndADatasetAboveTheLimitIsRefused) {
  const ScratchFolder folder;
  FolderStore store(folder.path());
  ASSERT_TRUE(store.put("a.csv", "x,s\n1,\n,b\n3,c\n").ok());
  const auto manifest = parse_manifest(R"({"name":"a","fields":[{"name":"x","type":"integer"},
      {"name":"s","type":"string"}],"sorted_by":[["s"]],"csv":[{"key":"a.csv"}]})");
  StoreCatalog catalog(store);
  ASSERT_TRUE(store.put("a/dataset.json", manifest->text).ok());
  SqliteLoader loader({});
  DataManager data(catalog, store, loader, 1 << 20);
  LocalEngine engine(data);
  const auto answer = engine.execute(
      single_query("SELECT x, s FROM a WHERE x IS NULL OR s = '' ORDER BY s DESC"), "");
  ASSERT_TRUE(answer.ok()) << answer.fault().message;
  EXPECT_THAT(answer->rows, ElementsAre(ElementsAre(Value{}, Value{std::string("b")}),
                                        ElementsAre(Value{int64_t{1}}, Value{std::string()})));
  EXPECT_EQ(SqliteLoader({.bytes_max = 100}).load(*manifest, store).fault().type,
            "DatasetTooLarge");
}

// ---- Real servers of the protocols ----

class S3StoreTest : public testing::Test {
 protected:
  /// A client of a server that is busy for its first `busy` requests.
  S3Store& store(int busy = 0, int page_keys_max = 1000, std::string secret = "S3RVER") {
    server_.emplace("s3_server.mjs",
                    std::vector<std::string>{folder_.path().string(), std::to_string(busy)});
    S3Options given = options("flights");
    given.page_keys_max = page_keys_max;
    given.credentials.secret_key = std::move(secret);
    return store_.emplace(std::move(given));
  }
  S3Options options(std::string bucket) {
    return {.endpoint = server_->url(),
            .bucket = std::move(bucket),
            .credentials = {"S3RVER", "S3RVER"},
            .pause = [this](std::chrono::milliseconds pause) { pauses_.push_back(pause); }};
  }
  const std::vector<std::chrono::milliseconds>& pauses() const { return pauses_; }

 private:
  const ScratchFolder folder_;
  std::optional<NodeServer> server_;
  std::optional<S3Store> store_;
  std::vector<std::chrono::milliseconds> pauses_;
};

TEST_F(S3StoreTest, WhatIsPutIsListedAndCanBeRead) {
  S3Store& s3 = store();
  const std::string bytes("binary\0\xff body", 13);
  const Done put = s3.put("flights/csv/2001-01.csv", bytes);
  ASSERT_TRUE(put.ok()) << put.fault().message;
  ASSERT_TRUE(s3.put("flights/odd key+&=é.txt", "odd").ok());
  EXPECT_EQ(*s3.get("flights/csv/2001-01.csv"), bytes);
  EXPECT_EQ(*s3.get("flights/odd key+&=é.txt"), "odd");
  const auto listed = s3.list("flights/");
  ASSERT_TRUE(listed.ok()) << listed.fault().message;
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].key, "flights/csv/2001-01.csv");
  EXPECT_EQ((*listed)[0].bytes, 13u);
  EXPECT_EQ((*listed)[1].key, "flights/odd key+&=é.txt");
}

TEST_F(S3StoreTest, AListingContinuesOverPages) {
  S3Store& s3 = store(0, /*page_keys_max=*/3);
  std::vector<std::string> keys;
  for (size_t i = 0; i < 7; ++i) keys.push_back("many/" + std::to_string(i));
  for (const std::string& key : keys) ASSERT_TRUE(s3.put(key, "").ok());
  ASSERT_TRUE(s3.put("others/0", "").ok());
  const auto listed = s3.list("many/");
  ASSERT_TRUE(listed.ok()) << listed.fault().message;
  std::vector<std::string> seen;
  for (const ObjectInfo& object : *listed) seen.push_back(object.key);
  EXPECT_EQ(seen, keys);
}

TEST_F(S3StoreTest, AServiceLoadsItsDataFromABucket) {
  S3Store& s3 = store();
  ASSERT_TRUE(export_flights(
                  {.parquet = FLAMINGO_DEPS "/vega-datasets/flights-3m.parquet", .every = 3000}, s3)
                  .ok());
  StoreCatalog catalog(s3);
  SqliteLoader loader({});
  DataManager data(catalog, s3, loader, size_t{1} << 30);
  LocalEngine engine(data);
  const auto answer = engine.execute(single_query("SELECT count() AS n FROM flights"), "");
  ASSERT_TRUE(answer.ok()) << answer.fault().message;
  EXPECT_EQ(answer->rows[0][0], Value{int64_t{1000}});
}

TEST_F(S3StoreTest, ABucketIsMadeWhereNoneIs) {
  store();
  S3Store another(options("another"));
  EXPECT_EQ(another.put("a", "b").fault().type, "NoSuchBucket");
  EXPECT_TRUE(another.create_bucket().ok());
  EXPECT_TRUE(another.put("a", "b").ok());
  EXPECT_TRUE(another.create_bucket().ok());  // it is there already, with what is in it
  EXPECT_EQ(*another.get("a"), "b");
}

// ---- What S3 refuses ----

TEST_F(S3StoreTest, AMissingKeyKeepsItsCode) {
  const auto missing = store().get("flights/none");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.fault().type, "NoSuchKey");
  EXPECT_EQ(missing.fault().kind, FaultKind::kNotFound);
  EXPECT_THAT(pauses(), ElementsAre());
}

TEST_F(S3StoreTest, AWrongKeyIsRefusedBecauseRequestsAreReallySigned) {
  S3Store& s3 = store(0, 1000, "wrong");
  const auto listed = s3.list("a");
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.fault().type, "SignatureDoesNotMatch");
  const auto put = s3.put("a", "b");
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.fault().type, "SignatureDoesNotMatch");
  EXPECT_THAT(pauses(), ElementsAre());
}

TEST_F(S3StoreTest, ABusyServiceIsAskedAgainAfterPausesThatGrow) {
  S3Store& s3 = store(/*busy=*/2);
  const Done put = s3.put("a", "b");
  ASSERT_TRUE(put.ok()) << put.fault().message;
  EXPECT_THAT(pauses(), ElementsAre(100ms, 200ms));
  EXPECT_EQ(*s3.get("a"), "b");
}

TEST_F(S3StoreTest, AServiceThatStaysBusyIsAFaultWithItsCode) {
  const auto answer = store(/*busy=*/1000).get("a");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.fault().type, "SlowDown");
  EXPECT_EQ(answer.fault().kind, FaultKind::kThrottled);
  EXPECT_THAT(answer.fault().message, HasSubstr("Please reduce your request rate."));
  EXPECT_THAT(pauses(), ElementsAre(100ms, 200ms, 400ms));
}

TEST_F(S3StoreTest, AServiceThatIsAwayIsAFault) {
  int pauses = 0;
  S3Store s3({.endpoint = "http://127.0.0.1:1",
              .bucket = "flights",
              .credentials = {"key", "secret"},
              .pause = [&](std::chrono::milliseconds) { ++pauses; }});
  EXPECT_EQ(s3.get("a").fault().type, "ConnectFailed");
  EXPECT_EQ(pauses, 3);
}

class DynamoCatalogTest : public testing::Test {
 protected:
  DynamoOptions options(std::string secret = "S3RVER") const {
    return {.endpoint = server_.url(), .credentials = {"S3RVER", std::move(secret)}};
  }
  const NodeServer server_{"dynamo_server.mjs"};
};

TEST_F(DynamoCatalogTest, LocatesWhatWasRegistered) {
  DynamoCatalog catalog(options());
  const Done created = catalog.create_table(3);
  ASSERT_TRUE(created.ok()) << created.fault().message;
  EXPECT_TRUE(catalog.create_table(9).ok());  // it is there already, and stays as it is
  EXPECT_EQ(*catalog.capacity(), 3);
  const auto manifest = parse_manifest(R"({"name":"a","fields":[{"name":"x","type":"time"}]})");
  ASSERT_TRUE(catalog.register_dataset(*manifest).ok());
  const auto item = catalog.locate("a");
  ASSERT_TRUE(item.ok()) << item.fault().message;
  EXPECT_EQ((*item)->schema.dataset, "a");
  EXPECT_EQ((*item)->text, manifest->text);
}

// ---- What DynamoDB refuses ----

TEST_F(DynamoCatalogTest, AMissingItemIsAnUnknownDataset) {
  DynamoCatalog catalog(options());
  ASSERT_TRUE(catalog.create_table(3).ok());
  const auto item = catalog.locate("b");
  ASSERT_FALSE(item.ok());
  EXPECT_EQ(item.fault().type, "UnknownDataset");
  EXPECT_EQ(item.fault().kind, FaultKind::kNotFound);
}

TEST_F(DynamoCatalogTest, ReadsAboveTheCapacityAreRefusedUntilItIsRaised) {
  DynamoCatalog catalog(options());
  ASSERT_TRUE(catalog.create_table(2).ok());
  ASSERT_TRUE(catalog
                  .register_dataset(
                      *parse_manifest(R"({"name":"a","fields":[{"name":"x","type":"time"}]})"))
                  .ok());
  EXPECT_TRUE(catalog.locate("a").ok());
  EXPECT_TRUE(catalog.locate("a").ok());
  const auto refused = catalog.locate("a");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.fault().type, "ProvisionedThroughputExceededException");
  EXPECT_EQ(refused.fault().kind, FaultKind::kThrottled);

  const Done raised = catalog.set_capacity(50);
  ASSERT_TRUE(raised.ok()) << raised.fault().message;
  EXPECT_EQ(*catalog.capacity(), 50);
  EXPECT_TRUE(catalog.locate("a").ok());
}

TEST_F(DynamoCatalogTest, AWrongKeyIsRefusedBecauseRequestsAreReallySigned) {
  DynamoCatalog catalog(options("wrong"));
  const auto item = catalog.locate("a");
  ASSERT_FALSE(item.ok());
  EXPECT_EQ(item.fault().type, "InvalidSignatureException");
}

TEST_F(DynamoCatalogTest, ErrorsOfTheServiceKeepTheirType) {
  DynamoOptions missing = options();
  missing.table = "missing";
  EXPECT_EQ(DynamoCatalog(missing).locate("a").fault().type, "ResourceNotFoundException");
  EXPECT_EQ(DynamoCatalog(options()).set_capacity(7).fault().type, "ResourceNotFoundException");
  DynamoCatalog nowhere({.endpoint = "http://127.0.0.1:1", .credentials = {"key", "secret"}});
  EXPECT_EQ(nowhere.locate("a").fault().type, "ConnectFailed");
}

}  // namespace
}  // namespace flamingo
