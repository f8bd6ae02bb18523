// What HEATMAP and BubbleUp cost beside reading their columns with bare DuckDB out of the same
// segments. UNDERSTUDY_BENCH_EVENTS events, a million unless said. CPU time of all threads counts,
// as wall time says more about what else the machine does.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/rng.h"
#include "base/text.h"
#include "event/records.h"
#include "query/bubble_up.h"
#include "query/run_query.h"
#include "store/duckdb/database.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::query {
namespace {

constexpr std::chrono::minutes kLong(60);
constexpr int64_t kStartS = 1'700'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;
constexpr int64_t kWindowS = 7'200;

size_t events_wanted() {
  const char* text = std::getenv("UNDERSTUDY_BENCH_EVENTS");
  return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

/// A store whose events are all in segments: evaluations over two hours, log-normal durations.
class Segments {
 public:
  static Segments& get() {
    static Segments segments;
    return segments;
  }

  store::EventStore& store() { return *store_; }
  const base::Clock& clock() const { return clock_; }

  /// Runs a SELECT over all files of the dataset, as `{files}`.
  void read(std::string text) {
    const std::string name = "{files}";
    text.replace(text.find(name), name.size(),
                 base::cat("read_parquet('", folder_, "/**/seg-*.parquet', union_by_name = true)"));
    auto connection = database_->connect();
    if (!connection.ok()) std::abort();
    auto rows = (*connection)->query({text}, std::chrono::steady_clock::now() + kLong, {});
    if (!rows.ok()) {
      std::fprintf(stderr, "%s\n", rows.error().context.c_str());
      std::abort();
    }
    while (rows->next()) benchmark::DoNotOptimize(rows->is_null(0));
    database_->release(*std::move(connection));
  }

  /// A sum over what every column holds, so that all of them are decoded.
  std::string every_column() {
    auto connection = database_->connect();
    auto rows =
        (*connection)
            ->query(
                {base::cat(
                    "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('",
                    folder_, "/**/seg-*.parquet', union_by_name = true))")},
                std::chrono::steady_clock::now() + kLong, {});
    if (!rows.ok()) std::abort();
    std::string list;
    while (rows->next()) {
      const std::string column = base::cat("\"", rows->text(0), "\"");
      const std::string_view type = rows->text(1);
      const std::string value = type.starts_with("TIMESTAMP") ? base::cat("epoch_ns(", column, ")")
                                : type == "VARCHAR"           ? base::cat("strlen(", column, ")")
                                : type == "BOOLEAN"           ? base::cat(column, "::INTEGER")
                                                              : base::cat(column, "::DOUBLE");
      list += base::cat(list.empty() ? "sum(" : ", sum(", value, ")");
    }
    database_->release(*std::move(connection));
    return list;
  }

 private:
  Segments() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
    folder_ = path_ + "/segments";
    store::DuckDbStoreOptions options{.retention_age = std::chrono::hours(24 * 36'500),
                                      .retention_bytes = 64ull << 30,
                                      .query_timeout = kLong};
    options.log.folder = path_;
    auto opened = store::DuckDbStore::open(options);
    if (!opened.ok()) std::abort();
    store_ = *std::move(opened);
    const size_t count = events_wanted();
    std::vector<event::Event> events(10'000);
    for (size_t done = 0; done < count; done += events.size()) {
      for (size_t i = 0; i < events.size(); ++i) {
        make(events[i], static_cast<double>(done + i) / static_cast<double>(count));
      }
      while (!store_->append(events).ok()) {
        if (!store_->wait_until_queryable(kLong).ok()) std::abort();
      }
    }
    if (!store_->write_segments(kLong).ok()) std::abort();
    auto database = store::Database::open(
        {.memory_bytes_max = 1ull << 30, .threads = options.threads, .folder = folder_});
    if (!database.ok()) std::abort();
    database_ = *std::move(database);
  }
  ~Segments() {
    store_.reset();
    std::filesystem::remove_all(path_);
  }

  void make(event::Event& event, double at) {
    static constexpr std::string_view kModes[] = {"control_only", "full_evaluation"};
    static constexpr std::string_view kRoutes[] = {"query", "chart", "data", "health"};
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const auto duration_ms = [&] {  // the sum of twelve is nearly normal
      double normal = -6;
      for (int i = 0; i < 12; ++i) normal += rng_.uniform();
      return std::exp(2.5 + 0.8 * normal);
    };
    for (char& digit : id_) digit = kDigits[rng_.below(16)];
    event::EvaluationRecord record;
    record.time_unix_ns =
        kStartS * kNsPerS + static_cast<int64_t>(at * static_cast<double>(kWindowS * kNsPerS));
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
    record.duration_ms = duration_ms();
    for (event::SideRecord* side : {&record.control, &record.candidate}) {
      *side = event::SideRecord{.called = true,
                                .complete = true,
                                .status_code = 200,
                                .duration_ms = duration_ms(),
                                .ttfb_ms = rng_.uniform(),
                                .body_bytes = 1024 + rng_.below(4'096)};
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

  std::string path_ = "/tmp/query_bench_XXXXXX";
  std::string folder_;
  std::unique_ptr<store::DuckDbStore> store_;
  std::unique_ptr<store::Database> database_;
  base::FakeClock clock_{(kStartS + kWindowS) * kNsPerS};
  base::Rng rng_{1};
  std::string id_ = std::string(32, '0');
};

void answer(benchmark::State& state, const char* json) {
  const auto spec = QuerySpec::parse(json);
  if (!spec.ok()) std::abort();
  for (auto _ : state) {
    const auto result =
        run_query(Segments::get().store(), "evaluations", *spec, Segments::get().clock());
    if (!result.ok() || result->heatmaps.empty() || result->heatmaps[0].total == 0) std::abort();
  }
}

void read_columns_of_heatmap(benchmark::State& state) {
  Segments::get();  // filling it is not measured
  for (auto _ : state) {
    Segments::get().read("SELECT sum(epoch_ns(time)), sum(duration_ms) FROM {files}");
  }
}

void heatmap(benchmark::State& state) {
  answer(state, R"({"calculations":[{"op":"HEATMAP","column":"duration_ms"}]})");
}

void read_columns_of_heatmap_by_route(benchmark::State& state) {
  for (auto _ : state) {
    Segments::get().read(
        "SELECT sum(epoch_ns(time)), sum(duration_ms), sum(strlen(\"http.route\")) FROM {files}");
  }
}

void heatmap_by_route(benchmark::State& state) {
  answer(
      state,
      R"({"breakdowns":["http.route"],"calculations":[{"op":"HEATMAP","column":"duration_ms"}]})");
}

void read_all_columns(benchmark::State& state) {
  const std::string list = Segments::get().every_column();
  for (auto _ : state) Segments::get().read(base::cat("SELECT ", list, " FROM {files}"));
}

void bubble_up_of_the_slow(benchmark::State& state) {
  const auto request = BubbleUpRequest::parse(
      R"({"dataset":"evaluations","selection":{"column":"duration_ms","min":60}})");
  if (!request.ok()) std::abort();
  for (auto _ : state) {
    const auto found = bubble_up(Segments::get().store(), *request, Segments::get().clock());
    if (!found.ok() || found->columns.empty()) std::abort();
  }
}

#define UNDERSTUDY_MEASURED(function) \
  BENCHMARK(function)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond)
UNDERSTUDY_MEASURED(read_columns_of_heatmap);
UNDERSTUDY_MEASURED(heatmap);
UNDERSTUDY_MEASURED(read_columns_of_heatmap_by_route);
UNDERSTUDY_MEASURED(heatmap_by_route);
UNDERSTUDY_MEASURED(read_all_columns);
UNDERSTUDY_MEASURED(bubble_up_of_the_slow);

}  // namespace
}  // namespace understudy::query
