#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/parquet/file_writer.h"
#include "store/parquet/page_codec.h"

namespace understudy::store::parquet {

// Parquet's own numbers, from parquet.thrift.
enum class Encoding : std::int32_t {
  kPlain = 0,
  kRle = 3,
  kDeltaBinaryPacked = 5,
  kRleDictionary = 8,
};

/// What the footer says of the values of one column in one row group.
struct ChunkStatistics {
  std::int64_t nulls = 0;
  // As PLAIN bytes, a text without its length; absent when readers must not skip by them.
  std::optional<std::string> least = {};
  std::optional<std::string> greatest = {};
};

/// One column of one row group as written.
struct ColumnChunk {
  std::vector<Encoding> encodings = {};
  bool compressed = false;
  std::int64_t values = 0;                         // with nulls
  std::int64_t raw_bytes = 0;                      // with page headers
  std::int64_t bytes = 0;                          // the same as stored
  std::optional<std::int64_t> dictionary_at = {};  // offset in the file
  std::int64_t data_at = 0;
  ChunkStatistics statistics = {};
};

/// Appends the pages of one column to `out`, whose first byte is at `offset` in the file.
ColumnChunk write_column_chunk(std::string& out, std::int64_t offset, const ColumnSchema& schema,
                               std::size_t rows, const ColumnValues& values,
                               const FileOptions& options, PageCodec& codec);

}  // namespace understudy::store::parquet
