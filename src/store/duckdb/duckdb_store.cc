#include "store/duckdb/duckdb_store.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "event/batch.h"
#include "store/duckdb/database.h"
#include "store/duckdb/dataset_table.h"
#include "store/duckdb/sql_plan.h"
#include "store/intake.h"

namespace understudy::store {
namespace {

using Clock = std::chrono::steady_clock;

// Above this share of memory_bytes_max the oldest events go, so that queries have room to compute.
constexpr double kMemoryShareMax = 0.75;
// How many events may be added between two looks at DuckDB's memory.
constexpr std::uint64_t kEventsPerMemoryCheck = 50'000;
// How often a query that waits for the replay looks at how far it is, and how long a replay runs
// before its speed says anything: the first events make tables and columns.
constexpr std::chrono::milliseconds kReplayLook(50);
constexpr std::chrono::milliseconds kReplayBegins(1'000);
// How often a query that waits for its turn looks whether anybody still wants it.
constexpr std::chrono::milliseconds kCancellationLook(20);

/// How far reading the log is after opening. Numbers of events are told from their places in the
/// log, so a damaged stretch counts as read. Threads: one writes, any read.
class ReplayProgress {
 public:
  explicit ReplayProgress(std::uint64_t end) : end_(end) {}

  void reached(std::uint64_t seq) {
    if (at_ == 0) begin_ = seq;
    at_ = seq + 1;
  }
  void finished() {
    if (at_ == 0) begin_ = end_;
    at_ = end_;
  }

  std::uint64_t done() const { return at_ - begin_; }
  std::uint64_t all() const { return at_ == 0 ? 0 : end_ - begin_; }
  std::chrono::duration<double> elapsed() const { return Clock::now() - begun_; }
  /// How long the rest takes if it goes on like this; nullopt as long as nothing was read.
  std::optional<std::chrono::duration<double>> left() const {
    if (done() == 0) return std::nullopt;
    return elapsed() * (static_cast<double>(all() - done()) / static_cast<double>(done()));
  }
  std::string text() const {
    std::string text = "the event log is still being read after the start";
    const auto seconds = left();
    if (!seconds) return text;
    return base::cat(text, ": ", done(), " of ", all(), " events so far, ready in about ",
                     static_cast<std::int64_t>(std::ceil(seconds->count())), " s");
  }

 private:
  const Clock::time_point begun_ = Clock::now();
  const std::uint64_t end_;
  std::atomic<std::uint64_t> begin_ = 0;
  std::atomic<std::uint64_t> at_ = 0;
};

}  // namespace

/// Three parts: intake (append to the log), the indexing thread (log to tables) and queries.
class DuckDbStore::Impl {
 public:
  Impl(DuckDbStoreOptions options, std::unique_ptr<Database> database)
      : options_(std::move(options)), database_(std::move(database)) {}

  ~Impl() {
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    queue_moved_.notify_all();
    if (indexer_.joinable()) indexer_.join();
  }

  base::Status start(std::unique_ptr<LogFolder> folder, const base::Clock& clock) {
    TRY_ASSIGN(log_, EventLog::open(options_.log, std::move(folder), clock,
                                    [this](DurableBatch batch) { enqueue(std::move(batch)); }));
    durable_to_ = indexed_to_ = log_->first_seq_since_open();
    replay_.emplace(durable_to_);
    indexer_ = std::thread([this] { index_forever(); });
    return {};
  }

  // --- intake ---

  base::Status append(event::EncodedBatch batch) {
    const std::uint32_t events = batch.events;
    auto status = try_append(std::move(batch));
    const std::lock_guard lock(queue_mutex_);
    if (status.ok()) {
      events_appended_ += events;
    } else {
      ++append_failures_;
    }
    return status;
  }

  base::Status try_append(event::EncodedBatch batch) {
    if (batch.events == 0) return {};
    TRY(take_datasets(batch));
    return log_->append(std::move(batch));
  }

