#include "store/duckdb/dataset.h"

#include <algorithm>

#include "event/column.h"

namespace understudy::store {
namespace {

using event::Type;

// Layouts remembered to be shared; there are few, since they only change when columns appear.
constexpr std::size_t kLayoutsMax = 16;

bool before(const std::shared_ptr<const Segment>& a, std::uint64_t from) {
  return (*a)->claim.from < from;
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

Dataset::Dataset(std::string name, DatasetOptions options, std::atomic<std::uint64_t>& tail_bytes)
    : name_(std::move(name)), options_(options), tail_bytes_(tail_bytes) {}

// --- opening ---

void Dataset::add_found(SegmentFolder& folder, const SegmentFolder::Entry& entry,
                        const SegmentName& name, const SegmentMetadata& metadata) {
  auto segment = std::make_shared<const Segment>(
      folder, Segment::Content{.claim = name.claim,
                               .crc = name.crc,
                               .path = entry.path,
                               .bytes = entry.bytes,
                               .written_unix_ns = entry.modified_unix_ns,
                               .events = metadata.events,
                               .time_min_ns = metadata.time_min_ns,
                               .time_max_ns = metadata.time_max_ns,
                               .weighted = metadata.weighted,
                               .layout = layout_of(metadata.columns),
                               .with_nan = with_nan(metadata.columns)});
  const std::lock_guard lock(mutex_);
  found_[name.claim.from] = name.claim.to;
  found_end_ = std::max(found_end_, name.claim.to);
  counts_.in_segments += metadata.events;
  view_.weighted = view_.weighted || metadata.weighted;
  view_.segments.insert(
      std::lower_bound(view_.segments.begin(), view_.segments.end(), name.claim.from, before),
      std::move(segment));
}

void Dataset::set_gone(const GoneMarker& marker) {
  gone_to_ = std::max(gone_to_, marker.to);
  note_gone(marker);
}

bool Dataset::holds(std::uint64_t seq) const {
  if (seq < gone_to_) return true;
  if (seq >= found_end_) return false;
  auto after = found_.upper_bound(seq);
  return after != found_.begin() && std::prev(after)->second > seq;
}

/// Whether a claim that was found at opening begins between two numbers.
bool Dataset::segment_between(std::uint64_t from, std::uint64_t to) const {
  if (from >= found_end_) return false;
  const auto next = found_.lower_bound(from);
  return next != found_.end() && next->first < to;
}

// --- columns ---

int Dataset::add_physical(Schema& schema, std::string_view column, Type type, std::string name) {
  const int physical = static_cast<int>(schema.physical.size());
  schema.physical.push_back(type);
  auto found = schema.columns.find(column);
  if (found == schema.columns.end()) {
    found = schema.columns.emplace(std::string(column), kNowhere).first;
  }
  found->second[static_cast<std::size_t>(type)] = physical;
  file_columns_.push_back({std::string(column), type, std::move(name)});
  return physical;
}

std::shared_ptr<const SegmentLayout> Dataset::layout_of(
    const std::vector<SegmentMetadata::Column>& columns) {
  SegmentLayout layout;
  std::shared_ptr<Schema> extended;
  for (const SegmentMetadata::Column& column : columns) {
    const Schema& schema = extended ? *extended : *view_.schema;
    int physical = schema.find(column.column)[static_cast<std::size_t>(column.type)];
    if (physical == kAbsent) {
      if (schema.physical.size() >= TailBlock::kPhysicalMax) continue;
      if (!extended) extended = std::make_shared<Schema>(*view_.schema);
      physical = add_physical(*extended, column.column, column.type, column.name);
    }
    layout[physical] = column.name;
  }
  if (extended) view_.schema = std::move(extended);
  return shared(std::move(layout));
}

/// Of columns that the schema has.
std::vector<int> Dataset::with_nan(const std::vector<SegmentMetadata::Column>& columns) const {
  const std::lock_guard lock(mutex_);
  std::vector<int> found;
  for (const SegmentMetadata::Column& column : columns) {
    if (column.type != Type::kDouble || !column.nan) continue;
    const int physical = view_.schema->find(column.column)[static_cast<std::size_t>(column.type)];
    if (physical != kAbsent) found.push_back(physical);
  }
  return found;
}

std::shared_ptr<const SegmentLayout> Dataset::shared(SegmentLayout layout) {
  const std::lock_guard lock(mutex_);
  for (const auto& known : layouts_) {
    if (*known == layout) return known;
  }
  if (layouts_.size() == kLayoutsMax) layouts_.erase(layouts_.begin());
  layouts_.push_back(std::make_shared<const SegmentLayout>(std::move(layout)));
  return layouts_.back();
}

/// The physical column for a field, made if its (name, type) is new, unless there are too many
/// names.
int Dataset::physical_for(ColumnState& state, const event::Field& field) {
  const auto type = static_cast<std::size_t>(field.value.type());
  if (state.physical[type] != kAbsent || state.refused) return state.physical[type];
  const std::lock_guard lock(mutex_);
  const std::string_view name = field.column.name();
  const Schema& schema = next_schema_ ? *next_schema_ : *view_.schema;
  const PhysicalByType known = schema.find(name);
  if (known[type] != kAbsent) return state.physical[type] = known[type];
  if ((known == kNowhere && schema.columns.size() >= kColumnsPerDatasetMax) ||
      schema.physical.size() >= TailBlock::kPhysicalMax) {
    state.refused = true;
    return kAbsent;
  }
  if (!next_schema_) next_schema_ = std::make_shared<Schema>(*view_.schema);
  return state.physical[type] = add_physical(*next_schema_, name, field.value.type(), {});
}

std::vector<SegmentMetadata::Column> Dataset::file_columns() {
  const std::lock_guard lock(mutex_);
  name_segment_columns(file_columns_);
  return file_columns_;
}

// --- adding ---

void Dataset::begin_block(std::int64_t now_ns) {
  filling_ = std::make_shared<TailBlock>(options_.block_rows_max);
  filling_since_ns_ = now_ns;
  counted_bytes_ = 0;
}

bool Dataset::add(std::uint64_t seq, const event::EventView& event, std::int64_t now_ns) {
  const bool ends =
      filling_ && (filling_->full() || filling_->bytes() >= options_.block_bytes_max ||
                   segment_between(filling_->first_seq(), seq));
  if (ends) seal();
  if (!filling_) begin_block(now_ns);
  filling_->begin_row(seq, event.time_unix_ns, event.sample_rate);
  for (const event::Field& field : event.fields) write(field);
  filling_->end_row();
  fields_dropped_ += event.fields_skipped;
  ++rows_added_;
  count_bytes();
  return ends;
}

void Dataset::count_bytes() {
  const std::size_t bytes = filling_->bytes();
  if (bytes == counted_bytes_) return;
  tail_bytes_ += bytes - counted_bytes_;
  counted_bytes_ = bytes;
}

void Dataset::write(const event::Field& field) {
  const std::uint32_t id = field.column.id();
  if (id >= columns_.size()) columns_.resize(id + 64);
  ColumnState& state = columns_[id];
  if (state.row == rows_added_ && state.written != kAbsent) {
    // The column came twice in this event: the last value counts.
    filling_->unset(static_cast<std::size_t>(state.written));
  }
  state.row = rows_added_;
  state.written = kAbsent;
  if (field.value.is_null()) return;
  const int physical = physical_for(state, field);
  if (physical == kAbsent) {
    ++fields_dropped_;
    return;
  }
  state.written = physical;
  filling_->set(static_cast<std::size_t>(physical), field.value);
}

void Dataset::publish() {
  const std::lock_guard lock(mutex_);
  if (next_schema_) {
    // Segments may have brought columns meanwhile only at opening, so nothing is overwritten.
    view_.schema = std::move(next_schema_);
    next_schema_.reset();
  }
  counts_.fields_dropped = fields_dropped_;
  if (!filling_ || filling_->rows() == 0) return;
  if (view_.blocks.size() == sealed_) view_.blocks.push_back({filling_});
  BlockView& shown = view_.blocks.back();
  counts_.in_tail += filling_->rows() - shown.rows;
  shown.rows = filling_->rows();
  shown.time_min_ns = filling_->time_min_ns();
  shown.time_max_ns = filling_->time_max_ns();
  view_.weighted = view_.weighted || filling_->weighted();
}

void Dataset::seal() {
  if (!filling_ || filling_->rows() == 0) return;
  publish();
  const std::lock_guard lock(mutex_);
  ++sealed_;
  filling_.reset();
  counted_bytes_ = 0;
}

std::optional<std::int64_t> Dataset::filling_since_ns() const {
  if (!filling_ || filling_->rows() == 0) return std::nullopt;
  return filling_since_ns_;
}

// --- the keeper's ---

std::shared_ptr<const TailBlock> Dataset::oldest_sealed() const {
  const std::lock_guard lock(mutex_);
  return sealed_ == 0 ? nullptr : view_.blocks.front().block;
}

void Dataset::replace(const TailBlock& block, std::shared_ptr<const Segment> segment) {
  BlockView gone;
  {
    const std::lock_guard lock(mutex_);
    gone = std::move(view_.blocks.front());
    view_.blocks.erase(view_.blocks.begin());
    --sealed_;
    counts_.in_tail -= gone.rows;
    counts_.in_segments += (*segment)->events;
    view_.segments.insert(std::lower_bound(view_.segments.begin(), view_.segments.end(),
                                           (*segment)->claim.from, before),
                          std::move(segment));
  }
  tail_bytes_ -= block.bytes();
}

void Dataset::replace(const std::vector<std::shared_ptr<const Segment>>& merged,
                      std::shared_ptr<const Segment> segment) {
  const std::lock_guard lock(mutex_);
  for (const auto& old : merged) {
    std::erase_if(view_.segments, [&](const auto& found) { return found == old; });
    old->retire();
  }
  view_.segments.insert(std::lower_bound(view_.segments.begin(), view_.segments.end(),
                                         (*segment)->claim.from, before),
                        std::move(segment));
}

bool Dataset::take_out(const Segment& segment) {
  const std::lock_guard lock(mutex_);
  if (std::erase_if(view_.segments, [&](const auto& found) { return found.get() == &segment; }) ==
      0) {
    return false;
  }
  counts_.in_segments -= segment->events;
  return true;
}

void Dataset::note_gone(const GoneMarker& marker) {
  const std::lock_guard lock(mutex_);
  counts_.gone_until_ns =
      std::max(counts_.gone_until_ns.value_or(marker.time_max_ns), marker.time_max_ns);
}

std::vector<std::shared_ptr<const Segment>> Dataset::segments() const {
  const std::lock_guard lock(mutex_);
  return view_.segments;
}

void Dataset::note_damaged(const SegmentClaim& claim) {
  const std::lock_guard lock(mutex_);
  damaged_.push_back(claim);
}

std::vector<SegmentClaim> Dataset::damaged() const {
  const std::lock_guard lock(mutex_);
  return damaged_;
}

std::optional<std::uint64_t> Dataset::first_in_tail() const {
  const std::lock_guard lock(mutex_);
  std::optional<std::uint64_t> first;
  for (const BlockView& view : view_.blocks) {
    first = std::min(first.value_or(view.block->first_seq()), view.block->first_seq());
  }
  return first;
}

TableView Dataset::view() const {
  TableView view;
  {
    const std::lock_guard lock(mutex_);
    view = view_;
  }
  view.nan.assign(view.schema->physical.size(), false);
  for (const auto& segment : view.segments) {
    for (const int physical : (*segment)->with_nan)
      view.nan[static_cast<std::size_t>(physical)] = true;
  }
  for (std::size_t i = 0; i < view.nan.size(); ++i) {
    if (view.schema->physical[i] != Type::kDouble || view.nan[i]) continue;
    for (const BlockView& block : view.blocks) {
      const TailColumn* const column = block.block->column(i);
      if (column != nullptr && column->has_nan()) view.nan[i] = true;
    }
  }
  return view;
}

DatasetCounts Dataset::counts() const {
  const std::lock_guard lock(mutex_);
  DatasetCounts counts = counts_;
  counts.segments = view_.segments.size();
  counts.segments_damaged = damaged_.size();
  for (const auto& segment : view_.segments) counts.segment_bytes += (*segment)->bytes;
  return counts;
}

}  // namespace understudy::store
