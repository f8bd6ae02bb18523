// Random events and random questions: the DuckDB engine must give the tables the memory engine
// gives. UNDERSTUDY_DIFFERENTIAL_SEEDS=1000 runs more; a failure prints the seed that repeats it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "base/rng.h"
#include "base/text.h"
#include "store/duckdb/duckdb_store.h"
#include "store/histogram.h"
#include "store/log/fake_folder.h"
#include "store/memory/memory_store.h"

namespace understudy::store {
namespace {

using event::Column;
using event::Event;
using event::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kTwoTo53 = 9'007'199'254'740'992;

const std::vector<std::string> kColumns = {"mixed", "number", "text",    "flag",
                                           "int",   "double", "nothing", "rare"};

/// Doubles are multiples of 1/8 so that sums are exact in any order.
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : rng_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  Value text() {
    static const std::vector<std::string> kTexts = {
        "",
        "5",
        "5.0",
        "a",
        "ab",
        "abc",
        "b",
        "bc",
        "true",
        "null",
        "NaN",
        "\xC3\xA4",
        "\xE2\x82\xAC"
        "uro",
        "\xF0\x9F\x9A\x80",
        std::string("a\0b", 3),
        "it's \"quoted\"; --",
        "%",
        "_",
        "A long text that does not fit into a short string"};
    return kTexts[below(kTexts.size())];
  }
  Value integer() {
    static const std::vector<std::int64_t> kInts = {0,
                                                    1,
                                                    -1,
                                                    2,
                                                    5,
                                                    100,
                                                    -7,
                                                    kTwoTo53,
                                                    kTwoTo53 + 1,
                                                    -kTwoTo53 - 1,
                                                    std::numeric_limits<std::int64_t>::max(),
                                                    std::numeric_limits<std::int64_t>::min()};
    return one_in(8) ? Value(kInts[below(kInts.size())])
                     : Value(static_cast<std::int64_t>(below(12)) - 4);
  }
  Value number() {
    switch (below(12)) {
      case 0:
        return std::nan("");
      case 1:
        return kInfinity;
      case 2:
        return -kInfinity;
      case 3:
        return -0.0;
      case 4:
        return 5.0;
      default:
        return static_cast<double>(static_cast<std::int64_t>(below(200)) - 100) / 8;
    }
  }
  Value constant() {
    switch (below(9)) {
      case 0:
        return Value();
      case 1:
        return one_in(2);
      case 2:
      case 3:
        return text();
      case 4:
        return one_in(2) ? Value(9007199254740992.0) : Value(1e300);
      case 5:
      case 6:
        return number();
      default:
        return integer();
    }
  }
  Value for_column(std::size_t column) {
    if (one_in(5)) return Value();
    switch (column) {
      case 0:
        return constant();
      case 1:
        return one_in(2) ? number() : Value(static_cast<std::int64_t>(below(12)) - 4);
      case 2:
        return text();
      case 3:
        return one_in(2);
      case 4:
        return integer();
      case 5:
        return number();
      case 7:
        return one_in(40) ? constant() : Value();
      default:
        return Value();
    }
  }
  const std::string& column() {
    static const std::string kUnknown = "never.seen";
    return one_in(15) ? kUnknown : kColumns[below(kColumns.size())];
  }

