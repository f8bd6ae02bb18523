#include <duckdb.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

#include "base/rng.h"
#include "base/text.h"
#include "store/parquet/file_writer.h"

/// What store/parquet writes, as another reader sees it: DuckDB with its own Parquet code.
namespace understudy::store {
namespace {

using parquet::ColumnSchema;
using parquet::ColumnValues;
using parquet::FileOptions;
using parquet::FileWriter;
using parquet::Type;

/// One column's cells, in the form that comparing wants: null, or a text that tells values apart.
using Cells = std::vector<std::optional<std::string>>;

std::string cell(std::int64_t value) { return base::cat(value); }
std::string cell(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return base::cat(bits);
}
std::string cell(bool value) { return value ? "true" : "false"; }

/// A column of a row group and the memory behind it.
struct Data {
  std::vector<std::uint64_t> present;
  std::vector<std::uint8_t> bools;
  std::vector<std::int64_t> ints;
  std::vector<double> doubles;
  std::vector<std::string> strings;
  std::vector<std::string_view> texts;
  std::vector<std::uint32_t> codes;
  bool coded = false;
  Cells cells;

  ColumnValues values() const {
    ColumnValues out{
        .present = present, .bools = bools, .ints = ints, .doubles = doubles, .texts = texts};
    if (coded) out.codes = codes;
    return out;
  }
};

enum class Presence { kAll, kNone, kHalf, kRare, kRuns };
constexpr Presence kPresences[] = {Presence::kAll, Presence::kNone, Presence::kHalf,
                                   Presence::kRare, Presence::kRuns};

class ParquetReadTest : public testing::Test {
 protected:
  ParquetReadTest() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    EXPECT_EQ(duckdb_open(nullptr, &database_), DuckDBSuccess);
    EXPECT_EQ(duckdb_connect(database_, &connection_), DuckDBSuccess);
  }
  ~ParquetReadTest() override {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/file.parquet"; }

  void store(FileWriter& writer) {
    std::ofstream(path(), std::ios::binary | std::ios::app) << writer.take_bytes();
  }

  /// The rows of a query as texts; doubles by their bits.
  std::vector<Cells> ask(const std::string& sql) {
    duckdb_result result;
    if (duckdb_query(connection_, sql.c_str(), &result) != DuckDBSuccess) {
      ADD_FAILURE() << duckdb_result_error(&result);
      duckdb_destroy_result(&result);
      return {};
    }
    std::vector<Cells> columns(duckdb_column_count(&result));
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
      for (idx_t c = 0; c < columns.size(); ++c) {
        const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
        const duckdb_type type = duckdb_column_type(&result, c);
        void* const data = duckdb_vector_get_data(vector);
        std::uint64_t* const validity = duckdb_vector_get_validity(vector);
        for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); ++row) {
          auto& out = columns[c].emplace_back();
          if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) continue;
          switch (type) {
            case DUCKDB_TYPE_BOOLEAN:
              out = cell(static_cast<bool*>(data)[row]);
              break;
            case DUCKDB_TYPE_DOUBLE:
              out = cell(static_cast<double*>(data)[row]);
              break;
            case DUCKDB_TYPE_VARCHAR: {
              auto& text = static_cast<duckdb_string_t*>(data)[row];
              out = std::string(duckdb_string_t_data(&text), duckdb_string_t_length(text));
              break;
            }
            default:
              out = cell(static_cast<std::int64_t*>(data)[row]);
          }
        }
      }
      duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return columns;
  }

  bool present(Presence presence) {
    switch (presence) {
      case Presence::kAll:
        return true;
      case Presence::kNone:
        return false;
      case Presence::kHalf:
        return rng_.below(2) == 0;
      case Presence::kRare:
        return rng_.below(500) == 0;
      case Presence::kRuns:
        if (rng_.below(300) == 0) in_run_ = !in_run_;
        return in_run_;
    }
    return true;
  }

  double any_double(std::size_t different) {
    static constexpr double kSpecial[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e308, 5e-324};
    if (rng_.below(20) == 0) return kSpecial[rng_.below(std::size(kSpecial))];
    return static_cast<double>(rng_.below(different)) / 7;
  }
  std::int64_t any_int(std::size_t different) {
    if (rng_.below(50) == 0) return std::numeric_limits<std::int64_t>::min();
    if (rng_.below(50) == 0) return std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(rng_.below(different)) - 1'000;
  }
  std::string any_text(std::size_t different) {
    std::string text = base::cat("value ", rng_.below(different), " é");
    if (rng_.below(100) == 0) text.assign(rng_.below(3'000), 'x');
    return text;
  }

  Data make(Type type, std::size_t rows, Presence presence, std::size_t different, bool coded) {
    Data data;
    data.coded = coded;
    data.present.resize((rows + 63) / 64);
    for (std::size_t row = 0; row < rows; ++row) {
      auto& out = data.cells.emplace_back();
      if (!present(presence)) continue;
      data.present[row / 64] |= std::uint64_t{1} << (row % 64);
      switch (type) {
        case Type::kBool:
          data.bools.push_back(rng_.below(2) == 0);
          out = cell(data.bools.back() != 0);
          break;
        case Type::kInt64:
        case Type::kTimestampNs:
          data.ints.push_back(any_int(different));
          out = cell(data.ints.back());
          break;
        case Type::kDouble:
          data.doubles.push_back(any_double(different));
          out = cell(data.doubles.back());
          break;
        case Type::kText:
          if (coded) {
            if (data.strings.empty()) {
              for (std::size_t i = 0; i < different + 3; ++i)
                data.strings.push_back(any_text(1'000'000));
            }
            data.codes.push_back(static_cast<std::uint32_t>(rng_.below(different)));
            out = data.strings[data.codes.back()];
          } else {
            data.strings.push_back(any_text(different));
            out = data.strings.back();
          }
          break;
      }
    }
    data.texts.assign(data.strings.begin(), data.strings.end());
    if (presence == Presence::kAll && rng_.below(2) == 0) data.present.clear();
    return data;
  }

  base::Rng rng_{2026};
  bool in_run_ = true;
  std::string folder_ = "/tmp/parquet-XXXXXX";
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

TEST_F(ParquetReadTest, EveryTypeAndPatternReadsBackTheSame) {
  for (const std::size_t rows : {1, 7, 63, 64, 65, 2'048, 5'000}) {
    std::vector<ColumnSchema> schema;
    std::vector<Data> data;
    for (const Presence presence : kPresences) {
      for (const Type type : {Type::kBool, Type::kInt64, Type::kDouble, Type::kText}) {
        for (const std::size_t different : {1, 2, 200, 100'000}) {
          const bool coded = type == Type::kText && rng_.below(2) == 0;
          schema.push_back({.name = base::cat("c", schema.size()),
                            .type = type,
                            .required = presence == Presence::kAll && rng_.below(2) == 0});
          data.push_back(make(type, rows, presence, different, coded));
        }
      }
    }
    std::vector<ColumnValues> columns;
    for (const Data& column : data) columns.push_back(column.values());
    // Small pages, so that columns have several.
    FileWriter writer(schema, {.page_bytes_max = 4'000});
    writer.add_row_group(rows, columns);
    writer.finish();
    std::filesystem::remove(path());
    store(writer);
    const auto read = ask(base::cat("SELECT * FROM read_parquet('", path(), "')"));
    ASSERT_EQ(read.size(), data.size()) << rows;
    for (std::size_t i = 0; i < data.size(); ++i) {
      EXPECT_EQ(read[i], data[i].cells) << "column " << i << " of " << rows << " rows";
    }
  }
}

TEST_F(ParquetReadTest, RowGroupsFollowEachOther) {
  FileWriter writer(
      {{.name = "n", .type = Type::kInt64, .required = true}, {.name = "t", .type = Type::kText}});
  Cells numbers, texts;
  for (std::size_t rows : {100, 1, 3'000}) {
    const Data n = make(Type::kInt64, rows, Presence::kAll, 1'000'000, false);
    const Data t = make(Type::kText, rows, Presence::kHalf, 10, true);
    writer.add_row_group(rows, std::vector{n.values(), t.values()});
    store(writer);  // as it grows
    numbers.insert(numbers.end(), n.cells.begin(), n.cells.end());
    texts.insert(texts.end(), t.cells.begin(), t.cells.end());
  }
  writer.finish();
  store(writer);
  const auto read = ask(base::cat("SELECT n, t FROM read_parquet('", path(), "')"));
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0], numbers);
  EXPECT_EQ(read[1], texts);
}

TEST_F(ParquetReadTest, NothingIsLostToStatistics) {
  // Whatever a reader skips by the smallest and greatest values: what it finds must be all.
  constexpr std::size_t kRows = 3'000;
  FileWriter writer({{.name = "i", .type = Type::kInt64},
                     {.name = "d", .type = Type::kDouble},
                     {.name = "t", .type = Type::kText},
                     {.name = "b", .type = Type::kBool}});
  std::vector<Data> all;
  for (int group = 0; group < 5; ++group) {
    const auto different = static_cast<std::size_t>(2 + 10 * group);
    all.push_back(make(Type::kInt64, kRows, Presence::kHalf, different, false));
    all.push_back(make(Type::kDouble, kRows, group == 2 ? Presence::kNone : Presence::kHalf,
                       different, false));
    all.push_back(make(Type::kText, kRows, Presence::kHalf, different, group % 2 == 0));
    all.push_back(make(Type::kBool, kRows, Presence::kRare, different, false));
    std::vector<ColumnValues> columns;
    for (std::size_t i = all.size() - 4; i < all.size(); ++i) columns.push_back(all[i].values());
    writer.add_row_group(kRows, columns);
  }
  writer.finish();
  store(writer);
  ask(base::cat("CREATE TABLE plain AS SELECT * FROM read_parquet('", path(), "')"));
  for (const char* condition :
       {"i > 20", "i = -9223372036854775808", "i BETWEEN -1000 AND -990", "d = 0.0", "d = -0.0",
        "d = 'NaN'::DOUBLE", "d > 1e307", "d = '-inf'::DOUBLE", "d <= 0", "t = 'value 30 é'",
        "t > 'value 4'", "t IS NULL", "b", "NOT b", "d IS NULL", "i IN (-999, -960)"}) {
    const auto from_file =
        ask(base::cat("SELECT count(*) FROM read_parquet('", path(), "') WHERE ", condition));
    const auto from_table = ask(base::cat("SELECT count(*) FROM plain WHERE ", condition));
    EXPECT_EQ(from_file, from_table) << condition;
  }
}

TEST_F(ParquetReadTest, TimesAreTimestampsAndMetadataIsThere) {
  FileWriter writer({{.name = "time", .type = Type::kTimestampNs, .required = true}},
                    {.sorted_by = 0, .metadata = {{"dataset", "evaluations"}}});
  const std::vector<std::int64_t> times = {-1, 0, 1'700'000'000'123'456'789};
  writer.add_row_group(times.size(), std::vector{ColumnValues{.ints = times}});
  writer.finish();
  store(writer);
  const std::string file = base::cat("'", path(), "'");
  EXPECT_EQ(ask(base::cat("SELECT epoch_ns(time) FROM read_parquet(", file, ")"))[0],
            (Cells{"-1", "0", "1700000000123456789"}));
  EXPECT_EQ(ask(base::cat("SELECT column_type FROM (DESCRIBE SELECT * FROM read_parquet(", file,
                          "))"))[0],
            Cells{"TIMESTAMP_NS"});
  EXPECT_EQ(ask(base::cat("SELECT decode(value) FROM parquet_kv_metadata(", file, ")"))[0],
            Cells{"evaluations"});
  EXPECT_EQ(
      ask(base::cat(
          "SELECT stats_min_value IS NOT NULL, stats_null_count::BIGINT FROM parquet_metadata(",
          file, ")")),
      (std::vector<Cells>{{"true"}, {"0"}}));
}

TEST_F(ParquetReadTest, AFileWithoutRowsIsAFile) {
  FileWriter writer({{.name = "n", .type = Type::kInt64}});
  writer.finish();
  store(writer);
  EXPECT_EQ(ask(base::cat("SELECT count(*) FROM read_parquet('", path(), "')"))[0], Cells{"0"});
}

}  // namespace
}  // namespace understudy::store
