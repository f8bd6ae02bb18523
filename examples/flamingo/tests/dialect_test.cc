#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "dialect/binder.h"
#include "dialect/moment.h"
#include "dialect/parser.h"
#include "dialect/plan.h"
#include "dialect/result_set.h"
#include "engine/sql_writer.h"

namespace flamingo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DialectTest : public testing::Test {
 protected:
  DialectTest() {
    schema_.dataset = "flights";
    schema_.fields = {{"date", Type::kTime}, {"delay", Type::kInteger}, {"origin", Type::kString}};
    const auto hours = parse_expression("delay / 60");
    schema_.fields.push_back({"hours", Type::kNumber, *bind_calculated(*hours, "", schema_)});
  }

  Outcome<BoundQuery> bind(const std::string& text, const Parameters& parameters = {}) {
    TRY_OUTCOME(const Query query, parse_query(text));
    return bind_query(query, text, schema_, parameters);
  }
  Fault fault(const std::string& text, const Parameters& parameters = {}) {
    const auto bound = bind(text, parameters);
    EXPECT_FALSE(bound.ok()) << text << " was accepted";
    return bound.ok() ? Fault{} : bound.fault();
  }
  std::string sql(const std::string& text, SqlFlavor flavor, const Parameters& parameters = {}) {
    const auto bound = bind(text, parameters);
    EXPECT_TRUE(bound.ok()) << bound.fault().message;
    return bound.ok() ? write_sql(*bound, "t", flavor).text : "";
  }

  Schema schema_;
};

TEST_F(DialectTest, AQueryIsWrittenForBothEngines) {
  const std::string text =
      "SELECT time_unit(date, 'yearmonth') AS month, mean(hours) AS late FROM flights "
      "WHERE origin = 'SEA' GROUP BY month";
  EXPECT_EQ(sql(text, SqlFlavor::kSqlite),
            R"(SELECT flamingo_time_unit("date", 1), avg((CAST("delay" AS REAL) / NULLIF(?, 0))) )"
            R"(FROM "t" WHERE ("origin" = ?) GROUP BY 1 ORDER BY 1 ASC NULLS FIRST LIMIT 10000)");
  EXPECT_EQ(sql(text, SqlFlavor::kDuckDb),
            R"(SELECT date_trunc('month', "date")::TIMESTAMP, )"
            R"(avg((TRY_CAST("delay" AS DOUBLE) / NULLIF(?::BIGINT, 0))) )"
            R"(FROM "t" WHERE ("origin" = ?::VARCHAR) GROUP BY 1 ORDER BY 1 ASC NULLS FIRST )"
            R"(LIMIT 10000)");
}

TEST_F(DialectTest, NoTextOfTheUserReachesSql) {
  const std::string hostile = "x'; DROP TABLE flights; --";
  const auto bound = bind("SELECT count() AS n FROM flights WHERE origin = :o OR origin = 'it''s'",
                          {{"o", hostile}});
  ASSERT_TRUE(bound.ok());
  const Sql written = write_sql(*bound, "t", SqlFlavor::kSqlite);
  EXPECT_THAT(written.text, Not(HasSubstr("DROP")));
  EXPECT_THAT(written.text, Not(HasSubstr("it")));
  ASSERT_EQ(written.literals.size(), 2u);
  EXPECT_EQ(std::get<std::string>(written.literals[0].value), hostile);
  EXPECT_EQ(std::get<std::string>(written.literals[1].value), "it's");
}

TEST_F(DialectTest, TheOrderOfRowsIsTotal) {
  const auto grouped = bind(
      "SELECT origin, count() AS n, delay FROM flights GROUP BY delay, origin ORDER BY n DESC");
  ASSERT_TRUE(grouped.ok());
  std::vector<size_t> columns;
  for (const SortKey& key : grouped->order) columns.push_back(key.column);
  EXPECT_THAT(columns, ElementsAre(1, 2, 0));
  EXPECT_TRUE(grouped->order[0].descending);

  const auto plain = bind("SELECT date, delay FROM flights ORDER BY delay");
  columns.clear();
  for (const SortKey& key : plain->order) columns.push_back(key.column);
  EXPECT_THAT(columns, ElementsAre(1, 0));
}