  base::Status take_datasets(const event::EncodedBatch& batch) {
    const std::lock_guard lock(queue_mutex_);
    const auto known = [&](std::string_view name) { return dataset_names_.contains(name); };
    TRY(check_intake(batch.datasets, dataset_names_.size(), known));
    dataset_names_.insert(batch.datasets.begin(), batch.datasets.end());
    fields_dropped_ += batch.fields_dropped;
    return {};
  }

  /// Keeps a batch for the indexing thread, or, when there is no room, only notes that it is in the
  /// log: then so are all that follow, until that thread reads them there.
  void enqueue(DurableBatch batch) {
    {
      const std::lock_guard lock(queue_mutex_);
      durable_to_ = batch.first_seq + batch.events;
      enqueued_ += batch.events;
      if (only_in_log_ > 0 || waiting_bytes_ + batch.bytes.size() > options_.waiting_bytes_max) {
        only_in_log_ += batch.events;
      } else {
        waiting_bytes_ += batch.bytes.size();
        queue_.push_back(std::move(batch));
      }
    }
    queue_moved_.notify_all();
  }

  // --- indexing ---

  void index_forever() {
    bool first = true;
    const auto status = log_->replay([&](std::uint64_t seq, const event::EventView& view) {
      if (first) log_begins_late_ = seq > 0;
      first = false;
      replay_->reached(seq);
      index(seq, view);
      return !stopping_;
    });
    if (!status.ok()) base::log_error("store: replay: ", status.error().context);
    log_begins_late_ = false;
    flush();
    replay_->finished();
    index_what_came_meanwhile();
    {
      const std::lock_guard lock(queue_mutex_);
      replayed_ = true;
    }
    queue_moved_.notify_all();
    while (index_waiting()) {
    }
  }

  /// So that the first answer is not about the past only.
  void index_what_came_meanwhile() {
    std::unique_lock lock(queue_mutex_);
    const std::uint64_t wanted = enqueued_;
    while (indexed_ < wanted && !stopping_) {
      lock.unlock();
      index_waiting();
      lock.lock();
    }
  }

  /// Indexes what waits, oldest first; false when the store is closing.
  bool index_waiting() {
    std::deque<DurableBatch> batches;
    std::uint64_t read_to = 0;
    std::uint64_t read_events = 0;
    {
      std::unique_lock lock(queue_mutex_);
      queue_moved_.wait(lock, [&] { return stopping_ || !queue_.empty() || only_in_log_ > 0; });
      if (stopping_) return false;
      batches.swap(queue_);
      if (batches.empty()) {
        // From here on new batches are kept again: they come after what is read now.
        read_to = durable_to_;
        read_events = std::exchange(only_in_log_, 0);
      }
    }
    if (read_events > 0) {
      index_from_log(read_to, read_events);
    } else {
      index_batches(batches);
    }
    queue_moved_.notify_all();
    return true;
  }

  void index_batches(const std::deque<DurableBatch>& batches) {
    const event::ColumnMap columns = event::ColumnMap::identity();
    std::uint64_t bytes = 0;
    std::uint64_t events = 0;
    for (const DurableBatch& batch : batches) {
      event::BatchReader reader(batch.bytes, columns);
      for (std::uint32_t i = 0; i < batch.events; ++i) {
        const auto more = reader.next(view_);
        if (!more.ok() || !*more) {
          base::log_error("store: a batch of our own is not readable");
          break;
        }
        index(batch.first_seq + i, view_);
      }
      bytes += batch.bytes.size();
      events += batch.events;
      indexed_to_ = batch.first_seq + batch.events;
    }
    flush();
    const std::lock_guard lock(queue_mutex_);
    waiting_bytes_ -= bytes;
    indexed_ += events;
  }

  /// Indexes the `events` events between what is indexed and `to`, for which there was no room.
  void index_from_log(std::uint64_t to, std::uint64_t events) {
    std::uint64_t found = 0;
    log_->read(indexed_to_, to, [&](std::uint64_t seq, const event::EventView& view) {
      ++found;
      index(seq, view);
      return !stopping_;
    });
    flush();
    indexed_to_ = to;
    if (found < events && !stopping_) {
      base::log_warn("store: ", events - found, " events left the log before they were indexed");
      not_indexed_ += events - found;
    }
    const std::lock_guard lock(queue_mutex_);
    indexed_ += events;
  }

