// Whatever bytes arrive as OTLP JSON: an Error or events within the limits, and a well-formed
// answer.
#include <cstdint>
#include <cstdlib>

#include "ingest/otlp_json_logs.h"

using namespace understudy;

namespace {

/// Small, so that a fuzzer reaches every limit.
constexpr ingest::OtlpLimits kLimits = {.body_bytes_max = 4096,
                                        .json_depth_max = 16,
                                        .records_max = 20,
                                        .attributes_max = 10,
                                        .events_bytes_max = 16'384};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto logs = ingest::parse_otlp_json_logs(body, kLimits, 1);
  if (!logs.ok()) return 0;
  if (logs->events.size() + logs->rejected > kLimits.records_max) std::abort();
  for (const event::Event& event : logs->events) {
    if (event.dataset().empty() || event.sample_rate() == 0 || event.time_unix_ns() < 0) {
      std::abort();
    }
    for (size_t i = 0; i < event.size(); ++i) {
      const event::ValueView value = event.field(i).value;
      if (value.is_string() && !event::is_utf8(value.as_string())) std::abort();
    }
  }
  if (!logs->response_json().starts_with("{")) std::abort();
  return 0;
}
