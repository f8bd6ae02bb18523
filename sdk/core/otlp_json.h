#pragma once

#include <span>
#include <string>
#include <string_view>

#include "event/event.h"

namespace understudy::sdk {

/// Events as one OTLP/HTTP JSON logs request: a log record each, the dataset in
/// `eventName` and in the attribute `understudy.dataset`, the sample rate in `sampleRate` when it
/// is not 1. 64-bit integers are decimal strings; NaN and infinities are strings, as proto JSON
/// writes them. Pure. Cost: linear in the events.
std::string to_otlp_json_logs(std::span<const event::Event> events, std::string_view service);

}  // namespace understudy::sdk
