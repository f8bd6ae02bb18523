// Writes wide events into a store and asks questions about them, beside DuckDB alone on the same
// Parquet files. Prints one figure a line: NAME VALUE. Used by bench/harness/store.py.
//
//   event_store FOLDER EVENTS ROUNDS

#include <duckdb.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "event/records.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::store {
namespace {

constexpr std::size_t kBatch = 4'096;
constexpr std::chrono::minutes kLong(10);
constexpr std::chrono::seconds kIntake(4);
using Clock = std::chrono::steady_clock;

void need(const base::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "event_store: %s\n", status.error().context.c_str());
  std::exit(1);
}

double seconds_of(clockid_t clock) {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}
double process_cpu() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

void say(const std::string& name, double value) { std::printf("%s %.6g\n", name.c_str(), value); }

/// The most memory the process ever had, in bytes.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    double kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

/// Evaluations of 40 columns: ids that never repeat, paths of some hundred kinds, latencies that
/// hardly repeat, and words and numbers of few kinds.
class Source {
 public:
  const std::vector<event::Event>& batch() {
    const double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    events_.resize(kBatch);
    for (event::Event& event : events_) make(event);
    spent_ += seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun;
    return events_;
  }
  /// CPU seconds that making events took.
  double spent() const { return spent_; }

