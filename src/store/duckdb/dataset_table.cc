#include "store/duckdb/dataset_table.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "event/column.h"

namespace understudy::store {
namespace {

using event::Type;

// A dataset lies in about so many parts; the oldest one goes when room is needed.
constexpr std::size_t kPartsPerDataset = 8;

// An event with more new columns than this gets a new part, since altering a table costs as much as
// making it.
constexpr std::size_t kColumnsAlteredMax = 64;

// Before c0 stand seq, ts and rate.
constexpr idx_t kFixedColumns = 3;

duckdb_type engine_type(Type type) {
  switch (type) {
    case Type::kBool:
      return DUCKDB_TYPE_BOOLEAN;
    case Type::kInt:
      return DUCKDB_TYPE_BIGINT;
    case Type::kDouble:
      return DUCKDB_TYPE_DOUBLE;
    case Type::kString:
    case Type::kNull:
      return DUCKDB_TYPE_VARCHAR;
  }
  return DUCKDB_TYPE_VARCHAR;
}

void set_valid(std::uint64_t* validity, int row) {
  validity[row / 64] |= std::uint64_t{1} << (row % 64);
}
void set_invalid(std::uint64_t* validity, int row) {
  validity[row / 64] &= ~(std::uint64_t{1} << (row % 64));
}

}  // namespace

const char* sql_type(Type type) {
  switch (type) {
    case Type::kBool:
      return "BOOLEAN";
    case Type::kInt:
      return "BIGINT";
    case Type::kDouble:
      return "DOUBLE";
    case Type::kString:
    case Type::kNull:
      return "VARCHAR";
  }
  return "VARCHAR";
}

TablePart::~TablePart() {
  auto connection = database_.connect();
  if (!connection.ok()) return;
  if (auto status = (*connection)->run(base::cat("DROP TABLE ", name_)); !status.ok()) {
    base::log_error("store: ", status.error().context);
  }
  database_.release(*std::move(connection));
}

DatasetTable::DatasetTable(Database& database, std::size_t number, std::size_t events_max)
    : database_(database),
      number_(number),
      events_max_(events_max),
      part_events_max_(std::max<std::size_t>(1, events_max / kPartsPerDataset)) {}

DatasetTable::~DatasetTable() { end_appender(); }

base::Status DatasetTable::add(std::uint64_t seq, const event::EventView& event) {
  TRY(make_room_for(event));
  if (chunk_ == nullptr) TRY(begin_chunk());
  const int row = rows_;
  static_cast<std::int64_t*>(data_[0])[row] = static_cast<std::int64_t>(seq);
  static_cast<std::int64_t*>(data_[1])[row] = event.time_unix_ns;
  static_cast<std::int64_t*>(data_[2])[row] = event.sample_rate;
  for (const event::Field& field : event.fields) TRY(write(row, field));
  next_counts_.fields_dropped += event.fields_skipped;
  ++rows_;
  ++unpublished_;
  weighted_ = weighted_ || event.sample_rate != 1;
  current_.time_min_ns = current_.events == 0 ? event.time_unix_ns
                                              : std::min(current_.time_min_ns, event.time_unix_ns);
  current_.time_max_ns = current_.events == 0 ? event.time_unix_ns
                                              : std::max(current_.time_max_ns, event.time_unix_ns);
  ++current_.events;
  current_.seq_end = seq + 1;
  if (static_cast<idx_t>(rows_) == duckdb_vector_size()) TRY(append_chunk());
  return {};
}

base::Status DatasetTable::write(int row, const event::Field& field) {
  if (field.column.id() >= columns_.size()) return {};
  ColumnState& state = columns_[field.column.id()];
  if (state.row == row && state.written != kAbsent) {
    // The column came twice in this event: the last value counts.
    set_invalid(validity_[static_cast<std::size_t>(state.written)], row);
  }
  state.row = row;
  state.written = kAbsent;
  if (field.value.is_null()) return {};
  const int physical = state.physical[static_cast<std::size_t>(field.value.type())];
  if (physical == kAbsent) {
    ++next_counts_.fields_dropped;
    return {};
  }
  state.written = physical;
  const auto index = static_cast<std::size_t>(physical);
  void* const data = data_[kFixedColumns + index];
  switch (field.value.type()) {
    case Type::kBool:
      static_cast<bool*>(data)[row] = field.value.as_bool();
      break;
    case Type::kInt:
      static_cast<std::int64_t*>(data)[row] = field.value.as_int();
      break;
    case Type::kDouble:
      static_cast<double*>(data)[row] = field.value.as_double();
      break;
    case Type::kString: {
      const std::string_view text = field.value.as_string();
      duckdb_vector_assign_string_element_len(
          duckdb_data_chunk_get_vector(chunk_, kFixedColumns + index), static_cast<idx_t>(row),
          text.data(), text.size());
      break;
    }
    case Type::kNull:
      return {};
  }
  set_valid(validity_[index], row);
  return {};
}

/// Gives the event a part whose table has its columns.
base::Status DatasetTable::make_room_for(const event::EventView& event) {
  for (const event::Field& field : event.fields) {
    if (!field.value.is_null()) note_column(field);
  }
  if (!current_.part || current_.events >= part_events_max_ ||
      physical_.size() > current_.physical + kColumnsAlteredMax) {
    return begin_part();
  }
  if (physical_.size() == current_.physical) return {};
  TRY(flush());
  end_appender();
  for (std::size_t i = current_.physical; i < physical_.size(); ++i) {
    const auto status = connection_->run(base::cat(
        "ALTER TABLE ", current_.part->name(), " ADD COLUMN c", i, " ", sql_type(physical_[i])));
    if (!status.ok()) return begin_part();  // which has them from the start
    current_.physical = i + 1;
  }
  return {};
}

/// Makes a physical column for a (name, type) that is new, unless there are too many names.
void DatasetTable::note_column(const event::Field& field) {
  const std::uint32_t id = field.column.id();
  if (id >= columns_.size()) columns_.resize(id + 64);
  ColumnState& state = columns_[id];
  const auto type = static_cast<std::size_t>(field.value.type());
  if (state.physical[type] != kAbsent || state.refused) return;
  const Schema& schema = next_schema_ ? *next_schema_ : *view_.schema;
  if (state.physical == kNowhere && schema.columns.size() >= kColumnsPerDatasetMax) {
    state.refused = true;
    return;
  }
  if (!next_schema_) next_schema_ = std::make_shared<Schema>(*view_.schema);
  state.physical[type] = static_cast<int>(physical_.size());
  physical_.push_back(field.value.type());
  next_schema_->physical.push_back(field.value.type());
  next_schema_->columns[std::string(field.column.name())] = state.physical;
}

base::Status DatasetTable::begin_part() {
  TRY(flush());
  end_appender();
  while (counts().queryable + part_events_max_ > events_max_ && drop_oldest_part()) {
  }
  if (!connection_) {
    TRY_ASSIGN(connection_, database_.connect());
  }
  const std::string name = base::cat("t", number_, "_", parts_made_++);
  std::string text = base::cat("CREATE TABLE ", name, "(seq BIGINT, ts BIGINT, rate BIGINT");
  for (std::size_t i = 0; i < physical_.size(); ++i) {
    text += base::cat(", c", i, " ", sql_type(physical_[i]));
  }
  TRY(connection_->run(text + ")"));
  current_ =
      PartView{.part = std::make_shared<TablePart>(database_, name), .physical = physical_.size()};
  const std::lock_guard lock(mutex_);
  view_.parts.push_back(current_);
  return {};
}

base::Status DatasetTable::begin_chunk() {
  if (appender_ == nullptr &&
      duckdb_appender_create(connection_->get(), nullptr, current_.part->name().c_str(),
                             &appender_) == DuckDBError) {
    return lost_rows(base::error(base::ErrorKind::kInternal, duckdb_appender_error(appender_)));
  }
  std::vector<duckdb_logical_type> types;
  for (idx_t i = 0; i < kFixedColumns; ++i) {
    types.push_back(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  }
  for (const Type type : physical_) {
    types.push_back(duckdb_create_logical_type(engine_type(type)));
  }
  chunk_ = duckdb_create_data_chunk(types.data(), types.size());
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  data_.clear();
  validity_.clear();
  for (idx_t i = 0; i < types.size(); ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
    data_.push_back(duckdb_vector_get_data(vector));
    if (i < kFixedColumns) continue;
    duckdb_vector_ensure_validity_writable(vector);
    validity_.push_back(duckdb_vector_get_validity(vector));
    std::memset(validity_.back(), 0, duckdb_vector_size() / 8);  // nothing is there yet
  }
  return {};
}

base::Status DatasetTable::append_chunk() {
  if (chunk_ == nullptr) return {};
  duckdb_data_chunk_set_size(chunk_, static_cast<idx_t>(rows_));
  const bool failed = rows_ > 0 && duckdb_append_data_chunk(appender_, chunk_) == DuckDBError;
  duckdb_destroy_data_chunk(&chunk_);
  rows_ = 0;
  for (ColumnState& state : columns_) state.row = -1;
  if (!failed) return {};
  return lost_rows(base::error(base::ErrorKind::kInternal, duckdb_appender_error(appender_)));
}

base::Status DatasetTable::flush() {
  if (unpublished_ == 0) return {};
  TRY(append_chunk());
  if (appender_ != nullptr && duckdb_appender_flush(appender_) == DuckDBError) {
    return lost_rows(base::error(base::ErrorKind::kInternal, duckdb_appender_error(appender_)));
  }
  publish();
  return {};
}

base::Status DatasetTable::lost_rows(const base::Error& reason) {
  base::log_error("store: ", unpublished_,
                  " events cannot be queried, they are only in the log: ", reason.context);
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  rows_ = 0;
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
  next_counts_.aged_out += unpublished_;
  note_aged_out(current_.time_max_ns);
  current_.events -= unpublished_;
  unpublished_ = 0;
  publish();
  drop_oldest_part();
  return reason;
}

void DatasetTable::end_appender() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
}

void DatasetTable::publish() {
  const std::lock_guard lock(mutex_);
  if (next_schema_) view_.schema = std::move(next_schema_);
  next_schema_.reset();
  view_.weighted = weighted_;
  if (!view_.parts.empty() && current_.part) view_.parts.back() = current_;
  counts_.queryable += unpublished_;
  counts_.aged_out = next_counts_.aged_out;
  counts_.aged_out_until_ns = next_counts_.aged_out_until_ns;
  counts_.fields_dropped = next_counts_.fields_dropped;
  unpublished_ = 0;
}

void DatasetTable::note_aged_out(std::int64_t time_ns) {
  next_counts_.aged_out_until_ns =
      std::max(next_counts_.aged_out_until_ns.value_or(time_ns), time_ns);
}

void DatasetTable::note_older_are_missing() {
  if (!next_counts_.aged_out_until_ns) note_aged_out(current_.time_min_ns - 1);
}

bool DatasetTable::drop_oldest_part() {
  PartView oldest;  // its table is dropped here, outside the lock, or by the last query using it
  {
    const std::lock_guard lock(mutex_);
    if (view_.parts.size() < 2) return false;
    oldest = view_.parts.front();
    view_.parts.erase(view_.parts.begin());
    counts_.queryable -= oldest.events;
    next_counts_.aged_out += oldest.events;
    if (oldest.events > 0) note_aged_out(oldest.time_max_ns);
    counts_.aged_out = next_counts_.aged_out;
    counts_.aged_out_until_ns = next_counts_.aged_out_until_ns;
  }
  return true;
}

TableView DatasetTable::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

DatasetTableCounts DatasetTable::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace understudy::store
