// The second call to control that a share of the evaluations makes.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proxy/noise_sample.h"
#include "proxy/testing/proxy_fixture.h"

namespace understudy::proxy {
namespace {

using testing::answer;
using testing::Request;
using testing::says;
using testing::Service;
using testing::Socket;

constexpr std::string_view kAlways = "compare: {noise_sample: 100%}\n";

bool is_shadow(const Request& request) { return request.field("Understudy-Shadow") == "1"; }

class NoiseCallTest : public testing::ProxyFixture {
 protected:
  /// Answers a client's request and a shadow's differently, as a control with random ids does.
  static Service::Behaviour differs_from_itself() {
    return [](Socket& socket, const Request& request) {
      socket.send(answer(200, is_shadow(request) ? "second" : "first"));
    };
  }
};

TEST_F(NoiseCallTest, ControlIsAskedTwiceAndTheClientGetsTheFirstAnswer) {
  Service control(differs_from_itself());
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(), kAlways);
  const std::string trace =
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
  EXPECT_EQ(body_of(talk(base::cat("GET /x?y=1 HTTP/1.1\r\nHost: h\r\n", trace,
                                   "Connection: close\r\n\r\n"))),
            "first");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kCompared);
  EXPECT_EQ(seen.control.body, "first");
  EXPECT_EQ(seen.candidate.body, "new");
  ASSERT_NE(seen.noise, nullptr);
  EXPECT_EQ(seen.noise->account, NoiseAccount::kTaken);
  EXPECT_EQ(seen.noise->answer.body, "second");
  EXPECT_EQ(books_->noise_sampled(), 1U);
  EXPECT_EQ(books_->of(NoiseAccount::kTaken), 1U);
  const auto asked = control.requests(2);
  ASSERT_EQ(asked.size(), 2U);
  const Request& second = is_shadow(asked[0]) ? asked[0] : asked[1];
  const Request& first = is_shadow(asked[0]) ? asked[1] : asked[0];
  EXPECT_EQ(second.line(), first.line());
  EXPECT_EQ(second.field("Host"), first.field("Host"));
  EXPECT_TRUE(is_shadow(second));
  EXPECT_FALSE(is_shadow(first));
  EXPECT_NE(second.connection, first.connection);
  EXPECT_NE(second.field("traceparent"), first.field("traceparent"));
}

TEST_F(NoiseCallTest, WithoutTheSettingControlIsAskedOnce) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  get();
  EXPECT_EQ(exchange(0).noise, nullptr);
  EXPECT_EQ(control.requests(1).size(), 1U);
  EXPECT_EQ(books_->noise_sampled(), 0U);
}

TEST_F(NoiseCallTest, OnlyModesThatCompareAskTwice) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFireAndForget, control.port(), candidate.port(), kAlways);
  get();
  EXPECT_EQ(exchange(0).noise, nullptr);
  set_mode(flags::Mode::kControlOnly);
  get();
  EXPECT_EQ(exchange(1).noise, nullptr);
  EXPECT_EQ(control.requests(2).size(), 2U);
}

TEST_F(NoiseCallTest, AWriteIsNeverRepeated) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(), kAlways);
  talk("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  EXPECT_EQ(exchange(0).noise, nullptr);
  EXPECT_EQ(control.requests(1).size(), 1U);
}

// After the cutover control is a shadow already; a second one says what the first may differ by.
TEST_F(NoiseCallTest, InReverseBothCallsToControlAreShadows) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kReverseEvaluation, control.port(), candidate.port(), kAlways);
  EXPECT_EQ(body_of(get()), "new");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kCompared);
  ASSERT_NE(seen.noise, nullptr);
  EXPECT_EQ(seen.noise->account, NoiseAccount::kTaken);
  EXPECT_EQ(seen.noise->answer.body, "old");
  for (const Request& asked : control.requests(2)) EXPECT_TRUE(is_shadow(asked));
}

