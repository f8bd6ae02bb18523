#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::store::parquet {

enum class Type {
  kBool,         // BOOLEAN
  kInt64,        // INT64
  kDouble,       // DOUBLE
  kText,         // BYTE_ARRAY, UTF-8
  kTimestampNs,  // INT64, nanoseconds since 1970 in UTC; marked as a time without a zone
};

struct ColumnSchema {
  std::string name;
  Type type = Type::kInt64;
  bool required = false;  // every row has a value
};

/// The values of one column of a row group, borrowed until `add_row_group` returns. The rows that
/// have no value leave no gap: the n-th value belongs to the n-th set bit of `present`.
struct ColumnValues {
  /// One bit for a row, least significant first; empty: every row has a value.
  std::span<const std::uint64_t> present = {};
  // One of these, by type.
  std::span<const std::uint8_t> bools = {};  // 0 or 1
  std::span<const std::int64_t> ints = {};
  std::span<const double> doubles = {};
  std::span<const std::string_view> texts = {};  // of each value, or the dictionary of `codes`
  std::optional<std::span<const std::uint32_t>> codes = {};  // of each value, an index into texts
};

struct FileOptions {
  int zstd_level = 1;
  std::size_t page_bytes_max = 1u << 20;  // of raw values, about
  /// Rows ascend by this column, as readers may rely on.
  std::optional<std::size_t> sorted_by = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};  // key and value, in the footer
};

/// Makes an Apache Parquet file (format version 2, data pages version 1) out of columns in memory,
/// row group by row group. Chosen per column and row group: dictionary codes where values repeat,
/// differences for other integers, plain values else; zstd where it saves a tenth. Every column has
/// its smallest and greatest value and its number of nulls in the footer; those with NaN, and those
/// of long texts, have the latter only, because readers may skip what lies outside.
/// No I/O: the bytes are the caller's to store, in order.
/// Cost: about 10 ns a value and no copy of texts; memory for the largest column chunk.
/// Threads: one writer.
class FileWriter {
 public:
  explicit FileWriter(std::vector<ColumnSchema> schema, FileOptions options = {});
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  /// `columns` in the order of the schema. At most 2^31 - 1 values of a column in all.
  void add_row_group(std::size_t rows, std::span<const ColumnValues> columns);
  /// The same column by column, so that only one has to be at hand: after `begin_row_group` come as
  /// many `add_column` as the schema has columns. Values are borrowed until it returns.
  void begin_row_group(std::size_t rows);
  void add_column(const ColumnValues& values);
  /// Ends the file; nothing may be added after it.
  void finish();

  /// Moves out the bytes made since the last call.
  std::string take_bytes();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy::store::parquet
