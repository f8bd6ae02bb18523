#include "proxy/outgoing_request.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/testing/proxy_fixture.h"

namespace understudy::proxy {
namespace {

using testing::Request;
using testing::says;
using testing::Service;

/// What the two services are really sent.
class OutgoingRequestTest : public testing::ProxyFixture {
 protected:
  /// Starts with `more` in the migration and asks once with `fields`, each line with its end.
  void ask(std::string_view more, std::string_view fields, std::string_view target = "/") {
    start(flags::Mode::kFullEvaluation, control_.port(), candidate_.port(), more,
          base::cat(", timeout: 5s", candidate_more_), "", candidate_path_);
    answer_ = talk(base::cat("GET ", target, " HTTP/1.1\r\nHost: shop.example\r\n", fields,
                             "Connection: close\r\n\r\n"));
    EXPECT_EQ(body_of(answer_), "same");
    const size_t index = asked_++;
    to_control_ = control_.requests(asked_).at(index);
    to_candidate_ = candidate_.requests(asked_).at(index);
    seen_ = &exchange(index);
  }

  Service control_{says("same")};
  Service candidate_{says("same")};
  std::string candidate_more_;  // YAML beside the candidate's url
  std::string candidate_path_;  // of its url
  std::string answer_;
  Request to_control_;
  Request to_candidate_;
  const Exchange* seen_ = nullptr;
  size_t asked_ = 0;
};

constexpr std::string_view kTraceId = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view kCallersSpan = "b7ad6b7169203331";

std::string span_of(const Request& request) {
  const auto parent = http::parse_traceparent(request.field("traceparent"));
  return parent ? http::span_id_hex(parent->parent_id) : "none";
}

TEST_F(OutgoingRequestTest, ATraceGoesOnToBothSidesWithASpanOfItsOwnEach) {
  ask("", base::cat("traceparent: 00-", kTraceId, "-", kCallersSpan,
                    "-01\r\ntracestate: a=1\r\n"
                    "tracestate: b=2\r\n"));
  for (const Request* sent : {&to_control_, &to_candidate_}) {
    const std::string parent = sent->field("traceparent");
    EXPECT_TRUE(parent.starts_with(base::cat("00-", kTraceId, "-"))) << parent;
    EXPECT_TRUE(parent.ends_with("-01")) << parent;
    EXPECT_EQ(sent->field("tracestate"), "a=1,b=2");
    EXPECT_NE(span_of(*sent), kCallersSpan);
  }
  EXPECT_NE(span_of(to_control_), span_of(to_candidate_));
  EXPECT_EQ(http::trace_id_hex(seen_->trace.parent.trace_id), kTraceId);
  EXPECT_EQ(http::span_id_hex(seen_->trace.parent.parent_id), kCallersSpan);
  EXPECT_EQ(http::span_id_hex(seen_->span_id), span_of(to_control_));
}

TEST_F(OutgoingRequestTest, ACallersChoiceNotToSampleStays) {
  ask("", base::cat("traceparent: 00-", kTraceId, "-", kCallersSpan, "-00\r\n"));
  EXPECT_TRUE(to_control_.field("traceparent").ends_with("-00"));
  EXPECT_TRUE(to_candidate_.field("traceparent").ends_with("-00"));
}

TEST_F(OutgoingRequestTest, WithoutATraceNoneIsBegunSoThatTheServicesSampleAsBefore) {
  for (const std::string_view fields : {"", "traceparent: 00-x\r\ntracestate: a=1\r\n"}) {
    ask("", fields);
    for (const Request* sent : {&to_control_, &to_candidate_}) {
      EXPECT_EQ(sent->field("traceparent"), "");
      EXPECT_EQ(sent->field("tracestate"), "");
    }
    EXPECT_FALSE(seen_->trace.present);
    stop();
  }
}

TEST_F(OutgoingRequestTest, ATraceIsBegunWhereThatIsAskedFor) {
  ask("trace_context: begin\n", "");
  const auto control = http::parse_traceparent(to_control_.field("traceparent"));
  const auto candidate = http::parse_traceparent(to_candidate_.field("traceparent"));
  ASSERT_TRUE(control && candidate);
  EXPECT_TRUE(control->sampled());
  EXPECT_EQ(control->trace_id, candidate->trace_id);
  EXPECT_NE(control->parent_id, candidate->parent_id);
  EXPECT_EQ(seen_->trace.parent.trace_id, control->trace_id);
}

TEST_F(OutgoingRequestTest, ATracesFieldsPassUntouchedWhereTracingIsOff) {
  const std::string parent = base::cat("00-", kTraceId, "-", kCallersSpan, "-01");
  ask("trace_context: false\n", base::cat("traceparent: ", parent, "\r\n"));
  EXPECT_EQ(to_control_.field("traceparent"), parent);
  EXPECT_EQ(to_candidate_.field("traceparent"), parent);
}

TEST_F(OutgoingRequestTest, BaggageGoesOnToBothSidesAsItIs) {
  std::string most = "user=%C3%A4;secret;p=1, b=2";
  for (int i = 2; i < 64; ++i) most += base::cat(",k", i, "=", std::string(100, 'v'));
  ask("", base::cat("baggage: ", most, "\r\nbaggage: c=3\r\n"));
  for (const Request* sent : {&to_control_, &to_candidate_}) {
    const size_t first = sent->head.find(base::cat("baggage: ", most, "\r\n"));
    const size_t second = sent->head.find("baggage: c=3\r\n");
    EXPECT_NE(first, std::string::npos) << sent->head;
    EXPECT_NE(second, std::string::npos) << sent->head;
    EXPECT_LT(first, second) << sent->head;
  }
}

TEST_F(OutgoingRequestTest, ForwardedFieldsSayWhoAskedAndForWhat) {
  ask("", "X-Forwarded-For: 192.0.2.1\r\n");
  for (const Request* sent : {&to_control_, &to_candidate_}) {
    EXPECT_EQ(sent->field("X-Forwarded-For"), "192.0.2.1, 127.0.0.1");
    EXPECT_EQ(sent->field("X-Forwarded-Proto"), "http");
    EXPECT_EQ(sent->field("X-Forwarded-Host"), "shop.example");
    EXPECT_EQ(sent->field("Via"), "");
    EXPECT_EQ(sent->field("Host"), "shop.example");
  }
}

TEST_F(OutgoingRequestTest, BehindATlsProxyTheFirstHopStaysHttps) {
  ask("", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www.shop.example\r\n");
  for (const Request* sent : {&to_control_, &to_candidate_}) {
    EXPECT_EQ(sent->field("X-Forwarded-Proto"), "https");
    EXPECT_EQ(sent->field("X-Forwarded-Host"), "www.shop.example");
  }
}

TEST_F(OutgoingRequestTest, ForwardedFieldsPassUntouchedWhereTheyAreOff) {
  ask("forwarded_headers: false\n", "X-Forwarded-For: 192.0.2.1\r\n");
  for (const Request* sent : {&to_control_, &to_candidate_}) {
    EXPECT_EQ(sent->field("X-Forwarded-For"), "192.0.2.1");
    EXPECT_EQ(sent->field("X-Forwarded-Proto"), "");
    EXPECT_EQ(sent->field("X-Forwarded-Host"), "");
  }
}

TEST_F(OutgoingRequestTest, ViaIsAddedOnBothWaysWhereItIsAskedFor) {
  ask("via: true\n", "Via: 1.0 first\r\n");
  for (const Request* sent : {&to_control_, &to_candidate_}) {
    EXPECT_NE(sent->head.find("Via: 1.0 first\r\n"), std::string::npos) << sent->head;
    EXPECT_NE(sent->head.find("via: 1.1 understudy\r\n"), std::string::npos) << sent->head;
  }
  EXPECT_NE(answer_.find("via: 1.1 understudy\r\n"), std::string::npos) << answer_;
}

TEST_F(OutgoingRequestTest, ASideCanBeToldTheHostOfItsUrl) {
  candidate_more_ = ", host: url";
  ask("", "");
  EXPECT_EQ(to_control_.field("Host"), "shop.example");
  EXPECT_EQ(to_candidate_.field("Host"), base::cat("127.0.0.1:", candidate_.port()));
  EXPECT_EQ(to_candidate_.field("X-Forwarded-Host"), "shop.example");
}

TEST_F(OutgoingRequestTest, ThePathOfAUrlStandsBeforeEveryTarget) {
  candidate_path_ = "/v2/";
  ask("", "", "/query?a=1");
  EXPECT_EQ(to_control_.target(), "/query?a=1");
  EXPECT_EQ(to_candidate_.target(), "/v2/query?a=1");
  EXPECT_EQ(seen_->target, "/query?a=1");
}

TEST_F(OutgoingRequestTest, NobodyButTheProxyMarksARequestAsAShadow) {
  ask("", "Understudy-Shadow: 1\r\n");
  EXPECT_EQ(to_control_.field("Understudy-Shadow"), "");
  EXPECT_EQ(to_candidate_.field("Understudy-Shadow"), "1");
}

}  // namespace
}  // namespace understudy::proxy
