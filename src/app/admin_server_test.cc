// The admin port under clients that hold what they can get. Time is a FakeClock's.
#include "app/admin_server.h"

#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <set>
#include <vector>

#include "api/testing/admin_server.h"
#include "app/testing/raw_client.h"
#include "base/log.h"
#include "base/text.h"

namespace understudy::app {
namespace {

using testing::RawClient;

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    base::set_log_sink([](base::LogLevel, std::string_view) {});
    options_.listen = "127.0.0.1:0";
    options_.clock = &clock_;
  }
  ~AdminServerTest() override {
    server_.reset();
    base::set_log_sink({});
  }

  void start() {
    auto started = AdminServer::start(*api_.api, options_);
    ASSERT_TRUE(started.ok()) << started.error().context;
    server_ = *std::move(started);
  }
  RawClient& connect() { return clients_.emplace_back(server_->address()); }
  /// One that has been accepted: the server's loop takes connections in order.
  std::string health() {
    RawClient client(server_->address());
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return client.read_until("\"}");
  }
  /// The loop looks at its clock when something comes.
  void pass(std::chrono::nanoseconds time) {
    clock_.advance_ns(time.count());
    health();
  }
  static std::string head(std::string_view target, size_t body_bytes,
                          std::string_view more = "Content-Type: application/json\r\n") {
    return base::cat("POST ", target,
                     " HTTP/1.1\r\nHost: localhost\r\nContent-Length: ", body_bytes, "\r\n", more,
                     "\r\n");
  }
  static std::string status(std::string_view answer) {
    return std::string(answer.substr(0, std::string_view("HTTP/1.1 200").size()));
  }

  base::FakeClock clock_;
  api::testing::AdminServer api_;
  AdminServerOptions options_;
  std::unique_ptr<AdminServer> server_;
  std::list<RawClient> clients_;
};

class AdminServerWithKeysTest : public AdminServerTest {
 protected:
  AdminServerWithKeysTest() {
    api_.api.reset();
    api_.api.emplace(api::Dependencies{.state = api_.state,
                                       .events = api_.events,
                                       .flags = api_.publisher,
                                       .migrations = api_.migrations,
                                       .clock = api_.clock,
                                       .reload = {},
                                       .ready = {}},
                     api::ApiOptions{.host_names = {}, .require_keys = true});
  }
};

TEST_F(AdminServerWithKeysTest, ABodyWithoutAKeyIsRefusedOnItsHead) {
  start();
  RawClient& client = connect();
  client.send(head("/v1/logs", 30'000'000));  // and not a byte of it
  EXPECT_EQ(status(client.read_until("\r\n\r\n")), "HTTP/1.1 401");
}

TEST_F(AdminServerWithKeysTest, WhoWaitsToBeToldToContinueIsToldNo) {
  start();
  RawClient& client = connect();
  client.send(head("/v1/logs", 100, "Expect: 100-continue\r\n"));
  EXPECT_EQ(status(client.read_until("\r\n\r\n")), "HTTP/1.1 401");
}

TEST_F(AdminServerTest, WhatTheHeadCanSayIsSaidBeforeTheBody) {
  start();
  const auto answer = [&](const std::string& request) {
    RawClient& client = connect();
    client.send(request);
    return status(client.read_until("\r\n\r\n"));
  };
  EXPECT_EQ(answer(head("/v1/logs", 9, "Content-Type: text/plain\r\n")), "HTTP/1.1 415");
  EXPECT_EQ(answer(head("/v1/logs", 9, "Content-Type: application/json\r\nOrigin: http://x\r\n")),
            "HTTP/1.1 403");
  EXPECT_EQ(answer(head("/nothing", 9)), "HTTP/1.1 404");
  EXPECT_EQ(answer(head("/v1/logs", 33'554'433)), "HTTP/1.1 413");
  EXPECT_EQ(answer("POST /v1/logs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n"
                   "Content-Type: application/json\r\n\r\n"),
            "HTTP/1.1 403");
}

