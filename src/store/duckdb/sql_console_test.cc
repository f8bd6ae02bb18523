// A person's SQL over a real store: what it can read, and that it can do nothing else.
#include "store/sql_console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/text.h"
#include "event/columns.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::store {
namespace {

using base::ErrorKind;
using event::Event;
using event::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string cell_text(const Value& value) {
  switch (value.type()) {
    case event::Type::kNull:
      return "null";
    case event::Type::kBool:
      return value.as_bool() ? "true" : "false";
    case event::Type::kInt:
      return base::cat(value.as_int());
    case event::Type::kDouble:
      return base::cat(value.as_double());
    case event::Type::kString:
      return value.as_string();
  }
  return {};
}

class SqlConsoleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "sql_console_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::ofstream(folder_ + "/secret.csv") << "secret\n42\n";
    open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    store_.reset();
    DuckDbStoreOptions options;
    options.log.folder = folder_ + "/events";
    options.log.sync = EventLogOptions::Sync::kNone;
    auto opened = DuckDbStore::open(options);
    ASSERT_TRUE(opened.ok()) << opened.error().context;
    store_ = *std::move(opened);
  }
  void happened(const std::string& dataset, int64_t time_ns,
                const std::vector<std::pair<std::string, Value>>& fields) {
    Event event(dataset, time_ns);
    for (const auto& [name, value] : fields) {
      event.add(*event::Column::intern(name), value.view());
    }
    ASSERT_TRUE(store_->append({&event, 1}).ok());
    ASSERT_TRUE(store_->wait_until_queryable(std::chrono::minutes(1)).ok());
  }
  base::Result<SqlAnswer> ask(const std::string& sql, size_t rows_max = 1'000,
                              const Cancellation& cancellation = {}) {
    return store_->run({.text = sql, .rows_max = rows_max}, cancellation);
  }
  /// "a=1 b=x; a=2 b=y"
  std::string answer(const std::string& sql) {
    const auto found = ask(sql);
    if (!found.ok()) return found.error().context;
    std::string text;
    for (const auto& row : found->rows) {
      if (!text.empty()) text += "; ";
      for (size_t i = 0; i < row.size(); ++i) {
        text += base::cat(i == 0 ? "" : " ", found->columns[i].name, "=", cell_text(row[i]));
      }
    }
    return text;
  }
  std::string refusal(const std::string& sql) {
    const auto found = ask(sql);
    EXPECT_FALSE(found.ok()) << sql;
    if (found.ok()) return {};
    EXPECT_EQ(found.error().kind, ErrorKind::kInvalid) << sql << "\n" << found.error().context;
    return found.error().context;
  }

  std::string folder_;
  std::unique_ptr<DuckDbStore> store_;
};

