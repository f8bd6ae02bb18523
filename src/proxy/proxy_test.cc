#include "proxy/proxy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/client_connections.h"
#include "proxy/testing/proxy_fixture.h"

namespace understudy::proxy {
namespace {

using testing::answer;
using testing::dead_port;
using testing::Request;
using testing::says;
using testing::Service;
using testing::Socket;

class ProxyTest : public testing::ProxyFixture {};

TEST_F(ProxyTest, ControlOnlyNeverCallsTheCandidate) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kControlOnly, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kNotSampled);
  EXPECT_EQ(seen.served_by, base::Side::kControl);
  EXPECT_FALSE(seen.candidate.called);
  EXPECT_TRUE(seen.control.succeeded());
  EXPECT_EQ(candidate.requests(0).size(), 0u);
}

TEST_F(ProxyTest, FullEvaluationServesControlAndKeepsBothAnswers) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get("/x?y=1")), "old");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kCompared);
  EXPECT_EQ(seen.control.body, "old");
  EXPECT_EQ(seen.candidate.body, "new");
  EXPECT_EQ(seen.target, "/x?y=1");
  const Request copy = candidate.requests(1).at(0);
  EXPECT_EQ(copy.line(), "GET /x?y=1 HTTP/1.1");
  EXPECT_EQ(copy.field("Understudy-Shadow"), "1");
  EXPECT_EQ(copy.field("Host"), "h");
  EXPECT_EQ(control.requests(1).at(0).field("Understudy-Shadow"), "");
}

TEST_F(ProxyTest, AChangedFlagTakesEffectOnTheNextRequestOfTheSameConnection) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kControlOnly, control.port(), candidate.port());
  const Socket socket = client();
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_until("old")), "old");
  set_mode(flags::Mode::kCandidateOnly);
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_until("new")), "new");
}

TEST_F(ProxyTest, PipelinedRequestsAreAnsweredInOrder) {
  Service control(
      [](Socket& socket, const Request& request) { socket.send(answer(200, request.target())); });
  start(flags::Mode::kControlOnly, control.port(), control.port());
  const Socket socket = client();
  std::string requests;
  for (int i = 0; i < 9; ++i) requests += base::cat("GET /", i, " HTTP/1.1\r\nHost: h\r\n\r\n");
  requests += "GET /9 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  socket.send(requests);
  const std::string all = socket.receive_all();
  size_t from = 0;
  for (int i = 0; i < 10; ++i) {
    from = all.find(base::cat("\r\n\r\n/", i), from);
    ASSERT_NE(from, std::string::npos) << i;
  }
}

