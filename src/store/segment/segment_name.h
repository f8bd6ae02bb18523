#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Names of the folders and files of segments; docs/formats/segments.md says the same in words.
namespace understudy::store {

/// The part of the log that a segment stands for: every event of its dataset with
/// from <= number < to.
struct SegmentClaim {
  std::uint64_t from = 0;
  std::uint64_t to = 0;

  bool contains(const SegmentClaim& other) const { return from <= other.from && other.to <= to; }
  bool overlaps(const SegmentClaim& other) const { return from < other.to && other.from < to; }
  friend bool operator==(const SegmentClaim&, const SegmentClaim&) = default;
};

/// The folder of a dataset, relative to the segments folder, in one or two parts: letters of a to
/// z, digits, `_`, `-`, and %XX for every other byte. Different datasets have different folders.
std::string dataset_folder(std::string_view dataset);
/// The dataset whose folder that is; nullopt when it is nobody's.
std::optional<std::string> dataset_of_folder(std::string_view folder);

/// "seg-<20 digits>-<20 digits>-<8 hex digits>.parquet": the claim and the CRC-32C of the file.
struct SegmentName {
  SegmentClaim claim;
  std::uint32_t crc = 0;
};
std::string segment_file_name(const SegmentName& name);
std::optional<SegmentName> parse_segment_file_name(std::string_view name);

/// What is appended to the name of a file that is set aside.
inline constexpr std::string_view kDamagedSuffix = ".damaged";
/// Names of files that are not finished begin so.
inline constexpr std::string_view kUnfinishedPrefix = "unfinished-";

/// "gone-<20 digits>-<nanoseconds>": events of the dataset with numbers below are gone for good;
/// the newest of them is from that time.
struct GoneMarker {
  std::uint64_t to = 0;
  std::int64_t time_max_ns = 0;
};
std::string gone_file_name(const GoneMarker& marker);
std::optional<GoneMarker> parse_gone_file_name(std::string_view name);

}  // namespace understudy::store
