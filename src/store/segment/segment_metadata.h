#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/value.h"

/// What a segment says about itself, in its footer under kMetadataKey (docs/formats/segments.md).
namespace understudy::store {

inline constexpr std::string_view kMetadataKey = "understudy.segment";

struct SegmentMetadata {
  struct Column {
    std::string column;  // as events have it
    event::Type type = event::Type::kNull;
    std::string name;  // in the file
    bool nan = true;   // doubles: NaN may be among the values
  };
  std::string dataset;
  std::uint64_t events = 0;
  std::int64_t time_min_ns = 0;
  std::int64_t time_max_ns = 0;
  bool weighted = false;  // some sample rate is not 1
  std::vector<Column> columns;
};

std::string encode_segment_metadata(const SegmentMetadata& metadata);
/// kProtocol when the text is not such metadata.
base::Result<SegmentMetadata> decode_segment_metadata(std::string_view text);

/// The value under `key` in a Parquet footer (what lies between the pages and its length);
/// kProtocol for bytes that are no footer and for one without the key. Any bytes are safe to read.
base::Result<std::string> find_in_footer(std::string_view footer, std::string_view key);

/// Reads the footer of the file at `path` and what it says. kProtocol when it is damaged or not a
/// segment, kIo and kNotFound from the system.
base::Result<SegmentMetadata> read_segment_metadata(const std::string& path);

/// Gives each column of `columns` that has no `name` one that no other has, also for readers to
/// whom `A` and `a` are the same: the column's own, else with its type (`duration_ms.text`), else
/// with a number. Control characters become %XX.
void name_segment_columns(std::vector<SegmentMetadata::Column>& columns);

}  // namespace understudy::store
