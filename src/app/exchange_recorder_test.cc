#include "app/exchange_recorder.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "base/text.h"
#include "proxy/migration_options.h"
#include "store/memory/memory_store.h"

namespace understudy::app {
namespace {

using proxy::Account;
using proxy::NoiseAccount;

/// A memory store whose appends can be held back or refused.
class GatedStore final : public store::EventStore {
 public:
  base::Status append(std::span<const event::Event> events) override {
    std::unique_lock lock(mutex_);
    ++appends_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (full_) return base::error(base::ErrorKind::kIo, "No space left on device");
    return inner_.append(events);
  }
  using EventStore::select;
  base::Result<store::ResultTable> select(const store::Select& select,
                                          const store::Cancellation& cancellation) override {
    return inner_.select(select, cancellation);
  }
  std::vector<store::DatasetInfo> datasets() override { return inner_.datasets(); }
  base::Result<std::vector<store::DatasetColumn>> columns(std::string_view dataset) override {
    return inner_.columns(dataset);
  }
  store::StoreStats stats() override { return inner_.stats(); }

  void set_open(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void set_full(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  void wait_for_append() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return appends_ > 0; });
  }

 private:
  store::MemoryStore inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  bool full_ = false;
  int appends_ = 0;
};

class ExchangeRecorderTest : public ::testing::Test {
 protected:
  ExchangeRecorderTest() {
    auto options = std::make_shared<proxy::MigrationOptions>();
    options->name = "data-engine";
    options->mode_flag = "data-engine.mode";
    options->routes = {{.name = "query", .compare = "json"}};
    migration_ = options;
    options_.writer.batch_wait = std::chrono::milliseconds(1);
  }

  ExchangeRecorder& recorder() {
    if (!recorder_) {
      recorder_.emplace(store_, options_);
      compare_with("[]");
    }
    return *recorder_;
  }
  void compare_with(std::string_view rules) {
    auto parsed = compare::Rules::parse_text(rules);
    ASSERT_TRUE(parsed.ok()) << parsed.error().context;
    recorder_->set_comparators(
        {{"data-engine", std::make_shared<const compare::Comparator>(*parsed)}});
  }

  static proxy::SideResult answered(int status, std::string body) {
    proxy::SideResult side;
    side.called = true;
    side.status = status;
    side.complete = true;
    side.end_ns = 2'000'000;
    side.first_byte_ns = 1'000'000;
    side.body_bytes = body.size();
    side.body = std::move(body);
    side.headers.add("content-type", "application/json");
    return side;
  }
  static proxy::SideResult failed(net::StreamError error) {
    proxy::SideResult side;
    side.called = true;
    side.error = error;
    side.error_where = "connect";
    side.error_detail = "127.0.0.1:9002 refused";
    return side;
  }

  std::unique_ptr<proxy::Exchange> exchange(flags::Mode mode, Account account) {
    auto made = std::make_unique<proxy::Exchange>();
    made->migration = migration_;
    made->accounting = accounting_;
    made->route = 0;
    made->mode = mode;
    made->flag_version = 3;
    made->shadow_wanted = flags::has_shadow(mode);
    made->comparison_wanted = flags::compares(mode);
    made->account = account;
    made->id_high = 1;
    made->id_low = 2;
    made->key_hash = 255;
    made->unix_ns = 1'700'000'000'000'000'000;
    made->method = "GET";
    made->target = "/query?q=1";
    made->client_address = "127.0.0.1";
    made->served_by = base::Side::kControl;
    made->served_status = 200;
    made->duration_ns = 3'000'000;
    made->served_complete = true;
    made->control = answered(200, R"({"total":9})");
    return made;
  }
  bool emit(std::unique_ptr<proxy::Exchange> made) { return recorder().emit(made); }
  bool emit_compared(std::string control, std::string candidate) {
    auto made = exchange(flags::Mode::kFullEvaluation, Account::kCompared);
    made->control = answered(200, std::move(control));
    made->candidate = answered(200, std::move(candidate));
    return emit(std::move(made));
  }