TEST_F(DialectTest, AndBindsTighterThanOrAndNotTighterThanAnd) {
  EXPECT_THAT(sql("SELECT delay FROM flights WHERE delay = 1 OR NOT delay = 2 AND delay = 3",
                  SqlFlavor::kSqlite),
              HasSubstr(R"((("delay" = ?) OR ((NOT ("delay" = ?)) AND ("delay" = ?))))"));
}

TEST_F(DialectTest, ProductsBindTighterThanSums) {
  EXPECT_THAT(sql("SELECT delay + 2 * -delay AS x FROM flights", SqlFlavor::kSqlite),
              HasSubstr(R"(("delay" + (? * -("delay"))))"));
}

TEST_F(DialectTest, KeywordsAndFunctionsIgnoreCase) {
  EXPECT_TRUE(bind("select COUNT() as n from flights where Delay_x is null or delay not in (1,2)")
                  .fault()
                  .message.starts_with("the dataset 'flights' has no column 'Delay_x'"));
  EXPECT_TRUE(bind("select COUNT() as n from flights where delay not between 1 and 2").ok());
}

// ---- What is refused ----

TEST_F(DialectTest, AnErrorPointsAtTheCharacter) {
  const Fault typo = fault("SELECT count() AS n\nFORM flights");
  EXPECT_EQ(typo.type, "SyntaxError");
  EXPECT_EQ(typo.position, 20u);
  EXPECT_EQ(typo.message, "expected FROM, found 'FORM'\n  FORM flights\n  ^");
  EXPECT_EQ(fault("SELECT delay # FROM flights").position, 13u);
  EXPECT_EQ(fault("SELECT delay FROM flights WHERE origin = 'SEA").position, 41u);
  EXPECT_EQ(fault("SELECT dely FROM flights").message,
            "the dataset 'flights' has no column 'dely'\n  SELECT dely FROM flights\n         ^");
}

TEST_F(DialectTest, TypesMustFit) {
  EXPECT_THAT(fault("SELECT delay FROM flights WHERE date > '2001-01-01'").message,
              HasSubstr("cannot compare time with string; a moment is written time("));
  EXPECT_EQ(fault("SELECT mean(origin) AS m FROM flights").type, "TypeMismatch");
  EXPECT_EQ(fault("SELECT delay FROM flights WHERE delay").type, "TypeMismatch");
  EXPECT_EQ(fault("SELECT bin(delay, 0) AS b FROM flights").type, "TypeMismatch");
  EXPECT_EQ(fault("SELECT time_unit(date, 'week') AS w FROM flights").type, "TypeMismatch");
  EXPECT_EQ(fault("SELECT time(:t) AS t FROM flights", {{"t", std::string("2001-02-30")}}).type,
            "TypeMismatch");
}

TEST_F(DialectTest, EveryColumnIsGroupedOrAggregated) {
  EXPECT_THAT(fault("SELECT origin, count() AS n FROM flights").message,
              HasSubstr("'origin' is neither grouped nor aggregated"));
  EXPECT_EQ(fault("SELECT count() AS n FROM flights GROUP BY n").type, "TypeMismatch");
  EXPECT_EQ(fault("SELECT sum(count()) AS n FROM flights").type, "TypeMismatch");
  EXPECT_EQ(fault("SELECT delay FROM flights WHERE count() > 3").type, "TypeMismatch");
}

TEST_F(DialectTest, EveryParameterIsGiven) {
  EXPECT_EQ(fault("SELECT delay FROM flights WHERE origin = :o").type, "UnknownParameter");
}

