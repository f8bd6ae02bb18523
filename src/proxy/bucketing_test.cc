// What keeps a user in one mode, seen from the client and from the services.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "flags/evaluate.h"
#include "proxy/testing/proxy_fixture.h"

namespace understudy::proxy {
namespace {

using flags::Mode;
using testing::says;
using testing::Service;

class BucketingTest : public testing::ProxyFixture {
 protected:
  static constexpr int kUsers = 40;

  void start_half_and_half(std::string_view more) {
    start(Mode::kControlOnly, control_.port(), candidate_.port(), more);
    auto mix = flags::ModeMix::parse("control_only=50,candidate_only=50");
    ASSERT_TRUE(mix.ok());
    snapshot_ = flags::FlagSnapshot::make({flags::make_mode_flag("m", *mix)});
    flags_.publish(snapshot_);
  }
  std::string ask(std::string_view line, std::string_view fields, std::string_view body = "") {
    return body_of(talk(base::cat(line, " HTTP/1.1\r\nHost: h\r\nContent-Length: ", body.size(),
                                  "\r\n", fields, "Connection: close\r\n\r\n", body)));
  }
  /// Asks twice for each of many users; `request` gets a user's key. Each must meet the service its
  /// key's bucket says, and both services must be met.
  template <class Request>
  void each_user_stays(Request request) {
    std::set<std::string> met;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < kUsers; ++i) {
        const std::string key = base::cat("user-", i);
        const auto mode = flags::evaluate_mode(*snapshot_, "m.mode", key).mode;
        const std::string answer = request(key);
        EXPECT_EQ(answer, mode == Mode::kCandidateOnly ? "new" : "old") << key;
        met.insert(answer);
      }
    }
    EXPECT_EQ(met.size(), 2u);
    EXPECT_NE(exchange(0).key_hash, 0u);
    EXPECT_EQ(exchange(0).key_hash, exchange(kUsers).key_hash);
    EXPECT_EQ(exchange(0).key_missing, "");
  }

  Service control_{says("old")};
  Service candidate_{says("new")};
  std::shared_ptr<const flags::FlagSnapshot> snapshot_;
};

TEST_F(BucketingTest, AHeaderKeepsAUserInOneModeOnEveryConnectionAndWorker) {
  workers_ = 2;
  start_half_and_half("bucket_by: {header: x-account-id}\n");
  each_user_stays([&](const std::string& user) {
    return ask("GET /", base::cat("X-Account-Id: ", user, "\r\n"));
  });
}

TEST_F(BucketingTest, ACookieDoes) {
  start_half_and_half("bucket_by: {cookie: session}\n");
  each_user_stays([&](const std::string& user) {
    return ask("GET /", base::cat("Cookie: theme=dark; session=", user, "; a=b\r\n"));
  });
}

TEST_F(BucketingTest, AQueryParameterDoes) {
  start_half_and_half("bucket_by: {query: account}\n");
  each_user_stays(
      [&](const std::string& user) { return ask(base::cat("GET /a?x=1&account=", user), ""); });
}

TEST_F(BucketingTest, AFieldOfAJsonBodyDoesAndTheBodyStillArrives) {
  start_half_and_half("bucket_by: {json_field: /account/id}\n");
  std::string last;
  each_user_stays([&](const std::string& user) {
    last = base::cat("{\"account\":{\"id\":\"", user, "\"}}");
    return ask("POST /", "Content-Type: application/json\r\n", last);
  });
  const size_t asked = 2 * kUsers;
  EXPECT_EQ(control_.requests().size() + candidate_.requests().size(), asked);
  std::multiset<std::string> bodies;
  for (Service* service : {&control_, &candidate_}) {
    for (const auto& request : service->requests()) bodies.insert(request.content());
  }
  EXPECT_EQ(bodies.count(last), 2u);
}

TEST_F(BucketingTest, TheAddressOfTheClientDoes) {
  start_half_and_half("bucket_by: client_address\n");
  const auto mode = flags::evaluate_mode(*snapshot_, "m.mode", "127.0.0.1").mode;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask("GET /", ""), mode == Mode::kCandidateOnly ? "new" : "old");
  }
}

TEST_F(BucketingTest, WithoutAKeyTheSharesHoldRequestByRequestAndTheEventSaysWhy) {
  start_half_and_half("bucket_by: {json_field: /id, body_bytes_max: 1KiB}\n");
  const std::map<std::string, std::string> bodies = {
      {"absent", "{}"},
      {"body_not_json", "id=7"},
      {"body_too_large", base::cat("{\"id\":\"", std::string(2000, 'x'), "\"}")}};
  size_t index = 0;
  for (const auto& [why, body] : bodies) {
    std::set<std::string> met;
    for (int i = 0; i < 60; ++i) met.insert(ask("POST /", "", body));
    EXPECT_EQ(met, (std::set<std::string>{"old", "new"})) << why;
    EXPECT_EQ(exchange(index).key_missing, why);
    EXPECT_EQ(exchange(index).key_hash, 0u);
    index += 60;
  }
}

}  // namespace
}  // namespace understudy::proxy