  void index(std::uint64_t seq, const event::EventView& view) {
    DatasetTable* const table = table_for(view.dataset);
    if (table == nullptr || !table->add(seq, view).ok()) ++not_indexed_;
    if (log_begins_late_ && table != nullptr) table->note_older_are_missing();
    if (++since_memory_check_ >= kEventsPerMemoryCheck) keep_memory_free();
  }

  DatasetTable* table_for(std::string_view dataset) {
    if (last_table_ != nullptr && dataset == last_dataset_) return last_table_;
    const std::lock_guard lock(tables_mutex_);
    auto found = tables_.find(dataset);
    if (found == tables_.end()) {
      if (tables_.size() >= kDatasetsMax) return nullptr;
      found = tables_
                  .emplace(std::string(dataset),
                           std::make_unique<DatasetTable>(*database_, tables_.size(),
                                                          options_.events_in_memory_max))
                  .first;
      const std::lock_guard queue_lock(queue_mutex_);
      dataset_names_.insert(found->first);
    }
    last_dataset_ = found->first;
    last_table_ = found->second.get();
    return last_table_;
  }

  void flush() {
    // Only this thread adds tables, so it may walk them without the lock.
    for (auto& [name, table] : tables_) {
      if (auto status = table->flush(); !status.ok()) keep_memory_free();
    }
  }

  void keep_memory_free() {
    since_memory_check_ = 0;
    auto connection = database_->connect();
    if (!connection.ok()) return;
    auto rows = (*connection)
                    ->query({.text = "SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()"},
                            Clock::now() + options_.query_timeout);
    const bool known = rows.ok() && rows->next() && !rows->is_null(0);
    const double used = known ? static_cast<double>(rows->bigint(0)) : 0;
    if (used < kMemoryShareMax * static_cast<double>(options_.memory_bytes_max)) {
      database_->release(*std::move(connection));
      return;
    }
    DatasetTable* largest = nullptr;
    for (auto& [name, table] : tables_) {
      if (largest == nullptr || table->counts().queryable > largest->counts().queryable) {
        largest = table.get();
      }
    }
    if (largest != nullptr && largest->drop_oldest_part()) {
      base::log_warn(
          "store: memory_bytes_max is near: the oldest events of a dataset can no longer "
          "be queried");
    }
  }

  // --- queries ---

  /// A place among queries_at_once_max, given back at the end.
  class Place {
   public:
    explicit Place(Impl& impl) : impl_(impl) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      {
        const std::lock_guard lock(impl_.query_mutex_);
        --impl_.queries_;
      }
      impl_.query_ended_.notify_one();
    }

   private:
    Impl& impl_;
  };

  base::Result<ResultTable> select(const Select& select, const Cancellation& cancellation) {
    TRY(validate(select));
    const Clock::time_point deadline = Clock::now() + options_.query_timeout;
    TRY(wait_for_replay(deadline, cancellation));
    TRY(wait_for_place(deadline, cancellation));
    const Place place(*this);
    const TableView view = view_of(select.dataset);
    const SqlPlan plan =
        select.aggregates.empty() ? plan_rows(select, view) : plan_groups(select, view);
    TRY_ASSIGN(auto connection, database_->connect());
    TRY_ASSIGN(QueryRows rows, connection->query(plan.sql, deadline, cancellation));
    ResultTable table = plan.read(std::move(rows));
    database_->release(std::move(connection));
    return table;
  }

