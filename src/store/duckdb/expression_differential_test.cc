// Random expressions over random events, computed by DuckDB and by the interpreter of the memory
// store. UNDERSTUDY_DIFFERENTIAL_SEEDS asks for more than the few seeds of every run.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "store/duckdb/duckdb_store.h"
#include "store/log/fake_folder.h"
#include "store/memory/memory_store.h"

namespace understudy::store {
namespace {

using event::Column;
using event::Event;
using event::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kTwoTo53 = 9'007'199'254'740'992;

const std::vector<std::string> kColumns = {"any", "int", "double", "number", "text", "flag"};

class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : rng_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  Value text() {
    static const std::vector<std::string> kTexts = {"",
                                                    " ",
                                                    "5",
                                                    "5.0",
                                                    "-5",
                                                    "+5",
                                                    "+-5",
                                                    "5 ",
                                                    "0x10",
                                                    "1_000",
                                                    "1e3",
                                                    "1e999",
                                                    "1e-999",
                                                    ".5",
                                                    "5.",
                                                    ".",
                                                    "-",
                                                    "e5",
                                                    "-0",
                                                    "-0.0",
                                                    "nan",
                                                    "NaN",
                                                    "inf",
                                                    "true",
                                                    "false",
                                                    "TRUE",
                                                    "null",
                                                    "a",
                                                    "ab",
                                                    "abc",
                                                    "b",
                                                    "ABC",
                                                    "9223372036854775807",
                                                    "9223372036854775808",
                                                    "-9223372036854775808",
                                                    "0.1",
                                                    "\xC3\xA4",
                                                    "\xC3\x84",
                                                    "\xE2\x82\xAC",
                                                    "\xF0\x9F\x9A\x80",
                                                    "it's \"quoted\"; --",
                                                    "%",
                                                    "a.b",
                                                    "2017-07-20T11:22:44.888Z",
                                                    "A text that does not fit into a short string"};
    return one_in(20) ? Value(std::string("a\0b", 3)) : Value(one_of(kTexts));
  }
  Value integer() {
    static const std::vector<std::int64_t> kInts = {
        0,      1,       -1,          2,           3,
        5,      10,      100,         kTwoTo53,    kTwoTo53 + 1,
        -7,     kIntMax, kIntMax - 1, kIntMin + 1, -kTwoTo53 - 1,
        kIntMin};
    return one_in(2) ? Value(one_of(kInts)) : Value(static_cast<std::int64_t>(below(12)) - 4);
  }
  Value number() {
    static const std::vector<double> kDoubles = {0.0,
                                                 -0.0,
                                                 1.0,
                                                 -1.0,
                                                 0.5,
                                                 0.1,
                                                 5.0,
                                                 2.5,
                                                 1e300,
                                                 -1e300,
                                                 5e-324,
                                                 kInfinity,
                                                 -kInfinity,
                                                 9007199254740992.0,
                                                 9223372036854775808.0,
                                                 -9223372036854775808.0,
                                                 9223372036854774784.0,
                                                 1e19,
                                                 -1e19,
                                                 std::nan(""),
                                                 1e15,
                                                 123456.789};
    return one_in(2) ? Value(one_of(kDoubles))
                     : Value(static_cast<double>(static_cast<std::int64_t>(below(200)) - 100) / 8);
  }
  Value any() {
    switch (below(8)) {
      case 0:
        return Value();
      case 1:
        return one_in(2);
      case 2:
      case 3:
        return text();
      case 4:
      case 5:
        return number();
      default:
        return integer();
    }
  }
  Value for_column(std::size_t column) {
    if (one_in(5)) return Value();
    switch (column) {
      case 0:
        return any();
      case 1:
        return integer();
      case 2:
        return number();
      case 3:
        return one_in(2) ? number() : integer();
      case 4:
        return text();
      default:
        return one_in(2);
    }
  }
  Event event() {
    Event made("events", static_cast<std::int64_t>(below(4'000'000'000)) * 1'000'000'007 - 999);
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const Value value = for_column(i);
      if (!value.is_null()) made.add(*Column::intern(kColumns[i]), value.view());
    }
    return made;
  }

  /// `computed` is how many computed columns can be named: k0, k1, ...
  Expression expression(int depth, std::size_t computed) {
    if (depth == 0 || one_in(6)) {
      if (one_in(3)) return constant(any());
      if (computed > 0 && one_in(3)) return column(base::cat("k", below(computed)));
      return column(one_in(20) ? "never.seen" : one_of(kColumns));
    }
    const Function function = static_cast<Function>(below(kFunctions));
    const ArgumentCount count = argument_count(function);
    const std::size_t most = std::min(count.most, count.least + below(4));
    std::vector<Expression> arguments;
    for (std::size_t i = 0; i < std::max(count.least, most); ++i) {
      arguments.push_back(expression(depth - 1, computed));
    }
    if (function == Function::kSwitch) {
      for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) arguments[i] = constant(text());
    }
    static const std::vector<std::string> kPatterns = {
        "a", "", "b*", "(a)|b", "^(.)", "[0-9]+", "\\.([0-9]+)$", "(?i)AB", "\\pL", "(x)?a", "$"};
    static const std::vector<std::string> kFormats = {"%Y-%m-%dT%H:%M:%SZ", "%c|%U|%V|%G|%j", "",
                                                      "%s%%"};
    switch (function) {
      case Function::kRegMatch:
      case Function::kRegValue:
      case Function::kRegCount:
        arguments[1] = constant(one_of(kPatterns));
        break;
      case Function::kFormatTime:
        arguments[0] = constant(one_of(kFormats));
        if (one_in(2)) arguments[1] = call(Function::kEventTimestamp, {});
        break;
      case Function::kBucket: {
        static const std::vector<double> kSizes = {1, 10, 0.1, 2.5, 1e-300, 1e300};
        arguments[1] = constant(one_of(kSizes));
        if (arguments.size() > 2) arguments[2] = constant(one_in(2) ? Value(0) : Value(-3.75));
        if (arguments.size() > 3) arguments[3] = constant(one_in(2) ? Value(25) : Value(1e18));
        break;
      }
      default:
        break;
    }
    if (function == Function::kBin) {
      static const std::vector<double> kWidths = {1, 0.1, 2.5, 1e-300, 1e300};
      arguments[1] = constant(one_in(2) ? Value(0) : Value(-3.75));
      arguments[2] = constant(one_of(kWidths));
    }
    return call(function, std::move(arguments));
  }

