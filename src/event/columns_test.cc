#include "event/columns.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace understudy::event {
namespace {

TEST(Columns, DocumentMatchesTheTable) {
  const std::string path = TEST_DATA_DIR "/../../docs/columns.md";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << columns_as_markdown();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), columns_as_markdown())
      << "docs/columns.md is out of date: run with UPDATE_GOLDEN=1";
}

TEST(Columns, NamesAreUniqueAndDescribed) {
  std::set<std::string_view> names;
  for (const ColumnInfo& info : built_in_columns()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.meaning.empty()) << info.name;
    EXPECT_NE(info.datasets.find_first_of("vden"), std::string_view::npos) << info.name;
  }
}

TEST(Columns, HandlesLeadBackToTheirEntry) {
  EXPECT_EQ(columns::kErrorWhere.name(), "error.where");
  EXPECT_EQ(built_in_column(columns::kDurationMs)->unit, "ms");
  EXPECT_EQ(built_in_column(*Column::intern("columns_test.custom")), nullptr);
}

}  // namespace
}  // namespace understudy::event