  /// An exchange whose control was asked twice.
  std::unique_ptr<proxy::Exchange> asked_twice(std::string first, std::string second,
                                               std::string candidate) {
    auto made = exchange(flags::Mode::kFullEvaluation, Account::kCompared);
    made->control = answered(200, std::move(first));
    made->candidate = answered(200, std::move(candidate));
    made->noise = std::make_unique<proxy::NoiseCall>();
    made->noise->answer = answered(200, std::move(second));
    return made;
  }
  std::optional<compare::NoisyField> noise_at(std::string_view path) {
    recorder().flush();
    return recorder()
        .differences("data-engine")
        .noise.find("query", path, compare::Dimension::kValue);
  }

  /// All rows of a dataset, newest first, once everything is written.
  store::ResultTable rows(std::string dataset) {
    recorder().flush();
    auto table = store_.select({.dataset = std::move(dataset)});
    EXPECT_TRUE(table.ok());
    return table.ok() ? *table : store::ResultTable{};
  }
  /// The value of a column in the only row of a dataset; "absent" when it has none.
  std::string only(const std::string& dataset, std::string_view column) {
    const store::ResultTable table = rows(dataset);
    if (table.rows.size() != 1) return base::cat(table.rows.size(), " rows");
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].name == column) return text(table.rows[0][i]);
    }
    return "absent";
  }
  static std::string text(const event::Value& value) {
    if (value.is_null()) return "absent";
    return value.type() == event::Type::kString ? value.as_string() : event::to_string(value);
  }
  std::string evaluation(std::string_view column) { return only("evaluations", column); }
  std::string difference(std::string_view column) { return only("differences", column); }
  std::string noise(std::string_view column) { return only("noise", column); }
  std::string error(std::string_view column) { return only("errors", column); }
  uint64_t accounted(Account account) { return accounting_->of(account); }
  uint64_t accounted(NoiseAccount account) { return accounting_->of(account); }

  GatedStore store_;
  RecorderOptions options_;
  std::shared_ptr<const proxy::MigrationOptions> migration_;
  std::shared_ptr<proxy::Accounting> accounting_ = std::make_shared<proxy::Accounting>();
  std::optional<ExchangeRecorder> recorder_;
};

TEST_F(ExchangeRecorderTest, WithoutAKeyOrATraceTheirColumnsAreAbsent) {
  auto made = exchange(flags::Mode::kControlOnly, Account::kNotSampled);
  made->key_hash = 0;
  made->key_missing = "body_too_large";
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("evaluation.key_hash"), "absent");
  EXPECT_EQ(evaluation("evaluation.key_missing"), "body_too_large");
  EXPECT_EQ(evaluation("trace.trace_id"), "absent");
  EXPECT_EQ(evaluation("trace.span_id"), "absent");
}

TEST_F(ExchangeRecorderTest, AnExchangeBecomesOneEvaluationWithAllThatIsKnown) {
  ASSERT_TRUE(emit(exchange(flags::Mode::kControlOnly, Account::kNotSampled)));
  EXPECT_EQ(evaluation("evaluation.id"), "00000000000000010000000000000002");
  EXPECT_EQ(evaluation("evaluation.migration"), "data-engine");
  EXPECT_EQ(evaluation("evaluation.mode"), "control_only");
  EXPECT_EQ(evaluation("evaluation.accounting"), "not_sampled");
  EXPECT_EQ(evaluation("evaluation.key_hash"), "00000000000000ff");
  EXPECT_EQ(evaluation("evaluation.key_missing"), "absent");
  EXPECT_EQ(evaluation("served_by"), "control");
  EXPECT_EQ(evaluation("success"), "100");
  EXPECT_EQ(evaluation("control.status_code"), "200");
  EXPECT_EQ(evaluation("control.duration_ms"), "2.0");
  EXPECT_EQ(evaluation("duration_ms"), "3.0");
  EXPECT_EQ(evaluation("url.path"), "/query");
  EXPECT_EQ(evaluation("http.route"), "query");
  EXPECT_EQ(evaluation("feature_flag.key"), "data-engine.mode");
  EXPECT_EQ(evaluation("feature_flag.version"), "3");
  EXPECT_EQ(evaluation("comparison.outcome"), "absent");
  EXPECT_EQ(evaluation("candidate.success"), "absent");
}

TEST_F(ExchangeRecorderTest, EqualAnswersAreCountedAsCompared) {
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":9})"));
  EXPECT_EQ(evaluation("comparison.outcome"), "match");
  EXPECT_EQ(evaluation("difference.encountered"), "false");
  EXPECT_EQ(evaluation("difference.count"), "0");
  EXPECT_EQ(accounted(Account::kCompared), 1U);
  EXPECT_EQ(rows("differences").rows.size(), 0U);
}

