// The tail as a file: what a process of a statement reads of a block that is still being filled.
#include "store/duckdb/sql_table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/text.h"
#include "store/duckdb/database.h"

namespace understudy::store {
namespace {

using event::Type;

class SqlTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "sql_table_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    auto folder = open_segment_folder(path_);
    ASSERT_TRUE(folder.ok()) << folder.error().context;
    folder_ = *std::move(folder);
    auto schema = std::make_shared<Schema>();
    schema->physical = {Type::kInt, Type::kString, Type::kString, Type::kDouble, Type::kBool};
    schema->columns = {{"n", {kAbsent, kAbsent, 0, kAbsent, kAbsent}},
                       {"one", {kAbsent, kAbsent, kAbsent, kAbsent, 1}},
                       {"each", {kAbsent, kAbsent, kAbsent, kAbsent, 2}},
                       {"odd", {kAbsent, kAbsent, kAbsent, 3, kAbsent}},
                       {"none", {kAbsent, 4, kAbsent, kAbsent, kAbsent}}};
    view_.schema = std::move(schema);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  /// A block of `all` rows, of which the view has the first `rows`.
  void add_block(std::size_t all, std::size_t rows) {
    auto block = std::make_shared<TailBlock>(all + 1);
    for (std::size_t row = 0; row < all; ++row) {
      const auto n = static_cast<std::int64_t>(row);
      block->begin_row(row, n % 2 == 0 && mixed_ ? 1'000 + n : n, 1);
      block->set(0, n);
      block->set(1, std::string_view("the same text for every row"));
      block->set(2, base::cat("a text of the row ", row));
      if (row % 2 == 1) block->set(3, 0.5);
      block->end_row();
    }
    view_.blocks.push_back(
        {.block = block, .rows = rows, .time_min_ns = 0, .time_max_ns = 1'000'000});
  }
  std::string answer(const std::string& sql) {
    auto descriptor = move_tail_to_file(view_, *folder_, "PATH");
    if (!descriptor.ok()) return descriptor.error().context;
    const std::string path = base::cat("/proc/self/fd/", descriptor->get());
    auto database =
        Database::open({.memory_bytes_max = 64U << 20, .folder = path_, .files = {path}});
    if (!database.ok()) return database.error().context;
    auto connection = (*database)->connect();
    std::string table = sql_table("events", view_);
    if (const auto at = table.find("PATH"); at != std::string::npos) table.replace(at, 4, path);
    if (const auto made = (*connection)->run(table); !made.ok()) return made.error().context;
    auto rows = (*connection)
                    ->query({.text = base::cat("SELECT (", sql, ")::VARCHAR")},
                            std::chrono::steady_clock::now() + std::chrono::minutes(1));
    if (!rows.ok()) return rows.error().context;
    return rows->next() && !rows->is_null(0) ? std::string(rows->text(0)) : "null";
  }

  std::string path_;
  std::unique_ptr<SegmentFolder> folder_;
  TableView view_;
  bool mixed_ = true;  // rows are not in the order of their times
};

TEST_F(SqlTableTest, RowsAfterTheViewAreNotInTheFile) {
  add_block(5'000, 2'100);
  EXPECT_EQ(answer("SELECT [count(*), sum(n), count(one), count(DISTINCT one), "
                   "count(DISTINCT each), count(odd), count(none)] FROM events"),
            base::cat("[2100, ", 2'099 * 2'100 / 2, ", 2100, 1, 2100, 1050, 0]"));
}

TEST_F(SqlTableTest, RowsAfterTheViewAreNotInTheFileAlsoWhenTheyAreInOrder) {
  mixed_ = false;
  add_block(5'000, 2'100);
  EXPECT_EQ(answer("SELECT [count(*), sum(n), count(one), count(DISTINCT each), count(odd), "
                   "count(n) FILTER (odd IS NULL AND n % 2 = 0)] FROM events"),
            base::cat("[2100, ", 2'099 * 2'100 / 2, ", 2100, 2100, 1050, 1050]"));
}

TEST_F(SqlTableTest, EachRowKeepsItsValues) {
  add_block(100, 70);
  add_block(3, 3);
  EXPECT_EQ(answer("SELECT count(*) FROM events WHERE each = 'a text of the row ' || n AND "
                   "(odd IS NOT NULL) = (n % 2 = 1) AND "
                   "epoch_ns(\"time\") = CASE WHEN n % 2 = 0 THEN 1000 + n ELSE n END"),
            "73");
}

TEST_F(SqlTableTest, ADatasetWithoutEventsHasItsColumns) {
  EXPECT_EQ(answer("SELECT count(n) FROM events"), "0");
}

}  // namespace
}  // namespace understudy::store
