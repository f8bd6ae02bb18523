// Holds docs/query.md to the tables and limits in the code.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "query/bubble_up.h"
#include "query/heatmap.h"
#include "query/query_spec.h"
#include "query/spec_reader.h"
#include "store/histogram.h"
#include "store/select.h"

namespace understudy::query {
namespace {

std::string page() {
  std::ifstream file(std::filesystem::path(TEST_DATA_DIR) / "../../docs/query.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands under a heading, up to the next one of its level or above.
std::string section(const std::string& text, const std::string& heading) {
  const size_t start = text.find("\n" + heading + "\n");
  EXPECT_NE(start, std::string::npos) << heading;
  if (start == std::string::npos) return {};
  const size_t end = text.find("\n## ", start + heading.size());
  return text.substr(start, end - start);
}

/// All words in backquotes in the first cells of the tables of a section.
std::set<std::string> first_cells(const std::string& text) {
  std::set<std::string> words;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!line.starts_with("| `")) continue;
    const std::string_view cell = line.substr(2, line.find('|', 2) - 2);
    for (size_t open = cell.find('`'); open != std::string_view::npos;) {
      const size_t close = cell.find('`', open + 1);
      EXPECT_TRUE(words.emplace(cell.substr(open + 1, close - open - 1)).second) << line;
      open = cell.find('`', close + 1);
    }
  }
  return words;
}

template <class Names>
std::set<std::string> set_of(const Names& names) {
  return std::set<std::string>(std::begin(names), std::end(names));
}

TEST(QueryPage, HasEveryFieldAndNoOther) {
  EXPECT_EQ(first_cells(section(page(), "## Fields")), set_of(kSpecFields));
}

TEST(QueryPage, HasEveryCalculationAndNoOther) {
  EXPECT_EQ(first_cells(section(page(), "## Calculations")), set_of(calculation_op_names()));
}

TEST(QueryPage, HasEveryFilterOperatorAndNoOther) {
  EXPECT_EQ(first_cells(section(page(), "## Filter operators")), set_of(filter_op_names()));
}

/// 12345 as 12,345.
std::string with_commas(int64_t number) {
  std::string digits = base::cat(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

TEST(QueryPage, SaysTheTrueLimits) {
  const std::string text = page();
  const auto says = [&](std::string_view before, int64_t number, std::string_view after = "") {
    const std::string words = base::cat(before, with_commas(number), after);
    EXPECT_NE(text.find(words), std::string::npos) << words;
  };
  says("columns to group by, at most ", QueryLimits::kBreakdownsMax);
  says("at most ", QueryLimits::kCalculationsMax, " of `{op, column, name");
  says("at most ", QueryLimits::kFiltersMax, " of `{column, op, value}`");
  says("is a list (at most ", QueryLimits::kFilterValuesMax);
  says("at most ", QueryLimits::kOrdersMax, " of `{op, column, order}`");
  says("at most ", QueryLimits::kHavingsMax, " of `{calculate_op");
  says("groups, ", QueryLimits::kLimitDefault, " by default");
  says("at most ", QueryLimits::kLimitMax, ", or ");
  says(", or ", QueryLimits::kLimitMaxWithoutSeries, " with `disable_series`");
  says("", QueryLimits::kTimeRangeDefaultS, " seconds by default");
  says("at most ", QueryLimits::kFormulasMax, " of `{name, expression}`: [arithmetic");
  says("at most ", QueryLimits::kCalculatedFieldsMax, " of `{name, expression}`: [columns");
  says("at most ", QueryLimits::kFormulaBytesMax, " bytes");
  says("", QueryLimits::kFormulaStepsMax, " operands and operators");
  says("at most ", QueryLimits::kHeatmapsMax, " heatmaps");
  says("each of the first ", kHeatmapGroupsMax, " groups");
  says("at most ", store::Histogram::kBinsMax, " bins");
  says("more than ", kBubbleUpRowsMax, " stored events");
  says("read ", kBubbleUpColumnsAtOnce, " at a time");
  says("at most ", store::kResultRowsMax, ", and `series_cut`");
  EXPECT_EQ(store::kSpanLookBackNs, 3'600'000'000'000) << "the page says one hour";
  std::string offsets;
  for (const int64_t offset_s : kCompareOffsetsS) {
    offsets += base::cat(offsets.empty() ? "one of " : ", ", offset_s);
  }
  EXPECT_NE(text.find(offsets), std::string::npos) << offsets;
}

}  // namespace
}  // namespace understudy::query