TEST_F(ExchangeRecorderTest, ADifferenceIsAnEventOfItsOwn) {
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":10})"));
  EXPECT_EQ(evaluation("comparison.outcome"), "mismatch");
  EXPECT_EQ(evaluation("difference.encountered"), "true");
  EXPECT_EQ(difference("evaluation.id"), "00000000000000010000000000000002");
  EXPECT_EQ(difference("difference.path"), "$.total");
  EXPECT_EQ(difference("difference.control_value"), "9");
  EXPECT_EQ(difference("difference.candidate_value"), "10");
  EXPECT_EQ(difference("http.route"), "query");
}

TEST_F(ExchangeRecorderTest, DifferencesOfAMigrationAreGrouped) {
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":10})"));
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":11})"));
  recorder().flush();
  const auto groups = recorder().differences("data-engine").groups.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].count, 2U);
  EXPECT_EQ(groups[0].path_pattern, "$.total");
  EXPECT_EQ(recorder().differences("another").groups.total(), 0U);
}

TEST_F(ExchangeRecorderTest, NewRulesCountForWhatComesLaterAndStartNewGroups) {
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":10})"));
  recorder().flush();
  compare_with(R"([{"path": "$.total", "ignore": true}])");
  EXPECT_EQ(recorder().differences("data-engine").groups.total(), 0U);
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":10})"));
  recorder().flush();
  EXPECT_EQ(rows("differences").rows.size(), 1U);
  EXPECT_EQ(recorder().differences("data-engine").rule_hits, std::vector<uint64_t>{1});
}

TEST_F(ExchangeRecorderTest, AnswersThatCannotBeComparedAreNotCountedAsCompared) {
  auto made = exchange(flags::Mode::kFullEvaluation, Account::kCompared);
  made->candidate = answered(200, R"({"total":)");
  made->candidate.complete = false;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("comparison.outcome"), "incomparable");
  EXPECT_EQ(evaluation("evaluation.accounting"), "not_comparable");
  EXPECT_EQ(evaluation("difference.encountered"), "absent");
  EXPECT_EQ(accounted(Account::kCompared), 0U);
  EXPECT_EQ(accounted(Account::kNotComparable), 1U);
}

TEST_F(ExchangeRecorderTest, AMigrationThatWasRemovedMeanwhileIsNotComparable) {
  recorder().set_comparators({});
  ASSERT_TRUE(emit_compared("{}", "{}"));
  EXPECT_EQ(evaluation("evaluation.reason"), "migration_removed");
  EXPECT_EQ(accounted(Account::kNotComparable), 1U);
}

TEST_F(ExchangeRecorderTest, WhatTheProxyHasCountedIsNotCountedAgain) {
  auto made = exchange(flags::Mode::kFullEvaluation, Account::kShed);
  made->reason = "circuit_open";
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("evaluation.accounting"), "shed");
  EXPECT_EQ(evaluation("evaluation.reason"), "circuit_open");
  EXPECT_EQ(evaluation("comparison.outcome"), "incomparable");
  EXPECT_EQ(evaluation("comparison.reason"), "shed");
  EXPECT_EQ(accounting_->settled(), 0U);
}

// --- Errors of the sides ---

TEST_F(ExchangeRecorderTest, ACandidateThatRefusesIsAnErrorOfItsSide) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kFailed);
  made->candidate = failed(net::StreamError::kRefused);
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(error("error.side"), "candidate");
  EXPECT_EQ(error("exception.type"), "connect_refused");
  EXPECT_EQ(error("exception.message"), "127.0.0.1:9002 refused");
  EXPECT_EQ(error("error.where"), "connect");
  EXPECT_EQ(evaluation("candidate.error.type"), "connect_refused");
  EXPECT_EQ(evaluation("success"), "0");
  EXPECT_EQ(evaluation("served.success"), "100");
}

TEST_F(ExchangeRecorderTest, AnErrorAnswerIsNamedByWhatItsBodySays) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kNotSampled);
  made->candidate = answered(
      500, R"({"error":{"type":"ProvisionedThroughputExceededException","message":"slow down"}})");
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(error("exception.type"), "ProvisionedThroughputExceededException");
  EXPECT_EQ(error("exception.message"), "slow down");
  EXPECT_EQ(error("error.where"), "answer");
}