TEST_F(SqlConsoleTest, ADatasetIsATable) {
  happened("evaluations", 1'000'000'001, {{"duration_ms", 2.5}, {"http.route", "query"}});
  happened("evaluations", 2'000'000'000, {{"duration_ms", 3.5}});
  EXPECT_EQ(answer("SELECT count(*) AS n, sum(duration_ms) AS s FROM evaluations"), "n=2 s=6");
  EXPECT_EQ(answer("SELECT \"http.route\" AS route FROM evaluations ORDER BY time LIMIT 1;"),
            "route=query");
  EXPECT_EQ(answer("SELECT time, sample_rate FROM evaluations ORDER BY time -- the first\n"),
            "time=1970-01-01 00:00:01.000000001 sample_rate=1; time=1970-01-01 00:00:02 "
            "sample_rate=1");
}

TEST_F(SqlConsoleTest, WhatIsInSegmentsIsThereToo) {
  happened("evaluations", 1, {{"n", 1}});
  ASSERT_TRUE(store_->write_segments(std::chrono::minutes(1)).ok());
  happened("evaluations", 2, {{"n", 2}});
  EXPECT_EQ(answer("SELECT n FROM evaluations ORDER BY n DESC"), "n=2; n=1");
}

TEST_F(SqlConsoleTest, DatasetsCanBeJoinedAndNamedInAnyCase) {
  happened("evaluations", 1, {{"id", "a"}});
  happened("errors", 1, {{"id", "a"}, {"message", "boom"}});
  EXPECT_EQ(answer("SELECT e.id, x.message FROM Evaluations e JOIN errors x USING (id)"),
            "id=a message=boom");
  EXPECT_EQ(answer("WITH a AS (SELECT id FROM errors) SELECT * FROM a UNION ALL SELECT 'b'"),
            "id=a; id=b");
}

TEST_F(SqlConsoleTest, AColumnOfSeveralTypesHasOneForEach) {
  happened("events", 1, {{"x", 5}});
  happened("events", 2, {{"x", "5"}});
  happened("events", 3, {{"x", 2.5}});
  EXPECT_EQ(answer("SELECT \"x:int\", \"x:double\", \"x:string\" FROM events ORDER BY time"),
            "x:int=5 x:double=null x:string=null; x:int=null x:double=null x:string=5; "
            "x:int=null x:double=2.5 x:string=null");
  EXPECT_THAT(refusal("SELECT x FROM events"), HasSubstr("x:int"));
}

TEST_F(SqlConsoleTest, OfNamesThatDifferInCaseTheLaterHasANumber) {
  happened("events", 1, {{"name", "a"}, {"Name", "b"}});
  EXPECT_EQ(answer("SELECT \"Name\", \"name:2\" FROM events"), "Name=b name:2=a");
}

TEST_F(SqlConsoleTest, TypesAreTold) {
  happened("events", 1, {{"b", true}});
  const auto found =
      ask("SELECT b, 1, 2.5::DOUBLE, 'x', time, [1, 2], sum(1), NULL FROM events GROUP BY ALL");
  ASSERT_TRUE(found.ok()) << found.error().context;
  std::vector<std::string> types;
  for (const auto& column : found->columns) types.push_back(column.type);
  EXPECT_THAT(types, ElementsAre("boolean", "bigint", "double", "varchar", "timestamp", "varchar",
                                 "double", "bigint"));
  EXPECT_EQ(found->rows[0][5], Value("[1, 2]"));
}

TEST_F(SqlConsoleTest, NamesOfDatasetsAndColumnsAreOnlyNames) {
  const std::string name = "a\"; DROP TABLE x; --";
  happened(name, 1, {{name, 7}});
  EXPECT_EQ(answer("SELECT * EXCLUDE (time, sample_rate) FROM \"a\"\"; DROP TABLE x; --\""),
            name + "=7");
}

// Bounds.

TEST_F(SqlConsoleTest, WhatNeitherMemoryNorTimeWouldBoundIsRefused) {
  happened("events", 1, {{"text", "aaaa"}});
  EXPECT_THAT(refusal("SELECT levenshtein(text, text) FROM events"), HasSubstr("no bound"));
  EXPECT_THAT(refusal("SELECT bar(1, 0, 10, 1000000000)"), HasSubstr("no bound"));
  EXPECT_THAT(refusal("SELECT text LIKE '%_a%_a%_a%_b' FROM events"), HasSubstr("wildcards"));
  EXPECT_THAT(refusal("SELECT text ILIKE text FROM events"), HasSubstr("has to be a text"));
  EXPECT_THAT(refusal("SELECT regexp_replace(text, 'a', text) FROM events"),
              HasSubstr("replacement"));
  EXPECT_EQ(
      answer("SELECT text LIKE '%a%' AS l, regexp_replace(text, 'a', 'b', 'g') AS r FROM events"),
      "l=true r=bbbb");
  EXPECT_THAT(refusal("SELECT sleep_ms(1)"), HasSubstr("not offered"));
  std::string comments = "SELECT 1 ";
  for (int i = 0; i < 40'000; ++i) comments += "/*";
  EXPECT_THAT(refusal(comments), HasSubstr("comments"));
  std::string joined = "SELECT count(*) FROM events";
  std::string united = "SELECT 1";
  for (int i = 0; i < 100; ++i) {
    joined += base::cat(", events e", i);
    united += " UNION ALL SELECT 1";
  }
  EXPECT_THAT(refusal(joined), HasSubstr("tables"));
  EXPECT_THAT(refusal(united), HasSubstr("SELECTs"));
}

TEST_F(SqlConsoleTest, ANameOfAWithDoesNotOpenTheViewsOfTheDatabase) {
  for (const std::string view :
       {"duckdb_views", "pg_settings", "sqlite_master", "PRAGMA_DATABASE_LIST"}) {
    refusal("SELECT * FROM (WITH " + view + " AS (SELECT 1) SELECT 1) x, " + view + " y");
  }
}

TEST_F(SqlConsoleTest, DatasetsThatDifferInCaseOnlyAreNotReadAtOnce) {
  happened("events", 1, {{"n", 1}});
  happened("Events", 1, {{"n", 2}});
  EXPECT_EQ(answer("SELECT n FROM \"Events\""), "n=2");
  EXPECT_THAT(refusal("SELECT * FROM events, \"Events\""), HasSubstr("in case only"));
}

TEST_F(SqlConsoleTest, RowsAreBounded) {
  const auto found = ask("SELECT * FROM range(1000000000000)", 10);
  ASSERT_TRUE(found.ok()) << found.error().context;
  EXPECT_EQ(found->rows.size(), 10U);
  EXPECT_TRUE(found->truncated);
  EXPECT_FALSE(ask("SELECT * FROM range(10)", 10)->truncated);
}

TEST_F(SqlConsoleTest, TimeIsBounded) {
  const auto found = store_->run({.text = "SELECT sum(a.range % 7 * b.range) FROM "
                                          "range(10000000) a, range(10000000) b",
                                  .timeout = std::chrono::milliseconds(30)},
                                 {});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::kTimeout);
}

TEST_F(SqlConsoleTest, MemoryIsBounded) {
  const auto found =
      ask("SELECT count(*) FROM (SELECT DISTINCT range, range || ' of a text that is not short' "
          "FROM range(20000000))");
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(found.error().kind == ErrorKind::kLimit || found.error().kind == ErrorKind::kTimeout)
      << found.error().context;
}

TEST_F(SqlConsoleTest, ItEndsWhenItIsCancelled) {
  const Cancellation cancellation;
  cancellation.cancel();
  const auto found = ask("SELECT 1", 1, cancellation);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::kCancelled);
}

TEST_F(SqlConsoleTest, TheTextIsBounded) {
  EXPECT_EQ(ask(std::string(kSqlBytesMax + 1, ' ')).error().kind, ErrorKind::kLimit);
  EXPECT_THAT(refusal(std::string("SELECT 1\0", 9)), HasSubstr("NUL"));
  EXPECT_THAT(refusal(" ; "), HasSubstr("empty"));
  const std::string deep = std::string(3'000, '(') + "1" + std::string(3'000, ')');
  const auto nested = ask("SELECT " + deep);  // answered or refused, never a crash
  EXPECT_TRUE(nested.ok() || nested.error().kind == ErrorKind::kInvalid);
}

// What is refused.

TEST_F(SqlConsoleTest, OnlyOneSelectIsTaken) {
  happened("evaluations", 1, {{"x", 1}});
  for (const char* sql : {"CREATE TABLE t (x INT)",
                          "CREATE VIEW v AS SELECT 1",
                          "DROP VIEW evaluations",
                          "INSERT INTO evaluations VALUES (1)",
                          "UPDATE evaluations SET x = 2",
                          "DELETE FROM evaluations",
                          "COPY evaluations TO '/tmp/understudy_sql_console'",
                          "COPY (SELECT 1) TO '/tmp/understudy_sql_console'",
                          "ATTACH '/tmp/x.db'",
                          "DETACH memory",
                          "INSTALL httpfs",
                          "LOAD httpfs",
                          "SET threads = 8",
                          "RESET threads",
                          "SET VARIABLE x = 1",
                          "PRAGMA database_list",
                          "PRAGMA enable_profiling",
                          "EXPORT DATABASE '/tmp/x'",
                          "IMPORT DATABASE '/tmp/x'",
                          "EXPLAIN SELECT 1",
                          "EXPLAIN ANALYZE SELECT 1",
                          "PREPARE p AS SELECT 1",
                          "EXECUTE p",
                          "DEALLOCATE p",
                          "BEGIN",
                          "COMMIT",
                          "ROLLBACK",
                          "CHECKPOINT",
                          "VACUUM",
                          "ANALYZE",
                          "CALL pragma_version()",
                          "USE memory",
                          "CREATE MACRO m() AS 1",
                          "CREATE SECRET s (TYPE s3)",
                          "ALTER TABLE evaluations ADD COLUMN y INT",
                          "SELECT 1; SELECT 2",
                          "SELECT 1; DROP VIEW evaluations",
                          "COMMENT ON TABLE evaluations IS 'x'",
                          "DESCRIBE evaluations",
                          "SHOW TABLES",
                          "SHOW ALL TABLES",
                          "SUMMARIZE evaluations",
                          "SELECT * FROM (DESCRIBE evaluations)",
                          "SELECT * FROM (SHOW TABLES)",
                          "SELECT 1) ; DROP VIEW x; (SELECT 1",
                          "SELECT 1) AS a LIMIT 1; --",
                          "SELECT",
                          "no sql at all",
                          "SELECT ?",
                          "SELECT $1"}) {
    refusal(sql);
  }
  EXPECT_FALSE(std::filesystem::exists("/tmp/understudy_sql_console"));
  EXPECT_EQ(answer("SELECT count(*) AS n FROM evaluations"), "n=1");
}

TEST_F(SqlConsoleTest, NoFileIsRead) {
  happened("evaluations", 1, {{"x", 1}});
  ASSERT_TRUE(store_->write_segments(std::chrono::minutes(1)).ok());
  const std::string file = folder_ + "/secret.csv";
  std::vector<std::string> sources = {"read_csv('" + file + "')",
                                      "read_csv_auto('" + file + "')",
                                      "read_text('" + file + "')",
                                      "read_blob('" + file + "')",
                                      "read_json('" + file + "')",
                                      "read_json_auto('" + file + "')",
                                      "read_ndjson('" + file + "')",
                                      "read_parquet('" + file + "')",
                                      "parquet_scan('" + file + "')",
                                      "parquet_metadata('" + file + "')",
                                      "parquet_schema('" + file + "')",
                                      "sniff_csv('" + file + "')",
                                      "glob('" + folder_ + "/*')",
                                      "'" + file + "'",
                                      "\"" + file + "\"",
                                      "'" + folder_ + "/*.csv'",
                                      "read_parquet('" + folder_ + "/events/segments/**')",
                                      "query('SELECT 1')",
                                      "query_table('evaluations')",
                                      "duckdb_settings()",
                                      "duckdb_secrets()",
                                      "duckdb_functions()",
                                      "duckdb_views()",
                                      "duckdb_settings",
                                      "pragma_database_list()",
                                      "pragma_version()",
                                      "information_schema.tables",
                                      "pg_catalog.pg_tables",
                                      "sqlite_master",
                                      "main.evaluations",
                                      "system.information_schema.tables",
                                      "tail_scan(1)",
                                      "test_all_types()",
                                      "repeat('x', 3)",
                                      "seq_scan('evaluations')",
                                      "json_execute_serialized_sql('x')",
                                      "getenv('HOME')",
                                      "storage_info('evaluations')"};
  for (const std::string& source : sources) {
    const std::string why = refusal("SELECT * FROM " + source);
    EXPECT_EQ(why.find("42"), std::string::npos);
    refusal("SELECT (SELECT count(*) FROM " + source + ")");
    refusal("WITH a AS (SELECT * FROM " + source + ") SELECT 1");
    refusal("SELECT 1 WHERE EXISTS (FROM " + source + ")");
    refusal("SELECT 1 UNION ALL (SELECT 1 FROM " + source + ")");
    refusal("SELECT * FROM evaluations, LATERAL (SELECT * FROM " + source + ") x");
  }
}

TEST_F(SqlConsoleTest, NothingOfTheProcessIsTold) {
  for (const char* function :
       {"getenv('HOME')", "current_setting('threads')", "main.current_setting('threads')",
        "GETENV('HOME')", "version()", "getvariable('x')", "current_query()", "current_database()",
        "current_schemas(true)", "pg_backend_pid()", "txid_current()", "nextval('s')",
        "json_serialize_sql('SELECT 1')", "json_deserialize_sql('{}')", "write_log('x')",
        "has_table_privilege('x', 'y')", "which_secret('x', 'y')"}) {
    refusal(base::cat("SELECT ", function));
    refusal(base::cat("SELECT 1 ORDER BY ", function));
    refusal(base::cat("SELECT [x FOR x IN [1] IF ", function, " IS NOT NULL]"));
  }
}

TEST_F(SqlConsoleTest, NothingMakesLargeValuesOutOfSmallOnesOrWaits) {
  for (const char* function :
       {"repeat('x', 1000000000)", "len(range(1000000000))", "len(generate_series(1, 1000000000))",
        "lpad('x', 1000000000, 'y')", "len(list_resize([1], 1000000000))", "sleep_ms(60000)",
        "pg_sleep(60)", "printf('%1000000000d', 1)"}) {
    refusal(base::cat("SELECT ", function));
  }
  refusal("SELECT count(*) FROM (SELECT unnest(range(1000000000)))");
  refusal("SELECT * FROM unnest(range(1000000000))");
}

TEST_F(SqlConsoleTest, AFileInTheClothesOfWithIsNoTable) {
  const std::string file = folder_ + "/secret.csv";
  refusal("WITH \"" + file + "\" AS (SELECT 1) SELECT * FROM \"" + file + "\"");
  // Defined in one place and read in another, where it is not defined.
  refusal("SELECT * FROM duckdb_settings, (WITH duckdb_settings AS (SELECT 1) SELECT 1)");
}

TEST_F(SqlConsoleTest, AnUnknownDatasetNamesTheNearest) {
  happened("evaluations", 1, {{"duration_ms", 1.0}});
  EXPECT_EQ(refusal("SELECT * FROM evaluation"),
            "there is no dataset 'evaluation'; did you mean 'evaluations'?");
  EXPECT_THAT(refusal("SELECT duration FROM evaluations"), HasSubstr("duration_ms"));
  EXPECT_THAT(refusal("SELECT 'x'::INT"), HasSubstr("x"));
  EXPECT_EQ(refusal("SELECT FORM x y"), "syntax error at or near \"y\" (character 15)");
}

}  // namespace
}  // namespace understudy::store
