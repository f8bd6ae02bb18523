#include "store/duckdb/compaction.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "store/duckdb/sql_plan.h"
#include "store/segment/segment_writer.h"

namespace understudy::store {
namespace {

using event::Type;

// Segments that are merged at once.
constexpr std::size_t kRunMin = 8;
constexpr std::size_t kRunMax = 32;
// With more segments than this in a dataset, full ones are merged too, up to so many times their
// size.
constexpr std::size_t kSegmentsMax = 128;
constexpr std::size_t kLargestInFullOnes = 8;

bool barrier_between(const std::vector<SegmentClaim>& barriers, const Segment& a,
                     const Segment& b) {
  return std::any_of(barriers.begin(), barriers.end(), [&](const SegmentClaim& claim) {
    return claim.from < b->claim.to && claim.to > a->claim.from;
  });
}

// A first event that much older than its segment, in spans, tells of the past and not of when it
// came.
constexpr double kSpansPlausible = 16;

/// By when the events of a segment had not come yet: the one before it had been written. Of the
/// first one only its times tell, as long as they can be those of its coming.
double arrived_after_ns(const SegmentRun& segments, std::size_t index,
                        std::chrono::nanoseconds span_max) {
  if (index > 0) return static_cast<double>((*segments[index - 1])->written_unix_ns);
  const auto written_ns = static_cast<double>((*segments[0])->written_unix_ns);
  const double age_ns = written_ns - static_cast<double>((*segments[0])->time_min_ns);
  const bool plausible =
      age_ns >= 0 && age_ns <= kSpansPlausible * static_cast<double>(span_max.count());
  return plausible ? written_ns - age_ns : written_ns;
}

/// The first stretch of neighbours of fewer than `small` events each that is long enough, or that
/// holds enough for a segment of `most` events.
SegmentRun first_run(const SegmentRun& segments, const std::vector<SegmentClaim>& barriers,
                     std::size_t small, std::size_t most, std::chrono::nanoseconds span_max) {
  SegmentRun run;
  std::size_t events = 0;
  double from_ns = 0;  // nothing of the run came before
  const auto enough = [&] {
    return run.size() >= kRunMin || (run.size() > 1 && events * 2 >= most);
  };
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& segment = segments[i];
    const double after_ns = arrived_after_ns(segments, i, span_max);
    const double span_ns =
        static_cast<double>((*segment)->written_unix_ns) - (run.empty() ? after_ns : from_ns);
    const bool fits = (*segment)->events < small && events + (*segment)->events <= most &&
                      run.size() < kRunMax && span_ns <= static_cast<double>(span_max.count()) &&
                      (run.empty() || !barrier_between(barriers, *run.back(), *segment));
    if (!fits) {
      if (enough()) return run;
      run.clear();
      events = 0;
      if ((*segment)->events >= small) continue;
    }
    if (run.empty()) from_ns = after_ns;
    run.push_back(segment);
    events += (*segment)->events;
  }
  return enough() ? run : SegmentRun{};
}

/// The rows of one segment, oldest first.
class Reader {
 public:
  static base::Result<Reader> open(Database& database, const Segment& segment,
                                   const std::vector<SegmentColumn>& columns) {
    std::string list = "time, sample_rate, seq";
    std::vector<std::size_t> places;
    std::size_t place = 3;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto found = segment->layout->find(static_cast<int>(columns[i].physical));
      if (found == segment->layout->end()) continue;
      list += base::cat(", ", sql_quoted(found->second, '"'));
      places.push_back(i);
      ++place;
    }
    TRY_ASSIGN(auto connection, database.connect());
    TRY_ASSIGN(QueryRows rows, connection->stream(base::cat("SELECT ", list, " FROM read_parquet(",
                                                            sql_quoted(segment->path, '\''),
                                                            ", hive_partitioning = false)")));
    Reader reader(std::move(connection), std::move(rows), std::move(places));
    reader.next();
    return reader;
  }

  bool at_end() const { return at_end_; }
  void next() { at_end_ = !rows_.next(); }
  bool failed() { return rows_.failed(); }
  std::int64_t time_ns() const { return rows_.bigint(0); }
  std::int64_t seq() const { return rows_.bigint(2); }