 private:
  void make(event::Event& event) {
    static constexpr std::string_view kModes[] = {"control_only", "full_evaluation",
                                                  "fire_and_forget", "candidate_only"};
    static constexpr std::string_view kRoutes[] = {"query", "chart", "data", "health", "login"};
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::uint64_t bits = rng_.next_u64();
    for (char& digit : id_) {
      digit = kDigits[bits & 15];
      bits = (bits >> 4) + (static_cast<std::uint64_t>(digit) << 57);
    }
    const std::string path = base::cat("/account/", rng_.below(300));
    const std::string client = base::cat("192.0.2.", rng_.below(250));
    event::EvaluationRecord record;
    record.time_unix_ns = 1'700'000'000'000'000'000 + ++number_ * 100'000;
    record.id = id_;
    record.migration = "data-engine";
    record.mode = kModes[rng_.below(4)];
    record.key_hash = std::string_view(id_).substr(8, 16);
    record.accounting = "compared";
    record.comparison_outcome = rng_.below(50) == 0 ? "mismatch" : "match";
    record.comparison_duration_us = rng_.uniform() * 50;
    record.difference_encountered = rng_.below(50) == 0;
    record.difference_count = static_cast<std::int64_t>(rng_.below(3));
    record.difference_dropped = 0;
    record.served_by = "control";
    record.duration_ms = 1 + rng_.uniform() * 20;
    for (event::SideRecord* side : {&record.control, &record.candidate}) {
      *side = event::SideRecord{.called = true,
                                .complete = true,
                                .status_code = rng_.below(100) == 0 ? 500 : 200,
                                .duration_ms = 1 + rng_.uniform() * 20,
                                .ttfb_ms = rng_.uniform(),
                                .body_bytes = static_cast<std::int64_t>(rng_.below(5'000))};
    }
    record.method = "POST";
    record.route = kRoutes[rng_.below(5)];
    record.path = path;
    record.status_code = 200;
    record.request_body_bytes = 260;
    record.response_body_bytes = static_cast<std::int64_t>(rng_.below(5'000));
    record.client_address = client;
    record.worker = 0;
    record.flag_key = "data-engine.mode";
    record.flag_variant = record.mode;
    record.flag_version = 12;
    record.trace_id = id_;
    record.span_id = std::string_view(id_).substr(0, 16);
    record.parent_id = std::string_view(id_).substr(16, 16);
    record.to_event(event);
  }

  std::vector<event::Event> events_;
  base::Rng rng_{1};
  std::string id_ = std::string(32, '0');
  std::int64_t number_ = 0;
  double spent_ = 0;
};

/// DuckDB with nothing of ours around it.
class Bare {
 public:
  Bare(int threads, std::uint64_t memory_bytes) {
    if (duckdb_open(nullptr, &database_) == DuckDBError) std::exit(1);
    if (duckdb_connect(database_, &connection_) == DuckDBError) std::exit(1);
    ask(base::cat("SET threads = ", threads));
    ask(base::cat("SET memory_limit = '", memory_bytes, "B'"));
    ask("SET parquet_metadata_cache = true");
    ask("SET temp_directory = ''");
  }
  ~Bare() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  void ask(const std::string& sql) {
    duckdb_result result;
    if (duckdb_query(connection_, sql.c_str(), &result) == DuckDBError) {
      std::fprintf(stderr, "event_store: %s\n", duckdb_result_error(&result));
      std::exit(1);
    }
    duckdb_destroy_result(&result);
  }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

Select question() {
  const auto quantile = [](double p) {
    return Aggregate{.kind = AggregateKind::kQuantile, .column = "duration_ms", .quantile = p};
  };
  return {.dataset = "evaluations",
          .group_by = {"evaluation.mode", "http.route"},
          .aggregates = {{}, quantile(0.5), quantile(0.99)}};
}

void write(DuckDbStore& store, Source& source, std::uint64_t events) {
  const double cpu = process_cpu() - source.spent();
  const auto begun = Clock::now();
  for (std::uint64_t done = 0; done < events; done += kBatch) need(store.append(source.batch()));
  need(store.wait_until_queryable(kLong));
  say("write_seconds", std::chrono::duration<double>(Clock::now() - begun).count());
  need(store.write_segments(kLong));
  say("write_cpu_us_per_event",
      (process_cpu() - source.spent() - cpu) * 1e6 / static_cast<double>(events));
  say("write_peak_bytes", peak_bytes());
}

void query(DuckDbStore& store, const DuckDbStoreOptions& options, int rounds) {
  Bare bare(options.threads, options.memory_bytes_max);
  // As somebody who knows DuckDB well writes it: both quantiles out of one sorting.
  const std::string sql = base::cat(
      "SELECT \"evaluation.mode\", \"http.route\", count(*), quantile_disc(duration_ms, [0.5, "
      "0.99]) "
      "FROM read_parquet('",
      options.segments_folder, "/evaluations/*.parquet') GROUP BY 1, 2 ORDER BY 1, 2");
  for (int round = 0; round <= rounds; ++round) {
    double cpu = process_cpu();
    auto begun = Clock::now();
    const auto table = store.select(question());
    if (!table.ok()) need(table.error());
    std::int64_t counted = 0;
    for (const auto& row : table->rows) counted += row[2].as_int();
    if (static_cast<std::uint64_t>(counted) != store.stats().events_queryable) {
      need(base::invalid("the answer is not about all events"));
    }
    const double ours = std::chrono::duration<double>(Clock::now() - begun).count();
    const double ours_cpu = process_cpu() - cpu;
    cpu = process_cpu();
    begun = Clock::now();
    bare.ask(sql);
    const double theirs = std::chrono::duration<double>(Clock::now() - begun).count();
    const double theirs_cpu = process_cpu() - cpu;
    if (round == 0) continue;  // both have read the footers now
    say("query_seconds", ours);
    say("query_bare_seconds", theirs);
    say("query_cpu_seconds", ours_cpu);
    say("query_bare_cpu_seconds", theirs_cpu);
  }
  say("query_peak_bytes", peak_bytes());
}

/// Events a second that one producer gets acknowledged.
double intake(DuckDbStore& store, Source& source) {
  std::uint64_t events = 0;
  double waited = 0;
  const auto begun = Clock::now();
  while (Clock::now() - begun < kIntake) {
    const auto making = Clock::now();
    const auto& batch = source.batch();
    waited += std::chrono::duration<double>(Clock::now() - making).count();
    need(store.append(batch));
    events += batch.size();
  }
  const double all = std::chrono::duration<double>(Clock::now() - begun).count();
  return static_cast<double>(events) / (all - waited);
}

void intake_beside_queries(DuckDbStore& store, Source& source, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    say("intake_alone", intake(store, source));
    need(store.write_segments(kLong));
    std::atomic<bool> done = false;
    std::atomic<int> answered = 0;
    std::jthread asking([&] {
      while (!done) {
        if (store.select(question()).ok()) ++answered;
      }
    });
    say("intake_beside_queries", intake(store, source));
    done = true;
    asking.join();
    say("intake_queries_answered", answered);
    need(store.write_segments(kLong));
  }
}

int run(const std::string& folder, std::uint64_t events, int rounds) {
  DuckDbStoreOptions options;
  options.log.folder = folder + "/events";
  options.segments_folder = folder + "/segments";
  options.query_timeout = std::chrono::minutes(5);
  auto opened = DuckDbStore::open(options);
  if (!opened.ok()) need(opened.error());
  DuckDbStore& store = **opened;
  Source source;
  write(store, source, events);
  const StoreStats stats = store.stats();
  say("segments", static_cast<double>(stats.segments));
  say("segment_bytes_per_event",
      static_cast<double>(stats.segment_bytes) / static_cast<double>(stats.events_queryable));
  query(store, options, rounds);
  intake_beside_queries(store, source, std::max(1, rounds / 2));
  say("peak_bytes", peak_bytes());
  return 0;
}

}  // namespace
}  // namespace understudy::store

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "event_store FOLDER EVENTS ROUNDS\n");
    return 2;
  }
  return understudy::store::run(argv[1], std::strtoull(argv[2], nullptr, 10), std::atoi(argv[3]));
}
