#include "event/records.h"

#include <gtest/gtest.h>

#include "event/columns.h"

namespace understudy::event {
namespace {

class EvaluationRecordTest : public ::testing::Test {
 protected:
  EvaluationRecordTest() {
    record_.time_unix_ns = 5;
    record_.id = "00112233445566778899aabbccddeeff";
    record_.migration = "data-engine";
    record_.mode = "full_evaluation";
    record_.accounting = "compared";
    answered(record_.control, 200);
    answered(record_.candidate, 200);
    record_.served_by = "control";
  }

  static void answered(SideRecord& side, std::int64_t status) {
    side = SideRecord{.called = true, .complete = true, .status_code = status, .duration_ms = 2.5};
  }
  static void failed(SideRecord& side, std::string_view error_type) {
    side = SideRecord{.called = true, .error_type = error_type};
  }
  ValueView value(Column column) {
    record_.to_event(event_);
    return event_.find(column);
  }
  bool has(Column column) {
    record_.to_event(event_);
    return event_.has(column);
  }
  int percent(Column column) { return static_cast<int>(value(column).as_int()); }

  EvaluationRecord record_;
  Event event_;
};

TEST_F(EvaluationRecordTest, CarriesWhatIsKnownAndNothingElse) {
  EXPECT_EQ(value(columns::kEvaluationMigration).as_string(), "data-engine");
  EXPECT_EQ(value(columns::kControlDurationMs).as_double(), 2.5);
  EXPECT_EQ(value(columns::kCandidateStatusCode).as_int(), 200);
  EXPECT_FALSE(has(columns::kUrlPath));
  EXPECT_FALSE(has(columns::kComparisonOutcome));
  EXPECT_EQ(event_.dataset(), "evaluations");
  EXPECT_EQ(event_.time_unix_ns(), 5);
}

TEST_F(EvaluationRecordTest, BothSidesAnsweringIsSuccess) {
  EXPECT_EQ(percent(columns::kSuccess), 100);
  EXPECT_EQ(percent(columns::kServedSuccess), 100);
}

TEST_F(EvaluationRecordTest, FailingCandidateDipsSuccessWhileUsersAreServed) {
  failed(record_.candidate, "timeout");
  EXPECT_EQ(percent(columns::kSuccess), 0);
  EXPECT_EQ(percent(columns::kServedSuccess), 100);
  EXPECT_EQ(percent(columns::kControlSuccess), 100);
  EXPECT_EQ(percent(columns::kCandidateSuccess), 0);
}

TEST_F(EvaluationRecordTest, ServerErrorIsAFailureAndClientErrorIsNot) {
  answered(record_.control, 503);
  answered(record_.candidate, 404);
  EXPECT_EQ(percent(columns::kControlSuccess), 0);
  EXPECT_EQ(percent(columns::kCandidateSuccess), 100);
  EXPECT_EQ(percent(columns::kServedSuccess), 0);
}

TEST_F(EvaluationRecordTest, CutAnswerIsAFailureWhateverItsStatus) {
  record_.control.complete = false;
  EXPECT_EQ(percent(columns::kControlSuccess), 0);
}

TEST_F(EvaluationRecordTest, SideThatWasNotCalledHasNoColumns) {
  record_.candidate = SideRecord{};
  EXPECT_FALSE(has(columns::kCandidateSuccess));
  EXPECT_FALSE(has(columns::kCandidateDurationMs));
  EXPECT_EQ(percent(columns::kSuccess), 100);
}

TEST_F(EvaluationRecordTest, ClientThatLeftIsNeitherSuccessNorFailure) {
  record_.client_aborted = true;
  record_.control.undecided = true;
  record_.candidate.undecided = true;
  EXPECT_FALSE(has(columns::kSuccess));
  EXPECT_FALSE(has(columns::kServedSuccess));
  EXPECT_FALSE(has(columns::kControlSuccess));
}

TEST_F(EvaluationRecordTest, NobodyServedIsAFailureForTheClient) {
  record_.served_by = "none";
  failed(record_.control, "connect_refused");
  EXPECT_EQ(percent(columns::kServedSuccess), 0);
  EXPECT_EQ(value(columns::kControlErrorType).as_string(), "connect_refused");
}

TEST_F(EvaluationRecordTest, EveryBuiltInColumnOfARecordSaysSoInTheTable) {
  record_.to_event(event_);
  for (std::size_t i = 0; i < event_.size(); ++i) {
    const ColumnInfo* info = built_in_column(event_.field(i).column);
    ASSERT_NE(info, nullptr);
    EXPECT_NE(info->datasets.find('v'), std::string_view::npos) << info->name;
    EXPECT_EQ(info->type, event_.field(i).value.type()) << info->name;
  }
}

TEST(DifferenceRecord, EmptyTextIsAValueAndAbsenceIsNot) {
  DifferenceRecord record{.dimension = "cell", .path = "$.rows[3].revenue", .control_value = ""};
  const Event event = record.to_event();
  EXPECT_EQ(event.dataset(), "differences");
  EXPECT_EQ(event.find(columns::kDifferenceControlValue).as_string(), "");
  EXPECT_FALSE(event.has(columns::kDifferenceCandidateValue));
  EXPECT_EQ(event.find(columns::kDifferenceExplanation).as_string(), "none");
}

TEST(NoiseRecord, IsAnEventOfItsOwnDataset) {
  NoiseRecord record{.migration = "data-engine",
                     .route = "query",
                     .dimension = "missing",
                     .path = "$.rows[3].id",
                     .path_pattern = "$.rows[*].id",
                     .first_value = ""};
  const Event event = record.to_event();
  EXPECT_EQ(event.dataset(), "noise");
  EXPECT_EQ(event.find(columns::kDifferencePathPattern).as_string(), "$.rows[*].id");
  EXPECT_EQ(event.find(columns::kNoiseFirstValue).as_string(), "");
  EXPECT_FALSE(event.has(columns::kNoiseSecondValue));
  for (std::size_t i = 0; i < event.size(); ++i) {
    const ColumnInfo* info = built_in_column(event.field(i).column);
    ASSERT_NE(info, nullptr);
    EXPECT_NE(info->datasets.find('n'), std::string_view::npos) << info->name;
  }
}

TEST(ErrorRecord, SaysSideTypeMessageAndPlace) {
  ErrorRecord record{.side = "candidate",
                     .type = "ProvisionedThroughputExceededException",
                     .message = "capacity exceeded",
                     .where = "read_head"};
  const Event event = record.to_event();
  EXPECT_EQ(event.dataset(), "errors");
  EXPECT_EQ(event.find(columns::kErrorSide).as_string(), "candidate");
  EXPECT_EQ(event.find(columns::kExceptionType).as_string(),
            "ProvisionedThroughputExceededException");
  EXPECT_EQ(event.find(columns::kErrorWhere).as_string(), "read_head");
}

}  // namespace
}  // namespace understudy::event
