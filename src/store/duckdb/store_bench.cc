#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "base/rng.h"
#include "event/columns.h"
#include "event/records.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::store {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::chrono::minutes kLong(10);

/// A store in a temporary folder, and a source of evaluations of 40 fields.
class Bench {
 public:
  Bench() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
    options_.log.folder = path_;
    options_.memory_bytes_max = 6ull << 30;
    store_ = *DuckDbStore::open(options_);
  }
  ~Bench() {
    store_.reset();
    std::filesystem::remove_all(path_);
  }
  void reopen() {
    store_.reset();
    store_ = *DuckDbStore::open(options_);
  }
  void wait_until_queryable() {
    if (!store_->wait_until_queryable(kLong).ok()) std::abort();
  }
  DuckDbStore& store() { return *store_; }

  const std::vector<event::Event>& batch(std::size_t count) {
    events_.resize(count);
    for (event::Event& event : events_) make(event);
    return events_;
  }
  void fill(std::size_t count) {
    for (std::size_t done = 0; done < count; done += 10'000) {
      if (!store_->append(batch(10'000)).ok()) std::abort();
    }
    wait_until_queryable();
  }

 private:
  void make(event::Event& event) {
    static constexpr std::string_view kModes[] = {"control_only", "full_evaluation"};
    static constexpr std::string_view kRoutes[] = {"query", "chart", "data", "health"};
    static constexpr std::string_view kDigits = "0123456789abcdef";
    for (char& digit : id_) digit = kDigits[rng_.below(16)];
    event::EvaluationRecord record;
    record.time_unix_ns = ++number_ * 1'000'000;
    record.id = id_;
    record.migration = "data-engine";
    record.mode = kModes[rng_.below(2)];
    record.key_hash = std::string_view(id_).substr(8, 16);
    record.accounting = "compared";
    record.comparison_outcome = "match";
    record.comparison_duration_us = rng_.uniform() * 50;
    record.difference_encountered = false;
    record.difference_count = 0;
    record.difference_dropped = 0;
    record.served_by = "control";
    record.duration_ms = 1 + rng_.uniform() * 20;
    for (event::SideRecord* side : {&record.control, &record.candidate}) {
      *side = event::SideRecord{.called = true,
                                .complete = true,
                                .status_code = 200,
                                .duration_ms = 1 + rng_.uniform() * 20,
                                .ttfb_ms = rng_.uniform(),
                                .body_bytes = 1024};
    }
    record.method = "POST";
    record.route = kRoutes[rng_.below(4)];
    record.path = "/query";
    record.status_code = 200;
    record.request_body_bytes = 260;
    record.response_body_bytes = 1024;
    record.client_address = "192.0.2.17";
    record.worker = 0;
    record.flag_key = "data-engine.mode";
    record.flag_variant = record.mode;
    record.flag_version = 12;
    record.trace_id = id_;
    record.span_id = std::string_view(id_).substr(0, 16);
    record.parent_id = std::string_view(id_).substr(16, 16);
    record.to_event(event);
  }

  std::string path_ = "/tmp/store_bench_XXXXXX";
  DuckDbStoreOptions options_;
  std::unique_ptr<DuckDbStore> store_;
  std::vector<event::Event> events_;
  base::Rng rng_{1};
  std::string id_ = std::string(32, '0');
  std::int64_t number_ = 0;
};

/// From events to durable and queryable, in batches of range(0).
void append_to_queryable(benchmark::State& state) {
  Bench bench;
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::vector<event::Event> events = bench.batch(size);
  for (auto _ : state) {
    if (!bench.store().append(events).ok()) return state.SkipWithError("append failed");
    if (bench.store().stats().events_waiting > 200'000 &&
        !bench.store().wait_until_queryable(kLong).ok()) {
      return state.SkipWithError("not queryable");
    }
  }
  if (!bench.store().wait_until_queryable(kLong).ok()) state.SkipWithError("not queryable");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append_to_queryable)
    ->Arg(1'024)
    ->Arg(8'192)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->MinTime(3);

/// How long one small batch takes from acknowledged to queryable.
void acknowledged_to_queryable(benchmark::State& state) {
  Bench bench;
  bench.fill(10'000);
  const std::vector<event::Event> events = bench.batch(10);
  for (auto _ : state) {
    state.PauseTiming();
    if (!bench.store().append(events).ok()) return state.SkipWithError("append failed");
    state.ResumeTiming();
    if (!bench.store().wait_until_queryable(kLong).ok()) state.SkipWithError("not queryable");
  }
}
BENCHMARK(acknowledged_to_queryable)->UseRealTime()->Unit(benchmark::kMillisecond);

Bench& million() {
  static Bench* const bench = [] {
    auto* made = new Bench();
    made->fill(1'000'000);
    return made;
  }();
  return *bench;
}

void ask(benchmark::State& state, const Select& select) {
  Bench& bench = million();
  for (auto _ : state) {
    const auto table = bench.store().select(select);
    if (!table.ok()) return state.SkipWithError(table.error().context.c_str());
    benchmark::DoNotOptimize(table->rows);
  }
}

Aggregate quantile(double p) {
  return {.kind = AggregateKind::kQuantile, .column = "duration_ms", .quantile = p};
}

void group_by_with_p50_p99_1m(benchmark::State& state) {
  ask(state, {.dataset = "evaluations",
              .group_by = {"evaluation.mode", "http.route"},
              .aggregates = {{}, quantile(0.5), quantile(0.99)}});
}
BENCHMARK(group_by_with_p50_p99_1m)->UseRealTime()->Unit(benchmark::kMillisecond);

void time_buckets_1m(benchmark::State& state) {
  ask(state, {.dataset = "evaluations",
              .group_by = {"evaluation.mode"},
              .aggregates = {{}, quantile(0.99)},
              .bucket_ns = 10 * kSecondNs});
}
BENCHMARK(time_buckets_1m)->UseRealTime()->Unit(benchmark::kMillisecond);

void filtered_count_1m(benchmark::State& state) {
  ask(state, {.dataset = "evaluations",
              .filter = test("http.route", FilterOp::kEqual, {"query"}),
              .aggregates = {{}}});
}
BENCHMARK(filtered_count_1m)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Count and P99 by a computed column; what it computes.
void group_by_computed_1m(benchmark::State& state, Expression expression) {
  ask(state, {.dataset = "evaluations",
              .computed = {{"computed", std::move(expression)}},
              .group_by = {"computed"},
              .aggregates = {{}, quantile(0.99)}});
}
BENCHMARK_CAPTURE(group_by_computed_1m, column, column("http.route"))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(group_by_computed_1m, comparison,
                  call(Function::kGreater, {column("duration_ms"), constant(10)}))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(group_by_computed_1m, choice,
                  call(Function::kSwitch, {column("http.route"), constant("query"), constant("q"),
                                           constant("health"), constant("h"), constant("other")}))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(group_by_computed_1m, bucket,
                  call(Function::kBucket, {column("duration_ms"), constant(5)}))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(group_by_computed_1m, pattern,
                  call(Function::kRegValue, {column("http.route"), constant("^([a-z])")}))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(group_by_computed_1m, text_of_time,
                  call(Function::kFormatTime,
                       {constant("%H:%M"), call(Function::kEventTimestamp, {})}))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void newest_rows_1m(benchmark::State& state) {
  ask(state, {.dataset = "evaluations", .limit = 100});
}
BENCHMARK(newest_rows_1m)->UseRealTime()->Unit(benchmark::kMillisecond);

/// From opening a log of four million events until all of them are read, of which half can be
/// queried; `open_ms` of that passes before the first append is taken.
void replay_4m(benchmark::State& state) {
  Bench bench;
  bench.fill(4'000'000);
  double open_ms = 0;
  for (auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    bench.reopen();
    open_ms +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
    bench.wait_until_queryable();
  }
  state.counters["open_ms"] = benchmark::Counter(open_ms, benchmark::Counter::kAvgIterations);
  state.SetItemsProcessed(state.iterations() * 4'000'000);
}
BENCHMARK(replay_4m)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace understudy::store