  /// Takes one of the places, which a Place gives back.
  base::Status wait_for_place(Clock::time_point deadline, const Cancellation& cancellation) {
    std::unique_lock lock(query_mutex_);
    while (!cancellation.cancelled()) {
      if (queries_ < options_.queries_at_once_max) {
        ++queries_;
        return {};
      }
      const Clock::time_point now = Clock::now();
      if (now >= deadline) {
        return base::error(base::ErrorKind::kTimeout,
                           base::cat("queries_at_once_max (", options_.queries_at_once_max,
                                     ") queries are under way and none ended in time"));
      }
      query_ended_.wait_until(lock, std::min(deadline, now + kCancellationLook));
    }
    return cancelled_query();
  }

  TableView view_of(std::string_view dataset) {
    const std::lock_guard lock(tables_mutex_);
    const auto found = tables_.find(dataset);
    return found == tables_.end() ? TableView{} : found->second->view();
  }

  /// Waits only when the replay will have ended by then, so that nobody waits for nothing.
  base::Status wait_for_replay(Clock::time_point deadline, const Cancellation& cancellation) {
    std::unique_lock lock(queue_mutex_);
    while (!replayed_) {
      if (cancellation.cancelled()) return cancelled_query();
      queue_moved_.wait_until(lock, std::min(deadline, Clock::now() + kReplayLook));
      if (replayed_) break;
      const auto left = replay_->left();
      const auto now = Clock::now();
      const bool in_time = replay_->elapsed() < kReplayBegins || (left && now + *left < deadline);
      if (now >= deadline || !in_time) {
        return base::error(base::ErrorKind::kUnavailable, replay_->text());
      }
    }
    return {};
  }

  base::Status wait_until_queryable(Clock::time_point deadline) {
    std::unique_lock lock(queue_mutex_);
    const std::uint64_t wanted = enqueued_;
    if (queue_moved_.wait_until(lock, deadline, [&] { return replayed_ && indexed_ >= wanted; })) {
      return {};
    }
    return base::error(base::ErrorKind::kTimeout, "events are still being indexed");
  }

  std::vector<DatasetInfo> datasets() {
    const std::lock_guard lock(tables_mutex_);
    std::vector<DatasetInfo> out;
    for (const auto& [name, table] : tables_) {
      const TableView view = table->view();
      DatasetInfo info{.name = name,
                       .columns = view.schema->columns.size(),
                       .aged_out_until_ns = table->counts().aged_out_until_ns};
      for (const PartView& part : view.parts) {
        if (part.events == 0) continue;
        const bool first = info.events == 0;
        info.time_min_ns = first ? part.time_min_ns : std::min(info.time_min_ns, part.time_min_ns);
        info.time_max_ns = first ? part.time_max_ns : std::max(info.time_max_ns, part.time_max_ns);
        info.events += part.events;
      }
      out.push_back(std::move(info));
    }
    return out;
  }

  base::Result<std::vector<DatasetColumn>> columns(std::string_view dataset) {
    {
      const std::lock_guard lock(tables_mutex_);
      if (!tables_.contains(dataset)) {
        return base::error(base::ErrorKind::kNotFound, base::cat("no dataset ", dataset));
      }
    }
    std::vector<DatasetColumn> out;
    const TableView view = view_of(dataset);
    for (const auto& [name, physical] : view.schema->columns) {
      DatasetColumn& column = out.emplace_back(DatasetColumn{name, {}});
      for (const int index : physical) {
        if (index != kAbsent) {
          column.types.push_back(view.schema->physical[static_cast<std::size_t>(index)]);
        }
      }
    }
    return out;
  }

  StoreStats stats() {
    StoreStats stats;
    const EventLogStats log = log_->stats();
    stats.log_bytes = log.bytes;
    stats.log_files = log.files;
    stats.failing_since_ns = log.failing_since_ns;
    stats.failing_with = log.failing_with;
    stats.log_bytes_cut = log.bytes_cut;
    stats.log_bytes_damaged = log.bytes_damaged;
    stats.log_ranges_damaged = log.ranges_damaged;
    {
      const std::lock_guard lock(queue_mutex_);
      stats.events_appended = events_appended_;
      stats.events_waiting = enqueued_ - indexed_;
      stats.waiting_bytes = waiting_bytes_;
      stats.append_failures = append_failures_;
      stats.fields_dropped = fields_dropped_;
    }
    stats.events_aged_out = not_indexed_;
    stats.replay_events = replay_->all();
    stats.replay_events_done = replay_->done();
    const std::lock_guard lock(tables_mutex_);
    for (const auto& [name, table] : tables_) {
      const DatasetTableCounts counts = table->counts();
      stats.events_queryable += counts.queryable;
      stats.events_aged_out += counts.aged_out;
      stats.fields_dropped += counts.fields_dropped;
    }
    return stats;
  }

