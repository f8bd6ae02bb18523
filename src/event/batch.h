#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

/// Events as compact bytes, the payload of the log's batch records (docs/formats/event_log.md).
/// Fields carry column numbers; whoever stores the bytes also stores the names of those numbers.
namespace understudy::event {

/// Some events as bytes, and what is needed to understand them elsewhere.
struct EncodedBatch {
  std::string bytes;
  std::uint32_t events = 0;
  std::vector<std::uint32_t> columns;  // every column number in `bytes`, once
  std::vector<std::string> datasets;   // every dataset named in them, once
  std::uint64_t fields_dropped = 0;    // that the events had lost before (Event::dropped)
};

/// Turns events into an EncodedBatch. Reusable after `take`. Threads: one writer.
/// Cost: well below a microsecond for an event of 40 fields; no allocation per field.
class BatchEncoder {
 public:
  BatchEncoder();
  void add(const Event& event);
  std::uint32_t events() const { return events_; }
  std::size_t size_bytes() const { return bytes_.size(); }
  /// Hands out what was added and starts anew.
  EncodedBatch take();

 private:
  void start();

  std::string bytes_;
  std::vector<char> event_;  // the one being encoded
  std::uint32_t events_ = 0;
  std::uint64_t fields_dropped_ = 0;
  std::int64_t last_time_ns_ = 0;
  std::vector<std::string> datasets_;
  std::vector<std::uint32_t> columns_;
  std::vector<bool> column_seen_;
};

/// What the column numbers of some bytes mean in this process.
class ColumnMap {
 public:
  /// Numbers are this process's own handles.
  static ColumnMap identity();
  ColumnMap() = default;

  /// Says that `number` stands for `name`. When the name cannot be interned (kColumnsInternedMax),
  /// fields of that column are skipped by the reader, and counted.
  void define(std::uint32_t number, std::string_view name);

  enum class Kind { kUnknown, kSkipped, kColumn };
  struct Entry {
    Kind kind = Kind::kUnknown;
    std::uint32_t id = 0;
  };
  Entry find(std::uint32_t number) const;

 private:
  bool identity_ = false;
  std::vector<Entry> entries_;
};

/// One event of a batch, borrowed from its bytes; valid until the next call of `next`.
struct EventView {
  std::string_view dataset;
  std::int64_t time_unix_ns = 0;
  std::uint32_t sample_rate = 1;
  std::vector<Field> fields;
  std::uint32_t fields_skipped = 0;
};

/// Reads a batch. Any bytes are safe to read: what is not a batch is an error, never a crash, and
/// at most kFieldsPerEventMax fields are read of one event.
/// Lifetime: bytes and columns must outlive it.
class BatchReader {
 public:
  BatchReader(std::string_view bytes, const ColumnMap& columns);
  /// Reads the next event into `out`; false at the end.
  base::Result<bool> next(EventView& out);

 private:
  base::Error broken(std::string_view what) const;
  std::optional<std::uint64_t> varint();
  std::optional<std::string_view> text(std::size_t bytes_max);
  base::Status read_dataset(EventView& out);
  base::Status read_field(EventView& out);

  const char* at_;
  const char* const begin_;
  const char* const end_;
  const ColumnMap& columns_;
  std::int64_t last_time_ns_ = 0;
  std::vector<std::string_view> datasets_;
};

}  // namespace understudy::event
