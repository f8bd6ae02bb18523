#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "query/cell_text.h"
#include "query/render_chart.h"
#include "query/render_csv.h"
#include "query/render_json.h"
#include "query/render_table.h"
#include "query/rfc3339.h"

namespace understudy::query {
namespace {

using testing::HasSubstr;
using testing::Not;

RawEvents events_with(event::Value value) {
  RawEvents events;
  events.columns = {"x"};
  events.times_ns = {1'700'000'000'000'000'001};
  events.rows.push_back({std::move(value)});
  return events;
}

std::string csv_cell(event::Value value) {
  const std::string csv = render_csv(events_with(std::move(value)));
  const size_t start = csv.find("000000001Z,") + 11;
  return csv.substr(start, csv.size() - start - 2);
}

TEST(Csv, LinesEndInCarriageReturnAndLineFeed) {
  EXPECT_EQ(render_csv(events_with(5)), "time,x\r\n2023-11-14T22:13:20.000000001Z,5\r\n");
}

TEST(Csv, QuotesWhatNeedsQuotes) {
  EXPECT_EQ(csv_cell("plain text"), "plain text");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_cell("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_cell(""), "\"\"");
  EXPECT_EQ(csv_cell(event::Value()), "");
}

TEST(Csv, TextThatASpreadsheetWouldRunIsDefused) {
  for (const char* formula : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx"}) {
    EXPECT_EQ(csv_cell(formula), std::string("\"'") + formula + "\"");
  }
  EXPECT_EQ(csv_cell(-1), "-1") << "numbers are not text";
  EXPECT_EQ(csv_cell(-1.5), "-1.5");
}

TEST(Csv, NumbersKeepAllTheirDigits) {
  EXPECT_EQ(csv_cell(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(csv_cell(std::numeric_limits<int64_t>::max()), "9223372036854775807");
}

TEST(Json, IntegersStayExactAndInfinityIsNull) {
  EXPECT_THAT(render_json(events_with(std::numeric_limits<int64_t>::min())),
              HasSubstr("-9223372036854775808"));
  EXPECT_THAT(render_json(events_with(std::numeric_limits<double>::infinity())),
              HasSubstr("\"x\":null"));
}

TEST(Table, AStoredValueCannotDriveTheTerminal) {
  const std::string table = render_table(events_with("\x1b[2Jgone\r\n"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(table, HasSubstr("\\x1b[2Jgone"));
}

TEST(Table, LongCellsAreCutAtACharacter) {
  const std::string table = render_table(events_with("ääääääääää"), {.cell_width_max = 5});
  EXPECT_THAT(table, HasSubstr("ääää…"));
  EXPECT_THAT(table, Not(HasSubstr("äääää")));
}

TEST(Chart, HostileSizesAreBounded) {
  QueryResult result;
  result.spec.calculations.emplace_back();
  result.columns = {"COUNT"};
  result.window = {.start_s = 0, .end_s = 1'000, .granularity_s = 1};
  result.results.push_back({event::Value(1)});
  result.series.push_back({.time_s = 500, .cells = {event::Value(1)}});
  result.series.push_back({.time_s = -7, .cells = {event::Value(1)}});
  result.series.push_back({.time_s = 900, .cells = {event::Value(1e308)}});
  const std::string chart =
      render_chart(result, {.width = std::numeric_limits<size_t>::max(), .height = 0});
  EXPECT_LT(chart.size(), 20'000U);
  EXPECT_THAT(chart, HasSubstr("1e+308 ┤"));
}

TEST(Rfc3339, ReadsAndWritesMoments) {
  EXPECT_EQ(rfc3339_seconds(1'700'000'000), "2023-11-14T22:13:20Z");
  EXPECT_EQ(rfc3339_nanoseconds(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20Z"), 1'700'000'000);
  EXPECT_EQ(parse_rfc3339("2023-11-14 22:13:20.75z"), 1'700'000'000);
  EXPECT_EQ(parse_rfc3339("2023-11-15T00:13:20+02:00"), 1'700'000'000);
  EXPECT_EQ(parse_rfc3339("2023-11-14T17:13:20-05:00"), 1'700'000'000);
  for (const char* wrong :
       {"", "2023", "2023-11-14", "2023-11-14T22:13", "2023-11-14T22:13:20", "2023-02-29T00:00:00Z",
        "2023-11-14T24:00:00Z", "2023-11-14T22:13:20Zx", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+2:00", "20a3-11-14T22:13:20Z"}) {
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace understudy::query
