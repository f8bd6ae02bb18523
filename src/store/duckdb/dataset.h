#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "store/duckdb/dataset_view.h"
#include "store/event_store.h"
#include "store/segment/segment_metadata.h"

namespace understudy::store {

struct DatasetOptions {
  std::size_t block_rows_max = 122'880;
  std::size_t block_bytes_max = 64 << 20;
};

struct DatasetCounts {
  std::uint64_t in_segments = 0;
  std::uint64_t in_tail = 0;
  std::uint64_t segments = 0;
  std::uint64_t segments_damaged = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t fields_dropped = 0;
  std::optional<std::int64_t> gone_until_ns =
      {};  // time of the newest event that retention removed
};

/// The events of one dataset: segments on disk and, after them, the tail in memory, a list of
/// blocks of which the last is being filled. A block that is sealed becomes a segment. Each event
/// is in exactly one of them: `holds` says what a replay of the log has to leave out. Threads: add,
/// publish, seal and what stands with them from one thread at a time (the indexer); the keeper's
/// part from one other; view and counts from any.
class Dataset {
 public:
  Dataset(std::string name, DatasetOptions options, std::atomic<std::uint64_t>& tail_bytes);

  const std::string& name() const { return name_; }

  // --- at opening, before the first add ---

  void add_found(SegmentFolder& folder, const SegmentFolder::Entry& entry, const SegmentName& name,
                 const SegmentMetadata& metadata);
  void set_gone(const GoneMarker& marker);

  // --- the indexer's ---

  /// Whether the event with that number is in a segment, or was removed by retention.
  bool holds(std::uint64_t seq) const;
  /// Adds an event; numbers ascend. Whether it sealed the block before it, which was full.
  bool add(std::uint64_t seq, const event::EventView& event, std::int64_t now_ns);
  /// Makes everything added visible to new queries.
  void publish();
  /// Ends the block being filled, if it has rows.
  void seal();
  std::size_t filling_bytes() const { return filling_ ? filling_->bytes() : 0; }
  /// When the first row of the block being filled was added; nullopt when it has none.
  std::optional<std::int64_t> filling_since_ns() const;

  // --- the keeper's ---

  /// The oldest sealed block, if any.
  std::shared_ptr<const TailBlock> oldest_sealed() const;
  /// Every physical column by its number, with its name in files.
  std::vector<SegmentMetadata::Column> file_columns();
  /// A layout that is shared with other segments if they have the same.
  std::shared_ptr<const SegmentLayout> shared(SegmentLayout layout);
  /// The segment takes the place of the block.
  void replace(const TailBlock& block, std::shared_ptr<const Segment> segment);
  /// The segment takes the place of the others, which are retired.
  void replace(const std::vector<std::shared_ptr<const Segment>>& merged,
               std::shared_ptr<const Segment> segment);
  /// Takes a segment out, if it is there; whoever calls decides about its file.
  bool take_out(const Segment& segment);
  /// What retention is about to remove.
  void note_gone(const GoneMarker& marker);
  std::vector<std::shared_ptr<const Segment>> segments() const;
  /// Claims of segments that were set aside: their events may come back from the event log.
  void note_damaged(const SegmentClaim& claim);
  std::vector<SegmentClaim> damaged() const;
  /// The number of the first event that is in the tail only.
  std::optional<std::uint64_t> first_in_tail() const;

  // --- any ---

  TableView view() const;
  DatasetCounts counts() const;

 private:
  struct ColumnState {
    PhysicalByType physical = kNowhere;
    std::uint64_t row = ~std::uint64_t{0};  // last written
    int written = kAbsent;                  // to which physical column
    bool refused = false;                   // beyond kColumnsPerDatasetMax
  };

  void begin_block(std::int64_t now_ns);
  void write(const event::Field& field);
  int physical_for(ColumnState& state, const event::Field& field);
  std::shared_ptr<const SegmentLayout> layout_of(
      const std::vector<SegmentMetadata::Column>& columns);
  std::vector<int> with_nan(const std::vector<SegmentMetadata::Column>& columns) const;
  int add_physical(Schema& schema, std::string_view column, event::Type type, std::string name);
  bool segment_between(std::uint64_t from, std::uint64_t to) const;
  void count_bytes();

  const std::string name_;
  const DatasetOptions options_;
  std::atomic<std::uint64_t>& tail_bytes_;

  // Only changed at opening.
  std::map<std::uint64_t, std::uint64_t> found_;  // claims: from, to
  std::uint64_t found_end_ = 0;
  std::uint64_t gone_to_ = 0;

  // The indexer's own.
  std::vector<ColumnState> columns_;  // by column id
  std::shared_ptr<TailBlock> filling_;
  std::int64_t filling_since_ns_ = 0;
  std::size_t counted_bytes_ = 0;  // of the block being filled, in tail_bytes_
  std::uint64_t rows_added_ = 0;
  std::shared_ptr<Schema> next_schema_;
  std::uint64_t fields_dropped_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  TableView view_;
  std::size_t sealed_ = 0;                             // so many of view_.blocks, from the front
  std::vector<SegmentMetadata::Column> file_columns_;  // by physical number
  std::vector<std::shared_ptr<const SegmentLayout>> layouts_;
  std::vector<SegmentClaim> damaged_;
  DatasetCounts counts_;
  bool tail_weighted_ = false;
};

}  // namespace understudy::store
