#include "store/log/event_log.h"

#include <algorithm>

#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "store/log/crc32c.h"

namespace understudy::store {
namespace {

// Column names are written again after so many bytes, so that damage to one copy loses little.
constexpr std::uint64_t kColumnsRepeatBytes = 4u << 20;
// A disk that stays full is mentioned again after so long.
constexpr std::int64_t kFailureLogIntervalNs = 60'000'000'000;
// An event takes at least so many bytes, which bounds how many an unreadable file can hold.
constexpr std::uint64_t kEventBytesMin = 4;

}  // namespace

base::Result<std::unique_ptr<EventLog>> EventLog::open(EventLogOptions options,
                                                       std::unique_ptr<LogFolder> folder,
                                                       const base::Clock& clock, Sink sink) {
  std::unique_ptr<EventLog> log(
      new EventLog(std::move(options), std::move(folder), clock, std::move(sink)));
  TRY(log->recover());
  return log;
}

EventLog::EventLog(EventLogOptions options, std::unique_ptr<LogFolder> folder,
                   const base::Clock& clock, Sink sink)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      clock_(clock),
      sink_(std::move(sink)) {
  if (options_.sync == EventLogOptions::Sync::kInterval) {
    interval_thread_ = std::jthread([this](std::stop_token stop) { sync_every_interval(stop); });
  }
}

EventLog::~EventLog() {
  if (interval_thread_.joinable()) {
    interval_thread_.request_stop();
    interval_thread_.join();
  }
  const std::lock_guard lock(file_mutex_);
  close_file();
}

// --- opening ---

base::Status EventLog::recover() {
  TRY_ASSIGN(std::vector<LogFolder::Entry> files, folder_->list());
  if (!files.empty()) {
    TRY(recover_newest(files.back()));
    TRY_ASSIGN(files, folder_->list());
  }
  const std::lock_guard lock(file_mutex_);
  next_seq_ = std::max(next_seq_, options_.next_seq_min);
  first_seq_since_open_ = next_seq_;
  for (const LogFolder::Entry& file : files) closed_bytes_ += file.bytes;
  closed_files_ = files.size();
  stats_.bytes = closed_bytes_;
  stats_.files = closed_files_;
  found_at_open_ = std::move(files);
  return {};
}

base::Status EventLog::recover_newest(const LogFolder::Entry& newest) {
  TRY_ASSIGN(const std::string bytes, folder_->read(newest.name));
  const FileScan scan = scan_log_file(bytes);
  const std::uint64_t name_seq = parse_log_file_name(newest.name).value_or(0);
  if (!scan.readable && bytes.size() <= kRecordsStart) {
    base::log_warn("event log: removed ", newest.name, ", begun and never finished, ", bytes.size(),
                   " bytes");
    stats_.bytes_cut += bytes.size();
    next_seq_ = name_seq;
    return folder_->remove(newest.name);
  }
  if (!scan.readable) {
    next_seq_ = name_seq + bytes.size() / kEventBytesMin;
    return {};
  }
  next_seq_ = scan.next_seq;
  if (scan.next_seq == name_seq && scan.damaged.empty()) {
    // No event came out of it: the name is needed again.
    if (scan.tail_bytes > 0) {
      base::log_warn("event log: removed ", newest.name, ", an unfinished write of ",
                     scan.tail_bytes, " bytes and no events");
    }
    stats_.bytes_cut += scan.tail_bytes;
    return folder_->remove(newest.name);
  }
  if (scan.next_seq == name_seq) next_seq_ += bytes.size() / kEventBytesMin;
  if (scan.tail_bytes > 0) {
    base::log_warn("event log: cut ", scan.tail_bytes, " bytes of an unfinished write off ",
                   newest.name, " at byte ", scan.valid_end);
    stats_.bytes_cut += scan.tail_bytes;
    TRY(folder_->cut(newest.name, scan.valid_end));
  }
  return {};
}

// --- appending ---

base::Status EventLog::append(event::EncodedBatch batch) {
  if (batch.events == 0) return {};
  if (batch.bytes.size() > kRecordBytesMax) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("a batch of ", batch.bytes.size(), " bytes is over ",
                                 kRecordBytesMax, ": append fewer events at once"));
  }
  Waiter self{&batch};
  std::unique_lock lock(queue_mutex_);
  queue_.push_back(&self);
  queue_moved_.wait(lock, [&] { return self.done || (!writing_ && queue_.front() == &self); });
  if (self.done) return std::move(self.status);

  writing_ = true;
  const Group group = next_group();
  lock.unlock();
  const base::Status status = write_group(group);
  lock.lock();
  writing_ = false;
  for (Waiter* waiter : group) {
    waiter->status = status;
    waiter->done = true;
  }
  lock.unlock();
  queue_moved_.notify_all();
  return status;
}