  void copy_to(TailBlock& block, const std::vector<SegmentColumn>& columns) const {
    block.begin_row(static_cast<std::uint64_t>(seq()), time_ns(),
                    static_cast<std::uint32_t>(rows_.bigint(1)));
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const std::size_t at = 3 + i;
      if (rows_.is_null(at)) continue;
      const SegmentColumn& column = columns[places_[i]];
      switch (column.column.type) {
        case Type::kBool:
          block.set(column.physical, rows_.boolean(at));
          break;
        case Type::kInt:
          block.set(column.physical, rows_.bigint(at));
          break;
        case Type::kDouble:
          block.set(column.physical, rows_.number(at));
          break;
        case Type::kString:
        case Type::kNull:
          block.set(column.physical, rows_.text(at));
          break;
      }
    }
    block.end_row();
  }

 private:
  Reader(std::unique_ptr<Connection> connection, QueryRows rows, std::vector<std::size_t> places)
      : connection_(std::move(connection)), rows_(std::move(rows)), places_(std::move(places)) {}

  std::unique_ptr<Connection> connection_;
  QueryRows rows_;
  std::vector<std::size_t> places_;  // which of the columns each further SQL column is
  bool at_end_ = false;
};

}  // namespace

SegmentRun choose_compaction(const SegmentRun& segments, const std::vector<SegmentClaim>& barriers,
                             std::size_t segment_events, std::chrono::nanoseconds span_max) {
  SegmentRun run = first_run(segments, barriers, segment_events / 2 + 1, segment_events, span_max);
  if (!run.empty()) return run;
  if (segments.size() <= kSegmentsMax) return {};
  return first_run(segments, barriers, segment_events * 2, segment_events * kLargestInFullOnes,
                   span_max);
}

base::Result<std::shared_ptr<const Segment>> compact(Database& database, SegmentFolder& folder,
                                                     Dataset& dataset, const SegmentRun& run,
                                                     std::size_t block_rows,
                                                     const std::function<base::Status()>& between) {
  const std::vector<SegmentMetadata::Column> known = dataset.file_columns();
  std::set<int> used;
  std::set<int> with_nan;
  Segment::Content content{.claim = {(*run.front())->claim.from, (*run.back())->claim.to},
                           .time_min_ns = (*run.front())->time_min_ns,
                           .time_max_ns = (*run.front())->time_max_ns};
  for (const auto& segment : run) {
    for (const auto& [physical, name] : *(*segment)->layout) used.insert(physical);
    with_nan.insert((*segment)->with_nan.begin(), (*segment)->with_nan.end());
    content.events += (*segment)->events;
    content.time_min_ns = std::min(content.time_min_ns, (*segment)->time_min_ns);
    content.time_max_ns = std::max(content.time_max_ns, (*segment)->time_max_ns);
    content.weighted = content.weighted || (*segment)->weighted;
    content.written_unix_ns = std::max(content.written_unix_ns, (*segment)->written_unix_ns);
  }
  std::vector<SegmentColumn> columns;
  SegmentLayout layout;
  for (const int physical : used) {
    const auto at = static_cast<std::size_t>(physical);
    columns.push_back({at, known[at]});
    columns.back().column.nan = with_nan.contains(physical);
    layout[physical] = known[at].name;
  }

  TRY_ASSIGN(auto file, folder.create(dataset.name()));
  SegmentWriter writer(*file,
                       {.dataset = dataset.name(),
                        .events = content.events,
                        .time_min_ns = content.time_min_ns,
                        .time_max_ns = content.time_max_ns,
                        .weighted = content.weighted},
                       columns);
  std::vector<Reader> readers;
  for (const auto& segment : run) {
    TRY_ASSIGN(Reader reader, Reader::open(database, *segment, columns));
    readers.push_back(std::move(reader));
  }
  auto block = std::make_unique<TailBlock>(block_rows);
  std::uint64_t copied = 0;
  for (;;) {
    Reader* oldest = nullptr;
    for (Reader& reader : readers) {
      if (reader.at_end()) continue;
      if (oldest == nullptr || reader.time_ns() < oldest->time_ns() ||
          (reader.time_ns() == oldest->time_ns() && reader.seq() < oldest->seq())) {
        oldest = &reader;
      }
    }
    if (oldest == nullptr || block->full()) {
      if (block->rows() > 0) TRY(writer.add(*block));
      if (oldest == nullptr) break;
      block = std::make_unique<TailBlock>(block_rows);
      TRY(between());
    }
    oldest->copy_to(*block, columns);
    ++copied;
    oldest->next();
  }
  for (Reader& reader : readers) {
    if (reader.failed()) {
      return base::error(base::ErrorKind::kProtocol, "a segment to be merged cannot be read");
    }
  }
  if (copied != content.events) {
    return base::error(
        base::ErrorKind::kProtocol,
        base::cat("segments to be merged have ", copied, " events instead of ", content.events));
  }
  TRY(writer.finish());
  TRY_ASSIGN(content.path, file->finish(content.claim));
  content.bytes = writer.bytes();
  content.layout = dataset.shared(std::move(layout));
  content.with_nan.assign(with_nan.begin(), with_nan.end());
  content.crc = parse_segment_file_name(content.path.substr(content.path.rfind('/') + 1))
                    .value_or(SegmentName{})
                    .crc;
  return std::make_shared<const Segment>(folder, std::move(content));
}

}  // namespace understudy::store
