#include "event/batch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "event/columns.h"

namespace understudy::event {
namespace {

Event sample_event() {
  Event event("evaluations", 1'700'000'000'000'000'000, 20);
  event.add(columns::kEvaluationMode, "full_evaluation");
  event.add(columns::kDurationMs, -0.0);
  event.add(columns::kControlDurationMs, std::numeric_limits<double>::infinity());
  event.add(columns::kDifferenceCount, std::numeric_limits<std::int64_t>::min());
  event.add(columns::kDifferenceDropped, std::numeric_limits<std::int64_t>::max());
  event.add(columns::kDifferenceEncountered, true);
  event.add(columns::kComparisonOutcome, "");
  event.add(columns::kHttpRoute, ValueView());
  return event;
}

EncodedBatch encode(const std::vector<Event>& events) {
  BatchEncoder encoder;
  for (const Event& event : events) encoder.add(event);
  return encoder.take();
}

void expect_same(const Event& event, const EventView& view) {
  EXPECT_EQ(view.dataset, event.dataset());
  EXPECT_EQ(view.time_unix_ns, event.time_unix_ns());
  EXPECT_EQ(view.sample_rate, event.sample_rate());
  ASSERT_EQ(view.fields.size(), event.size());
  for (std::size_t i = 0; i < event.size(); ++i) {
    EXPECT_EQ(view.fields[i].column, event.field(i).column);
    EXPECT_EQ(view.fields[i].value, event.field(i).value);
  }
}

/// Reads to the end or the first error; how many events came out.
int read_all(std::string_view bytes, const ColumnMap& columns, bool& broken) {
  BatchReader reader(bytes, columns);
  EventView view;
  for (int count = 0;; ++count) {
    const auto more = reader.next(view);
    broken = !more.ok();
    if (broken || !*more) return count;
  }
}

TEST(Batch, EventsComeBackAsTheyWere) {
  Event far("differences", -kTimeNsMax);
  Event late("evaluations", kTimeNsMax, 0xFFFFFFFF);
  const std::vector<Event> events = {sample_event(), far, late, sample_event()};
  const EncodedBatch batch = encode(events);
  EXPECT_EQ(batch.events, 4u);
  const ColumnMap columns = ColumnMap::identity();
  BatchReader reader(batch.bytes, columns);
  EventView view;
  for (const Event& event : events) {
    const auto more = reader.next(view);
    ASSERT_TRUE(more.ok() && *more);
    expect_same(event, view);
  }
  const auto more = reader.next(view);
  ASSERT_TRUE(more.ok());
  EXPECT_FALSE(*more);
}

TEST(Batch, SaysWhatItNamesAndWhatWasLostBefore) {
  Event wide("app");
  for (std::size_t i = 0; i < kFieldsPerEventMax + 3; ++i) wide.add(columns::kUrlPath, "/");
  const EncodedBatch batch = encode({sample_event(), wide, sample_event()});
  EXPECT_EQ(batch.datasets, (std::vector<std::string>{"evaluations", "app"}));
  EXPECT_EQ(batch.fields_dropped, 3u);
}

TEST(Batch, NegativeZeroKeepsItsSign) {
  const EncodedBatch batch = encode({sample_event()});
  const ColumnMap columns = ColumnMap::identity();
  BatchReader reader(batch.bytes, columns);
  EventView view;
  ASSERT_TRUE(*reader.next(view));
  EXPECT_TRUE(std::signbit(view.fields[1].value.as_double()));
}

TEST(Batch, ListsEveryColumnOnceAndForgetsThemAfterTake) {
  BatchEncoder encoder;
  encoder.add(sample_event());
  encoder.add(sample_event());
  EXPECT_EQ(encoder.take().columns.size(), sample_event().size());
  encoder.add(Event("errors"));
  EXPECT_TRUE(encoder.take().columns.empty());
}

TEST(Batch, NumbersOfAnotherProcessAreMappedByName) {
  const EncodedBatch batch = encode({sample_event()});
  ColumnMap columns;
  for (const std::uint32_t number : batch.columns) {
    columns.define(number, "elsewhere." + std::to_string(number));
  }
  BatchReader reader(batch.bytes, columns);
  EventView view;
  ASSERT_TRUE(*reader.next(view));
  EXPECT_EQ(view.fields[0].column.name(),
            "elsewhere." + std::to_string(columns::kEvaluationMode.id()));
}

// --- hostile bytes ---

TEST(Batch, ColumnWithoutANameMakesTheBatchUnreadable) {
  bool broken = false;
  EXPECT_EQ(read_all(encode({sample_event()}).bytes, ColumnMap(), broken), 0);
  EXPECT_TRUE(broken);
}

TEST(Batch, EveryTruncationIsAnErrorOrFewerEvents) {
  const EncodedBatch batch = encode({sample_event(), sample_event()});
  const ColumnMap columns = ColumnMap::identity();
  for (std::size_t size = 0; size < batch.bytes.size(); ++size) {
    bool broken = false;
    EXPECT_LT(read_all(std::string_view(batch.bytes).substr(0, size), columns, broken), 2);
  }
}

TEST(Batch, EveryBitFlipIsReadWithoutHarm) {
  const EncodedBatch batch = encode({sample_event(), sample_event()});
  const ColumnMap columns = ColumnMap::identity();
  for (std::size_t bit = 0; bit < batch.bytes.size() * 8; ++bit) {
    std::string bytes = batch.bytes;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    bool broken = false;
    EXPECT_LE(read_all(bytes, columns, broken), static_cast<int>(bytes.size()));
  }
}

}  // namespace
}  // namespace understudy::event