EventLog::Group EventLog::next_group() {
  Group group;
  std::uint64_t bytes = 0;
  while (!queue_.empty()) {
    bytes += queue_.front()->batch->bytes.size();
    if (!group.empty() && bytes > options_.group_bytes_max) break;
    group.push_back(queue_.front());
    queue_.pop_front();
  }
  return group;
}

base::Status EventLog::store_group(const Group& group, std::uint64_t& first_seq) {
  const std::lock_guard lock(file_mutex_);
  TRY(use_writable_file());
  first_seq = next_seq_;
  return write_records(group);
}

base::Status EventLog::write_group(const Group& group) {
  std::uint64_t seq = 0;
  if (auto status = store_group(group, seq); !status.ok()) {
    note_failure(status.error(), group.size());
    return status;
  }
  note_success();
  if (!sink_) return {};
  for (Waiter* waiter : group) {
    const std::uint32_t events = waiter->batch->events;
    sink_({seq, events, std::move(waiter->batch->bytes)});
    seq += events;
  }
  return {};
}

void EventLog::note_failure(const base::Error& error, std::size_t batches) {
  const std::int64_t now_ns = clock_.unix_ns();
  const std::lock_guard lock(stats_mutex_);
  const bool first = stats_.failing_since_ns == 0;
  if (first) stats_.failing_since_ns = now_ns;
  stats_.failing_with = error.context;
  batches_refused_ += batches;
  if (!first && now_ns - failure_logged_ns_ < kFailureLogIntervalNs) return;
  failure_logged_ns_ = now_ns;
  base::log_error("event log: ", error.context, "; ", batches_refused_,
                  first ? " batches were refused" : " batches were refused so far");
}

void EventLog::note_success() {
  const std::lock_guard lock(stats_mutex_);
  if (stats_.failing_since_ns == 0) return;
  base::log_warn("event log: written again after ", batches_refused_, " batches were refused");
  stats_.failing_since_ns = 0;
  stats_.failing_with.clear();
  batches_refused_ = 0;
}

std::string EventLog::columns_payload(const Group& group, std::vector<std::uint32_t>& added) const {
  const bool repeat = file_bytes_ >= columns_repeat_at_;
  const auto written = [&](std::uint32_t id) {
    return id < column_written_.size() && column_written_[id];
  };
  std::vector<bool> seen;
  for (const Waiter* waiter : group) {
    for (const std::uint32_t id : waiter->batch->columns) {
      if (written(id)) continue;
      if (id >= seen.size()) seen.resize(id + 1);
      if (seen[id]) continue;
      seen[id] = true;
      added.push_back(id);
    }
  }
  if (added.empty() && !repeat) return {};
  std::string payload;
  const auto append = [&](std::uint32_t id) {
    append_column_name(payload, {id, event::Column(id).name()});
  };
  for (std::uint32_t id = 0; repeat && id < column_written_.size(); ++id) {
    if (column_written_[id]) append(id);
  }
  for (const std::uint32_t id : added) append(id);
  return payload;
}

base::Status EventLog::write_records(const Group& group) {
  std::vector<std::uint32_t> added;
  const std::string names = columns_payload(group, added);
  std::vector<std::string> headers;
  headers.reserve(group.size() + 1);
  std::vector<std::string_view> parts;
  parts.reserve(2 * group.size() + 3);
  parts.push_back(file_header_);
  std::uint64_t bytes = file_header_.size();
  const auto add_record = [&](RecordType type, std::string_view payload, std::uint64_t seq,
                              std::uint32_t events) {
    std::string& header = headers.emplace_back(kRecordHeaderBytes, '\0');
    encode_record_header({.payload_bytes = static_cast<std::uint32_t>(payload.size()),
                          .payload_crc = crc32c(seed_, payload),
                          .type = type,
                          .first_seq = seq,
                          .events = events},
                         seed_, header.data());
    parts.push_back(header);
    parts.push_back(payload);
    bytes += kRecordHeaderBytes + payload.size();
  };
  std::uint64_t seq = next_seq_;
  if (!names.empty()) add_record(RecordType::kColumns, names, seq, 0);
  for (const Waiter* waiter : group) {
    add_record(RecordType::kBatch, waiter->batch->bytes, seq, waiter->batch->events);
    seq += waiter->batch->events;
  }

  if (auto status = file_->write(parts); !status.ok()) {
    if (auto cut = file_->truncate(file_bytes_); !cut.ok()) abandon_file(cut.error());
    return status;
  }
  if (options_.sync == EventLogOptions::Sync::kEachGroup) {
    if (auto status = file_->sync(); !status.ok()) {
      next_seq_ = seq;  // they may be on the disk all the same
      abandon_file(status.error());
      return status;
    }
  } else {
    unsynced_ = true;
  }
  next_seq_ = seq;
  file_header_.clear();
  if (file_bytes_ >= columns_repeat_at_) columns_repeat_at_ = file_bytes_ + kColumnsRepeatBytes;
  file_bytes_ += bytes;
  for (const std::uint32_t id : added) {
    if (id >= column_written_.size()) column_written_.resize(id + 1);
    column_written_[id] = true;
  }
  const std::lock_guard lock(stats_mutex_);
  if (!unsynced_) ++stats_.syncs;
  stats_.bytes = closed_bytes_ + file_bytes_;
  stats_.files = closed_files_ + 1;
  return {};
}

