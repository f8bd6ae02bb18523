// Whatever becomes of the second call to control, the client and the evaluation do not notice.

#include <gtest/gtest.h>

#include <string>

#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::Account;
using proxy::Exchange;
using proxy::NoiseAccount;
using proxy::testing::answer;
using proxy::testing::dead_port;
using proxy::testing::Event;
using proxy::testing::Request;
using proxy::testing::says;
using proxy::testing::Service;
using proxy::testing::Socket;

class NoiseFaults : public proxy::testing::ProxyFixture {
 protected:
  /// Answers clients at once, and shadows as it is told.
  static Service::Behaviour second_call(Service::Behaviour behaviour) {
    return [behaviour = std::move(behaviour)](Socket& socket, const Request& request) {
      if (request.field("Understudy-Shadow") == "1") return behaviour(socket, request);
      socket.send(answer(200, "old"));
    };
  }
  void compare_through(const Service& control, const Service& candidate,
                       std::string_view more = "") {
    start(Mode::kFullEvaluation, control.port(), candidate.port(),
          base::cat("compare: {noise_sample: 100%}\n", more));
  }
  static void hang(Socket& socket, const Request&) { socket.receive(); }
};

struct Fault {
  const char* name;
  Service::Behaviour behaviour;
  const char* reason;
};

TEST_F(NoiseFaults, NoneOfThemIsFeltAndEachIsNamed) {
  const std::vector<Fault> faults = {
      {"hangs", hang, "timeout"},
      {"resets", [](Socket& socket, const Request&) { socket.reset(); }, "reset"},
      {"closes", [](Socket& socket, const Request&) { socket.close(); }, "closed_early"},
      {"breaks off",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nsome");
         socket.close();
       },
       "closed_early"},
      {"trickles",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\ns");
         socket.receive();
       },
       "timeout"},
      {"never ends",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
         while (socket.send(std::string(65536, 'x'))) {
         }
         socket.close();
       },
       "body_bytes_max"},
      {"talks nonsense",
       [](Socket& socket, const Request&) {
         socket.send("no http at all\r\n\r\n");
         socket.receive();
       },
       "malformed"},
  };
  for (const Fault& fault : faults) {
    Service control(second_call(fault.behaviour));
    Service candidate(says("new"));
    start(Mode::kFullEvaluation, control.port(), candidate.port(),
          "compare: {noise_sample: 100%, body_bytes_max: 16KiB}\n");
    const size_t index = sink_.count();
    EXPECT_EQ(body_of(get()), "old") << fault.name;
    const Exchange& seen = exchange(index);
    EXPECT_EQ(seen.account, Account::kCompared) << fault.name;
    EXPECT_EQ(seen.control.body, "old") << fault.name;
    EXPECT_TRUE(seen.control.succeeded()) << fault.name;
    EXPECT_EQ(seen.candidate.body, "new") << fault.name;
    ASSERT_NE(seen.noise, nullptr) << fault.name;
    EXPECT_EQ(seen.noise->account, NoiseAccount::kFailed) << fault.name;
    EXPECT_EQ(seen.noise->reason, fault.reason) << fault.name;
    EXPECT_TRUE(stop()) << fault.name;
    EXPECT_EQ(books_->requests(), books_->settled()) << fault.name;
    EXPECT_EQ(books_->noise_sampled(), books_->noise_settled()) << fault.name;
  }
}

// The candidate's deadline holds for it too, or a control with 30 s would hold back every event.
TEST_F(NoiseFaults, AHungSecondCallEndsWithTheShadowsDeadline) {
  Service control(second_call(hang));
  Service candidate(says("new"));
  compare_through(control, candidate);
  const Socket socket = client();
  for (int i = 0; i < 3; ++i) {
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(socket.receive_until("old")), "old");
  }
  for (size_t i = 0; i < 3; ++i) {
    const Exchange& seen = exchange(i);
    EXPECT_EQ(seen.account, Account::kCompared);
    EXPECT_LT(seen.duration_ns, seen.noise->answer.end_ns);
    EXPECT_LT(seen.noise->answer.end_ns, 10'000'000'000);
  }
}

TEST_F(NoiseFaults, AtTheInFlightBoundItIsShedAndComparisonsGoOn) {
  Event release;
  Service control(second_call([&](Socket& socket, const Request&) {
    release.wait();
    socket.send(answer(200, "old"));
  }));
  Service candidate(says("new"));
  // A quarter of 8 may be second calls.
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "compare: {noise_sample: 100%}\nshadow: {in_flight_max: 8}\n", ", timeout: 20s");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(body_of(get()), "old");
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(exchange(i).account, Account::kCompared);
    EXPECT_EQ(exchange(i).noise->reason, "in_flight_max");
  }
  release.happen();
  for (size_t i = 4; i < 6; ++i) EXPECT_EQ(exchange(i).noise->account, NoiseAccount::kTaken);
  ASSERT_TRUE(stop());  // the books of an exchange are closed after it was handed over
  EXPECT_EQ(books_->noise_sampled(), 6U);
  EXPECT_EQ(books_->of(NoiseAccount::kShed), 4U);
  EXPECT_EQ(books_->of(Account::kCompared), 6U);
}

