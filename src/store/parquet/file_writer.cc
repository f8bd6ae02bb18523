#include "store/parquet/file_writer.h"

#include <cstring>

#include "base/check.h"
#include "store/parquet/column_chunk.h"
#include "store/parquet/page_codec.h"
#include "store/parquet/thrift_compact.h"

namespace understudy::store::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kCreatedBy = "understudy";

// Parquet's own numbers, from parquet.thrift.
constexpr std::int32_t kOptional = 1;
constexpr std::int32_t kRequired = 0;
constexpr std::int32_t kConvertedUtf8 = 0;
constexpr std::int32_t kUncompressed = 0;
constexpr std::int32_t kZstd = 6;

std::int32_t physical_type(Type type) {
  switch (type) {
    case Type::kBool:
      return 0;
    case Type::kInt64:
    case Type::kTimestampNs:
      return 2;
    case Type::kDouble:
      return 5;
    case Type::kText:
      return 6;
  }
  return 6;
}

struct RowGroup {
  std::int64_t rows = 0;
  std::vector<ColumnChunk> chunks;
};

void write_schema(ThriftWriter& thrift, const std::vector<ColumnSchema>& schema) {
  thrift.begin_struct_list(2, schema.size() + 1);
  thrift.begin_struct();
  thrift.text(4, "schema");
  thrift.i32(5, static_cast<std::int32_t>(schema.size()));
  thrift.end_struct();
  for (const ColumnSchema& column : schema) {
    thrift.begin_struct();
    thrift.i32(1, physical_type(column.type));
    thrift.i32(3, column.required ? kRequired : kOptional);
    thrift.text(4, column.name);
    if (column.type == Type::kText) {
      thrift.i32(6, kConvertedUtf8);
      thrift.begin_struct(10);
      thrift.begin_struct(1);  // STRING
      thrift.end_struct();
      thrift.end_struct();
    }
    if (column.type == Type::kTimestampNs) {
      thrift.begin_struct(10);
      thrift.begin_struct(8);  // TIMESTAMP
      thrift.boolean(1,
                     false);  // DuckDB reads instants of UTC as microseconds, local times exactly
      thrift.begin_struct(2);
      thrift.begin_struct(3);  // NANOS
      thrift.end_struct();
      thrift.end_struct();
      thrift.end_struct();
      thrift.end_struct();
    }
    thrift.end_struct();
  }
}

void write_chunk(ThriftWriter& thrift, const ColumnSchema& schema, const ColumnChunk& chunk) {
  std::vector<std::int32_t> encodings;
  for (const Encoding encoding : chunk.encodings) {
    encodings.push_back(static_cast<std::int32_t>(encoding));
  }
  thrift.begin_struct();
  thrift.i64(2, chunk.dictionary_at.value_or(chunk.data_at));
  thrift.begin_struct(3);
  thrift.i32(1, physical_type(schema.type));
  thrift.i32_list(2, encodings);
  thrift.text_list(3, {schema.name});
  thrift.i32(4, chunk.compressed ? kZstd : kUncompressed);
  thrift.i64(5, chunk.values);
  thrift.i64(6, chunk.raw_bytes);
  thrift.i64(7, chunk.bytes);
  thrift.i64(9, chunk.data_at);
  if (chunk.dictionary_at) thrift.i64(11, *chunk.dictionary_at);
  thrift.begin_struct(12);
  thrift.i64(3, chunk.statistics.nulls);
  if (chunk.statistics.greatest) thrift.text(5, *chunk.statistics.greatest);
  if (chunk.statistics.least) thrift.text(6, *chunk.statistics.least);
  thrift.end_struct();
  thrift.end_struct();
  thrift.end_struct();
}

}  // namespace

class FileWriter::Impl {
 public:
  Impl(std::vector<ColumnSchema> schema, FileOptions options)
      : schema_(std::move(schema)), options_(std::move(options)), codec_(options_.zstd_level) {
    out_ = kMagic;
  }

  void add_row_group(std::size_t rows, std::span<const ColumnValues> columns) {
    CHECK(columns.size() == schema_.size());
    begin_row_group(rows);
    for (const ColumnValues& values : columns) add_column(values);
  }