TEST_F(AdminServerTest, AFlagChangeGetsThroughWhileUploadsHoldAllTheRoom) {
  options_.bodies_bytes_max = 120'000;
  start();
  // One of these holds all the room once a large one is refused; which one, the two race for.
  std::vector<RawClient*> silent;
  std::string large;
  while (large != "HTTP/1.1 503") {
    silent.push_back(&connect());
    silent.back()->send(head("/v1/logs", 1'000'000, "Content-Type: application/json\r\n") +
                        std::string(100'000, ' '));
    RawClient client(server_->address());
    client.send(head("/v1/logs", 50'000) + std::string(50'000, ' '));
    large = status(client.read_until("\r\n\r\n"));
    ASSERT_NE(large, "");
  }
  RawClient& operators = connect();
  const std::string_view change = R"({"mode":"full_evaluation=10","by":"alice"})";
  operators.send(
      base::cat("PUT /api/migrations/data-engine/mode HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Type: application/json\r\nContent-Length: ",
                change.size(), "\r\n\r\n", change));
  EXPECT_EQ(status(operators.read_until("\r\n\r\n")), "HTTP/1.1 200");

  // The room is there again when the body's time is over, though a byte came now and then.
  pass(AdminServerOptions::kBodyTimeout / 2);
  for (RawClient* client : silent) client->send(" ");
  pass(AdminServerOptions::kBodyTimeout);
  std::set<std::string> refusals;
  for (RawClient* client : silent) refusals.insert(status(client->read_until("\r\n\r\n")));
  EXPECT_EQ(refusals.count("HTTP/1.1 408"), 1U);
  RawClient& again = connect();
  again.send(head("/v1/logs", 50'000) + std::string(50'000, ' '));
  EXPECT_EQ(status(again.read_until("\r\n\r\n")), "HTTP/1.1 400");  // taken, and no JSON
}

TEST_F(AdminServerTest, HealthIsAnsweredWhileAllConnectionsAreHeld) {
  options_.connections_max = 4;
  // Fewer can be worked on than there are connections, as with the defaults.
  options_.threads = 1;
  options_.queue_len_max = 1;
  start();
  for (int i = 0; i < 2; ++i) connect();                                      // silent
  for (int i = 0; i < 2; ++i) connect().send("GET /healthz HTTP/1.1\r\nA:");  // slow heads
  for (int i = 0; i < 8; ++i) connect().send(head("/v1/logs", 9));            // slow bodies
  for (int i = 0; i < 8; ++i) connect().send("GET /all HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(status(health()), "HTTP/1.1 200");
}

TEST_F(AdminServerTest, OneAddressCannotHaveMoreThanItsShare) {
  options_.connections_per_address_max = 2;
  start();
  RawClient& oldest = connect();
  connect();
  EXPECT_EQ(status(health()), "HTTP/1.1 200");
  EXPECT_EQ(oldest.read_until("never"), "");
}

TEST_F(AdminServerTest, AConnectionWithoutARequestEndsAfterItsTime) {
  start();
  RawClient& silent = connect();
  health();
  pass(AdminServerOptions::kFirstRequestTimeout);
  EXPECT_EQ(silent.read_until("never"), "");
}

/// Answers no question until it is cancelled.
class EndlessStore final : public store::EventStore {
 public:
  using EventStore::select;
  base::Result<store::ResultTable> select(const store::Select&,
                                          const store::Cancellation& cancellation) override {
    asked.fetch_add(1);
    asked.notify_all();
    cancellation.wait();
    ended.fetch_add(1);
    ended.notify_all();
    return store::cancelled_query();
  }
  base::Status append(std::span<const event::Event>) override { return {}; }
  std::vector<store::DatasetInfo> datasets() override { return {}; }
  base::Result<std::vector<store::DatasetColumn>> columns(std::string_view) override {
    return std::vector<store::DatasetColumn>();
  }
  store::StoreStats stats() override { return {}; }

  static void wait_for(const std::atomic<int>& count, int wanted) {
    for (int now = count.load(); now < wanted; now = count.load()) count.wait(now);
  }

  std::atomic<int> asked{0};
  std::atomic<int> ended{0};
};

class EndlessQueries : public AdminServerTest {
 protected:
  EndlessQueries() {
    api_.api.reset();
    api_.api.emplace(api::Dependencies{.state = api_.state,
                                       .events = events_,
                                       .flags = api_.publisher,
                                       .migrations = api_.migrations,
                                       .clock = api_.clock,
                                       .reload = {},
                                       .ready = {}});
  }
  ~EndlessQueries() override { server_.reset(); }  // before the store goes
  void ask(RawClient& client) {
    const std::string_view query = R"({"dataset":"evaluations"})";
    client.send(head("/api/query", query.size()) + std::string(query));
  }

  EndlessStore events_;
};

TEST_F(EndlessQueries, EndWhenTheClientLeaves) {
  start();
  {
    RawClient client(server_->address());
    ask(client);
    EndlessStore::wait_for(events_.asked, 1);
  }
  EndlessStore::wait_for(events_.ended, 1);  // else this test hangs
  EXPECT_EQ(status(health()), "HTTP/1.1 200");
}

TEST_F(EndlessQueries, EndWhenTheServerStops) {
  start();
  RawClient& client = connect();
  ask(client);
  EndlessStore::wait_for(events_.asked, 1);
  server_->stop(std::chrono::nanoseconds(0));
  EXPECT_EQ(events_.ended.load(), 1);
}

TEST_F(EndlessQueries, HoldUpNoChangeOfAModeAndNoIntake) {
  start();
  for (int i = 0; i < options_.query_threads + 2; ++i) ask(connect());  // two wait for a thread
  EndlessStore::wait_for(events_.asked, options_.query_threads);
  RawClient& operators = connect();
  const std::string_view change = R"({"mode":"full_evaluation=10","by":"alice"})";
  operators.send(
      base::cat("PUT /api/migrations/data-engine/mode HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Type: application/json\r\nContent-Length: ",
                change.size(), "\r\n\r\n", change));
  EXPECT_EQ(status(operators.read_until("\r\n\r\n")), "HTTP/1.1 200");
  RawClient& producer = connect();
  producer.send(head("/v1/logs", 2) + "{}");
  EXPECT_EQ(status(producer.read_until("\r\n\r\n")), "HTTP/1.1 200");
  clients_.clear();
  EndlessStore::wait_for(events_.ended, options_.query_threads);
}

TEST_F(AdminServerTest, HealthIsAnsweredWhileEveryWorkerIsBusy) {
  options_.queue_len_max = 0;  // nobody gets a worker
  start();
  EXPECT_EQ(status(health()), "HTTP/1.1 200");
}

}  // namespace
}  // namespace understudy::app
