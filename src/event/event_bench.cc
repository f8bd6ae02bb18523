#include <benchmark/benchmark.h>

#include "event/batch.h"
#include "event/records.h"

namespace understudy::event {
namespace {

/// An evaluation as the proxy records it: about 40 columns.
EvaluationRecord typical() {
  EvaluationRecord record;
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
  for (SideRecord* side : {&record.control, &record.candidate}) {
    *side = SideRecord{.called = true,
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
  return record;
}

void build(benchmark::State& state) {
  const EvaluationRecord record = typical();
  Event event;
  for (auto _ : state) {
    record.to_event(event);
    benchmark::DoNotOptimize(event);
  }
  state.counters["fields"] = static_cast<double>(event.size());
}
BENCHMARK(build);

void build_and_encode(benchmark::State& state) {
  const EvaluationRecord record = typical();
  Event event;
  BatchEncoder encoder;
  std::size_t bytes = 0;
  for (auto _ : state) {
    record.to_event(event);
    encoder.add(event);
    if (encoder.events() == 256) {
      bytes = encoder.take().bytes.size() / 256;
    }
  }
  state.counters["bytes_per_event"] = static_cast<double>(bytes);
}
BENCHMARK(build_and_encode);

void decode(benchmark::State& state) {
  BatchEncoder encoder;
  const Event event = typical().to_event();
  for (int i = 0; i < 256; ++i) encoder.add(event);
  const EncodedBatch batch = encoder.take();
  const ColumnMap columns = ColumnMap::identity();
  EventView view;
  for (auto _ : state) {
    BatchReader reader(batch.bytes, columns);
    while (*reader.next(view)) benchmark::DoNotOptimize(view);
  }
  state.SetItemsProcessed(state.iterations() * 256);
}
BENCHMARK(decode);

}  // namespace
}  // namespace understudy::event
