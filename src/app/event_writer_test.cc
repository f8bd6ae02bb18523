#include "app/event_writer.h"

#include <gtest/gtest.h>

#include "event/columns.h"
#include "store/memory/memory_store.h"

namespace understudy::app {
namespace {

/// A store that remembers how it was handed what it got.
class WatchedStore final : public store::EventStore {
 public:
  base::Status append(std::span<const event::Event> events) override {
    return store_.append(events);
  }
  base::Status append_encoded(event::EncodedBatch batch) override {
    bytes_max_ = std::max(bytes_max_, batch.bytes.size());
    events_max_ = std::max<size_t>(events_max_, batch.events);
    return EventStore::append_encoded(std::move(batch));
  }
  base::Result<store::ResultTable> select(const store::Select& select,
                                          const store::Cancellation& cancellation) override {
    return store_.select(select, cancellation);
  }
  std::vector<store::DatasetInfo> datasets() override { return store_.datasets(); }
  base::Result<std::vector<store::DatasetColumn>> columns(std::string_view dataset) override {
    return store_.columns(dataset);
  }
  store::StoreStats stats() override { return store_.stats(); }

  size_t bytes_max() const { return bytes_max_; }
  size_t events_max() const { return events_max_; }

 private:
  store::MemoryStore store_;
  size_t bytes_max_ = 0;
  size_t events_max_ = 0;
};

class EventWriterTest : public testing::Test {
 protected:
  void write(EventWriter& writer, int count, const std::string& text) {
    for (int i = 0; i < count; ++i) {
      writer.add([&](event::Event& event) {
        event.clear("app", i);
        event.add(event::columns::kUrlPath, text);
      });
    }
  }
  uint64_t stored() {
    for (const store::DatasetInfo& info : store_.datasets()) {
      if (info.name == "app") return info.events;
    }
    return 0;
  }

  WatchedStore store_;
};

TEST_F(EventWriterTest, EverythingAddedArrivesInBatchesWithinTheirBound) {
  EventWriter writer(store_, {.batch_events_max = 10});
  write(writer, 1'234, "/some/path");
  writer.flush();
  EXPECT_EQ(stored(), 1'234u);
  EXPECT_LE(store_.events_max(), 10u);
  EXPECT_EQ(writer.events_written(), 1'234u);
}

TEST_F(EventWriterTest, LargeEventsAreHandedOverBeforeTheStoreWouldRefuseThemTogether) {
  EventWriter writer(store_, {.batch_bytes_max = 100'000});
  write(writer, 100, std::string(20'000, 'x'));
  writer.flush();
  EXPECT_EQ(stored(), 100u);
  EXPECT_LE(store_.bytes_max(), 100'000u + 21'000u);
  EXPECT_EQ(writer.events_dropped(), 0u);
}

}  // namespace
}  // namespace understudy::app