TEST_F(DialectTest, DeepAndLongTextsAreRefused) {
  const std::string head = "SELECT delay FROM flights WHERE delay = ";
  EXPECT_THAT(fault(head + std::string(1000, '(') + "1").message, HasSubstr("nests too deep"));
  EXPECT_EQ(fault(head + std::string(20'000, '1')).type, "QueryTooLong");
  EXPECT_THAT(fault(head + std::string(1500, '-') + "1").message, HasSubstr("nests too deep"));
  std::string sum = "1";
  for (int i = 0; i < 800; ++i) sum += "+1";
  EXPECT_THAT(fault(head + sum).message, HasSubstr("too many operators"));
  EXPECT_THAT(fault("SELECT delay FROM flights LIMIT 10001").message, HasSubstr("LIMIT is"));
  EXPECT_THAT(fault("SELECT delay FROM flights LIMIT 99999999999999999999").message,
              HasSubstr("does not fit"));
}

TEST_F(DialectTest, EveryPrefixOfAQueryIsAnErrorOrAQuery) {
  const std::string whole =
      "SELECT bin(delay, 2.5e0) AS b, count() AS n FROM flights WHERE NOT (origin IN ('A', :p) "
      "AND date BETWEEN time('2001-01-01') AND time(:q)) GROUP BY b ORDER BY n DESC, b LIMIT 5";
  const Parameters given = {{"p", std::string("B")}, {"q", std::string("2001-02-01 10:00")}};
  ASSERT_TRUE(bind(whole, given).ok());
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto bound = bind(whole.substr(0, length), given);
    if (!bound.ok()) {
      EXPECT_LE(bound.fault().position.value_or(0), length);
    }
  }
}

// ---- Moments ----

TEST(MomentTest, ReadsWhatItWrites) {
  for (const int64_t ms :
       {int64_t{0}, int64_t{978'307'260'000}, int64_t{-1}, int64_t{951'782'399'999}}) {
    EXPECT_EQ(parse_moment(format_moment(ms)), ms) << format_moment(ms);
  }
  EXPECT_EQ(parse_moment("2000-02-29"), 951'782'400'000);
  EXPECT_EQ(parse_moment("2001-01-01 00:01:00"), 978'307'260'000);
}

TEST(MomentTest, WhatIsNoMomentIsRefused) {
  for (const char* text : {"", "2001", "2001-13-01", "2001-02-29", "2001-01-01T24:00",
                           "2001-01-01x", "2001-01-01T10:00:00.5", " 2001-01-01"}) {
    EXPECT_EQ(parse_moment(text), std::nullopt) << text;
  }
}

TEST(MomentTest, UnitsCutAndTakeParts) {
  const int64_t moment = *parse_moment("2001-03-14T15:09:26");  // a Wednesday
  const auto cut = [&](TimeUnit unit) { return format_moment(apply_time_unit(moment, unit)); };
  EXPECT_EQ(cut(TimeUnit::kYear), "2001-01-01T00:00:00");
  EXPECT_EQ(cut(TimeUnit::kYearMonth), "2001-03-01T00:00:00");
  EXPECT_EQ(cut(TimeUnit::kYearMonthDate), "2001-03-14T00:00:00");
  EXPECT_EQ(cut(TimeUnit::kYearMonthDateHour), "2001-03-14T15:00:00");
  EXPECT_EQ(apply_time_unit(moment, TimeUnit::kMonth), 3);
  EXPECT_EQ(apply_time_unit(moment, TimeUnit::kDay), 3);
  EXPECT_EQ(apply_time_unit(moment, TimeUnit::kHour), 15);
  EXPECT_EQ(apply_time_unit(-1, TimeUnit::kHour), 23);
}

// ---- Plans ----

TEST(PlanTest, ALaterStepUsesTheExtentOfAnEarlierOne) {
  Plan plan;
  plan.steps.push_back({"extent", "E", {}, {}});
  plan.steps.push_back({"rows", "R", {{"given", int64_t{7}}}, {{"step", "extent", 10}}});
  Parameters seen;
  const auto answer = execute_plan(
      plan, [&](std::string_view query, const Parameters& given) -> Outcome<ResultSet> {
        ResultSet table;
        if (query == "E") {
          table.columns = {{"least", Type::kInteger}, {"most", Type::kInteger}};
          table.rows = {{int64_t{-60}, int64_t{180}}};
        } else {
          seen = given;
        }
        return table;
      });
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(std::get<int64_t>(seen.at("step")), 50);
  EXPECT_EQ(std::get<int64_t>(seen.at("given")), 7);
  EXPECT_EQ(answer->derived.at("step"), Value{int64_t{50}});
}

TEST(PlanTest, BinsAreAsWideAsThoseOfVega) {
  // Values of vega-statistics 1.9: bin({extent: [a, b], maxbins: n}).step.
  EXPECT_DOUBLE_EQ(nice_step(0, 100, 10), 10);
  EXPECT_DOUBLE_EQ(nice_step(-60, 180, 10), 50);
  EXPECT_DOUBLE_EQ(nice_step(-60, 180, 20), 20);
  EXPECT_DOUBLE_EQ(nice_step(21, 4962, 25), 200);
  EXPECT_DOUBLE_EQ(nice_step(0, 1, 10), 0.1);
  EXPECT_DOUBLE_EQ(nice_step(5, 5, 10), 0.5);
}

TEST(PlanTest, JsonKeepsAPlan) {
  Plan plan;
  plan.steps.push_back({"extent", "SELECT 1", {{"p", std::string("a\"b")}}, {}});
  plan.steps.push_back({"rows", "SELECT 2", {{"q", 2.5}}, {{"step", "extent", 12}}});
  const std::string text = to_json(plan);
  const auto read = plan_from_json(text);
  ASSERT_TRUE(read.ok()) << read.fault().message;
  EXPECT_EQ(to_json(*read), text);
}

TEST(PlanTest, MalformedPlansAreRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"query":1})", R"({"steps":{}})", R"({"steps":[1]})",
        R"({"query":"Q","parameters":[]})", R"({"query":"Q","parameters":{"a":true}})",
        R"({"query":"Q","parameters":{"a":18446744073709551615}})",
        R"({"steps":[{"query":"Q","derived":[{"parameter":"p","from":"x"}]}]})"}) {
    EXPECT_FALSE(plan_from_json(text).ok()) << text;
  }
  Plan forward;
  forward.steps.push_back({"rows", "Q", {}, {{"step", "extent", 10}}});
  const auto answer =
      execute_plan(forward, [](auto, auto&) -> Outcome<ResultSet> { return ResultSet{}; });
  EXPECT_EQ(answer.fault().type, "InvalidPlan");
}