TEST_F(NoiseCallTest, AStreamedBodyReachesAllThreeCallsWhole) {
  Service control(differs_from_itself());
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(),
        "compare: {noise_sample: 100%}\nroutes:\n  - {name: all, safe_to_repeat: true}\n");
  const Socket socket = client();
  socket.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  control.wait_for_heads(2);  // before any of the body was sent
  candidate.wait_for_heads(1);
  socket.send("5\r\nhello\r\n");
  socket.send("6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_all()), "first");
  EXPECT_EQ(exchange(0).account, Account::kCompared);
  EXPECT_EQ(exchange(0).noise->account, NoiseAccount::kTaken);
  for (const Request& asked : control.requests(2)) EXPECT_EQ(asked.content(), "hello world");
  EXPECT_EQ(candidate.requests(1).at(0).content(), "hello world");
}

TEST_F(NoiseCallTest, AShareOfTheEvaluationsIsChosenByTheirIds) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(),
        "compare: {noise_sample: 30%}\n");
  constexpr size_t kRequests = 60;
  for (size_t i = 0; i < kRequests; ++i) get();
  uint64_t sampled = 0;
  for (size_t i = 0; i < kRequests; ++i) {
    const Exchange& seen = exchange(i);
    EXPECT_EQ(seen.noise != nullptr, takes_noise_sample(seen.id_low, 0.3));
    sampled += seen.noise != nullptr ? 1 : 0;
  }
  EXPECT_EQ(books_->noise_sampled(), sampled);
  // Outside of it once in a thousand million runs (binomial, 60 at 30%).
  EXPECT_GT(sampled, 0U);
  EXPECT_LT(sampled, 45U);
}

// Configuration.

base::Result<MigrationOptions> parsed(std::string_view yaml) {
  const auto node = base::parse_yaml(yaml, "test.yaml");
  EXPECT_TRUE(node.ok());
  return MigrationOptions::parse(*node);
}
std::string with_sample(std::string_view value) {
  return base::cat(
      "{name: m, listen: \"127.0.0.1:1\", control: {url: \"http://a:1\"}, candidate: {url: "
      "\"http://b:1\"}, compare: {noise_sample: ",
      value, "}}");
}

// Linux sends a lost SYN again after a second: one lost packet is no 504.
TEST(SideOptions, AConnectionOutlivesOneLostSyn) {
  const auto options = parsed(with_sample("0"));
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->control.connect_timeout, std::chrono::seconds(3));
  EXPECT_EQ(options->candidate.connect_timeout, std::chrono::seconds(3));
  // The deadline of a shadow call holds for its connect, too, and lets a second SYN be sent.
  EXPECT_EQ(options->candidate.timeout, std::chrono::seconds(2));
}

TEST(NoiseOptions, AShareIsReadAndIsZeroUnlessGiven) {
  EXPECT_DOUBLE_EQ(parsed(with_sample("1%"))->noise_share, 0.01);
  EXPECT_DOUBLE_EQ(parsed(with_sample("0.005"))->noise_share, 0.005);
  EXPECT_DOUBLE_EQ(parsed(with_sample("0"))->noise_share, 0);
  EXPECT_DOUBLE_EQ(parsed("{name: m}")->noise_share, 0);
}

TEST(NoiseOptions, WhatIsNoShareIsRefused) {
  for (const char* value : {"-1%", "101%", "1.5", "nan", "often", "[]", "\"\""}) {
    const auto options = parsed(with_sample(value));
    ASSERT_FALSE(options.ok()) << value;
    EXPECT_NE(options.error().context.find("compare.noise_sample"), std::string::npos)
        << options.error().context;
  }
}

TEST(NoiseOptions, WithoutAListenerNobodyWouldSample) {
  const auto options = parsed("{name: m, compare: {noise_sample: 1%}}");
  ASSERT_FALSE(options.ok());
  EXPECT_NE(options.error().context.find("listen"), std::string::npos);
}

}  // namespace
}  // namespace understudy::proxy
