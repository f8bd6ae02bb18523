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
#include "store/duckdb/datasets.h"
#include "store/duckdb/duckdb_sql_console.h"
#include "store/duckdb/replay_progress.h"
#include "store/duckdb/row_window.h"
#include "store/duckdb/segment_keeper.h"
#include "store/duckdb/segment_recovery.h"
#include "store/duckdb/sql_plan.h"
#include "store/duckdb/sql_table.h"
#include "store/duckdb/tail_scan.h"
#include "store/intake.h"
#include "store/sql_process/sql_messages.h"
#include "store/sql_process/sql_process.h"

namespace understudy::store {
namespace {

using Clock = std::chrono::steady_clock;

// How often the indexing thread looks for blocks that are too old, also when nothing arrives.
constexpr std::chrono::milliseconds kAgeLook(250);
// How often failing questions may have the bytes of segments read again.
constexpr std::chrono::seconds kCheckInterval(10);
// A block is at most so large a part of the tail, which so has room while blocks are written.
constexpr std::uint64_t kBlocksPerTail = 4;
// How often a query that waits for the replay looks at how far it is, and how long a replay runs
// before its speed says anything: the first events make tables and columns.
constexpr std::chrono::milliseconds kReplayLook(50);
constexpr std::chrono::milliseconds kReplayBegins(1'000);
// How often a query that waits for its turn looks whether anybody still wants it.
constexpr std::chrono::milliseconds kCancellationLook(20);

}  // namespace

/// Four parts: intake (append to the log), the indexing thread (log to tail), the keeper (tail to
/// segments) and queries.
class DuckDbStore::Impl {
 public:
  Impl(DuckDbStoreOptions options, std::unique_ptr<SegmentFolder> segment_folder,
       std::unique_ptr<Database> database, const base::Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        segment_folder_(std::move(segment_folder)),
        database_(std::move(database)),
        datasets_({.block_rows_max = options_.segment_events,
                   .block_bytes_max = options_.tail_bytes_max / kBlocksPerTail}),
        keeper_({.segment_events = options_.segment_events,
                 .retention_age = options_.retention_age,
                 .retention_bytes = options_.retention_bytes},
                datasets_, *segment_folder_, *database_, clock, [this] { segments_written(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    queue_moved_.notify_all();
    if (indexer_.joinable()) indexer_.join();
    keeper_.stop();
  }

  base::Status start(std::unique_ptr<LogFolder> folder) {
    TRY(tail_scan_.install(*database_));
    if (options_.sql_executable.empty()) TRY(open_sql_console());
    TRY_ASSIGN(segment_files_, segment_folder_->list());
    for (const auto& files : segment_files_) dataset_names_.insert(files.dataset);
    EventLogOptions log = options_.log;
    // A number that a segment speaks of must not come again, whatever is left of the log.
    log.next_seq_min = end_of_claims(segment_files_);
    TRY_ASSIGN(log_, EventLog::open(std::move(log), std::move(folder), clock_,
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
    TRY(refuse_when_full());
    TRY(take_datasets(batch));
    return log_->append(std::move(batch));
  }

  /// When segments cannot be written, what arrives would only be in memory and in the log: taken as
  /// long as the tail has room.
  base::Status refuse_when_full() const {
    if (datasets_.tail_bytes() < options_.tail_bytes_max) return {};
    const KeeperStats keeper = keeper_.stats();
    if (keeper.failing_since_ns == 0) return {};
    return base::error(
        base::ErrorKind::kLimit,
        base::cat("no event is taken until segments can be written again: ", keeper.failing_with));
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
    recover_segments(*segment_folder_, segment_files_, datasets_);
    segment_files_.clear();
    keeper_.start();
    const auto status = log_->replay([&](std::uint64_t seq, const event::EventView& view) {
      replay_->reached(seq);
      index(seq, view);
      return !stopping_;
    });
    if (!status.ok()) base::log_error("store: replay: ", status.error().context);
    flush();
    replay_->finished();
    index_what_came_meanwhile();
    {
      const std::lock_guard lock(queue_mutex_);
      replayed_ = true;
    }
    queue_moved_.notify_all();
    segments_written();  // of what was replayed
    while (index_waiting()) seal_what_is_old();
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
      queue_moved_.wait_for(lock, kAgeLook, [&] {
        return stopping_ || seal_all_ || !queue_.empty() || only_in_log_ > 0;
      });
      if (stopping_) return false;
      batches.swap(queue_);
      if (batches.empty() && only_in_log_ == 0) return true;
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
    }
    flush();
    const std::lock_guard lock(queue_mutex_);
    indexed_to_ = batches.back().first_seq + batches.back().events;
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
    if (found < events && !stopping_) {
      base::log_warn("store: ", events - found, " events left the log before they were indexed");
      not_indexed_ += events - found;
    }
    const std::lock_guard lock(queue_mutex_);
    indexed_to_ = to;
    indexed_ += events;
  }

  void index(std::uint64_t seq, const event::EventView& view) {
    Dataset* const dataset = dataset_for(view.dataset);
    if (dataset == nullptr) {
      ++not_indexed_;
      return;
    }
    if (dataset->holds(seq)) return;
    if (dataset->add(seq, view, now_ns_)) keeper_.wake();
    if (unpublished_.empty() || unpublished_.back() != dataset) unpublished_.push_back(dataset);
    if (datasets_.tail_bytes() >= options_.tail_bytes_max) make_room();
  }

  Dataset* dataset_for(std::string_view name) {
    if (last_dataset_ != nullptr && name == last_dataset_->name()) return last_dataset_;
    Dataset* const dataset = datasets_.find_or_make(name);
    if (dataset == nullptr) return nullptr;
    last_dataset_ = dataset;
    const std::lock_guard lock(queue_mutex_);
    dataset_names_.insert(dataset->name());
    return dataset;
  }

  /// Makes what was added visible.
  void flush() {
    for (Dataset* dataset : unpublished_) dataset->publish();
    unpublished_.clear();
    now_ns_ = clock_.steady_ns();
    // Half of the tail is for blocks on their way to the disk.
    if (datasets_.tail_bytes() >= options_.tail_bytes_max / 2 && !any_sealed()) seal_largest();
  }

  bool any_sealed() const {
    for (const Dataset* dataset : datasets_.all()) {
      if (dataset->oldest_sealed()) return true;
    }
    return false;
  }

  void seal_largest() {
    Dataset* largest = nullptr;
    for (Dataset* dataset : datasets_.all()) {
      if (largest == nullptr || dataset->filling_bytes() > largest->filling_bytes()) {
        largest = dataset;
      }
    }
    if (largest != nullptr) largest->seal();
    keeper_.wake();
  }

  /// The tail is at its bound: waits until blocks became segments. Meanwhile events are in the log.
  void make_room() {
    flush();
    while (!stopping_ && datasets_.tail_bytes() >= options_.tail_bytes_max) {
      if (!any_sealed()) seal_largest();
      std::unique_lock lock(queue_mutex_);
      queue_moved_.wait_for(lock, kAgeLook, [&] {
        return stopping_ || datasets_.tail_bytes() < options_.tail_bytes_max;
      });
    }
  }

  void seal_what_is_old() {
    now_ns_ = clock_.steady_ns();
    bool all = false;
    {
      const std::lock_guard lock(queue_mutex_);
      // Not before everything that was waiting then is in the tail.
      all = seal_all_ && queue_.empty() && only_in_log_ == 0;
      if (all) seal_all_ = false;
    }
    if (!all && now_ns_ < age_look_due_ns_) return;
    age_look_due_ns_ =
        now_ns_ + std::chrono::duration_cast<std::chrono::nanoseconds>(kAgeLook).count();
    bool sealed = false;
    for (Dataset* dataset : datasets_.all()) {
      const auto since_ns = dataset->filling_since_ns();
      if (!since_ns || (!all && now_ns_ - *since_ns < options_.segment_age.count())) continue;
      dataset->seal();
      sealed = true;
    }
    if (sealed) keeper_.wake();
    if (all) {
      const std::lock_guard lock(queue_mutex_);
      ++sealed_all_;
      queue_moved_.notify_all();
    }
  }

  /// Called by the keeper, and after the replay: log files whose events are all in segments may go.
  void segments_written() {
    std::uint64_t needed_from = 0;
    {
      const std::lock_guard lock(queue_mutex_);
      if (replayed_) needed_from = indexed_to_;
    }
    // After indexed_to_ was read: whatever is below it is in a block or in a segment by now.
    for (const Dataset* dataset : datasets_.all()) {
      needed_from = std::min(needed_from, dataset->first_in_tail().value_or(needed_from));
    }
    log_->release(needed_from);
    queue_moved_.notify_all();
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
    auto table = ask(select, view, deadline, cancellation);
    if (table.ok() || table.error().kind != base::ErrorKind::kInternal) return table;
    // Perhaps a segment is not what it was: then the rest answers.
    if (!check_segments_of(select, view)) return table;
    return ask(select, view_of(select.dataset), deadline, cancellation);
  }

  /// Compares the checksums of what a question is about, not more often than now and then, as it
  /// reads all their bytes. Whether asking again may help: some were set aside, now or by a check
  /// that another question waited for.
  bool check_segments_of(const Select& select, const TableView& view) {
    const std::lock_guard lock(check_mutex_);
    if (Clock::now() < check_due_) return view_of(select.dataset).segments != view.segments;
    SegmentRun asked;
    for (const auto& segment : view.segments) {
      if ((*segment)->time_max_ns >= select.start_ns && (*segment)->time_min_ns < select.end_ns) {
        asked.push_back(segment);
      }
    }
    const bool set_aside = keeper_.check(select.dataset, asked);
    check_due_ = Clock::now() + kCheckInterval;
    return set_aside;
  }

  /// Takes a place as any other query does.
  base::Result<SqlAnswer> run(const SqlQuestion& question, const Cancellation& cancellation) {
    const Clock::time_point deadline =
        Clock::now() + std::min(question.timeout, options_.query_timeout);
    TRY(wait_for_replay(deadline, cancellation));
    TRY(wait_for_place(deadline, cancellation));
    const Place place(*this);
    if (sql_console_) return sql_console_->run(question, deadline, cancellation);
    return run_in_process(
        {.executable = options_.sql_executable,
         .memory_bytes_max = DuckDbSqlConsole::Options().memory_bytes_max,
         .folder = segment_folder_->path()},
        question, dataset_names(),
        [this](std::string_view name, int table) { return process_table(name, table); }, deadline,
        cancellation);
  }

  /// For a process: what is in memory goes with it as a file.
  base::Result<SqlProcessTable> process_table(std::string_view name, int table) {
    auto view = std::make_shared<TableView>(view_of(name));
    TRY_ASSIGN(Descriptor tail, move_tail_to_file(*view, *segment_folder_, sql_tail_path(table)));
    std::string sql = sql_table(std::string(name), *view);
    return SqlProcessTable{std::move(sql), std::move(tail), std::move(view)};
  }

  base::Status open_sql_console() {
    const auto table = [this](const std::string& name) -> base::Result<SqlTable> {
      auto view = std::make_shared<TableView>(view_of(name));
      tail_scan_.offer(*view);
      std::string sql = sql_table(name, *view);
      return SqlTable{std::move(sql), std::move(view)};
    };
    TRY_ASSIGN(sql_console_, DuckDbSqlConsole::open(
                                 {.folder = segment_folder_->path()},
                                 {.names = [this] { return dataset_names(); }, .table = table}));
    return tail_scan_.install(sql_console_->database());
  }

  base::Result<ResultTable> ask(Select select, TableView view, Clock::time_point deadline,
                                const Cancellation& cancellation) {
    tail_scan_.offer(view);
    TRY_ASSIGN(auto connection, database_->connect());
    if (has_row_window(select, view)) {
      TRY_ASSIGN(QueryRows last,
                 connection->query(row_window(select, view), deadline, cancellation));
      if (!last.next() || last.is_null(0)) {
        view.segments.clear();  // there are none; what is left says which columns an answer has
        view.blocks.clear();
      } else {
        select = within_row_window(std::move(select), last.bigint(0));
      }
    }
    const SqlPlan plan =
        select.aggregates.empty() ? plan_rows(select, view) : plan_groups(select, view);
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

  std::vector<std::string> dataset_names() const {
    std::vector<std::string> names;
    for (const Dataset* const dataset : datasets_.all()) names.push_back(dataset->name());
    return names;
  }

  TableView view_of(std::string_view name) const {
    const Dataset* const dataset = datasets_.find(name);
    return dataset == nullptr ? TableView{} : dataset->view();
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

  base::Status write_segments(Clock::time_point deadline) {
    TRY(wait_until_queryable(deadline));
    std::unique_lock lock(queue_mutex_);
    const std::uint64_t wanted = sealed_all_ + 1;
    seal_all_ = true;
    queue_moved_.notify_all();
    while (Clock::now() < deadline) {
      lock.unlock();
      bool all = true;
      for (const Dataset* dataset : datasets_.all()) all = all && !dataset->oldest_sealed();
      const KeeperStats keeper = keeper_.stats();
      lock.lock();
      if (keeper.failing_since_ns != 0) {
        return base::error(base::ErrorKind::kIo, keeper.failing_with);
      }
      if (all && sealed_all_ >= wanted) return {};
      queue_moved_.wait_until(lock, std::min(deadline, Clock::now() + kReplayLook));
    }
    return base::error(base::ErrorKind::kTimeout, "segments are still being written");
  }

  std::vector<DatasetInfo> datasets() const {
    std::vector<DatasetInfo> out;
    for (const Dataset* dataset : datasets_.all()) {
      const TableView view = dataset->view();
      const DatasetCounts counts = dataset->counts();
      DatasetInfo info{.name = dataset->name(),
                       .columns = view.schema->columns.size(),
                       .aged_out_until_ns = counts.gone_until_ns,
                       .segments_damaged = counts.segments_damaged};
      const auto add = [&](std::uint64_t events, std::int64_t min_ns, std::int64_t max_ns) {
        if (events == 0) return;
        const bool first = info.events == 0;
        info.time_min_ns = first ? min_ns : std::min(info.time_min_ns, min_ns);
        info.time_max_ns = first ? max_ns : std::max(info.time_max_ns, max_ns);
        info.events += events;
      };
      for (const auto& segment : view.segments) {
        add((*segment)->events, (*segment)->time_min_ns, (*segment)->time_max_ns);
      }
      for (const BlockView& block : view.blocks) {
        add(block.rows, block.time_min_ns, block.time_max_ns);
      }
      out.push_back(std::move(info));
    }
    return out;
  }

  base::Result<std::vector<DatasetColumn>> columns(std::string_view dataset) {
    if (datasets_.find(dataset) == nullptr) {
      return base::error(base::ErrorKind::kNotFound, base::cat("no dataset ", dataset));
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
    stats.replay_events = replay_->all();
    stats.replay_events_done = replay_->done();
    const KeeperStats keeper = keeper_.stats();
    stats.events_aged_out = not_indexed_ + keeper.events_removed;
    stats.segments_written = keeper.segments_written;
    stats.segments_merged = keeper.segments_merged;
    stats.tail_bytes = datasets_.tail_bytes();
    if (stats.failing_since_ns == 0 && !refuse_when_full().ok()) {
      stats.failing_since_ns = keeper.failing_since_ns;
      stats.failing_with = keeper.failing_with;
    }
    for (const Dataset* dataset : datasets_.all()) {
      const DatasetCounts counts = dataset->counts();
      stats.events_queryable += counts.in_segments + counts.in_tail;
      stats.fields_dropped += counts.fields_dropped;
      stats.segments += counts.segments;
      stats.segment_bytes += counts.segment_bytes;
      stats.segments_damaged += counts.segments_damaged;
    }
    return stats;
  }

 private:
  const DuckDbStoreOptions options_;
  const base::Clock& clock_;
  const std::unique_ptr<SegmentFolder> segment_folder_;
  TailScan tail_scan_;  // outlives the database
  const std::unique_ptr<Database> database_;
  std::unique_ptr<EventLog> log_;
  Datasets datasets_;
  std::vector<SegmentFolder::DatasetFiles> segment_files_;  // between start and recovery
  SegmentKeeper keeper_;
  std::unique_ptr<DuckDbSqlConsole> sql_console_;

  // The indexing thread's own.
  Dataset* last_dataset_ = nullptr;
  std::vector<Dataset*> unpublished_;
  event::EventView view_;
  std::int64_t now_ns_ = 0;
  std::int64_t age_look_due_ns_ = 0;
  std::atomic<std::uint64_t> not_indexed_ = 0;

  std::mutex queue_mutex_;
  std::condition_variable queue_moved_;
  std::deque<DurableBatch> queue_;
  std::set<std::string, std::less<>> dataset_names_;
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t indexed_to_ = 0;   // number of the first event that is not indexed yet
  std::uint64_t durable_to_ = 0;   // number of the first event that is not in the log yet
  std::uint64_t only_in_log_ = 0;  // events after the last in queue_, for which it had no room
  std::uint64_t enqueued_ = 0;
  std::uint64_t indexed_ = 0;
  std::uint64_t events_appended_ = 0;
  std::uint64_t append_failures_ = 0;
  std::uint64_t fields_dropped_ = 0;
  bool replayed_ = false;
  bool seal_all_ = false;         // every block is to become a segment
  std::uint64_t sealed_all_ = 0;  // how often that was done
  std::atomic<bool> stopping_ = false;

  std::mutex query_mutex_;
  std::condition_variable query_ended_;
  std::size_t queries_ = 0;
  std::mutex check_mutex_;
  Clock::time_point check_due_ = {};

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
  if (options.segments_folder.empty()) {
    if (options.log.folder.empty()) return base::invalid("no folder for segments is named");
    options.segments_folder = options.log.folder + "/segments";
  }
  TRY_ASSIGN(auto segments, open_segment_folder(options.segments_folder));
  TRY_ASSIGN(auto database, Database::open({.memory_bytes_max = options.memory_bytes_max,
                                            .threads = options.threads,
                                            .folder = segments->path()}));
  auto impl =
      std::make_unique<Impl>(std::move(options), std::move(segments), std::move(database), clock);
  TRY(impl->start(std::move(folder)));
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
base::Result<SqlAnswer> DuckDbStore::run(const SqlQuestion& question,
                                         const Cancellation& cancellation) {
  return impl_->run(question, cancellation);
}
StoreStats DuckDbStore::stats() { return impl_->stats(); }
base::Status DuckDbStore::write_segments(std::chrono::nanoseconds timeout) {
  return impl_->write_segments(Clock::now() + timeout);
}
base::Status DuckDbStore::wait_until_queryable(std::chrono::nanoseconds timeout) {
  return impl_->wait_until_queryable(Clock::now() + timeout);
}

}  // namespace understudy::store