  Event event() {
    Event made(one_in(10) ? "other" : "events",
               static_cast<std::int64_t>(below(2'000)) - 1'000 + (one_in(50) ? 1'000'000 : 0),
               weighted ? static_cast<std::uint32_t>(below(6)) : 1);
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const Value value = for_column(i);
      if (value.is_null() && one_in(2)) continue;
      made.add(*Column::intern(kColumns[i]), value.view());
    }
    if (one_in(20)) made.add(*Column::intern("mixed"), constant().view());  // twice
    return made;
  }

  Filter filter(int depth) {
    const std::uint64_t kind = depth == 0 ? 3 : below(6);
    if (kind == 0 || kind == 1) {
      std::vector<Filter> children;
      for (std::uint64_t i = below(4); i > 0; --i) children.push_back(filter(depth - 1));
      return kind == 0 ? all_of(std::move(children)) : any_of(std::move(children));
    }
    if (kind == 2) return negate(filter(depth - 1));
    const auto op = static_cast<FilterOp>(below(16));
    switch (op) {
      case FilterOp::kExists:
      case FilterOp::kDoesNotExist:
        return test(column(), op);
      case FilterOp::kIn:
      case FilterOp::kNotIn: {
        std::vector<Value> values;
        for (std::uint64_t i = below(5); i > 0; --i) values.push_back(constant());
        return test(column(), op, std::move(values));
      }
      case FilterOp::kStartsWith:
      case FilterOp::kDoesNotStartWith:
      case FilterOp::kEndsWith:
      case FilterOp::kDoesNotEndWith:
      case FilterOp::kContains:
      case FilterOp::kDoesNotContain:
        return test(column(), op, {text()});
      default:
        return test(column(), op, {constant()});
    }
  }

  /// Sums are asked of columns whose sums are exact in doubles.
  Aggregate aggregate() {
    Aggregate made{.kind = static_cast<AggregateKind>(below(closed ? 9 : 8))};
    const bool sums = made.kind == AggregateKind::kSum || made.kind == AggregateKind::kAvg;
    if (made.kind > AggregateKind::kRows) made.column = sums ? "number" : column();
    static const std::vector<double> kQuantiles = {0,   0.001, 0.05, 0.07, 0.1,   0.25, 0.5,
                                                   0.7, 0.75,  0.9,  0.99, 0.999, 1};
    made.quantile =
        one_in(5) ? static_cast<double>(below(1'000)) / 999 : kQuantiles[below(kQuantiles.size())];
    if (one_in(3)) made.filter = filter(1);
    return made;
  }

  /// Postfix over `aggregates` values, two to five of them.
  Formula formula(std::size_t aggregates) {
    Formula made{.name = "formula"};
    std::size_t depth = 0;
    for (std::uint64_t left = 2 + below(4); left > 0 || depth > 1;) {
      if (left > 0 && (depth < 2 || one_in(2))) {
        made.steps.push_back(
            one_in(4) ? FormulaStep{.number = static_cast<double>(below(5)) - 2}
                      : FormulaStep{.kind = FormulaStep::Kind::kAggregate,
                                    .aggregate = static_cast<std::size_t>(below(aggregates))});
        --left;
        ++depth;
      } else {
        made.steps.push_back({.kind = static_cast<FormulaStep::Kind>(2 + below(4))});
        --depth;
      }
    }
    return made;
  }

  Select select() {
    Select made{.dataset = one_in(10) ? "other" : one_in(30) ? "nobody" : "events"};
    if (one_in(3)) made.start_ns = static_cast<std::int64_t>(below(1'500)) - 1'000;
    if (one_in(3)) made.end_ns = static_cast<std::int64_t>(below(1'500)) - 500;
    closed = one_in(4);  // what concurrency needs; a span of 1/8 ms is 125,000 ns long
    if (closed) {
      const std::int64_t scale = one_in(2) ? 1 : 100'000;
      made.start_ns = (static_cast<std::int64_t>(below(1'500)) - 1'000) * scale;
      made.end_ns = made.start_ns + 1 + static_cast<std::int64_t>(below(3'000)) * scale;
    }
    if (!one_in(3)) made.filter = filter(3);
    made.limit = one_in(3) ? 1 + below(5) : 1'000;
    if (one_in(5)) {
      if (one_in(2)) made.order = {{.by = Order::By::kTime, .descending = one_in(2)}};
      for (std::uint64_t i = below(4); i > 0; --i) made.row_columns.push_back(column());
      if (one_in(3)) {  // shares that leave nothing to chance
        made.order.clear();
        made.limit = 100'000;
        made.sample = {.marked = filter(2),
                       .marked_share = one_in(3) ? 0.0 : 1.0,
                       .other_share = one_in(3) ? 0.0 : 1.0};
        if (one_in(2)) made.sample->marked_start_ns = static_cast<std::int64_t>(below(1'000)) - 500;
        if (one_in(2)) made.sample->marked_end_ns = static_cast<std::int64_t>(below(1'000)) - 500;
      }
      return made;
    }
    for (std::uint64_t i = below(4); i > 0; --i) made.group_by.push_back(column());
    for (std::uint64_t i = 1 + below(4); i > 0; --i) made.aggregates.push_back(aggregate());
    if (one_in(10)) {
      made.aggregates = {{.kind = AggregateKind::kHistogram,
                          .column = column(),
                          .histogram_bucket_ns = 1 + static_cast<std::int64_t>(below(700))}};
      if (one_in(2)) made.aggregates[0].filter = filter(1);
      return made;
    }
    for (std::uint64_t i = one_in(2) ? below(3) : 0; i > 0; --i) {
      made.formulas.push_back(formula(made.aggregates.size()));
    }
    const std::size_t values = made.aggregates.size() + made.formulas.size();
    made.rest = one_in(6);
    if (!made.rest && one_in(3)) {
      made.bucket_ns = 1 + static_cast<std::int64_t>(below(700));
      if (closed)
        made.bucket_ns =
            1 + (made.end_ns - made.start_ns) / (1 + static_cast<std::int64_t>(below(40)));
    }
    if (made.bucket_ns && one_in(3)) {
      made.bucket_origin_ns =
          static_cast<std::int64_t>(below(static_cast<std::uint64_t>(*made.bucket_ns)));
    }
    for (std::uint64_t i = below(3); i > 0; --i) {
      const bool group = !made.group_by.empty() && one_in(2);
      made.order.push_back({.by = group ? Order::By::kGroup : Order::By::kAggregate,
                            .index = below(group ? made.group_by.size() : values),
                            .descending = one_in(2)});
    }
    if (one_in(4)) {
      made.having.push_back({.aggregate = below(values),
                             .op = static_cast<FilterOp>(below(6)),
                             .value = static_cast<double>(below(20)) - 5});
    }
    return made;
  }

  bool weighted = false;
  bool closed = false;  // the window of the question at hand

 private:
  base::Rng rng_;
};

std::string describe(const Filter& filter) {
  if (filter.kind == Filter::Kind::kTest) {
    std::string text = base::cat(filter.column, " op", static_cast<int>(filter.op));
    for (const Value& value : filter.values) text += " " + event::to_string(value);
    return text;
  }
  std::string text = filter.kind == Filter::Kind::kAnd  ? "and("
                     : filter.kind == Filter::Kind::kOr ? "or("
                                                        : "not(";
  for (const Filter& child : filter.children) text += describe(child) + ", ";
  return text + ")";
}

std::string describe(const Select& select) {
  std::string text = base::cat(select.dataset, " where ", describe(select.filter), " by");
  for (const std::string& name : select.group_by) text += " " + name;
  for (const Aggregate& aggregate : select.aggregates) {
    text += base::cat("; ", result_name(aggregate), " if ", describe(aggregate.filter));
  }
  for (const Formula& formula : select.formulas) {
    text += "; formula";
    for (const FormulaStep& step : formula.steps) {
      text += base::cat(" ", static_cast<int>(step.kind), ":", step.number, ":", step.aggregate);
    }
  }
  if (select.rest) text += "; the rest";
  for (const Order& order : select.order) {
    text += base::cat("; order ", static_cast<int>(order.by), " ", order.index,
                      order.descending ? " down" : " up");
  }
  for (const Having& having : select.having) {
    text += base::cat("; having ", having.aggregate, " op", static_cast<int>(having.op), " ",
                      having.value);
  }
  return base::cat(text, "; bucket ", select.bucket_ns.value_or(0), "+", select.bucket_origin_ns,
                   " limit ", select.limit, " from ", select.start_ns, " to ", select.end_ns);
}

std::string describe_histogram(const Value& bytes) {
  const auto histogram = Histogram::from_bytes(bytes.as_string());
  if (!histogram.ok()) return histogram.error().context;
  const BinLayout layout = histogram->choose_layout();
  std::string text = base::cat(histogram->total(), "+", histogram->not_numbers(),
                               layout.logarithmic ? " log" : " linear");
  for (const double edge : layout.edges) text += base::cat(" ", edge);
  for (const auto& [start, counts] : histogram->counts(layout)) {
    text += base::cat("; ", start, ":");
    for (const std::int64_t count : counts) text += base::cat(" ", count);
  }
  return text;
}

std::string describe(const ResultTable& table) {
  std::string text;
  for (const auto& column : table.columns) text += column.name + " | ";
  for (const auto& row : table.rows) {
    text += "\n  ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool histogram = table.columns[i].name.starts_with("HISTOGRAM(");
      text += (histogram ? describe_histogram(row[i]) : event::to_string(row[i])) + " | ";
    }
  }
  return text + (table.truncated ? "\n  ..." : "");
}

void expect_same(const Select& select, MemoryStore& memory, DuckDbStore& duckdb) {
  auto expected = memory.select(select);
  auto actual = duckdb.select(select);
  ASSERT_TRUE(expected.ok()) << expected.error().context;
  ASSERT_TRUE(actual.ok()) << actual.error().context << "\n" << describe(select);
  if (select.sample) {  // has no order
    const auto before = [](const auto& a, const auto& b) {
      std::string left, right;
      for (const Value& value : a) left += event::to_string(value) + "|";
      for (const Value& value : b) right += event::to_string(value) + "|";
      return left < right;
    };
    std::sort(expected->rows.begin(), expected->rows.end(), before);
    std::sort(actual->rows.begin(), actual->rows.end(), before);
  }
  EXPECT_EQ(describe(*actual), describe(*expected)) << describe(select);
}

class DifferentialTest : public ::testing::TestWithParam<bool> {
 protected:
  DifferentialTest() { EXPECT_NE(::mkdtemp(folder_.data()), nullptr); }
  ~DifferentialTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_ = ::testing::TempDir() + "/differential_XXXXXX";
};

TEST_P(DifferentialTest, EnginesGiveIdenticalTables) {
  const char* wanted = std::getenv("UNDERSTUDY_DIFFERENTIAL_SEEDS");
  const std::uint64_t seeds = wanted == nullptr ? 3 : std::strtoull(wanted, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSource random(seed);
    random.weighted = GetParam();
    base::FakeClock clock;
    const auto disk = std::make_shared<FakeDisk>(clock);
    MemoryStore memory;
    // Small segments, so that questions span several of them, merged ones too, and the tail.
    const DuckDbStoreOptions options{
        .segments_folder = base::cat(folder_, "/", seed),
        .segment_events = 20 + random.below(200),
    };
    auto opened = DuckDbStore::open(options, disk->folder(), clock);
    ASSERT_TRUE(opened.ok());
    DuckDbStore* duckdb = opened->get();
    for (int batch = 0; batch < 20; ++batch) {
      std::vector<Event> events;
      for (std::uint64_t i = random.below(60); i > 0; --i) events.push_back(random.event());
      ASSERT_TRUE(memory.append(events).ok());
      ASSERT_TRUE(duckdb->append(events).ok());
      if (batch % 7 == 0) {
        ASSERT_TRUE(duckdb->wait_until_queryable(std::chrono::minutes(1)).ok());
      }
      if (random.one_in(5)) {
        const auto written = duckdb->write_segments(std::chrono::minutes(1));
        ASSERT_TRUE(written.ok()) << written.error().context;
      }
    }
    if (random.one_in(2)) {  // what a replay builds must be the same
      opened->reset();
      opened = DuckDbStore::open(options, disk->folder(), clock);
      ASSERT_TRUE(opened.ok());
      duckdb = opened->get();
    }
    ASSERT_TRUE(duckdb->wait_until_queryable(std::chrono::minutes(1)).ok());
    for (int question = 0; question < 150; ++question) {
      expect_same(random.select(), memory, *duckdb);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SampleRates, DifferentialTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Mixed" : "AllOne"; });

}  // namespace
}  // namespace understudy::store