TEST(ResultSetTest, JsonKeepsEveryBitOfATable) {
  ResultSet table;
  table.columns = {{"t", Type::kTime}, {"x", Type::kNumber}, {"s", Type::kString}};
  table.rows = {{int64_t{978'307'200'000}, 0.1 + 0.2, std::string("a\"\\\n\x01é")},
                {Value{}, -0.0, std::string()}};
  table.derived = {{"step", 0.25}};
  const auto read = result_set_from_json(to_json(table), 1000);
  ASSERT_TRUE(read.ok()) << read.fault().message;
  EXPECT_EQ(*read, table);
  EXPECT_TRUE(std::signbit(std::get<double>(read->rows[1][1])));
}

TEST(ResultSetTest, WhatIsNoTableIsRefused) {
  for (const char* text : {"", "null", "{}", R"({"columns":[],"rows":[[1]]})",
                           R"({"columns":[{"name":"a","type":"integer"}],"rows":[["x"]]})",
                           R"({"columns":[{"name":"a","type":"what"}],"rows":[]})"}) {
    EXPECT_EQ(result_set_from_json(text, 1000).fault().type, "MalformedAnswer") << text;
  }
  EXPECT_FALSE(result_set_from_json(std::string(2000, ' '), 1000).ok());
}

}  // namespace
}  // namespace flamingo