  std::vector<Computed> computed() {
    std::vector<Computed> all;
    const std::size_t count = 1 + below(4);
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back({base::cat("k", i), expression(static_cast<int>(1 + below(4)), i)});
    }
    return all;
  }

  static constexpr std::uint64_t kFunctions = static_cast<std::uint64_t>(Function::kBin) + 1;

 private:
  base::Rng rng_;
};

std::string describe(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kConstant:
      return event::to_string(expression.constant);
    case Expression::Kind::kColumn:
      return "$" + expression.column;
    case Expression::Kind::kCall:
      break;
  }
  std::string text = base::cat(name(expression.function), "(");
  for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
    text += base::cat(i > 0 ? ", " : "", describe(expression.arguments[i]));
  }
  return text + ")";
}

std::string describe(const Select& select) {
  std::string text;
  for (const Computed& one : select.computed) {
    text += base::cat("\n", one.name, " = ", describe(one.expression));
  }
  return text;
}

std::string describe(const Value& value) {
  return value.is_double() && std::isnan(value.as_double()) ? "NaN" : event::to_string(value);
}

/// One store of each engine with the same random events.
class Engines {
 public:
  explicit Engines(RandomSource& random) {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    auto opened = DuckDbStore::open({.segments_folder = folder_, .segment_events = 70},
                                    std::make_shared<FakeDisk>(clock_)->folder(), clock_);
    EXPECT_TRUE(opened.ok());
    duckdb_ = *std::move(opened);
    std::vector<Event> events;
    for (int i = 0; i < 300; ++i) events.push_back(random.event());
    EXPECT_TRUE(memory_.append(events).ok());
    EXPECT_TRUE(duckdb_->append(events).ok());
    EXPECT_TRUE(duckdb_->wait_until_queryable(std::chrono::minutes(1)).ok());
  }

  ~Engines() {
    duckdb_.reset();
    std::filesystem::remove_all(folder_);
  }

  void expect_same(const Select& select) {
    const auto expected = memory_.select(select);
    const auto actual = duckdb_->select(select);
    ASSERT_TRUE(expected.ok()) << expected.error().context << describe(select);
    ASSERT_TRUE(actual.ok()) << actual.error().context << describe(select);
    ASSERT_EQ(actual->rows.size(), expected->rows.size()) << describe(select);
    for (std::size_t row = 0; row < expected->rows.size(); ++row) {
      for (std::size_t i = 0; i < expected->rows[row].size(); ++i) {
        ASSERT_EQ(describe(actual->rows[row][i]), describe(expected->rows[row][i]))
            << "column " << expected->columns[i].name << " of row " << row << describe(select)
            << "\n"
            << row_text(*expected, row);
      }
    }
  }

 private:
  static std::string row_text(const ResultTable& table, std::size_t row) {
    std::string text;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      text += base::cat(table.columns[i].name, "=", describe(table.rows[row][i]), " ");
    }
    return text;
  }

  std::string folder_ = ::testing::TempDir() + "/expression_XXXXXX";
  base::FakeClock clock_;
  MemoryStore memory_;
  std::unique_ptr<DuckDbStore> duckdb_;
};

