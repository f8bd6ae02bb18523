#include "store/event_store.h"

namespace understudy::store {

base::Error cancelled_query() {
  return base::error(base::ErrorKind::kCancelled, "nobody waits for the answer any more");
}

std::optional<std::int64_t> complete_since(EventStore& store, std::string_view dataset,
                                           std::int64_t start_ns) {
  for (const DatasetInfo& info : store.datasets()) {
    if (info.name != dataset || !info.aged_out_until_ns) continue;
    if (start_ns <= *info.aged_out_until_ns) return *info.aged_out_until_ns + 1;
  }
  return std::nullopt;
}

}  // namespace understudy::store