TEST_F(ProxyTest, AWriteIsNeverSentTwiceUnlessTheRouteSaysSo) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(),
        "routes:\n"
        "  - {name: safe, match: {path: /safe}, safe_to_repeat: true}\n"
        "  - {name: rest, match: {path: \"*\"}}\n");
  for (const std::string_view path : {"/unsafe", "/safe"}) {
    const Socket socket = client();
    socket.send(base::cat("POST ", path,
                          " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                          "Connection: close\r\n\r\nabc"));
    EXPECT_EQ(body_of(socket.receive_all()), "old");
  }
  EXPECT_EQ(exchange(0).account, Account::kNotSampled);
  EXPECT_EQ(exchange(0).reason, "not_safe_to_repeat");
  EXPECT_EQ(exchange(1).account, Account::kCompared);
  const auto copies = candidate.requests(1);
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_EQ(copies[0].body, "abc");
}

TEST_F(ProxyTest, AStreamedBodyReachesBothSidesWhole) {
  Service control(says("old"));
  Service candidate(says("old"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(),
        "routes:\n  - {name: all, safe_to_repeat: true}\n");
  const Socket socket = client();
  socket.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n");
  control.wait_for_heads(1);  // before any of the body was sent
  candidate.wait_for_heads(1);
  socket.send("5\r\nhello\r\n");
  socket.send("6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_all()), "old");
  EXPECT_EQ(exchange(0).account, Account::kCompared);
  for (Service* service : {&control, &candidate}) {
    EXPECT_EQ(service->requests(1).at(0).content(), "hello world");
  }
}

TEST_F(ProxyTest, TheFlagOfTheComparisonSaysHowMuchOfAnAnswerIsKept) {
  Service control(says(std::string(3000, 'a')));
  Service candidate(says(std::string(3000, 'b')));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(),
        "compare: {body_bytes_max: 1KiB}\n");
  const auto compare_flag = [](std::string_view bytes_max) {
    flags::Flag flag;
    flag.key = "m.compare";
    flag.on = true;
    flag.fallthrough.variation = 0;
    flags::Value section{flags::Value::Object{}};
    if (!bytes_max.empty()) section.set("body_bytes_max", flags::Value(bytes_max));
    flag.variations = {std::move(section)};
    return flag;
  };
  const flags::Flag mode = flags::make_mode_flag("m", flags::ModeMix(flags::Mode::kFullEvaluation));
  size_t index = 0;
  const auto account = [&] {
    get();
    return exchange(index++).account;
  };
  EXPECT_EQ(account(), Account::kTooLarge) << "no flag: the file says it";
  const std::vector<std::pair<std::string_view, Account>> values = {
      {"4KiB", Account::kCompared}, {"2KiB", Account::kTooLarge},
      {"", Account::kCompared},  // the default of 1 MiB, whatever the file said
      {"2999", Account::kTooLarge}, {"much", Account::kTooLarge},  // no size: as it was
      {"3000", Account::kCompared}};
  for (const auto& [bytes_max, expected] : values) {
    flags_.publish(flags::FlagSnapshot::make({mode, compare_flag(bytes_max)}));
    EXPECT_EQ(account(), expected) << bytes_max;
  }
}

// Faults.

TEST_F(ProxyTest, ControlDownIsA502AndIsRecorded) {
  Service candidate(says("new"));
  start(flags::Mode::kControlOnly, dead_port(), candidate.port());
  const std::string response = get();
  EXPECT_EQ(response.substr(0, 12), "HTTP/1.1 502");
  EXPECT_NE(response.find("\"type\":\"connect_refused\""), std::string::npos) << response;
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.served_by, base::Side::kNone);
  EXPECT_EQ(seen.control.error, net::StreamError::kRefused);
}

TEST_F(ProxyTest, ACandidateThatHangsIsNeverFelt) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kTimedOut);
  EXPECT_LT(seen.duration_ns, seen.candidate.end_ns);
}

TEST_F(ProxyTest, CandidateOnlyFallsBackToControlWhenAsked) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) { socket.reset(); });
  start(flags::Mode::kCandidateOnly, control.port(), candidate.port(), "fallback: control\n");
  EXPECT_EQ(body_of(get()), "old");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.served_by, base::Side::kControl);
  EXPECT_EQ(seen.candidate.error, net::StreamError::kReset);
  EXPECT_EQ(seen.account, Account::kNotSampled);
}

TEST_F(ProxyTest, AClientThatLeavesReleasesBothSides) {
  Service control([](Socket& socket, const Request&) { socket.receive(); });
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  {
    const Socket socket = client();
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    control.requests(1);
    candidate.requests(1);
  }
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kClientAborted);
  EXPECT_TRUE(seen.client_aborted);
  const ProxyActivity activity = proxy_->activity();
  EXPECT_EQ(activity.requests_in_flight + activity.shadows_in_flight, 0u);
}

// Health.

/// A service whose health is what the test says; its other answers are `body`.
class Patient {
 public:
  explicit Patient(std::string body)
      : service_([this, body](Socket& socket, const Request& request) {
          const bool asked = request.target() == "/healthz";
          if (!asked) ++requests_;
          socket.send(asked ? answer(well_ ? 200 : 500, "") : answer(200, body));
        }) {}
  void fall_ill() { well_ = false; }
  void recover() { well_ = true; }
  int requests() const { return requests_; }
  uint16_t port() const { return service_.port(); }

 private:
  std::atomic<bool> well_{true};
  std::atomic<int> requests_{0};
  Service service_;
};

