// What each step costs on an event's way from the log to a segment.

#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "base/text.h"
#include "event/batch.h"
#include "event/columns.h"
#include "store/duckdb/dataset.h"
#include "store/segment/segment_writer.h"

namespace understudy::store {
namespace {

constexpr std::size_t kEvents = 122'880;

/// A segment's worth of events of 40 columns: 3 ids, 15 words, 7 doubles, 11 integers, 4 flags.
const event::EncodedBatch& events() {
  static const event::EncodedBatch batch = [] {
    std::vector<event::Column> columns;
    for (int i = 0; i < 40; ++i) columns.push_back(*event::Column::intern(base::cat("column.", i)));
    base::Rng rng(1);
    event::BatchEncoder encoder;
    for (std::size_t n = 0; n < kEvents; ++n) {
      event::Event event("events", static_cast<std::int64_t>(n) * 1'000);
      std::size_t at = 0;
      for (int i = 0; i < 3; ++i) {
        event.add(columns[at++], base::cat(rng.next_u64(), "-", rng.next_u64()));
      }
      for (int i = 0; i < 15; ++i)
        event.add(columns[at++], base::cat("word number ", rng.below(8)));
      for (int i = 0; i < 7; ++i) event.add(columns[at++], rng.uniform() * 10);
      for (int i = 0; i < 11; ++i) event.add(columns[at++], rng.below(i < 9 ? 3 : 5'000));
      for (int i = 0; i < 4; ++i) event.add(columns[at++], rng.below(10) == 0);
      encoder.add(event);
    }
    return encoder.take();
  }();
  return batch;
}

template <class Visit>
void read(const Visit& visit) {
  const event::ColumnMap columns = event::ColumnMap::identity();
  event::BatchReader reader(events().bytes, columns);
  event::EventView view;
  std::uint64_t seq = 0;
  while (*reader.next(view)) visit(seq++, view);
}

void decode(benchmark::State& state) {
  events();
  for (auto _ : state) {
    read([](std::uint64_t, const event::EventView& view) { benchmark::DoNotOptimize(view); });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}
BENCHMARK(decode)->Unit(benchmark::kMillisecond);

void decode_and_add_to_the_tail(benchmark::State& state) {
  events();
  for (auto _ : state) {
    std::atomic<std::uint64_t> bytes = 0;
    Dataset dataset("events", {.block_rows_max = kEvents, .block_bytes_max = 1u << 30}, bytes);
    read([&](std::uint64_t seq, const event::EventView& view) { dataset.add(seq, view, 0); });
    state.counters["bytes/event"] = static_cast<double>(bytes) / kEvents;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}
BENCHMARK(decode_and_add_to_the_tail)->Unit(benchmark::kMillisecond);

class Nowhere final : public SegmentFile {
 public:
  base::Status write(std::string_view bytes) override {
    bytes_ += bytes.size();
    return {};
  }
  base::Result<std::string> finish(const SegmentClaim&) override { return std::string(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

void write_a_segment(benchmark::State& state) {
  std::atomic<std::uint64_t> tail_bytes = 0;
  Dataset dataset("events", {.block_rows_max = kEvents, .block_bytes_max = 1u << 30}, tail_bytes);
  read([&](std::uint64_t seq, const event::EventView& view) { dataset.add(seq, view, 0); });
  dataset.seal();
  const auto block = dataset.oldest_sealed();
  for (auto _ : state) {
    Nowhere file;
    SegmentWriter writer(file, {.dataset = "events", .events = kEvents},
                         columns_in(*block, dataset.file_columns()));
    if (!writer.add(*block).ok() || !writer.finish().ok()) state.SkipWithError("not written");
    state.counters["bytes/event"] = static_cast<double>(file.bytes()) / kEvents;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}
BENCHMARK(write_a_segment)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace understudy::store
