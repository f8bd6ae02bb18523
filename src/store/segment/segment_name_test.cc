#include "store/segment/segment_name.h"

#include <gtest/gtest.h>

#include <set>

namespace understudy::store {
namespace {

TEST(DatasetFolder, IsReadableForUsualNamesAndSafeForAnyOther) {
  EXPECT_EQ(dataset_folder("evaluations"), "evaluations");
  EXPECT_EQ(dataset_folder("my-app_2"), "my-app_2");
  EXPECT_EQ(dataset_folder(".."), "%2e%2e");
  EXPECT_EQ(dataset_folder("a/b"), "a%2fb");
  EXPECT_EQ(dataset_folder("A"), "%41");
  EXPECT_EQ(dataset_folder("it's [*]?"), "it%27s%20%5b%2a%5d%3f");
}

TEST(DatasetFolder, TellsEveryDatasetApartAndBack) {
  std::set<std::string> folders;
  for (const std::string& name :
       {std::string("a"), std::string("A"), std::string("%41"), std::string("a+"), std::string("+"),
        std::string("\0", 1), std::string(66, '/'), std::string(67, '/'), std::string(128, '/'),
        std::string(128, 'a'), std::string(128, '\xFF'), std::string("ä")}) {
    const std::string folder = dataset_folder(name);
    EXPECT_TRUE(folders.insert(folder).second) << folder;
    EXPECT_EQ(dataset_of_folder(folder), name);
    for (std::size_t at = 0, end; at < folder.size(); at = end + 1) {
      end = std::min(folder.find('/', at), folder.size());
      EXPECT_LE(end - at, 255u) << "file systems allow no longer part";
    }
  }
}

TEST(DatasetFolder, IsNobodysWhenItWasNotMadeHere) {
  for (const char* folder : {"", "A", "a b", "%2", "%2F", "%61", "%zz", "..", "a/b", "+"}) {
    EXPECT_FALSE(dataset_of_folder(folder)) << folder;
  }
}

TEST(SegmentFileName, SaysItsClaimAndItsChecksum) {
  const SegmentName name{.claim = {7, 123'456}, .crc = 0xBEEF};
  const std::string text = segment_file_name(name);
  EXPECT_EQ(text, "seg-00000000000000000007-00000000000000123456-0000beef.parquet");
  ASSERT_TRUE(parse_segment_file_name(text));
  EXPECT_EQ(parse_segment_file_name(text)->claim, name.claim);
  EXPECT_EQ(parse_segment_file_name(text)->crc, name.crc);
}

TEST(SegmentFileName, OtherNamesAreNone) {
  for (const char* name : {"", "seg", "seg-1-2-3.parquet",
                           "seg-00000000000000000007-00000000000000000007-0000beef.parquet",
                           "seg-00000000000000000009-00000000000000000007-0000beef.parquet",
                           "seg-00000000000000000007-00000000000000000009-0000BEEF.parquet",
                           "seg-00000000000000000007-00000000000000000009-0000beef.parquet.damaged",
                           "seg-99999999999999999999-99999999999999999999-0000beef.parquet"}) {
    EXPECT_FALSE(parse_segment_file_name(name)) << name;
  }
}

TEST(GoneFileName, IsReadBack) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1} << 60}) {
    const auto marker = parse_gone_file_name(gone_file_name({.to = 9, .time_max_ns = time}));
    ASSERT_TRUE(marker);
    EXPECT_EQ(marker->to, 9u);
    EXPECT_EQ(marker->time_max_ns, time);
  }
  EXPECT_FALSE(parse_gone_file_name("gone-1-1"));
  EXPECT_FALSE(parse_gone_file_name("gone-00000000000000000001"));
}

}  // namespace
}  // namespace understudy::store
