#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/parquet/file_writer.h"
#include "store/segment/segment_folder.h"
#include "store/segment/segment_metadata.h"
#include "store/tail/tail_block.h"

namespace understudy::store {

/// A column of a segment, and its number in the blocks it is written from.
struct SegmentColumn {
  std::size_t physical = 0;
  SegmentMetadata::Column column;
};

/// Writes blocks as one segment, each a row group with its rows in the order of their times (equal
/// times: as appended): the columns time, sample_rate and seq, then those of `columns`.
/// Threads: one. Cost: memory for one column of a block besides what FileWriter takes.
class SegmentWriter {
 public:
  /// `metadata` says what all blocks together hold; its columns are filled in here.
  SegmentWriter(SegmentFile& file, SegmentMetadata metadata, std::vector<SegmentColumn> columns);

  base::Status add(const TailBlock& block);
  /// The first `rows` rows of a block that another thread may be filling.
  base::Status add_rows(const TailBlock& block, std::size_t rows);
  /// Writes the footer; the file is the caller's to finish.
  base::Status finish();
  std::uint64_t bytes() const { return bytes_; }

 private:
  base::Status add_group(const TailBlock& block);
  void choose_order(const TailBlock& block);
  void add_texts(const TailColumn* column);
  void add_fixed(const TailBlock& block, const std::int64_t* (TailBlock::*page)(std::size_t) const);
  void add_column(const TailColumn* column, event::Type type);
  template <class T>
  void gather(const TailColumn* column, std::vector<T>& out);
  base::Status flush();

  SegmentFile& file_;
  const std::vector<SegmentColumn> columns_;
  parquet::FileWriter writer_;
  std::uint64_t bytes_ = 0;

  // Of the block and the column at hand.
  std::size_t rows_ = 0;
  bool filling_ = false;              // what only the block's writer may look at is not looked at
  std::vector<std::uint32_t> order_;  // rows by time; empty when they are already
  std::vector<std::uint64_t> present_;
  std::vector<std::int64_t> ints_;
  std::vector<double> doubles_;
  std::vector<std::uint8_t> bools_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::string_view> texts_;
};

/// The columns a block has values in, of all that its dataset knows by physical number.
std::vector<SegmentColumn> columns_in(const TailBlock& block,
                                      const std::vector<SegmentMetadata::Column>& known);

}  // namespace understudy::store