TEST_F(NoiseFaults, AGateTooSmallForBothKeepsTheComparison) {
  Service control(says("old"));
  Service candidate(says("new"));
  compare_through(control, candidate, "shadow: {in_flight_max: 1}\n");
  get();
  EXPECT_EQ(exchange(0).account, Account::kCompared);
  EXPECT_EQ(exchange(0).noise->account, NoiseAccount::kShed);
  EXPECT_EQ(exchange(0).noise->reason, "in_flight_max");
}

TEST_F(NoiseFaults, AClientThatLeavesReleasesTheSecondCallToo) {
  Service control(hang);
  Service candidate(hang);
  compare_through(control, candidate);
  {
    const Socket socket = client();
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    control.requests(2);
    candidate.requests(1);
  }
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kClientAborted);
  ASSERT_NE(seen.noise, nullptr);
  EXPECT_EQ(seen.noise->account, NoiseAccount::kFailed);
  EXPECT_EQ(seen.noise->reason, "client_closed");
  EXPECT_TRUE(control.wait_for_open(0));
  EXPECT_EQ(proxy_->activity().shadows_in_flight, 0U);
}

// What is learnt about control does not depend on the candidate.
TEST_F(NoiseFaults, ACandidateThatFailsTakesNothingFromIt) {
  Service control(says("old"));
  Service candidate(hang);
  start(Mode::kFullEvaluation, control.port(), candidate.port(), "compare: {noise_sample: 100%}\n",
        ", timeout: 1s");
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kTimedOut);
  EXPECT_EQ(exchange(0).noise->account, NoiseAccount::kTaken);
}

TEST_F(NoiseFaults, AControlThatFailsTheClientGivesNoSample) {
  Service control([](Socket& socket, const Request& request) {
    if (request.field("Understudy-Shadow") == "1") return (void)socket.send(answer(200, "old"));
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nsome");
    socket.close();
  });
  Service candidate(says("new"));
  compare_through(control, candidate);
  get();
  EXPECT_EQ(exchange(0).account, Account::kFailed);
  EXPECT_EQ(exchange(0).noise->account, NoiseAccount::kFailed);
  EXPECT_EQ(exchange(0).noise->reason, "control_failed");
}

// The breaker watches over the candidate. A control that does not answer twice says nothing of it,
TEST_F(NoiseFaults, ASecondCallThatFailsNeverOpensTheBreaker) {
  Service control(second_call([](Socket& socket, const Request&) { socket.reset(); }));
  Service candidate(says("new"));
  compare_through(control, candidate, "shadow: {breaker_failures: 1, breaker_open_for: 1h}\n");
  for (size_t i = 0; i < 6; ++i) {
    get();
    EXPECT_EQ(exchange(i).account, Account::kCompared) << exchange(i).reason;
  }
  ASSERT_TRUE(stop());
  EXPECT_EQ(books_->of(NoiseAccount::kFailed), 6U);
}

// and one that does, nothing either.
TEST_F(NoiseFaults, ASecondCallThatAnswersNeverKeepsTheBreakerClosed) {
  Service control(says("old"));
  start(Mode::kFullEvaluation, control.port(), dead_port(),
        "compare: {noise_sample: 100%}\nshadow: {breaker_failures: 2, breaker_open_for: 1h}\n");
  for (size_t i = 0; i < 4; ++i) {
    get();
    exchange(i);  // settled before the next begins
  }
  EXPECT_EQ(exchange(1).account, Account::kFailed);
  EXPECT_EQ(exchange(2).account, Account::kShed);
  EXPECT_EQ(exchange(3).reason, "circuit_open");
  EXPECT_EQ(books_->noise_sampled(), 2U);  // without the comparison there is no second call
}

TEST_F(NoiseFaults, ARecorderThatCannotKeepUpIsInTheBooks) {
  Service control(says("old"));
  Service candidate(says("new"));
  compare_through(control, candidate);
  sink_.refuse_all();
  EXPECT_EQ(body_of(get()), "old");
  ASSERT_TRUE(stop());
  EXPECT_EQ(books_->of(Account::kShed), 1U);
  EXPECT_EQ(books_->of(NoiseAccount::kShed), 1U);
}

}  // namespace
}  // namespace understudy