TEST_F(ExchangeRecorderTest, WhatARuleRedactsIsNotTheMessageOfAnError) {
  recorder();
  compare_with("[{path: $.error.message, redact: true}]");
  auto made = exchange(flags::Mode::kFireAndForget, Account::kNotSampled);
  made->candidate = answered(500, R"({"error":{"type":"NoSuchUser","message":"ann@example.com"}})");
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(error("exception.type"), "NoSuchUser");
  EXPECT_EQ(error("exception.message"), "answered 500");
}

TEST_F(ExchangeRecorderTest, AnErrorAnswerThatNamesNothingIsNamedByItsStatus) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kNotSampled);
  made->candidate = answered(503, "<html>busy</html>");
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(error("exception.type"), "http_503");
  EXPECT_EQ(error("exception.message"), "answered 503");
}

TEST_F(ExchangeRecorderTest, AClientErrorThatOnlyTheCandidateSeesIsAnError) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kNotSampled);
  made->candidate = answered(
      400,
      R"({"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"})");
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(error("exception.type"), "ProvisionedThroughputExceededException");
}

TEST_F(ExchangeRecorderTest, AClientErrorBothSidesAgreeOnIsNone) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kNotSampled);
  made->control = answered(404, R"({"error":{"type":"not_found"}})");
  made->candidate = answered(404, R"({"error":{"type":"not_found"}})");
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(rows("errors").rows.size(), 0U);
}

TEST_F(ExchangeRecorderTest, ASideThatWeStoppedOurselvesIsNoError) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kClientAborted);
  made->candidate = failed(net::StreamError::kCancelled);
  made->client_aborted = true;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(rows("errors").rows.size(), 0U);
  EXPECT_EQ(evaluation("candidate.success"), "absent");
  EXPECT_EQ(evaluation("candidate.cut_off"), "client_closed");
}

TEST_F(ExchangeRecorderTest, AClientThatStayedIsNotSaidToHaveLeft) {
  auto made = exchange(flags::Mode::kFullEvaluation, Account::kFailed);
  made->control = failed(net::StreamError::kReset);
  made->candidate = failed(net::StreamError::kCancelled);
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "absent");
  EXPECT_EQ(evaluation("candidate.cut_off"), "serving_side_failed");
}

// --- Control asked twice ---

TEST_F(ExchangeRecorderTest, WhereControlDiffersFromItselfIsAnEvent) {
  ASSERT_TRUE(emit(asked_twice(R"({"id":"a","total":9})", R"({"id":"b","total":9})",
                               R"({"id":"c","total":9})")));
  EXPECT_EQ(evaluation("noise.accounting"), "taken");
  EXPECT_EQ(evaluation("noise.difference_count"), "1");
  EXPECT_EQ(evaluation("noise.duration_ms"), "2.0");
  EXPECT_EQ(noise("difference.path_pattern"), "$.id");
  EXPECT_EQ(noise("difference.dimension"), "value");
  EXPECT_EQ(noise("noise.first_value"), "a");
  EXPECT_EQ(noise("noise.second_value"), "b");
  EXPECT_EQ(noise("evaluation.id"), "00000000000000010000000000000002");
  EXPECT_EQ(noise("http.route"), "query");
  EXPECT_EQ(accounted(NoiseAccount::kTaken), 1U);
  const auto seen = noise_at("$.id");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->differed, 1U);
  EXPECT_EQ(seen->samples, 1U);
  EXPECT_FALSE(noise_at("$.total"));
}

// Events are counted to say in how many pairs control differed, so a pair gives one for a place.
TEST_F(ExchangeRecorderTest, APlaceIsOneEventHoweverOftenItDiffersWithinAnAnswer) {
  ASSERT_TRUE(emit(asked_twice(R"([{"id":1},{"id":2}])", R"([{"id":3},{"id":4}])", "[]")));
  EXPECT_EQ(noise("difference.path_pattern"), "$[*].id");
  EXPECT_EQ(evaluation("noise.difference_count"), "2");
}