class ProxyHealthTest : public testing::ProxyFixture {
 protected:
  static constexpr std::string_view kChecks =
      ", health: {path: /healthz, interval: 100ms, unhealthy_after: 2, healthy_after: 1}";

  void start_with_checks(flags::Mode mode, std::string_view more = "") {
    start(mode, control_.port(), candidate_.port(), more, base::cat(", timeout: 10s", kChecks),
          kChecks);
    wait_for(flags::Service::kControl, SideHealth::State::kHealthy);
    wait_for(flags::Service::kCandidate, SideHealth::State::kHealthy);
  }
  void wait_for(flags::Service service, SideHealth::State state) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(testing::kPatienceSeconds);
    while (proxy_->health("m", service)->state != state) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "never " << name(state);
      std::this_thread::yield();
    }
  }
  void candidate_falls_ill() {
    candidate_.fall_ill();
    wait_for(flags::Service::kCandidate, SideHealth::State::kUnhealthy);
  }

  Patient control_{"old"};
  Patient candidate_{"new"};
};

TEST_F(ProxyHealthTest, AnUnhealthyCandidateIsNotShadowedUntilItIsWellAgain) {
  workers_ = 2;  // one of them asks, all of them know
  start_with_checks(flags::Mode::kFullEvaluation);
  candidate_falls_ill();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(body_of(get()), "old");
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(exchange(i).account, Account::kShed);
    EXPECT_EQ(exchange(i).reason, "unhealthy");
  }
  EXPECT_EQ(candidate_.requests(), 0);
  candidate_.recover();
  wait_for(flags::Service::kCandidate, SideHealth::State::kHealthy);
  get();
  EXPECT_EQ(exchange(8).account, Account::kCompared);
}

TEST_F(ProxyHealthTest, ControlServesAtOnceInPlaceOfAnUnhealthyCandidate) {
  start_with_checks(flags::Mode::kCandidateOnly, "fallback: control");
  EXPECT_EQ(body_of(get()), "new");
  candidate_falls_ill();
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(body_of(talk("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
                         "Connection: close\r\n\r\n")),
            "old")
      << "nothing is sent twice, so a write may go there, too";
  EXPECT_EQ(candidate_.requests(), 1);
  for (const size_t i : {1, 2}) {
    EXPECT_EQ(exchange(i).served_by, base::Side::kControl);
    EXPECT_EQ(exchange(i).account, Account::kNotSampled);
    EXPECT_EQ(exchange(i).reason, "unhealthy");
    EXPECT_EQ(exchange(i).candidate.error, net::StreamError::kUnhealthy)
        << "it was its turn, and the judge must see that";
  }
}

TEST_F(ProxyHealthTest, InReverseEvaluationControlIsNotComparedWithItself) {
  start_with_checks(flags::Mode::kReverseEvaluation, "fallback: control");
  candidate_falls_ill();
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kShed);
  EXPECT_EQ(exchange(0).reason, "unhealthy");
  EXPECT_EQ(control_.requests(), 1);
}

TEST_F(ProxyHealthTest, WithoutAFallbackAnUnhealthyCandidateIsStillAsked) {
  start_with_checks(flags::Mode::kCandidateOnly);
  candidate_falls_ill();
  EXPECT_EQ(body_of(get()), "new");
}

TEST_F(ProxyHealthTest, AnUnhealthyControlChangesNothingForTheClient) {
  start_with_checks(flags::Mode::kFullEvaluation);
  control_.fall_ill();
  wait_for(flags::Service::kControl, SideHealth::State::kUnhealthy);
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kCompared);
}

TEST_F(ProxyHealthTest, WhenBothAreUnhealthyTheModeDecides) {
  start_with_checks(flags::Mode::kCandidateOnly, "fallback: control");
  candidate_falls_ill();
  control_.fall_ill();
  wait_for(flags::Service::kControl, SideHealth::State::kUnhealthy);
  EXPECT_EQ(body_of(get()), "new");
}

