#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "base/text.h"
#include "store/parquet/file_writer.h"

namespace understudy::store::parquet {
namespace {

constexpr std::size_t kRows = 122'880;

/// The columns of an evaluation: 40, as many of each kind as events of a migration have.
class Columns {
 public:
  Columns() {
    base::Rng rng(1);
    std::int64_t time = 1'700'000'000'000'000'000;
    for (std::size_t row = 0; row < kRows; ++row) {
      time += static_cast<std::int64_t>(rng.below(20'000));
      times_.push_back(time);
      numbers_.push_back(static_cast<std::int64_t>(row));
      statuses_.push_back(rng.below(50) == 0 ? 500 : 200);
      durations_.push_back(rng.uniform() * 10);
      flags_.push_back(rng.below(10) == 0);
      codes_.push_back(static_cast<std::uint32_t>(rng.below(8)));
      ids_.push_back(base::cat(rng.next_u64(), "-", rng.next_u64()));
    }
    for (int i = 0; i < 8; ++i) words_.push_back(base::cat("word number ", i));
    texts_.assign(words_.begin(), words_.end());
    id_texts_.assign(ids_.begin(), ids_.end());
    add("time", Type::kTimestampNs, {.ints = times_});
    add("seq", Type::kInt64, {.ints = numbers_});
    for (int i = 0; i < 3; ++i) add("id", Type::kText, {.texts = id_texts_});
    for (int i = 0; i < 15; ++i) add("word", Type::kText, {.texts = texts_, .codes = codes_});
    for (int i = 0; i < 7; ++i) add("duration", Type::kDouble, {.doubles = durations_});
    for (int i = 0; i < 9; ++i) add("status", Type::kInt64, {.ints = statuses_});
    for (int i = 0; i < 4; ++i) add("flag", Type::kBool, {.bools = flags_});
  }
  const std::vector<ColumnSchema>& schema() const { return schema_; }
  const std::vector<ColumnValues>& values() const { return values_; }

 private:
  void add(const char* name, Type type, ColumnValues values) {
    schema_.push_back({.name = base::cat(name, schema_.size()), .type = type, .required = true});
    values_.push_back(values);
  }

  std::vector<std::int64_t> times_, numbers_, statuses_;
  std::vector<double> durations_;
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::string> words_, ids_;
  std::vector<std::string_view> texts_, id_texts_;
  std::vector<ColumnSchema> schema_;
  std::vector<ColumnValues> values_;
};

void write_one_file(benchmark::State& state) {
  const Columns columns;
  std::size_t bytes = 0;
  for (auto _ : state) {
    FileWriter writer(columns.schema());
    writer.add_row_group(kRows, columns.values());
    writer.finish();
    bytes = writer.take_bytes().size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
  state.counters["bytes/row"] = static_cast<double>(bytes) / kRows;
}
BENCHMARK(write_one_file)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace understudy::store::parquet