TEST_F(ExchangeRecorderTest, ADifferenceAtANoisyPlaceStaysOneAndIsMarked) {
  const auto emit_one = [&] {
    ASSERT_TRUE(emit(asked_twice(R"({"id":"a","total":9})", R"({"id":"b","total":9})",
                                 R"({"id":"c","total":10})")));
    recorder().flush();
  };
  emit_one();
  emit_one();
  emit_one();
  const store::ResultTable table = rows("differences");
  EXPECT_EQ(table.rows.size(), 6U);
  EXPECT_EQ(recorder().differences("data-engine").groups.total(), 6U);
  int marked = 0;
  const auto column = [&](const std::vector<event::Value>& row, std::string_view name) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].name == name) return row[i];
    }
    return event::Value();
  };
  for (const auto& row : table.rows) {
    const event::Value mark = column(row, "difference.noise");
    if (mark.is_null()) continue;
    ++marked;
    EXPECT_EQ(column(row, "difference.path").as_string(), "$.id");
    EXPECT_GT(mark.as_number(), 0.3);
    EXPECT_LT(mark.as_number(), 0.5);
  }
  EXPECT_EQ(marked, 2);  // once is no proof, so the first was not known to be noise
}

TEST_F(ExchangeRecorderTest, TheSameRulesHoldForControlAgainstItself) {
  recorder();
  compare_with(R"([{"path": "$.id", "ignore": true}])");
  ASSERT_TRUE(emit(asked_twice(R"({"id":"a"})", R"({"id":"b"})", R"({"id":"c"})")));
  EXPECT_EQ(rows("noise").rows.size(), 0U);
  EXPECT_EQ(evaluation("noise.difference_count"), "0");
  EXPECT_EQ(recorder().differences("data-engine").noise.samples(), 1U);
  // Only the candidate's differences are hits of the rule.
  EXPECT_EQ(recorder().differences("data-engine").rule_hits, std::vector<uint64_t>{1});
}

TEST_F(ExchangeRecorderTest, NewRulesStartNewNoiseStatistics) {
  ASSERT_TRUE(emit(asked_twice(R"({"id":"a"})", R"({"id":"b"})", "{}")));
  EXPECT_TRUE(noise_at("$.id"));
  compare_with(R"([{"path": "$.other", "ignore": true}])");
  EXPECT_FALSE(noise_at("$.id"));
  EXPECT_EQ(recorder().differences("data-engine").noise.samples(), 0U);
}

// What control says about itself does not depend on whether the candidate answered.
TEST_F(ExchangeRecorderTest, ControlIsHeldAgainstItselfAlsoWhenTheCandidateFailed) {
  auto made = asked_twice(R"({"id":"a"})", R"({"id":"b"})", "");
  made->account = Account::kTimedOut;
  made->candidate = failed(net::StreamError::kTimeout);
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("evaluation.accounting"), "timed_out");
  EXPECT_EQ(evaluation("noise.accounting"), "taken");
  EXPECT_TRUE(noise_at("$.id"));
  EXPECT_EQ(accounted(NoiseAccount::kTaken), 1U);
}

TEST_F(ExchangeRecorderTest, ASecondCallThatWasNotTakenSaysWhyAndChangesNothing) {
  auto made = asked_twice(R"({"total":9})", "", R"({"total":9})");
  made->noise->account = NoiseAccount::kFailed;
  made->noise->reason = "timeout";
  made->noise->answer = failed(net::StreamError::kTimeout);
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("evaluation.accounting"), "compared");
  EXPECT_EQ(evaluation("comparison.outcome"), "match");
  EXPECT_EQ(evaluation("success"), "100");
  EXPECT_EQ(evaluation("noise.accounting"), "failed");
  EXPECT_EQ(evaluation("noise.reason"), "timeout");
  EXPECT_EQ(rows("errors").rows.size(), 0U);
  EXPECT_EQ(recorder().differences("data-engine").noise.samples(), 0U);
  EXPECT_EQ(accounting_->noise_settled(), 0U);  // the proxy has counted it
}

TEST_F(ExchangeRecorderTest, AnswersOfControlThatCannotBeComparedAreAFailedSample) {
  auto made = asked_twice(R"({"total":9})", "", R"({"total":9})");
  made->noise->answer.headers.clear();
  made->noise->answer.headers.add("content-type", "application/json");
  made->noise->answer.headers.add("content-encoding", "zstd");
  made->noise->answer.body = "?";
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("noise.accounting"), "failed");
  EXPECT_EQ(evaluation("noise.reason"), "incomparable");
  EXPECT_EQ(accounted(NoiseAccount::kFailed), 1U);
  EXPECT_EQ(accounted(Account::kCompared), 1U);
}