std::uint64_t seeds() {
  const char* wanted = std::getenv("UNDERSTUDY_DIFFERENTIAL_SEEDS");
  return wanted == nullptr ? 3 : std::strtoull(wanted, nullptr, 10);
}

TEST(ExpressionDifferentialTest, EveryRowHasTheValueOfTheInterpreter) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSource random(seed);
    Engines engines(random);
    for (int question = 0; question < 120; ++question) {
      engines.expect_same({.dataset = "events", .computed = random.computed()});
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ExpressionDifferentialTest, FiltersGroupsAndAggregatesTakeComputedColumns) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSource random(1'000'000 + seed);
    Engines engines(random);
    for (int question = 0; question < 60; ++question) {
      Select select{.dataset = "events", .computed = random.computed()};
      select.filter = test("k0", static_cast<FilterOp>(random.below(6)), {random.any()});
      if (random.one_in(2)) select.filter = negate(test("k0", FilterOp::kExists));
      const std::string last = select.computed.back().name;
      if (random.one_in(2)) select.group_by = {last, "flag"};
      select.aggregates = {{.kind = AggregateKind::kCount},
                           {.kind = AggregateKind::kMin, .column = last},
                           {.kind = AggregateKind::kMax, .column = "k0"},
                           {.kind = AggregateKind::kQuantile, .column = "k0", .quantile = 0.9},
                           {.kind = AggregateKind::kCountDistinct, .column = last},
                           {.kind = AggregateKind::kCount,
                            .filter = test(last, FilterOp::kEqual, {true}),
                            .name = "true"}};
      engines.expect_same(select);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// --- the largest that `validate` lets through ---

class ExpressionLimitsTest : public ::testing::Test {
 protected:
  void expect_same(std::vector<Computed> computed) {
    engines_.expect_same({.dataset = "events",
                          .computed = std::move(computed),
                          .aggregates = {{.kind = AggregateKind::kCountDistinct, .column = "k"},
                                         {.kind = AggregateKind::kMax, .column = "k"}}});
  }
  static Expression repeated(Function function, const Expression& argument, std::size_t times) {
    return call(function, std::vector<Expression>(times, argument));
  }
  static Expression nested(Function function, Expression inner, const Expression& other,
                           std::size_t depth) {
    for (std::size_t i = 0; i < depth; ++i) inner = call(function, {std::move(inner), other});
    return inner;
  }

  RandomSource random_{7};
  Engines engines_{random_};
};

TEST_F(ExpressionLimitsTest, ManyArguments) {
  for (const Function function : {Function::kSum, Function::kMin, Function::kCoalesce,
                                  Function::kIn, Function::kAnd, Function::kIf}) {
    expect_same({{"k", repeated(function, column("any"), 1'000)}});
  }
}

TEST_F(ExpressionLimitsTest, TextsDoNotGrowWithoutBound) {
  std::vector<Computed> doubling = {{"k0", column("text")}};
  for (std::size_t i = 1; i <= 40; ++i) {
    const Expression before = column(base::cat("k", i - 1));
    doubling.push_back(
        {i == 40 ? "k" : base::cat("k", i), call(Function::kConcat, {before, before})});
  }
  expect_same(std::move(doubling));
  expect_same(
      {{"k", call(Function::kLengthBytes, {repeated(Function::kConcat, column("text"), 2'000)})}});
}

TEST_F(ExpressionLimitsTest, DeepTreesAndChainsOfComputedColumns) {
  const Expression any = column("any");
  expect_same({{"k", nested(Function::kSub, any, any, kExpressionDepthMax)}});
  expect_same({{"k", nested(Function::kMin, any, column("number"), kExpressionDepthMax)}});
  expect_same({{"k", nested(Function::kIf, any, any, kExpressionDepthMax)}});
  std::vector<Computed> chain;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string before = base::cat("k", i);
    chain.push_back({i == 2 ? "k" : base::cat("k", i + 1),
                     nested(Function::kMax, column(i == 0 ? "any" : before),
                            call(Function::kMod, {column(i == 0 ? "any" : before), any}),
                            kComputedDepthMax / 3 - 1)});
  }
  expect_same(std::move(chain));
}

TEST_F(ExpressionLimitsTest, ManyComputedColumns) {
  std::vector<Computed> all;
  for (std::size_t i = 0; i < kComputedMax; ++i) {
    all.push_back({i + 1 == kComputedMax ? "k" : base::cat("k", i),
                   call(Function::kSum, {column("any"), column("number"), constant("5")})});
  }
  engines_.expect_same({.dataset = "events", .computed = std::move(all)});
}

}  // namespace
}  // namespace understudy::store
