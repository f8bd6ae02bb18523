#include "store/duckdb/segment_keeper.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "store/segment/segment_writer.h"

namespace understudy::store {
namespace {

using Clock = std::chrono::steady_clock;

// A segment leaves when its last event is old enough, so its first may stay that much longer.
constexpr int kMergedShareOfRetention = 16;
constexpr std::chrono::seconds kRetryInterval(1);
constexpr std::chrono::seconds kRetentionInterval(1);
// After a compaction that failed.
constexpr std::chrono::seconds kCompactionRetry(60);
// Bytes of segments read to be checked, per second, so that a start does not take the disk.
constexpr double kCheckBytesPerSecond = 64 << 20;

}  // namespace

SegmentKeeper::SegmentKeeper(KeeperOptions options, Datasets& datasets, SegmentFolder& folder,
                             Database& database, const base::Clock& clock,
                             std::function<void()> written)
    : options_(options),
      datasets_(datasets),
      folder_(folder),
      database_(database),
      clock_(clock),
      written_(std::move(written)) {}

SegmentKeeper::~SegmentKeeper() { stop(); }

void SegmentKeeper::start() {
  for (Dataset* dataset : datasets_.all()) {
    for (const auto& segment : dataset->segments()) unchecked_.push_back({dataset, segment});
  }
  thread_ = std::thread([this] { run(); });
}

void SegmentKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  moved_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SegmentKeeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  moved_.notify_all();
}

bool SegmentKeeper::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

KeeperStats SegmentKeeper::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void SegmentKeeper::run() {
  Clock::time_point check_due = Clock::now();
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      woken_ = false;
    }
    const bool wrote = write_sealed();
    if (!stopping() && Clock::now() >= retention_due_) apply_retention();
    if (wrote) continue;
    if (!stopping() && compact_one()) continue;
    Clock::time_point due = Clock::now() + kRetryInterval;
    if (!unchecked_.empty() && !stopping() && Clock::now() >= check_due) {
      const std::uint64_t before = stats().checked;
      const Clock::time_point begun = Clock::now();
      if (auto segment = unchecked_.back().segment.lock()) {
        check_due =
            begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                        static_cast<double>((*segment)->bytes) / kCheckBytesPerSecond));
      }
      check_one();
      if (stats().checked == before) continue;
    }
    if (!unchecked_.empty()) due = std::min(due, check_due);
    std::unique_lock lock(mutex_);
    moved_.wait_until(lock, due, [&] { return stopping_ || woken_; });
  }
}

// --- writing ---

/// Writes every sealed block; whether it wrote any.
bool SegmentKeeper::write_sealed() {
  bool wrote = false;
  for (Dataset* dataset : datasets_.all()) {
    while (const auto block = dataset->oldest_sealed()) {
      if (stopping()) return wrote;
      const base::Status status = write(*dataset, *block);
      note(status);
      if (!status.ok()) return false;
      wrote = true;
      written_();
    }
  }
  return wrote;
}

base::Status SegmentKeeper::write(Dataset& dataset, const TailBlock& block) {
  const std::vector<SegmentColumn> columns = columns_in(block, dataset.file_columns());
  SegmentLayout layout;
  std::vector<int> with_nan;
  for (const SegmentColumn& column : columns) {
    layout[static_cast<int>(column.physical)] = column.column.name;
    if (column.column.type == event::Type::kDouble && column.column.nan) {
      with_nan.push_back(static_cast<int>(column.physical));
    }
  }
  Segment::Content content{.claim = {block.first_seq(), block.end_seq()},
                           .written_unix_ns = clock_.unix_ns(),
                           .events = block.rows(),
                           .time_min_ns = block.time_min_ns(),
                           .time_max_ns = block.time_max_ns(),
                           .weighted = block.weighted()};
  TRY_ASSIGN(auto file, folder_.create(dataset.name()));
  SegmentWriter writer(*file,
                       {.dataset = dataset.name(),
                        .events = content.events,
                        .time_min_ns = content.time_min_ns,
                        .time_max_ns = content.time_max_ns,
                        .weighted = content.weighted},
                       columns);
  TRY(writer.add(block));
  TRY(writer.finish());
  TRY_ASSIGN(content.path, file->finish(content.claim));
  const auto name = parse_segment_file_name(content.path.substr(content.path.rfind('/') + 1));
  content.crc = name ? name->crc : 0;
  content.bytes = writer.bytes();
  content.layout = dataset.shared(std::move(layout));
  content.with_nan = std::move(with_nan);
  dataset.replace(block, std::make_shared<const Segment>(folder_, std::move(content)));
  const std::lock_guard lock(mutex_);
  ++stats_.segments_written;
  return {};
}

void SegmentKeeper::note(const base::Status& status) {
  const std::lock_guard lock(mutex_);
  if (status.ok()) {
    if (stats_.failing_since_ns != 0) base::log_warn("store: segments are written again");
    stats_.failing_since_ns = 0;
    stats_.failing_with.clear();
    return;
  }
  if (stats_.failing_since_ns == 0) {
    stats_.failing_since_ns = clock_.unix_ns();
    base::log_error("store: a segment cannot be written: ", status.error().context,
                    "; its events stay in memory and in the event log");
  }
  stats_.failing_with = status.error().context;
}

