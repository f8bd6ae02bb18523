#include "store/duckdb/compaction.h"

#include <gtest/gtest.h>

#include <numeric>

namespace understudy::store {
namespace {

constexpr std::size_t kFull = 1'000;
constexpr std::chrono::hours kSpanMax(10);

/// A folder nobody looks into.
class NoFolder final : public SegmentFolder {
 public:
  const std::string& path() const override { return path_; }
  base::Result<std::vector<DatasetFiles>> list() override { return std::vector<DatasetFiles>(); }
  base::Result<std::unique_ptr<SegmentFile>> create(std::string_view) override { return error(); }
  base::Status mark_gone(std::string_view, const GoneMarker&) override { return error(); }
  base::Status remove(const std::string&) override { return error(); }
  base::Status set_aside(const std::string&, std::string_view) override { return error(); }
  base::Result<std::uint32_t> checksum(const std::string&) override { return error(); }

 private:
  static base::Error error() { return base::invalid("no folder"); }
  std::string path_;
};

class ChooseCompaction : public ::testing::Test {
 protected:
  SegmentRun segments(const std::vector<std::uint64_t>& sizes) {
    SegmentRun run;
    std::uint64_t at = 0;
    for (const std::uint64_t size : sizes) {
      run.push_back(std::make_shared<const Segment>(
          folder_, Segment::Content{.claim = {at, at + size}, .events = size}));
      at += size;
    }
    return run;
  }
  std::vector<std::uint64_t> chosen(const SegmentRun& all,
                                    const std::vector<SegmentClaim>& barriers = {}) {
    std::vector<std::uint64_t> sizes;
    for (const auto& segment : choose_compaction(all, barriers, kFull, kSpanMax)) {
      sizes.push_back((*segment)->events);
    }
    return sizes;
  }
  using Sizes = std::vector<std::uint64_t>;

  NoFolder folder_;
};

TEST_F(ChooseCompaction, LeavesFewAndFullOnes) {
  EXPECT_EQ(chosen({}), Sizes());
  EXPECT_EQ(chosen(segments({10, 10, 10})), Sizes());
  EXPECT_EQ(chosen(segments(Sizes(100, kFull))), Sizes());
}

TEST_F(ChooseCompaction, TakesNeighboursThatAreSmall) {
  EXPECT_EQ(chosen(segments(Sizes(8, 10))), Sizes(8, 10));
  EXPECT_EQ(chosen(segments({kFull, 400, 300, kFull, 10})), (Sizes{400, 300}));
  EXPECT_EQ(chosen(segments({400, kFull, 300, kFull})), Sizes()) << "no neighbours";
}

TEST_F(ChooseCompaction, MakesNoneLargerThanAFullOne) {
  EXPECT_EQ(chosen(segments({500, 400, 200, 10})), (Sizes{500, 400}));
}

TEST_F(ChooseCompaction, MergesOnlyWhatCameTogetherSoThatItCanLeaveInTime) {
  SegmentRun hourly;
  for (std::uint64_t i = 0; i < 30; ++i) {
    constexpr std::int64_t kHourNs = 3'600'000'000'000;
    const auto hour = static_cast<std::int64_t>(i);
    hourly.push_back(std::make_shared<const Segment>(
        folder_, Segment::Content{.claim = {i * 10, i * 10 + 10},
                                  .written_unix_ns = (hour + 1) * kHourNs,
                                  .events = 10,
                                  .time_min_ns = hour * kHourNs,
                                  .time_max_ns = hour * kHourNs + 1}));
  }
  EXPECT_EQ(chosen(hourly), Sizes(10, 10)) << "ten hours";
  // What was merged spans ten hours already: the next hour's is not added to it.
  const SegmentRun later(hourly.begin() + 9, hourly.begin() + 17);
  EXPECT_EQ(chosen(later).size(), 8u);
  const auto merged = std::make_shared<const Segment>(
      folder_, Segment::Content{.claim = {0, 100},
                                .written_unix_ns = (**hourly[9]).written_unix_ns,
                                .events = 100,
                                .time_min_ns = 0});
  SegmentRun grown = {merged};
  grown.insert(grown.end(), hourly.begin() + 10, hourly.begin() + 17);
  EXPECT_EQ(chosen(grown), Sizes()) << "seven beside it are too few";
}

TEST_F(ChooseCompaction, SpansNoDamagedOne) {
  const SegmentRun all = segments(Sizes(10, 10));
  SegmentRun rest = all;
  rest.erase(rest.begin() + 5);
  EXPECT_EQ(chosen(rest, {(*all[5])->claim}), Sizes()) << "five on one side, four on the other";
  EXPECT_EQ(chosen(rest).size(), 9u);
}

TEST_F(ChooseCompaction, MergesFullOnesWhenThereAreMany) {
  const Sizes found = chosen(segments(Sizes(200, kFull)));
  EXPECT_EQ(found, Sizes(8, kFull));
  EXPECT_EQ(chosen(segments(Sizes(200, 8 * kFull))), Sizes()) << "large enough";
}

TEST_F(ChooseCompaction, EndsWithFewSegmentsWhateverComes) {
  SegmentRun all;
  std::uint64_t at = 0;
  for (int round = 0; round < 2'000; ++round) {
    const auto size = static_cast<std::uint64_t>(1 + round * 7'919 % 900);
    all.push_back(std::make_shared<const Segment>(
        folder_, Segment::Content{.claim = {at, at + size}, .events = size}));
    at += size;
    for (SegmentRun run; !(run = choose_compaction(all, {}, kFull, kSpanMax)).empty();) {
      const auto first = std::find(all.begin(), all.end(), run.front());
      const auto place = all.erase(first, first + static_cast<std::ptrdiff_t>(run.size()));
      const std::uint64_t events = std::accumulate(
          run.begin(), run.end(), std::uint64_t{0},
          [](std::uint64_t sum, const auto& part) { return sum + (*part)->events; });
      all.insert(place, std::make_shared<const Segment>(
                            folder_, Segment::Content{.claim = {(*run.front())->claim.from,
                                                                (*run.back())->claim.to},
                                                      .events = events}));
    }
  }
  EXPECT_LT(all.size(), 300u);
}

}  // namespace
}  // namespace understudy::store