TEST_F(ExchangeRecorderTest, AMigrationThatWasRemovedGivesNoSample) {
  recorder().set_comparators({});
  ASSERT_TRUE(emit(asked_twice("{}", "{}", "{}")));
  EXPECT_EQ(evaluation("noise.reason"), "migration_removed");
  EXPECT_EQ(accounted(NoiseAccount::kFailed), 1U);
}

TEST_F(ExchangeRecorderTest, WithoutASecondCallNothingIsSaidAboutNoise) {
  ASSERT_TRUE(emit_compared(R"({"total":9})", R"({"total":10})"));
  EXPECT_EQ(evaluation("noise.accounting"), "absent");
  EXPECT_EQ(difference("difference.noise"), "absent");
  EXPECT_EQ(rows("noise").rows.size(), 0U);
}

// --- What ended a call that is not the service's doing ---

TEST_F(ExchangeRecorderTest, AnErrorAnswerTooLargeToReadIsStillAFailure) {
  auto made = exchange(flags::Mode::kFullEvaluation, Account::kTooLarge);
  made->candidate = answered(500, "");
  made->candidate.complete = false;
  made->candidate.error = net::StreamError::kTooLarge;
  made->candidate.error_where = "read_body";
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "0");
  EXPECT_EQ(evaluation("candidate.status_code"), "500");
  EXPECT_EQ(evaluation("candidate.ttfb_ms"), "1.0");
  EXPECT_EQ(evaluation("candidate.cut_off"), "dropped_bytes_max");
  EXPECT_EQ(error("exception.type"), "http_500");
  EXPECT_EQ(error("error.where"), "answer");
}

TEST_F(ExchangeRecorderTest, ASoundAnswerTooLargeToReadIsASuccessWithoutALatency) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kTooLarge);
  made->candidate = answered(200, "");
  made->candidate.complete = false;
  made->candidate.error = net::StreamError::kTooLarge;
  made->candidate.error_where = "read_body";
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "100");
  EXPECT_EQ(evaluation("candidate.cut_off"), "dropped_bytes_max");
  EXPECT_EQ(evaluation("candidate.error.type"), "absent");
  EXPECT_EQ(rows("errors").rows.size(), 0U);
}

TEST_F(ExchangeRecorderTest, ARequestTooLargeToSendTwiceSaysNothingOfTheService) {
  auto made = exchange(flags::Mode::kFireAndForget, Account::kTooLarge);
  made->candidate = failed(net::StreamError::kTooLarge);
  made->candidate.error_where = "send";
  made->candidate.end_ns = 5;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "absent");
  EXPECT_EQ(evaluation("candidate.duration_ms"), "absent");
  EXPECT_EQ(evaluation("candidate.cut_off"), "request_bytes_max");
  EXPECT_EQ(rows("errors").rows.size(), 0U);
}

TEST_F(ExchangeRecorderTest, AShadowPastItsDeadlineFailedWhenTheOtherSideWasQuicker) {
  auto made = exchange(flags::Mode::kFullEvaluation, Account::kTimedOut);
  made->candidate = failed(net::StreamError::kTimeout);
  made->candidate.end_ns = made->control.end_ns + 1;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "0");
  EXPECT_EQ(evaluation("candidate.cut_off"), "shadow_deadline");
  EXPECT_EQ(evaluation("candidate.error.type"), "timeout");
  EXPECT_EQ(error("exception.type"), "timeout");
}

TEST_F(ExchangeRecorderTest, AShadowPastItsDeadlineIsUndecidedWhenTheOtherSideTookAsLong) {
  auto made = exchange(flags::Mode::kFullEvaluation, Account::kTimedOut);
  made->candidate = failed(net::StreamError::kTimeout);
  made->candidate.end_ns = made->control.end_ns;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "absent");
  EXPECT_EQ(evaluation("candidate.duration_ms"), "2.0");
  EXPECT_EQ(evaluation("candidate.cut_off"), "shadow_deadline");
  EXPECT_EQ(evaluation("candidate.error.type"), "absent");
  EXPECT_EQ(evaluation("success"), "100");
  EXPECT_EQ(rows("errors").rows.size(), 0U);
}

