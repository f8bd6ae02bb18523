#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "store/duckdb/database.h"
#include "store/event_store.h"

namespace understudy::store {

/// The SQL type a value of that type is stored as.
const char* sql_type(event::Type type);

/// Where the values of one logical column lie: an index into Schema::physical per event::Type, or
/// kAbsent. A row has a value in at most one of them.
inline constexpr int kAbsent = -1;
using PhysicalByType = std::array<int, 5>;
inline constexpr PhysicalByType kNowhere = {kAbsent, kAbsent, kAbsent, kAbsent, kAbsent};

/// The columns of a dataset's tables: one per (name, type), called c0, c1, ... in SQL.
/// Immutable; a new column makes a new Schema.
struct Schema {
  std::vector<event::Type> physical;
  std::map<std::string, PhysicalByType, std::less<>> columns;

  PhysicalByType find(std::string_view name) const {
    const auto found = columns.find(name);
    return found == columns.end() ? kNowhere : found->second;
  }
};

/// One table: a stretch of a dataset's events. Dropped from the database when its last owner goes.
class TablePart {
 public:
  TablePart(Database& database, std::string name) : database_(database), name_(std::move(name)) {}
  TablePart(const TablePart&) = delete;
  TablePart& operator=(const TablePart&) = delete;
  ~TablePart();
  const std::string& name() const { return name_; }

 private:
  Database& database_;
  const std::string name_;
};

/// What a query sees of one part.
struct PartView {
  std::shared_ptr<const TablePart> part;
  std::size_t physical = 0;   // its table has the first so many columns of the schema
  std::uint64_t seq_end = 0;  // only events before it
  std::uint64_t events = 0;
  std::int64_t time_min_ns = 0;
  std::int64_t time_max_ns = 0;
};

/// What a query sees of a dataset: a moment, whatever is added meanwhile.
struct TableView {
  std::shared_ptr<const Schema> schema = std::make_shared<Schema>();
  std::vector<PartView> parts;
  bool weighted = false;  // some event has a sample rate other than 1
};

struct DatasetTableCounts {
  std::uint64_t queryable = 0;
  std::uint64_t aged_out = 0;
  std::optional<std::int64_t> aged_out_until_ns = {};  // the newest of them
  std::uint64_t fields_dropped = 0;
};

/// The events of one dataset as tables in DuckDB, in parts, so that the oldest can be dropped at
/// once. A chunk of rows is filled column by column and handed over whole.
/// Failure: when DuckDB refuses rows (memory), the oldest part is dropped and the rows that were
/// refused are counted as aged out; they are still in the log.
/// Threads: add, flush and drop_oldest_part from one; view and counts from any.
class DatasetTable {
 public:
  /// `number` names its tables; `events_max` is events_in_memory_max.
  DatasetTable(Database& database, std::size_t number, std::size_t events_max);
  ~DatasetTable();

  base::Status add(std::uint64_t seq, const event::EventView& event);
  /// Makes everything added visible to new queries.
  base::Status flush();
  /// There were events before the first one added, which nobody has any more. Idempotent.
  void note_older_are_missing();
  /// Gives up the oldest part unless it is the only one; whether it did.
  bool drop_oldest_part();

  TableView view() const;
  DatasetTableCounts counts() const;

 private:
  struct ColumnState {
    PhysicalByType physical = kNowhere;
    int row = -1;           // of the chunk, last written
    int written = kAbsent;  // to which physical column
    bool refused = false;   // beyond kColumnsPerDatasetMax
  };

  base::Status begin_part();
  base::Status begin_chunk();
  base::Status append_chunk();
  base::Status make_room_for(const event::EventView& event);
  void note_column(const event::Field& field);
  base::Status lost_rows(const base::Error& reason);
  void note_aged_out(std::int64_t time_ns);
  base::Status write(int row, const event::Field& field);
  void end_appender();
  void publish();

  Database& database_;
  const std::size_t number_;
  const std::size_t events_max_;
  const std::size_t part_events_max_;
  std::unique_ptr<Connection> connection_;
  std::size_t parts_made_ = 0;

  // The writer's own.
  std::vector<ColumnState> columns_;  // by column id
  std::vector<event::Type> physical_;
  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<void*> data_;
  std::vector<std::uint64_t*> validity_;
  int rows_ = 0;
  bool weighted_ = false;
  PartView current_;               // with what is not visible yet
  std::uint64_t unpublished_ = 0;  // rows handed to the appender or in the chunk
  std::shared_ptr<Schema> next_schema_;
  DatasetTableCounts next_counts_;

  mutable std::mutex mutex_;  // guards what follows
  TableView view_;
  DatasetTableCounts counts_;
};

}  // namespace understudy::store
