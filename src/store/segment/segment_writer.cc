#include "store/segment/segment_writer.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace understudy::store {
namespace {

using event::Type;

parquet::Type parquet_type(Type type) {
  switch (type) {
    case Type::kBool:
      return parquet::Type::kBool;
    case Type::kInt:
      return parquet::Type::kInt64;
    case Type::kDouble:
      return parquet::Type::kDouble;
    case Type::kString:
    case Type::kNull:
      return parquet::Type::kText;
  }
  return parquet::Type::kText;
}

std::vector<parquet::ColumnSchema> schema_of(const std::vector<SegmentColumn>& columns) {
  std::vector<parquet::ColumnSchema> schema = {
      {.name = "time", .type = parquet::Type::kTimestampNs, .required = true},
      {.name = "sample_rate", .type = parquet::Type::kInt64, .required = true},
      {.name = "seq", .type = parquet::Type::kInt64, .required = true}};
  for (const SegmentColumn& column : columns) {
    schema.push_back({.name = column.column.name, .type = parquet_type(column.column.type)});
  }
  return schema;
}

parquet::FileOptions options_of(SegmentMetadata metadata,
                                const std::vector<SegmentColumn>& columns) {
  metadata.columns.clear();
  for (const SegmentColumn& column : columns) metadata.columns.push_back(column.column);
  return {.sorted_by = 0,
          .metadata = {{std::string(kMetadataKey), encode_segment_metadata(metadata)}}};
}

}  // namespace

SegmentWriter::SegmentWriter(SegmentFile& file, SegmentMetadata metadata,
                             std::vector<SegmentColumn> columns)
    : file_(file),
      columns_(std::move(columns)),
      writer_(schema_of(columns_), options_of(std::move(metadata), columns_)) {}

base::Status SegmentWriter::add(const TailBlock& block) {
  rows_ = block.rows();
  filling_ = false;
  return add_group(block);
}

base::Status SegmentWriter::add_rows(const TailBlock& block, std::size_t rows) {
  rows_ = rows;
  filling_ = true;
  return add_group(block);
}

base::Status SegmentWriter::add_group(const TailBlock& block) {
  choose_order(block);
  writer_.begin_row_group(rows_);
  add_fixed(block, &TailBlock::times);
  add_fixed(block, &TailBlock::rates);
  add_fixed(block, &TailBlock::seqs);
  for (const SegmentColumn& column : columns_) {
    add_column(block.column(column.physical), column.column.type);
    TRY(flush());
  }
  return {};
}

base::Status SegmentWriter::finish() {
  writer_.finish();
  return flush();
}

base::Status SegmentWriter::flush() {
  const std::string bytes = writer_.take_bytes();
  bytes_ += bytes.size();
  return file_.write(bytes);
}

void SegmentWriter::choose_order(const TailBlock& block) {
  order_.clear();
  if (!filling_ && block.in_order_of_time()) return;
  const auto time = [&](std::size_t row) { return block.times(row / kPageRows)[row % kPageRows]; };
  std::size_t ordered = 1;
  while (filling_ && ordered < rows_ && time(ordered - 1) <= time(ordered)) ++ordered;
  if (filling_ && ordered >= rows_) return;
  order_.resize(rows_);
  std::iota(order_.begin(), order_.end(), 0u);
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return time(a) < time(b); });
}

void SegmentWriter::add_fixed(const TailBlock& block,
                              const std::int64_t* (TailBlock::*page)(std::size_t) const) {
  ints_.clear();
  if (order_.empty()) {
    for (std::size_t row = 0; row < rows_; row += kPageRows) {
      const std::int64_t* const values = (block.*page)(row / kPageRows);
      ints_.insert(ints_.end(), values, values + std::min(kPageRows, rows_ - row));
    }
  } else {
    for (const std::uint32_t row : order_) {
      ints_.push_back((block.*page)(row / kPageRows)[row % kPageRows]);
    }
  }
  writer_.add_column({.ints = ints_});
}

/// The values of a column in order, and which rows have one.
template <class T>
void SegmentWriter::gather(const TailColumn* column, std::vector<T>& out) {
  out.clear();
  present_.assign((rows_ + 63) / 64, 0);
  if (column == nullptr) return;
  if (!order_.empty()) {
    for (std::size_t place = 0; place < rows_; ++place) {
      const std::size_t row = order_[place];
      const TailColumn::Page page = column->page(row / kPageRows);
      if (page.values == nullptr || !page.has(row % kPageRows)) continue;
      present_[place / 64] |= std::uint64_t{1} << (place % 64);
      out.push_back(page.as<T>()[row % kPageRows]);
    }
    return;
  }
  for (std::size_t first = 0; first < rows_; first += kPageRows) {
    const TailColumn::Page page = column->page(first / kPageRows);
    if (page.values == nullptr) continue;
    const T* const values = page.as<T>();
    const std::size_t rows = std::min(kPageRows, rows_ - first);
    for (std::size_t row = 0; row < rows; row += 64) {
      const std::size_t count = std::min<std::size_t>(64, rows - row);
      std::uint64_t word = page.valid[row / 64].load(std::memory_order_relaxed);
      if (count < 64) word &= (std::uint64_t{1} << count) - 1;  // later rows are not ours
      present_[(first + row) / 64] = word;
      if (word == ~std::uint64_t{0}) {
        out.insert(out.end(), values + row, values + row + count);
        continue;
      }
      for (std::size_t i = 0; i < count; ++i) {
        if ((word >> i & 1) != 0) out.push_back(values[row + i]);
      }
    }
  }
}

void SegmentWriter::add_column(const TailColumn* column, Type type) {
  const auto add = [&](parquet::ColumnValues values, std::size_t count) {
    if (count < rows_) values.present = present_;
    writer_.add_column(values);
  };
  switch (type) {
    case Type::kBool:
      gather(column, bools_);
      return add({.bools = bools_}, bools_.size());
    case Type::kInt:
      gather(column, ints_);
      return add({.ints = ints_}, ints_.size());
    case Type::kDouble:
      gather(column, doubles_);
      return add({.doubles = doubles_}, doubles_.size());
    case Type::kString:
    case Type::kNull:
      break;
  }
  gather(column, codes_);
  add_texts(column);
}

/// The texts of codes_: with a dictionary where they repeat, as far as rows at hand use it.
void SegmentWriter::add_texts(const TailColumn* column) {
  texts_.clear();
  std::uint32_t size = 0;
  bool each = false;
  if (filling_) {
    for (const std::uint32_t code : codes_) size = std::max(size, code + 1);
    each = size > codes_.size() / 2;
  } else if (column != nullptr) {
    size = column->texts().size();
    each = column->texts().repeats();
  }
  parquet::ColumnValues values;
  if (each) {
    for (const std::uint32_t code : codes_) texts_.push_back(column->texts().at(code).view());
  } else {
    for (std::uint32_t code = 0; code < size; ++code) {
      texts_.push_back(column->texts().at(code).view());
    }
    values.codes = codes_;
  }
  values.texts = texts_;
  if (codes_.size() < rows_) values.present = present_;
  writer_.add_column(values);
}

std::vector<SegmentColumn> columns_in(const TailBlock& block,
                                      const std::vector<SegmentMetadata::Column>& known) {
  std::vector<SegmentColumn> columns;
  for (std::size_t physical = 0; physical < known.size(); ++physical) {
    const TailColumn* const column = block.column(physical);
    if (column == nullptr) continue;
    columns.push_back({physical, known[physical]});
    columns.back().column.nan = column->has_nan();
  }
  return columns;
}

}  // namespace understudy::store