// --- files ---

base::Status EventLog::use_writable_file() {
  const std::int64_t now_ns = clock_.unix_ns();
  const bool full = file_ && file_bytes_ >= options_.file_bytes_max;
  const bool old =
      file_ && file_bytes_ > 0 && now_ns - file_begun_ns_ >= options_.file_age_max.count();
  if (full || old) {
    close_file();
    remove_released();
  }
  if (closed_bytes_ + file_bytes_ >= options_.log_bytes_max) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("the event log is at log_bytes_max (", options_.log_bytes_max,
                                 " bytes), all of them not yet in segments"));
  }
  if (!file_) TRY(begin_file());
  return {};
}

base::Status EventLog::begin_file() {
  std::string name = log_file_name(next_seq_);
  TRY_ASSIGN(auto file, folder_->create(name));
  const FileHeader header{
      .salt = base::random_seed(), .first_seq = next_seq_, .created_unix_ns = clock_.unix_ns()};
  file_ = std::move(file);
  file_name_ = std::move(name);
  file_header_ = encode_file_header(header);
  seed_ = checksum_seed(header.salt);
  file_bytes_ = 0;
  file_begun_ns_ = header.created_unix_ns;
  column_written_.clear();
  columns_repeat_at_ = kColumnsRepeatBytes;
  return {};
}

void EventLog::close_file() {
  if (!file_) return;
  if (unsynced_ && options_.sync == EventLogOptions::Sync::kInterval) {
    if (auto status = file_->sync(); !status.ok()) {
      abandon_file(status.error());
      return;
    }
  }
  unsynced_ = false;
  file_.reset();
  if (file_bytes_ > 0) {
    keep_closed();
    return;
  }
  // Nothing was ever written to it; the next file needs the name.
  if (auto status = folder_->remove(file_name_); !status.ok()) {
    base::log_warn("event log: ", status.error().context);
  }
}

/// The file that was being written is closed: its acknowledged bytes can be read and released.
void EventLog::keep_closed() {
  written_.push_back({.name = file_name_, .bytes = file_bytes_});
  closed_bytes_ += file_bytes_;
  ++closed_files_;
  file_bytes_ = 0;
}

void EventLog::abandon_file(const base::Error& reason) {
  if (file_bytes_ > 0) {
    base::log_error("event log: gave up ", file_name_, " after ", file_bytes_,
                    " bytes: ", reason.context);
  }
  // Best effort: without the cut, replay reports the unacknowledged rest.
  if (auto status = file_->truncate(file_bytes_); !status.ok()) {
    base::log_error("event log: ", status.error().context);
  }
  file_.reset();
  unsynced_ = false;
  if (file_bytes_ > 0) {
    keep_closed();
  } else {
    // The name must not come again, whatever became of the file.
    ++next_seq_;
    if (auto status = folder_->remove(file_name_); !status.ok()) {
      base::log_error("event log: ", status.error().context);
    }
  }
  const std::lock_guard lock(stats_mutex_);
  ++stats_.files_abandoned;
}

void EventLog::release(std::uint64_t seq) {
  const std::lock_guard lock(file_mutex_);
  if (seq <= released_to_) return;
  released_to_ = seq;
  remove_released();
}

/// Of the closed files, oldest first, those that end below released_to_.
void EventLog::remove_released() {
  std::uint64_t removed = 0;
  const auto first_seq = [](const LogFolder::Entry& file) {
    return parse_log_file_name(file.name).value_or(0);
  };
  for (auto* files : {&found_at_open_, &written_}) {
    while (!files->empty()) {
      // What the next file begins with, the file ends with.
      std::uint64_t end = next_seq_;
      if (files->size() > 1) {
        end = first_seq((*files)[1]);
      } else if (files == &found_at_open_ && !written_.empty()) {
        end = first_seq(written_.front());
      } else if (file_) {
        end = parse_log_file_name(file_name_).value_or(0);
      }
      if (end > released_to_) break;
      const LogFolder::Entry& file = files->front();
      if (auto status = folder_->remove(file.name); !status.ok()) {
        base::log_warn("event log: ", status.error().context);
        break;
      }
      closed_bytes_ -= std::min(closed_bytes_, file.bytes);
      closed_files_ -= std::min<std::uint64_t>(closed_files_, 1);
      files->erase(files->begin());
      ++removed;
    }
    if (!files->empty()) break;
  }
  const std::lock_guard lock(stats_mutex_);
  stats_.files_removed += removed;
  stats_.bytes = closed_bytes_ + file_bytes_ * (file_ ? 1 : 0);
  stats_.files = closed_files_ + (file_ ? 1 : 0);
}