TEST_F(ProxyHealthTest, AReloadKeepsWhatIsKnownOfTheSameService) {
  start_with_checks(flags::Mode::kFullEvaluation);
  candidate_falls_ill();
  const auto same = [&](std::string_view more) {
    return options(control_.port(), candidate_.port(), more, kChecks, kChecks);
  };
  ASSERT_TRUE(proxy_->reload({same("via: true")}).ok());
  EXPECT_EQ(proxy_->health("m", flags::Service::kCandidate)->state, SideHealth::State::kUnhealthy);
  candidate_.recover();
  wait_for(flags::Service::kCandidate, SideHealth::State::kHealthy);
  ASSERT_TRUE(proxy_->reload({options(control_.port(), candidate_.port(), "", "", kChecks)}).ok());
  EXPECT_FALSE(proxy_->health("m", flags::Service::kCandidate).has_value());
}

TEST_F(ProxyTest, AConnectionBeyondTheBoundIsToldSoAndItsPlaceIsFreeAgainLater) {
  Service control(says("old"));
  start(flags::Mode::kControlOnly, control.port(), control.port(), "limits: {connections_max: 2}");
  const Socket first = client();
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  first.receive_until("old");
  {
    const Socket second = client();
    second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(second.receive_until("old")), "old");
    const Socket third = client();
    third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const testing::Received refusal = third.receive_to_end();
    EXPECT_EQ(status_of(refusal.bytes), "503");
    EXPECT_NE(refusal.bytes.find("connections_max"), std::string::npos) << refusal.bytes;
    EXPECT_NE(base::to_lower(refusal.bytes).find("connection: close"), std::string::npos);
    EXPECT_EQ(refusal.end, testing::Received::End::kClosed);
  }
  EXPECT_EQ(proxy_->connections("m").max, 2u);
  while (proxy_->connections("m").open > 1) std::this_thread::yield();
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(books_->connections_refused(), 1u);
  EXPECT_EQ(books_->requests(), 3u) << "a refused connection is no request";
}

TEST_F(ProxyTest, TheBoundHoldsOverAllWorkers) {
  Service control(says("old"));
  workers_ = 3;
  start(flags::Mode::kControlOnly, control.port(), control.port(), "limits: {connections_max: 5}");
  std::vector<Socket> clients;
  int served = 0;
  for (int i = 0; i < 20; ++i) {
    const Socket& socket = clients.emplace_back(client());
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    served += status_of(socket.receive_until("\r\n\r\n")) == "200" ? 1 : 0;
  }
  EXPECT_EQ(served, 5);
  EXPECT_EQ(books_->connections_refused(), 15u);
}

TEST_F(ProxyTest, ConnectionsFarBeyondTheBoundAreClosedWithoutAWord) {
  Service control(says("old"));
  start(flags::Mode::kControlOnly, control.port(), control.port(), "limits: {connections_max: 1}");
  const Socket only = client();
  only.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  only.receive_until("old");
  std::vector<Socket> silent;  // each holds one of the few places to be told in
  for (uint32_t i = 0; i < kTurnedAwayPerWorkerMax; ++i) silent.push_back(client());
  const Socket late = client();
  EXPECT_EQ(late.receive_all(), "");
  EXPECT_FALSE(late.met_silence());
}

