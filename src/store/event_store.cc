#include "store/event_store.h"

namespace understudy::store {

base::Status EventStore::append_encoded(event::EncodedBatch batch) {
  const event::ColumnMap columns = event::ColumnMap::identity();
  event::BatchReader reader(batch.bytes, columns);
  event::EventView view;
  std::vector<event::Event> events;
  while (true) {
    TRY_ASSIGN(const bool more, reader.next(view));
    if (!more) return append(events);
    event::Event& event = events.emplace_back(view.dataset, view.time_unix_ns, view.sample_rate);
    for (const event::Field& field : view.fields) event.add(field.column, field.value);
  }
}

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