// --- retention ---

void SegmentKeeper::apply_retention() {
  retention_due_ = Clock::now() + kRetentionInterval;
  for (Dataset* dataset : datasets_.all()) apply_retention(*dataset);
}

/// Removes the oldest segments by claim that are too old or make the dataset too large.
void SegmentKeeper::apply_retention(Dataset& dataset) {
  const SegmentRun segments = dataset.segments();
  const std::int64_t oldest_ns = clock_.unix_ns() - options_.retention_age.count();
  std::uint64_t bytes = 0;
  for (const auto& segment : segments) bytes += (*segment)->bytes;
  GoneMarker gone{.time_max_ns = dataset.counts().gone_until_ns.value_or(INT64_MIN)};
  std::size_t count = 0;
  for (; count < segments.size(); ++count) {
    const Segment::Content& content = **segments[count];
    // By when its events came, whatever times they carry.
    const bool old = content.written_unix_ns < oldest_ns;
    if (!old && bytes <= options_.retention_bytes) break;
    bytes -= content.bytes;
    gone.to = content.claim.to;
    gone.time_max_ns = std::max(gone.time_max_ns, content.time_max_ns);
  }
  if (count == 0) return;
  // The marker first: else a replay would bring the events back.
  const base::Status status = folder_.mark_gone(dataset.name(), gone);
  if (!status.ok()) {
    base::log_warn("store: retention: ", status.error().context);
    return;
  }
  dataset.note_gone(gone);
  std::uint64_t events = 0;
  for (std::size_t i = 0; i < count; ++i) {
    events += (*segments[i])->events;
    dataset.take_out(*segments[i]);
    segments[i]->retire();
  }
  base::log_info("store: removed ", events, " events of ", dataset.name(), " in ", count,
                 " segments: retention");
  const std::lock_guard lock(mutex_);
  stats_.events_removed += events;
}

// --- compaction ---

/// Merges one run of segments; whether there was one.
bool SegmentKeeper::compact_one() {
  if (Clock::now() < compaction_due_) return false;
  for (Dataset* dataset : datasets_.all()) {
    const SegmentRun run =
        choose_compaction(dataset->segments(), dataset->damaged(), options_.segment_events,
                          options_.retention_age / kMergedShareOfRetention);
    if (run.empty()) continue;
    if (check(dataset->name(), run)) return true;  // what is damaged must not be merged
    const auto between = [&]() -> base::Status {
      write_sealed();
      if (!stopping()) return {};
      return base::error(base::ErrorKind::kCancelled, "the store is closing");
    };
    const auto merged =
        compact(database_, folder_, *dataset, run, options_.segment_events, between);
    if (!merged.ok()) {
      if (merged.error().kind == base::ErrorKind::kCancelled) return false;
      base::log_warn("store: ", run.size(), " segments of ", dataset->name(),
                     " are not merged: ", merged.error().context);
      compaction_due_ = Clock::now() + kCompactionRetry;
      check(dataset->name(), run);
      return false;
    }
    dataset->replace(run, *merged);
    const std::lock_guard lock(mutex_);
    stats_.segments_merged += run.size();
    return true;
  }
  return false;
}

// --- checksums ---

bool SegmentKeeper::check_one() {
  const Unchecked next = unchecked_.back();
  unchecked_.pop_back();
  const auto segment = next.segment.lock();
  return segment && check(*next.dataset, *segment);
}

bool SegmentKeeper::check(const std::string& name, const SegmentRun& segments) {
  Dataset* const dataset = datasets_.find(name);
  bool bad = false;
  for (const auto& segment : segments) bad = (dataset && check(*dataset, *segment)) || bad;
  return bad;
}

/// Whether the segment was damaged and is now set aside.
bool SegmentKeeper::check(Dataset& dataset, const Segment& segment) {
  const auto crc = folder_.checksum(segment->path);
  if (!crc.ok() && crc.error().kind == base::ErrorKind::kUnavailable) {
    base::log_warn("store: not checked: ", crc.error().context);
    return false;
  }
  const std::lock_guard lock(check_mutex_);
  {
    const std::lock_guard stats_lock(mutex_);
    ++stats_.checked;
  }
  if (crc.ok() && *crc == segment->crc) return false;
  if (!dataset.take_out(segment)) return false;  // somebody was faster
  dataset.note_damaged(segment->claim);
  base::log_error("store: ", segment->path, " is damaged and set aside, ", segment->events,
                  " events of ", dataset.name(), " cannot be queried: ",
                  crc.ok() ? "its checksum does not hold" : crc.error().context);
  if (auto status = folder_.set_aside(segment->path, kDamagedSuffix); !status.ok()) {
    base::log_error("store: ", status.error().context);
  }
  return true;
}

}  // namespace understudy::store
