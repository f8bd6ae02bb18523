#include "store/segment/segment_metadata.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "store/parquet/file_writer.h"

namespace understudy::store {
namespace {

using event::Type;

std::vector<std::string> named(std::vector<SegmentMetadata::Column> columns) {
  name_segment_columns(columns);
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

TEST(SegmentColumns, HaveTheirOwnNameAndASecondTypeASuffix) {
  EXPECT_EQ(named({{"duration_ms", Type::kDouble, ""}, {"duration_ms", Type::kString, ""}}),
            (std::vector<std::string>{"duration_ms", "duration_ms.text"}));
}

TEST(SegmentColumns, AreToldApartByReadersThatIgnoreCase) {
  EXPECT_EQ(named({{"A", Type::kInt, ""},
                   {"a", Type::kInt, ""},
                   {"a", Type::kString, ""},
                   {"A.int", Type::kBool, ""},
                   {"TIME", Type::kInt, ""}}),
            (std::vector<std::string>{"A", "a.int", "a.text", "A.int.bool", "TIME.int"}));
}

TEST(SegmentColumns, KeepANameTheyHave) {
  EXPECT_EQ(named({{"x", Type::kInt, ""}, {"x", Type::kString, "x"}}),
            (std::vector<std::string>{"x.int", "x"}));
}

TEST(SegmentColumns, HaveNoControlCharacters) {
  EXPECT_EQ(named({{std::string("a\0\n", 3), Type::kInt, ""}}),
            (std::vector<std::string>{"a%00%0A"}));
}

SegmentMetadata example() {
  return {.dataset = "événements \"x\"",
          .events = 5,
          .time_min_ns = -3,
          .time_max_ns = 1'764'000'000'000'000'001,
          .weighted = true,
          .columns = {{"a\nb", Type::kString, "a%0Ab"}, {"x", Type::kBool, "x"}}};
}

TEST(SegmentMetadata, IsReadBack) {
  const auto read = decode_segment_metadata(encode_segment_metadata(example()));
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(read->dataset, example().dataset);
  EXPECT_EQ(read->events, 5u);
  EXPECT_EQ(read->time_min_ns, -3);
  EXPECT_EQ(read->time_max_ns, 1'764'000'000'000'000'001);
  EXPECT_TRUE(read->weighted);
  ASSERT_EQ(read->columns.size(), 2u);
  EXPECT_EQ(read->columns[0].column, "a\nb");
  EXPECT_EQ(read->columns[1].type, Type::kBool);
}

TEST(SegmentMetadata, WhatIsNoneIsRefused) {
  for (
      const char* text :
      {"", "[]", "{}", R"({"version":2})", R"({"version":1,"events":"5"})",
       R"({"version":1,"events":1,"time_min_ns":0,"time_max_ns":0})",
       R"({"version":1,"events":1,"time_min_ns":0,"time_max_ns":0,"columns":[5]})",
       R"({"version":1,"events":1,"time_min_ns":0,"time_max_ns":0,"columns":[{"column":"a","type":"x","name":"a"}]})",
       R"({"version":1,"events":1,"time_min_ns":0,"time_max_ns":0,"columns":[{"column":"a","type":"int","name":"a\u0000"}]})"}) {
    EXPECT_FALSE(decode_segment_metadata(text).ok()) << text;
  }
}

/// The footer of a file, without what follows it.
std::string footer() {
  parquet::FileWriter writer(
      {{.name = "x", .type = parquet::Type::kInt64}, {.name = "y", .type = parquet::Type::kText}},
      {.sorted_by = 0, .metadata = {{"other", "1"}, {std::string(kMetadataKey), "found"}}});
  const std::vector<std::int64_t> ints = {1, 2, 3};
  const std::vector<std::string_view> texts = {"a", "b", "c"};
  const std::vector<parquet::ColumnValues> values = {{.ints = ints}, {.texts = texts}};
  writer.add_row_group(3, values);
  std::string head = writer.take_bytes();
  writer.finish();
  std::string bytes = writer.take_bytes();
  return bytes.substr(0, bytes.size() - 8);
}

TEST(Footer, GivesWhatIsUnderAKey) {
  const auto found = find_in_footer(footer(), kMetadataKey);
  ASSERT_TRUE(found.ok()) << found.error().context;
  EXPECT_EQ(*found, "found");
  EXPECT_FALSE(find_in_footer(footer(), "nothing").ok());
}

TEST(Footer, AnyBytesAreSafeToRead) {
  const std::string whole = footer();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    static_cast<void>(find_in_footer(std::string_view(whole).substr(0, size), kMetadataKey).ok());
  }
  base::Rng rng(20'261'125);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    }
    static_cast<void>(find_in_footer(bytes, kMetadataKey).ok());
  }
}

}  // namespace
}  // namespace understudy::store