void EventLog::sync_every_interval(const std::stop_token& stop) {
  std::unique_lock lock(file_mutex_);
  while (!stop.stop_requested()) {
    interval_over_.wait_for(lock, stop, options_.sync_interval, [] { return false; });
    if (!file_ || !unsynced_) continue;
    if (auto status = file_->sync(); !status.ok()) {
      abandon_file(status.error());
      continue;
    }
    unsynced_ = false;
    const std::lock_guard stats_lock(stats_mutex_);
    ++stats_.syncs;
  }
}

// --- reading ---

base::Status EventLog::replay(const Visit& visit) {
  std::vector<LogFolder::Entry> files;
  {
    const std::lock_guard lock(file_mutex_);
    files = found_at_open_;
  }
  for (const LogFolder::Entry& file : files) {
    if (!read_file(file, visit)) break;
  }
  return {};
}

std::vector<LogFolder::Entry> EventLog::acknowledged_files() {
  const std::lock_guard lock(file_mutex_);
  std::vector<LogFolder::Entry> files = found_at_open_;
  files.insert(files.end(), written_.begin(), written_.end());
  if (file_ && file_bytes_ > 0) files.push_back({.name = file_name_, .bytes = file_bytes_});
  return files;
}

void EventLog::read(std::uint64_t from, std::uint64_t to, const Visit& visit) {
  const std::vector<LogFolder::Entry> files = acknowledged_files();
  const auto first_seq = [&](std::size_t i) {
    return parse_log_file_name(files[i].name).value_or(0);
  };
  const auto wanted = [&](std::uint64_t seq, const event::EventView& view) {
    return seq < from || (seq < to && visit(seq, view));
  };
  for (std::size_t i = 0; i < files.size() && first_seq(i) < to; ++i) {
    if (i + 1 < files.size() && first_seq(i + 1) <= from) continue;
    if (!read_file(files[i], wanted)) return;
  }
}

bool EventLog::read_file(const LogFolder::Entry& file, const Visit& visit) {
  auto bytes = folder_->read(file.name);
  if (!bytes.ok()) {
    if (bytes.error().kind == base::ErrorKind::kNotFound) return true;  // it was released
    report_damage(base::cat(file.name, " (", bytes.error().context, ")"),
                  {.offset = 0, .bytes = file.bytes});
    return true;
  }
  // What lies behind the acknowledged bytes is being written right now, or was refused.
  if (bytes->size() > file.bytes) bytes->resize(file.bytes);
  const FileScan scan = scan_log_file(*bytes);
  for (const DamagedRange& range : scan.damaged) report_damage(file.name, range);
  if (scan.tail_bytes > 0) {
    report_damage(file.name,
                  {.offset = scan.valid_end, .bytes = scan.tail_bytes, .events = scan.tail_events});
  }
  event::EventView view;
  for (const ScannedRecord& record : scan.records) {
    if (record.header.type != RecordType::kBatch) continue;
    event::BatchReader reader(record.payload, scan.columns);
    for (std::uint32_t i = 0; i < record.header.events; ++i) {
      const auto more = reader.next(view);
      if (!more.ok() || !*more) {
        report_damage(more.ok() ? file.name : base::cat(file.name, " (", more.error().context, ")"),
                      {.offset = static_cast<std::uint64_t>(record.payload.data() - bytes->data()),
                       .bytes = record.payload.size(),
                       .events = record.header.events - i});
        break;
      }
      if (!visit(record.header.first_seq + i, view)) return false;
    }
  }
  return true;
}

void EventLog::report_damage(std::string_view file, const DamagedRange& range) {
  const std::lock_guard lock(stats_mutex_);
  if (!damage_seen_.emplace(file, range.offset).second) return;
  base::log_error("event log: ", file, " is damaged from byte ", range.offset, ": ", range.bytes,
                  " bytes skipped, ", range.events, " events known to be lost");
  stats_.bytes_damaged += range.bytes;
  stats_.ranges_damaged += 1;
  stats_.events_damaged += range.events;
}

EventLogStats EventLog::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

}  // namespace understudy::store
