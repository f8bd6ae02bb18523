#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "test/experiment_fixture.h"

namespace flights {

/// An answer type as a user has one.
struct ResultSet {
  std::vector<std::pair<std::string, double>> rows;
};

void lift(const ResultSet& result, understudy::Table& table) {
  table.set_columns({"carrier", "delay"});
  for (const auto& [carrier, delay] : result.rows) table.add_row({carrier, delay});
}

/// An answer that may be an error value, and that cannot be copied.
struct Reply {
  std::unique_ptr<std::string> body;
  std::string error;
};

struct Broken {};
void lift(const Broken&, understudy::Table&) { throw std::logic_error("cannot lift"); }

}  // namespace flights

template <>
struct understudy::LiftTraits<flights::Reply> {
  static std::string body(const flights::Reply& reply) { return *reply.body; }
  static std::optional<Failure> failure(const flights::Reply& reply) {
    if (reply.error.empty()) return std::nullopt;
    return Failure{"ReplyError", reply.error};
  }
};

namespace understudy::sdk {
namespace {

using flights::ResultSet;

TEST_F(ExperimentTest, TablesAreComparedCellByCell) {
  start();
  mode(Mode::kFullEvaluation);
  Experiment<ResultSet> experiment(*client_, {.migration = "m"});
  experiment.run(
      {.bucket_by = "k"},
      [] {
        return ResultSet{{{"AA", 1.5}, {"UA", 2.0}}};
      },
      [] {
        return ResultSet{{{"AA", 1.5}, {"UA", 2.5}}};
      });
  EXPECT_EQ(settle().differing, 1U);
  const auto difference = events("differences").at(0);
  EXPECT_EQ(column(difference, "difference.dimension"), event::Value("cell"));
  EXPECT_EQ(column(difference, "difference.column"), event::Value("delay"));
  EXPECT_EQ(column(difference, "difference.row"), event::Value(1));
}

TEST_F(ExperimentTest, ASharedPointerIsComparedByWhatItPointsAt) {
  start();
  mode(Mode::kFullEvaluation);
  using Shared = std::shared_ptr<const ResultSet>;
  Experiment<Shared> experiment(*client_, {.migration = "m"});
  const Shared kept = std::make_shared<ResultSet>(ResultSet{{{"AA", 1.5}}});
  EXPECT_EQ(experiment.run(
                {.bucket_by = "k"}, [kept] { return kept; },
                [] {
                  return std::make_shared<const ResultSet>(ResultSet{{{"AA", 1.5}}});
                }),
            kept);
  EXPECT_EQ(settle().differing, 0U);
  experiment.run(
      {.bucket_by = "k"}, [kept] { return kept; }, [] { return Shared(); });
  EXPECT_EQ(settle().differing, 1U);
}

TEST_F(ExperimentTest, AnAnswerThatCannotBeCopiedIsLiftedBeforeItLeaves) {
  start();
  mode(Mode::kFullEvaluation);
  Experiment<flights::Reply> experiment(*client_, {.migration = "m"});
  const auto reply = [] { return flights::Reply{std::make_unique<std::string>("[1]"), ""}; };
  EXPECT_EQ(*experiment.run({.bucket_by = "k"}, reply, reply).body, "[1]");
  const Counters counters = settle();
  EXPECT_EQ(counters.compared, 1U);
  EXPECT_EQ(counters.differing, 0U);
}

TEST_F(ExperimentTest, AnErrorValueOfTheCandidateCountsAsItsFailure) {
  start();
  mode(Mode::kFullEvaluation);
  Experiment<flights::Reply> experiment(*client_, {.migration = "m"});
  experiment.run(
      {.bucket_by = "k"},
      [] {
        return flights::Reply{std::make_unique<std::string>("[1]"), ""};
      },
      [] {
        return flights::Reply{nullptr, "throttled"};
      });
  EXPECT_EQ(settle().failed, 1U);
  EXPECT_EQ(column(events("errors").at(0), "exception.type"), event::Value("ReplyError"));
}

TEST_F(ExperimentTest, ALiftThatThrowsMakesTheRunNotComparable) {
  start();
  mode(Mode::kFullEvaluation);
  Experiment<flights::Broken> experiment(*client_, {.migration = "m"});
  experiment.run(
      {.bucket_by = "k"}, [] { return flights::Broken{}; }, [] { return flights::Broken{}; });
  EXPECT_EQ(settle().not_comparable, 1U);
  EXPECT_EQ(column(events("errors").at(0), "exception.message"), event::Value("cannot lift"));
}

TEST(TableTest, BeyondItsBoundRowsAreNotKept) {
  Table table(100);
  table.set_columns({"a"});
  table.add_row({std::string(200, 'x')});
  EXPECT_TRUE(table.overflowed());
  EXPECT_TRUE(table.rows().empty());
}

}  // namespace
}  // namespace understudy::sdk