TEST_F(ProxyTest, AnAmbiguousRequestIsNeverForwarded) {
  Service control(says("old"));
  start(flags::Mode::kControlOnly, control.port(), control.port());
  const Socket socket = client();
  socket.send(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(socket.receive_all().substr(0, 12), "HTTP/1.1 400");
  EXPECT_EQ(control.requests(0).size(), 0u);
}

TEST_F(ProxyTest, DrainEndsWhatIsUnderWay) {
  std::mutex gate;
  gate.lock();
  Service control([&](Socket& socket, const Request&) {
    const std::lock_guard lock(gate);
    socket.send(answer(200, "old"));
  });
  start(flags::Mode::kControlOnly, control.port(), control.port());
  const Socket idle = client();
  const Socket busy = client();
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  control.requests(1);
  std::thread drain([&] { EXPECT_TRUE(proxy_->drain_and_stop(std::chrono::seconds(10))); });
  EXPECT_EQ(idle.receive_all(), "");
  gate.unlock();
  const std::string response = busy.receive_all();
  EXPECT_EQ(body_of(response), "old");
  EXPECT_NE(base::to_lower(response).find("connection: close"), std::string::npos);
  drain.join();
}

// Reload.

TEST_F(ProxyTest, AReloadKeepsTheConnectionsToTheServicesThatAreCalledAsBefore) {
  Service control(says("old"));
  Service candidate(says("old"));
  const auto reload = [&](std::string_view more, std::string_view candidate_more = "") {
    const auto status =
        proxy_->reload({options(control.port(), candidate.port(), more, candidate_more)});
    EXPECT_TRUE(status.ok()) << status.error().context;
  };
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port(), "", "");
  get();
  exchange(0);
  reload("");
  get();
  exchange(1);
  EXPECT_EQ(control.connections() + candidate.connections(), 2u);
  reload("via: true\n");
  EXPECT_NE(get().find("via:"), std::string::npos) << "what changed counts";
  exchange(2);
  EXPECT_EQ(control.connections() + candidate.connections(), 2u);
  reload("via: true\n", ", host: url");
  get();
  exchange(3);
  EXPECT_EQ(control.connections(), 1u);
  EXPECT_EQ(candidate.connections(), 2u);
  EXPECT_TRUE(candidate.wait_for_open(1)) << "nobody uses the former one any more";
}

