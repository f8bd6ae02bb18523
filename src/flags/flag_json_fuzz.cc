// Whatever bytes arrive as a set of flags: reading them ends, what was read is written and read
// back the same, and every flag of it evaluates without a crash.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "flags/context.h"
#include "flags/evaluate.h"
#include "flags/flag_json.h"

using namespace understudy;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto snapshot = flags::parse_snapshot(text);
  if (!snapshot.ok()) return 0;
  const auto context = flags::Context::parse(
      R"({"kind":"multi","user":{"key":"user-key","a":[1,"x",{"b":2}],"v":"1.2.3",)"
      R"("t":"2020-01-01T00:00:00Z"},"org":{"key":"org-key"}})");
  for (const flags::Flag* flag : (*snapshot)->flags()) {
    const auto again = flags::parse_flag(flags::to_json(*flag));
    if (!again.ok() || !(*again == *flag)) std::abort();
    (void)flags::evaluate(**snapshot, flag->key, *context);
    const auto fast = flags::evaluate_mode(**snapshot, flag->key, "user-key");
    const auto slow = flags::evaluate(**snapshot, flag->key, flags::Context::user("user-key"));
    if (fast.decision.reason.error != flags::ErrorReason::kWrongType &&
        fast.decision.variation != slow.variation) {
      std::abort();
    }
  }
  for (const flags::Segment* segment : (*snapshot)->segments()) {
    const auto again = flags::parse_segment(flags::to_json(*segment));
    if (!again.ok() || !(*again == *segment)) std::abort();
  }
  return 0;
}