 private:
  const DuckDbStoreOptions options_;
  const std::unique_ptr<Database> database_;  // outlives the tables
  std::unique_ptr<EventLog> log_;

  std::mutex tables_mutex_;
  std::map<std::string, std::unique_ptr<DatasetTable>, std::less<>> tables_;

  // The indexing thread's own.
  std::string last_dataset_;
  DatasetTable* last_table_ = nullptr;
  event::EventView view_;
  std::uint64_t since_memory_check_ = 0;
  std::uint64_t indexed_to_ = 0;  // number of the first event that is not indexed yet
  std::atomic<std::uint64_t> not_indexed_ = 0;

  std::mutex queue_mutex_;
  std::condition_variable queue_moved_;
  std::deque<DurableBatch> queue_;
  std::set<std::string, std::less<>> dataset_names_;
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t durable_to_ = 0;   // number of the first event that is not in the log yet
  std::uint64_t only_in_log_ = 0;  // events after the last in queue_, for which it had no room
  std::uint64_t enqueued_ = 0;
  std::uint64_t indexed_ = 0;
  std::uint64_t events_appended_ = 0;
  std::uint64_t append_failures_ = 0;
  std::uint64_t fields_dropped_ = 0;
  bool replayed_ = false;
  bool log_begins_late_ = false;  // while replaying: files before its first were removed
  std::atomic<bool> stopping_ = false;

  std::mutex query_mutex_;
  std::condition_variable query_ended_;
  std::size_t queries_ = 0;

  std::optional<ReplayProgress> replay_;  // from start() on
  std::thread indexer_;
};

base::Result<std::unique_ptr<DuckDbStore>> DuckDbStore::open(DuckDbStoreOptions options,
                                                             const base::Clock& clock) {
  TRY_ASSIGN(auto folder, open_log_folder(options.log.folder));
  return open(std::move(options), std::move(folder), clock);
}

base::Result<std::unique_ptr<DuckDbStore>> DuckDbStore::open(DuckDbStoreOptions options,
                                                             std::unique_ptr<LogFolder> folder,
                                                             const base::Clock& clock) {
  TRY_ASSIGN(auto database, Database::open({.memory_bytes_max = options.memory_bytes_max,
                                            .threads = options.threads}));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(database));
  TRY(impl->start(std::move(folder), clock));
  return std::unique_ptr<DuckDbStore>(new DuckDbStore(std::move(impl)));
}

DuckDbStore::DuckDbStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DuckDbStore::~DuckDbStore() = default;

base::Status DuckDbStore::append(std::span<const event::Event> events) {
  event::BatchEncoder encoder;
  for (const event::Event& event : events) encoder.add(event);
  return impl_->append(encoder.take());
}
base::Status DuckDbStore::append_encoded(event::EncodedBatch batch) {
  return impl_->append(std::move(batch));
}
base::Result<ResultTable> DuckDbStore::select(const Select& select,
                                              const Cancellation& cancellation) {
  return impl_->select(select, cancellation);
}
std::vector<DatasetInfo> DuckDbStore::datasets() { return impl_->datasets(); }
base::Result<std::vector<DatasetColumn>> DuckDbStore::columns(std::string_view dataset) {
  return impl_->columns(dataset);
}
StoreStats DuckDbStore::stats() { return impl_->stats(); }
base::Status DuckDbStore::wait_until_queryable(std::chrono::nanoseconds timeout) {
  return impl_->wait_until_queryable(Clock::now() + timeout);
}

}  // namespace understudy::store
