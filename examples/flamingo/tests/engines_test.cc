#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "grammar/planner.h"
#include "grammar/spec.h"
#include "services/traffic.h"
#include "tests/flights.h"

namespace flamingo {
namespace {

/// How far two doubles are apart in units of the last place.
uint64_t ulps(double a, double b) {
  const auto ordered = [](double x) {
    const auto bits = std::bit_cast<int64_t>(x);
    return bits < 0 ? std::numeric_limits<int64_t>::min() - bits : bits;
  };
  const int64_t x = ordered(a);
  const int64_t y = ordered(b);
  return x > y ? static_cast<uint64_t>(x) - static_cast<uint64_t>(y)
               : static_cast<uint64_t>(y) - static_cast<uint64_t>(x);
}

/// What two answers disagree in, by kind.
struct Disagreement {
  uint64_t answers = 0;
  uint64_t shape = 0;         // columns, types or number of rows
  uint64_t microseconds = 0;  // a time that is exactly 1000 times the other
  uint64_t last_digits = 0;   // doubles a few ULP apart
  uint64_t ulps_max = 0;
  uint64_t other = 0;
  std::map<std::string, uint64_t> float_charts = {};
};

constexpr uint64_t kLastDigitsMax = 512;

void compare(const std::string& chart, const ResultSet& control, const ResultSet& candidate,
             Disagreement& total) {
  ++total.answers;
  if (control.columns != candidate.columns || control.rows.size() != candidate.rows.size() ||
      control.derived != candidate.derived) {
    ++total.shape;
    return;
  }
  for (size_t row = 0; row < control.rows.size(); ++row) {
    for (size_t column = 0; column < control.columns.size(); ++column) {
      const Value& a = control.rows[row][column];
      const Value& b = candidate.rows[row][column];
      if (a == b) continue;
      const auto* number_a = std::get_if<double>(&a);
      const auto* number_b = std::get_if<double>(&b);
      const auto* time_a = std::get_if<int64_t>(&a);
      const auto* time_b = std::get_if<int64_t>(&b);
      if (number_a && number_b && ulps(*number_a, *number_b) <= kLastDigitsMax) {
        ++total.last_digits;
        ++total.float_charts[chart];
        total.ulps_max = std::max(total.ulps_max, ulps(*number_a, *number_b));
      } else if (control.columns[column].type == Type::kTime && time_a && time_b &&
                 *time_a * 1000 == *time_b) {
        ++total.microseconds;
      } else {
        ++total.other;
      }
    }
  }
}

/// Plays the load generator's traffic against both engines.
Disagreement play(TimeResolution version, uint64_t requests) {
  TrafficDomain domain;
  const auto airports = sqlite_engine().execute(
      single_query("SELECT origin, count() AS n FROM flights GROUP BY origin ORDER BY n DESC"), "");
  for (const auto& row : airports->rows) domain.airports.push_back(std::get<std::string>(row[0]));
  domain.first_ms = *parse_moment("2001-01-01");
  domain.last_ms = *parse_moment("2001-06-30");
  const Traffic traffic(domain, {});
  duckdb_engine().resolution->store(version);
  Disagreement total;
  for (uint64_t n = 0; n < requests; ++n) {
    const ChartRequest request = traffic.request(n);
    const auto spec = parse_spec(request.spec);
    if (!spec.ok()) {
      ADD_FAILURE() << request.chart << ": " << spec.fault().message;
      continue;
    }
    const auto plan = compile(*spec, flights_schema());
    if (!plan.ok()) {
      ADD_FAILURE() << request.chart << ": " << plan.fault().message;
      continue;
    }
    const auto control = sqlite_engine().execute(*plan, request.account);
    const auto candidate = duckdb_engine().engine->execute(*plan, request.account);
    if (!control.ok() || !candidate.ok()) {
      ADD_FAILURE() << request.chart << ": "
                    << (control.ok() ? candidate : control).fault().message;
      continue;
    }
    compare(request.chart, *control, *candidate, total);
  }
  return total;
}

TEST(EnginesTest, VersionOneAnswersTimesInMicrosecondsAndFloatsInOtherLastDigits) {
  const Disagreement found = play(TimeResolution::kMicroseconds, 300);
  EXPECT_EQ(found.answers, 300u);
  EXPECT_EQ(found.shape, 0u);
  EXPECT_EQ(found.other, 0u);
  EXPECT_GT(found.microseconds, 100u);
  EXPECT_GT(found.last_digits, 10u);
}

TEST(EnginesTest, AfterTheFixOnlyLastDigitsDiffer) {
  const Disagreement found = play(TimeResolution::kMilliseconds, 300);
  EXPECT_EQ(found.shape, 0u);
  EXPECT_EQ(found.other, 0u);
  EXPECT_EQ(found.microseconds, 0u);
  EXPECT_GT(found.last_digits, 10u);
  EXPECT_LE(found.ulps_max, kLastDigitsMax);
  RecordProperty("ulps_max", std::to_string(found.ulps_max));
  std::string charts;
  for (const auto& [chart, cells] : found.float_charts) {
    charts += " " + chart + "=" + std::to_string(cells);
  }
  std::printf("ulps at most %llu;%s\n", static_cast<unsigned long long>(found.ulps_max),
              charts.c_str());
}

/// Each row is one query that both engines must answer alike, value by value.
class AgreementTest : public testing::TestWithParam<const char*> {};

TEST_P(AgreementTest, BothEnginesGiveTheSameTable) {
  duckdb_engine().resolution->store(TimeResolution::kMilliseconds);
  const Plan plan = single_query(GetParam(), {{"o", std::string("SEA")}, {"n", 2.5}});
  const auto control = sqlite_engine().execute(plan, "");
  const auto candidate = duckdb_engine().engine->execute(plan, "");
  ASSERT_TRUE(control.ok()) << control.fault().message;
  ASSERT_TRUE(candidate.ok()) << candidate.fault().message;
  EXPECT_FALSE(control->rows.empty());
  EXPECT_EQ(*control, *candidate) << to_json(*control) << "\n" << to_json(*candidate);
}

INSTANTIATE_TEST_SUITE_P(
    Queries, AgreementTest,
    testing::Values(
        "SELECT count() AS n, min(date) AS a, max(date) AS b, min(origin) AS o FROM flights",
        "SELECT sum(delay) AS s, mean(delay) AS m, median(delay) AS h, count(delay) AS n FROM "
        "flights",
        "SELECT time_unit(date, 'year') AS y, time_unit(date, 'yearmonth') AS m, count() AS n "
        "FROM flights GROUP BY y, m",
        "SELECT time_unit(date, 'month') AS m, time_unit(date, 'day') AS d, time_unit(date, "
        "'hours') AS h, count() AS n FROM flights GROUP BY m, d, h",
        "SELECT time_unit(date, 'yearmonthdate') AS d, time_unit(date, 'yearmonthdatehours') AS h "
        "FROM flights WHERE origin = :o",
        "SELECT bin(delay, 7) AS b, count() AS n FROM flights GROUP BY b ORDER BY n DESC",
        "SELECT bin(delay, :n) AS b, bin(distance_km, 250) AS k, count() AS n FROM flights "
        "GROUP BY b, k LIMIT 500",
        "SELECT origin, destination, delay FROM flights WHERE delay > 200 AND NOT origin IN "
        "('ORD', 'DFW') ORDER BY delay DESC",
        "SELECT date, origin FROM flights WHERE date BETWEEN time('2001-02-01') AND "
        "time('2001-02-03T12:30:00') ORDER BY origin DESC",
        "SELECT delay / (distance - 21) AS x, delay - 2 * distance AS y, -delay AS z FROM flights "
        "WHERE origin = :o OR distance = 21",
        "SELECT count() AS n, sum(delay) AS s, median(delay) AS m, stdev(delay) AS d "
        "FROM flights WHERE origin = 'nowhere'",
        "SELECT distance, mean(delay) AS m FROM flights WHERE delay IS NOT NULL GROUP BY distance "
        "ORDER BY distance DESC LIMIT 20"));

TEST(EnginesTest, AFaultIsTheSameOnBothSides) {
  for (const char* text : {"SELECT nope FROM flights", "SELECT delay FROM trains", "SELECT"}) {
    const auto control = sqlite_engine().execute(single_query(text), "");
    const auto candidate = duckdb_engine().engine->execute(single_query(text), "");
    ASSERT_FALSE(control.ok());
    ASSERT_FALSE(candidate.ok());
    EXPECT_EQ(control.fault().type, candidate.fault().type);
    EXPECT_EQ(control.fault().message, candidate.fault().message);
  }
}

TEST(DuckDbLoaderTest, ADatasetWithoutSortedCopiesIsHeldAndMeasuredToo) {
  auto manifest = nlohmann::json::parse(read_manifest(flights_store(), "flights")->text);
  manifest.erase("sorted_by");
  DuckDbLoader loader({{.rows_max = 1000}, 1, duckdb_engine().resolution});
  const auto loaded = loader.load(*parse_manifest(manifest.dump()), flights_store());
  ASSERT_TRUE(loaded.ok()) << loaded.fault().message;
  EXPECT_GT((*loaded)->bytes(), 0u);
}

}  // namespace
}  // namespace flamingo
