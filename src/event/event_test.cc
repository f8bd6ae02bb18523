#include "event/event.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "event/columns.h"

namespace understudy::event {
namespace {

Column column(std::string_view name) { return *Column::intern(name); }

TEST(Event, GivesBackWhatWasAdded) {
  Event event("evaluations", 17, 3);
  event.add(columns::kEvaluationMode, "full_evaluation");
  event.add(columns::kDurationMs, 1.5);
  event.add(columns::kDifferenceCount, 7);
  event.add(columns::kDifferenceEncountered, true);
  event.add(columns::kHttpRoute, ValueView());

  EXPECT_EQ(event.dataset(), "evaluations");
  EXPECT_EQ(event.time_unix_ns(), 17);
  EXPECT_EQ(event.sample_rate(), 3u);
  ASSERT_EQ(event.size(), 5u);
  EXPECT_EQ(event.find(columns::kEvaluationMode).as_string(), "full_evaluation");
  EXPECT_EQ(event.find(columns::kDurationMs).as_double(), 1.5);
  EXPECT_EQ(event.find(columns::kDifferenceCount).as_int(), 7);
  EXPECT_TRUE(event.find(columns::kDifferenceEncountered).as_bool());
  EXPECT_TRUE(event.has(columns::kHttpRoute));
  EXPECT_TRUE(event.find(columns::kHttpRoute).is_null());
  EXPECT_FALSE(event.has(columns::kUrlPath));
}

TEST(Event, LastValueOfAColumnCounts) {
  Event event("errors");
  event.add(columns::kHttpRoute, "first");
  event.add(columns::kHttpRoute, "second");
  EXPECT_EQ(event.find(columns::kHttpRoute).as_string(), "second");
}

TEST(Event, SampleRateZeroCountsAsOne) { EXPECT_EQ(Event("errors", 0, 0).sample_rate(), 1u); }

TEST(Event, ReuseAfterClearKeepsNothing) {
  Event event("errors", 1, 2);
  event.add(columns::kHttpRoute, "query");
  event.clear("differences", 5);
  EXPECT_EQ(event.size(), 0u);
  EXPECT_EQ(event.dataset(), "differences");
  EXPECT_EQ(event.sample_rate(), 1u);
}

TEST(Event, BrokenTextBecomesReplacementCharacters) {
  Event event("errors");
  event.add(columns::kExceptionMessage, std::string_view("a\xFFz\xE2\x82z\xED\xA0\x80", 9));
  EXPECT_EQ(event.field(0).value.as_string(),
            "a\xEF\xBF\xBDz\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(is_utf8(event.field(0).value.as_string()));
}

TEST(Event, WellFormedTextAndNulBytesAreKept) {
  const std::string text("\0gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\x80", 12);
  Event event("errors");
  event.add(columns::kExceptionMessage, text);
  EXPECT_EQ(event.field(0).value.as_string(), text);
}

// --- limits ---

TEST(Event, LongTextIsCutAtACharacterAndCounted) {
  std::string text;
  while (text.size() <= kStringBytesMax) text += "\xE2\x82\xAC";  // three bytes each
  text += "\xE2\x82\xAC";
  Event event("errors");
  event.add(columns::kExceptionMessage, text);
  EXPECT_EQ(event.cut(), 1u);
  EXPECT_LE(event.field(0).value.as_string().size(), kStringBytesMax);
  EXPECT_TRUE(is_utf8(event.field(0).value.as_string()));
}

TEST(Event, TextBeyondTheEventLimitIsCutAndCounted) {
  Event event("errors");
  const std::string text(60'000, 'x');
  for (int i = 0; i < 30; ++i) event.add(columns::kExceptionMessage, text);
  EXPECT_EQ(event.cut(), 30u - kEventBytesMax / 60'000);
  EXPECT_EQ(event.size(), 30u);
}

TEST(Event, FieldsBeyondTheLimitAreDroppedAndCounted) {
  Event event("errors");
  for (std::size_t i = 0; i < kFieldsPerEventMax + 5; ++i) event.add(columns::kProxyWorker, i);
  EXPECT_EQ(event.size(), kFieldsPerEventMax);
  EXPECT_EQ(event.dropped(), 5u);
}

// --- values ---

TEST(Value, EqualityTellsTypesApart) {
  EXPECT_EQ(Value(5), Value(5));
  EXPECT_FALSE(Value(5) == Value(5.0));
  EXPECT_FALSE(Value(5) == Value("5"));
  EXPECT_FALSE(Value(1) == Value(true));
  EXPECT_EQ(Value(std::nan("")), Value(-std::nan("1")));
  EXPECT_EQ(Value(0.0), Value(-0.0));
  EXPECT_EQ(Value(), Value(ValueView()));
}

TEST(Value, PrintsItsType) {
  EXPECT_EQ(to_string(Value(5)), "5");
  EXPECT_EQ(to_string(Value(5.0)), "5.0");
  EXPECT_EQ(to_string(Value("5")), "\"5\"");
  EXPECT_EQ(to_string(Value()), "null");
  EXPECT_EQ(to_string(Value(false)), "false");
}

TEST(Utf8, RefusesWhatUnicodeRefuses) {
  for (const std::string_view bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "abcdefgh\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(is_utf8(bad));
    EXPECT_TRUE(is_utf8(to_utf8(bad)));
  }
  for (const std::string_view good :
       {"", "abcdefghi", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good));
    EXPECT_EQ(to_utf8(good), good);
  }
}

// --- column names ---

TEST(Column, SameNameGivesTheSameHandle) {
  EXPECT_EQ(column("event_test.one"), column("event_test.one"));
  EXPECT_FALSE(column("event_test.one") == column("event_test.two"));
  EXPECT_EQ(column("event_test.one").name(), "event_test.one");
  EXPECT_EQ(column("evaluation.mode"), columns::kEvaluationMode);
}

TEST(Column, FindNeverAddsAName) {
  EXPECT_FALSE(Column::find("event_test.never_interned"));
  EXPECT_FALSE(Column::find("event_test.never_interned"));
}

TEST(Column, RefusesEmptyLongAndBrokenNames) {
  EXPECT_FALSE(Column::intern("").ok());
  EXPECT_FALSE(Column::intern(std::string(kColumnNameBytesMax + 1, 'x')).ok());
  EXPECT_FALSE(Column::intern("a\xFF").ok());
  EXPECT_TRUE(Column::intern(std::string(kColumnNameBytesMax, 'x')).ok());
}

TEST(Column, ManyThreadsAgreeOnHandles) {
  constexpr int kNames = 200;
  std::vector<std::vector<std::uint32_t>> seen(4);
  {
    std::vector<std::jthread> threads;
    for (std::vector<std::uint32_t>& ids : seen) {
      threads.emplace_back([&ids] {
        for (int i = 0; i < kNames; ++i) {
          const Column made = column("event_test.shared." + std::to_string(i));
          if (made.name() == "event_test.shared." + std::to_string(i)) ids.push_back(made.id());
        }
      });
    }
  }
  EXPECT_EQ(seen[0].size(), static_cast<std::size_t>(kNames));
  for (const std::vector<std::uint32_t>& ids : seen) EXPECT_EQ(ids, seen[0]);
}

// Last: it fills the table of this process.
TEST(ColumnLimit, InventedNamesStopAtTheLimitAndKnownOnesGoOn) {
  base::Result<Column> made = columns::kHttpRoute;
  std::size_t tries = 0;
  while (made.ok() && tries <= kColumnsInternedMax) {
    made = Column::intern("event_test.invented." + std::to_string(tries++));
  }
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, base::ErrorKind::kLimit);
  EXPECT_TRUE(Column::intern("http.route").ok());
  EXPECT_TRUE(Column::intern("event_test.invented.0").ok());
}

}  // namespace
}  // namespace understudy::event