  void begin_row_group(std::size_t rows) {
    groups_.emplace_back().rows = static_cast<std::int64_t>(rows);
  }

  void add_column(const ColumnValues& values) {
    RowGroup& group = groups_.back();
    const std::size_t column = group.chunks.size();
    CHECK(column < schema_.size());
    const auto offset = taken_ + static_cast<std::int64_t>(out_.size());
    group.chunks.push_back(write_column_chunk(out_, offset, schema_[column],
                                              static_cast<std::size_t>(group.rows), values,
                                              options_, codec_));
  }

  void finish() {
    const std::size_t began = out_.size();
    ThriftWriter thrift(out_);
    thrift.begin_struct();
    thrift.i32(1, 2);
    write_schema(thrift, schema_);
    std::int64_t rows = 0;
    for (const RowGroup& group : groups_) rows += group.rows;
    thrift.i64(3, rows);
    thrift.begin_struct_list(4, groups_.size());
    for (std::size_t i = 0; i < groups_.size(); ++i) write_group(thrift, i);
    if (!options_.metadata.empty()) {
      thrift.begin_struct_list(5, options_.metadata.size());
      for (const auto& [key, value] : options_.metadata) {
        thrift.begin_struct();
        thrift.text(1, key);
        thrift.text(2, value);
        thrift.end_struct();
      }
    }
    thrift.text(6, kCreatedBy);
    // Smallest and greatest values are in the order of the type, which readers want to be told.
    thrift.begin_struct_list(7, schema_.size());
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      thrift.begin_struct();
      thrift.begin_struct(1);
      thrift.end_struct();
      thrift.end_struct();
    }
    thrift.end_struct();
    const auto bytes = static_cast<std::uint32_t>(out_.size() - began);
    char raw[sizeof(bytes)];
    std::memcpy(raw, &bytes, sizeof(raw));
    out_.append(raw, sizeof(raw));
    out_.append(kMagic);
  }

  std::string take_bytes() {
    taken_ += static_cast<std::int64_t>(out_.size());
    return std::exchange(out_, {});
  }

 private:
  void write_group(ThriftWriter& thrift, std::size_t number) {
    const RowGroup& group = groups_[number];
    std::int64_t raw_bytes = 0;
    std::int64_t bytes = 0;
    for (const ColumnChunk& chunk : group.chunks) {
      raw_bytes += chunk.raw_bytes;
      bytes += chunk.bytes;
    }
    thrift.begin_struct();
    thrift.begin_struct_list(1, group.chunks.size());
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      write_chunk(thrift, schema_[i], group.chunks[i]);
    }
    thrift.i64(2, raw_bytes);
    thrift.i64(3, group.rows);
    if (options_.sorted_by) {
      thrift.begin_struct_list(4, 1);
      thrift.begin_struct();
      thrift.i32(1, static_cast<std::int32_t>(*options_.sorted_by));
      thrift.boolean(2, false);
      thrift.boolean(3, false);
      thrift.end_struct();
    }
    thrift.i64(6, bytes);
    thrift.end_struct();
  }

  const std::vector<ColumnSchema> schema_;
  const FileOptions options_;
  PageCodec codec_;
  std::string out_;
  std::int64_t taken_ = 0;
  std::vector<RowGroup> groups_;
};

FileWriter::FileWriter(std::vector<ColumnSchema> schema, FileOptions options)
    : impl_(std::make_unique<Impl>(std::move(schema), std::move(options))) {}
FileWriter::~FileWriter() = default;

void FileWriter::add_row_group(std::size_t rows, std::span<const ColumnValues> columns) {
  impl_->add_row_group(rows, columns);
}
void FileWriter::begin_row_group(std::size_t rows) { impl_->begin_row_group(rows); }
void FileWriter::add_column(const ColumnValues& values) { impl_->add_column(values); }
void FileWriter::finish() { impl_->finish(); }
std::string FileWriter::take_bytes() { return impl_->take_bytes(); }

}  // namespace understudy::store::parquet
