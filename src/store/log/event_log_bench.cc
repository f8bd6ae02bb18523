#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "event/records.h"
#include "store/log/event_log.h"

namespace understudy::store {
namespace {

/// An evaluation event of 40 fields.
event::Event typical() {
  event::EvaluationRecord record;
  record.time_unix_ns = 1'700'000'000'000'000'000;
  record.id = "00112233445566778899aabbccddeeff";
  record.migration = "data-engine";
  record.mode = "full_evaluation";
  record.key_hash = "8f14e45fceea167a";
  record.accounting = "compared";
  record.comparison_outcome = "match";
  record.comparison_duration_us = 12.5;
  record.difference_encountered = false;
  record.difference_count = 0;
  record.difference_dropped = 0;
  record.served_by = "control";
  record.duration_ms = 4.25;
  for (event::SideRecord* side : {&record.control, &record.candidate}) {
    *side = event::SideRecord{.called = true,
                              .complete = true,
                              .status_code = 200,
                              .duration_ms = 4.0,
                              .ttfb_ms = 3.5,
                              .body_bytes = 1024};
  }
  record.method = "POST";
  record.route = "query";
  record.path = "/query";
  record.status_code = 200;
  record.request_body_bytes = 260;
  record.response_body_bytes = 1024;
  record.client_address = "192.0.2.17";
  record.worker = 0;
  record.flag_key = "data-engine.mode";
  record.flag_variant = "full_evaluation";
  record.flag_version = 12;
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.span_id = "b7ad6b7169203331";
  record.parent_id = "00f067aa0ba902b7";
  return record.to_event();
}

/// Durable events a second, one producer, batches of range(0).
void append(benchmark::State& state) {
  std::string path = "/tmp/event_log_bench_XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return state.SkipWithError("no temporary folder");
  EventLogOptions options;
  options.log_bytes_max = 512u << 20;
  {
    auto folder = open_log_folder(path);
    auto log = EventLog::open(options, *std::move(folder), base::system_clock(), {});
    const event::Event event = typical();
    event::BatchEncoder encoder;
    for (auto _ : state) {
      for (std::int64_t i = 0; i < state.range(0); ++i) encoder.add(event);
      if (!(*log)->append(encoder.take()).ok()) return state.SkipWithError("append failed");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["fields"] = static_cast<double>(event.size());
  }
  std::filesystem::remove_all(path);
}
BENCHMARK(append)->Arg(1)->Arg(64)->Arg(1'024)->Arg(8'192)->UseRealTime();

}  // namespace
}  // namespace understudy::store