TEST_F(ExchangeRecorderTest, ATimeoutOfTheServingSideIsItsFailureHoweverLongTheShadowTook) {
  auto made = exchange(flags::Mode::kReverseEvaluation, Account::kCompared);
  made->account = Account::kFailed;
  made->served_by = base::Side::kNone;
  made->candidate = failed(net::StreamError::kTimeout);
  made->candidate.end_ns = 1'000'000;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("candidate.success"), "0");
  EXPECT_EQ(evaluation("candidate.cut_off"), "absent");
  EXPECT_EQ(error("exception.type"), "timeout");
}

TEST_F(ExchangeRecorderTest, WithoutAKeyThereIsNoHashOfOne) {
  auto made = exchange(flags::Mode::kControlOnly, Account::kNotSampled);
  made->key_hash = 0;
  ASSERT_TRUE(emit(std::move(made)));
  EXPECT_EQ(evaluation("evaluation.key_hash"), "absent");
}

// --- Bounds and faults ---

TEST_F(ExchangeRecorderTest, BeyondTheQueueAnExchangeIsRefusedAndLeftWithItsOwner) {
  options_.queue_len_max = 1;
  options_.writer.batch_events_max = 1;
  recorder();
  store_.set_open(false);
  // The writer holds one event, the batch the next, a recorder thread waits with the third.
  int taken = 0;
  std::unique_ptr<proxy::Exchange> refused;
  for (int i = 0; i < 1000 && !refused; ++i) {
    auto made = exchange(flags::Mode::kControlOnly, Account::kNotSampled);
    if (recorder().emit(made)) {
      ++taken;
    } else {
      refused = std::move(made);
    }
  }
  ASSERT_NE(refused, nullptr);
  EXPECT_GE(recorder().stats().exchanges_refused, 1U);
  store_.set_open(true);
  EXPECT_EQ(rows("evaluations").rows.size(), static_cast<size_t>(taken));
}

TEST_F(ExchangeRecorderTest, BeyondItsBytesTheQueueRefuses) {
  options_.queue_bytes_max = 100'000;
  auto large = exchange(flags::Mode::kFullEvaluation, Account::kCompared);
  large->candidate = answered(200, std::string(200'000, 'x'));
  EXPECT_FALSE(emit(std::move(large)));
  EXPECT_TRUE(emit_compared("{}", "{}"));
  recorder().flush();
  EXPECT_EQ(recorder().stats().waiting_bytes, 0U);
}

TEST_F(ExchangeRecorderTest, TheSecondAnswerCountsForTheBytesOfTheQueue) {
  options_.queue_bytes_max = 100'000;
  EXPECT_FALSE(emit(asked_twice("{}", std::string(200'000, 'x'), "{}")));
  EXPECT_TRUE(emit(asked_twice("{}", "{}", "{}")));
  recorder().flush();
  EXPECT_EQ(recorder().stats().waiting_bytes, 0U);
}

TEST_F(ExchangeRecorderTest, AFullDiskCostsEventsAndNothingElse) {
  store_.set_full(true);
  ASSERT_TRUE(emit_compared("{}", "{}"));
  recorder().flush();
  EXPECT_EQ(recorder().stats().events_dropped, 1U);
  EXPECT_EQ(accounted(Account::kCompared), 1U);
  store_.set_full(false);
  ASSERT_TRUE(emit_compared("{}", "{}"));
  EXPECT_EQ(rows("evaluations").rows.size(), 1U);
  EXPECT_EQ(recorder().stats().events_written, 1U);
}

TEST_F(ExchangeRecorderTest, WithRecordingOffAnswersAreStillComparedAndCounted) {
  options_.write_events = false;
  ASSERT_TRUE(emit_compared(R"({"a":1})", R"({"a":2})"));
  EXPECT_EQ(rows("evaluations").rows.size(), 0U);
  EXPECT_EQ(accounted(Account::kCompared), 1U);
  EXPECT_EQ(recorder().differences("data-engine").groups.total(), 1U);
}

TEST_F(ExchangeRecorderTest, WhatWasTakenIsWrittenBeforeTheEnd) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(emit_compared("{}", "{}"));
  recorder_.reset();
  EXPECT_EQ(store_.stats().events_appended, 100U);
}

}  // namespace
}  // namespace understudy::app