TEST_F(ProxyTest, TheBoundsOfShadowCallsHoldThroughReloadsThatChangeSettings) {
  Service control(says("old"));
  Service hung([](Socket& socket, const Request&) { socket.receive(); });
  const auto with = [&](int i) {
    return options(control.port(), hung.port(),
                   base::cat("shadow: {in_flight_max: 2, breaker_failures: ", 100 + i, "}\n"),
                   base::cat(", timeout: ", 1000 + i, "s"));
  };
  start_with(flags::Mode::kFullEvaluation, with(0));
  for (int i = 1; i <= 6; ++i) {
    EXPECT_EQ(body_of(get()), "old");
    ASSERT_TRUE(proxy_->reload({with(i)}).ok());
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(exchange(i).reason, "in_flight_max");
  EXPECT_EQ(hung.requests(2).size(), 2u);
  EXPECT_EQ(hung.connections(), 2u);
  stop(std::chrono::seconds(0));
  EXPECT_EQ(books_->requests(), books_->settled());
}

TEST_F(ProxyTest, ConnectionsUnderFormerSettingsCountTowardsTheBound) {
  testing::Event release;
  Service control([&](Socket& socket, const Request& request) {
    if (request.target() == "/slow") release.wait();
    socket.send(answer(200, "old"));
  });
  const auto with = [&](std::string_view timeout) {
    return options(control.port(), control.port(), "", "",
                   base::cat(", connections_max: 1, timeout: ", timeout));
  };
  start_with(flags::Mode::kControlOnly, with("1000s"));
  const Socket slow = client();
  slow.send("GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(control.wait_for_heads(1));
  ASSERT_TRUE(proxy_->reload({with("1001s")}).ok());
  EXPECT_EQ(status_of(get()), "503");
  release.happen();
  EXPECT_EQ(body_of(slow.receive_all()), "old");
  EXPECT_TRUE(control.wait_for_open(0)) << "it is not kept for the former settings";
  EXPECT_EQ(body_of(get()), "old");
}

TEST_F(ProxyTest, AHungServiceIsFoundOutHoweverOftenTheConfigurationIsReloaded) {
  Service control(says("old"));
  Service hung([](Socket& socket, const Request&) { socket.receive(); });
  const auto with = [&](int i) {
    return options(control.port(), hung.port(), base::cat("via: ", i % 2 == 0, "\n"),
                   base::cat(", timeout: ", 1 + i % 2,
                             "s, health: {path: /, timeout: 100ms, "
                             "interval: 100ms, unhealthy_after: 2}"));
  };
  start_with(flags::Mode::kControlOnly, with(0));
  const auto unhealthy = [&] {
    return proxy_->health("m", flags::Service::kCandidate)->state == SideHealth::State::kUnhealthy;
  };
  const int64_t end_ns =
      base::system_clock().steady_ns() + testing::kPatienceSeconds * 1'000'000'000ll;
  int reloads = 0;
  while (!unhealthy() && hung.connections() < 20 && base::system_clock().steady_ns() < end_ns) {
    ASSERT_TRUE(proxy_->reload({with(++reloads)}).ok());
  }
  EXPECT_TRUE(unhealthy()) << reloads << " reloads";
  EXPECT_EQ(proxy_->health("m", flags::Service::kCandidate)->last_failure, "timeout");
  EXPECT_LE(hung.connections(), 4u) << "a reload begins no check of its own";
}

TEST_F(ProxyTest, AReloadNeitherClosesTheBreakerNorFreesWhatIsUnderWay) {
  constexpr std::string_view kBounds =
      "shadow: {in_flight_max: 1, breaker_failures: 1, breaker_open_for: 1h}\n";
  constexpr std::string_view kSlow = ", timeout: 1h";
  Service control(says("old"));
  Service hung([](Socket& socket, const Request&) { socket.receive(); });
  start(flags::Mode::kFullEvaluation, control.port(), hung.port(), kBounds, kSlow);
  get();
  EXPECT_TRUE(hung.wait_for_heads(1));
  ASSERT_TRUE(proxy_->reload({options(control.port(), hung.port(), kBounds, kSlow)}).ok());
  get();
  EXPECT_EQ(exchange(0).reason, "in_flight_max");
  stop(std::chrono::seconds(0));

  const uint16_t nobody = dead_port();
  start(flags::Mode::kFullEvaluation, control.port(), nobody, kBounds, kSlow);
  const size_t before = sink_.count();
  get();
  EXPECT_EQ(exchange(before).account, Account::kFailed);
  ASSERT_TRUE(proxy_->reload({options(control.port(), nobody, kBounds, kSlow)}).ok());
  get();
  EXPECT_EQ(exchange(before + 1).reason, "circuit_open");
}

TEST_F(ProxyTest, EverySettingOfAMigrationCounts) {
  constexpr std::string_view kBase = "bucket_by: {header: a}\n";
  const auto of = [&](std::string_view more, std::string_view candidate_more = "") {
    const auto made = options(1, 2, base::cat(kBase, more), candidate_more);
    return made == nullptr ? MigrationOptions{} : *made;
  };
  EXPECT_TRUE(same_settings(of(""), of("")));
  EXPECT_TRUE(same_settings(of("routes: [{name: a}]\n"), of("routes: [{name: a}]\n")));
  for (const std::string_view more :
       {"via: true\n", "trace_context: begin\n", "forwarded_headers: false\n",
        "fallback: control\n", "limits: {idle_timeout: 1s}\n", "limits: {field_count_max: 9}\n",
        "shadow: {breaker_failures: 9}\n", "compare: {body_bytes_max: 9}\n",
        "compare: {noise_sample: 1%}\n", "routes: [{name: b}]\n"}) {
    EXPECT_FALSE(same_settings(of(""), of(more))) << more;
  }
  EXPECT_FALSE(same_settings(of(""), of("", ", host: url")));
  EXPECT_FALSE(same_settings(of("routes: [{name: a}]\n"),
                             of("routes: [{name: a, safe_to_repeat: true}]\n")));
}

TEST_F(ProxyTest, APortInUseIsAnErrorThatNamesIt) {
  Service control(says("old"));
  start(flags::Mode::kControlOnly, control.port(), control.port());
  const auto node = base::parse_yaml(
      base::cat("{name: n, listen: \"127.0.0.1:", proxy_->port("m"),
                "\", control: {url: \"http://127.0.0.1:1\"}, candidate: {url: \"http://a:1\"}}"),
      "test.yaml");
  auto options = MigrationOptions::parse(*node);
  ASSERT_TRUE(options.ok()) << options.error().context;
  Proxy second(ProxyOptions{}, flags_, sink_);
  const auto status = second.start({std::make_shared<const MigrationOptions>(std::move(*options))});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().context, base::cat("test.yaml:1: listen: 127.0.0.1:", proxy_->port("m"),
                                              " is already in use by another process"));
}

}  // namespace
}  // namespace understudy::proxy
