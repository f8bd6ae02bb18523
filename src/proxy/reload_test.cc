#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "proxy/testing/proxy_fixture.h"

namespace understudy::proxy {
namespace {

using testing::answer;
using testing::dead_port;
using testing::Event;
using testing::Request;
using testing::says;
using testing::Service;
using testing::Socket;

/// Migrations with addresses of their own, as a configuration names them.
class ReloadTest : public ::testing::Test {
 protected:
  using One = std::shared_ptr<const MigrationOptions>;

  static One migration(std::string_view name, std::string_view listen, uint16_t control,
                       std::string_view more = "") {
    const auto node =
        base::parse_yaml(base::cat("name: ", name, "\nlisten: \"", listen,
                                   "\"\ncontrol: {url: \"http://127.0.0.1:", control,
                                   "\"}\ncandidate: {url: \"http://127.0.0.1:1\"}\n", more),
                         "test.yaml");
    auto parsed = MigrationOptions::parse(*node);
    EXPECT_TRUE(parsed.ok()) << parsed.error().context;
    return std::make_shared<const MigrationOptions>(*std::move(parsed));
  }
  static One migration(std::string_view name, uint16_t port, uint16_t control) {
    return migration(name, base::cat("127.0.0.1:", port), control);
  }

  void start(const Proxy::Migrations& migrations) {
    const auto status = proxy_.start(migrations);
    ASSERT_TRUE(status.ok()) << status.error().context;
  }
  void reload(const Proxy::Migrations& migrations) {
    const auto status = proxy_.reload(migrations);
    ASSERT_TRUE(status.ok()) << status.error().context;
  }
  /// What answers at the port, over a connection of its own.
  static std::string at(uint16_t port) {
    const Socket socket = Socket::connect(port);
    return ask(socket);
  }
  static std::string ask(const Socket& socket) {
    if (!socket.is_open()) return "refused";
    if (!socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) return "cannot send";
    const std::string response = socket.receive_until("!");
    const size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? "no answer: " + response : response.substr(end + 4);
  }
  /// Keep-alive and new connections without pause until the proxy stops being asked.
  void load(uint16_t port) {
    for (int i = 0; i < 4; ++i) {
      clients_.emplace_back([this, port] {
        Socket socket = Socket::connect(port);
        for (int n = 1; !over_; ++n) {
          const std::string got = ask(socket);
          if (got != "one!" && got != "two!") {
            failed_ = true;
            ADD_FAILURE() << got;
            return;
          }
          ++answers_;
          if (n % 7 == 0) socket = Socket::connect(port);
        }
      });
    }
  }
  void wait_for_answers(int more) {
    const int target = answers_ + more;
    while (answers_ < target && !failed_) std::this_thread::yield();
  }
  void end_load() {
    over_ = true;
    for (std::thread& client : clients_) client.join();
    clients_.clear();
  }
  uint64_t requests(const std::string& name) { return proxy_.accounting(name)->requests(); }
  void TearDown() override { end_load(); }

  Service one_{says("one!")};
  Service two_{says("two!")};
  const uint16_t a_ = dead_port();
  const uint16_t b_ = dead_port();
  flags::SnapshotHolder flags_;
  testing::ExchangeCollector sink_;
  Proxy proxy_{ProxyOptions{.workers = 2}, flags_, sink_};
  std::vector<std::thread> clients_;
  std::atomic<int> answers_{0};
  std::atomic<bool> over_{false};
  std::atomic<bool> failed_{false};
};

TEST_F(ReloadTest, ARenamedMigrationKeepsItsAddressAndItsConnections) {
  start({migration("old", a_, one_.port())});
  const Socket kept = Socket::connect(a_);
  EXPECT_EQ(ask(kept), "one!");
  reload({migration("new", a_, two_.port())});
  EXPECT_EQ(ask(kept), "two!");
  EXPECT_EQ(at(a_), "two!");
  EXPECT_EQ(requests("old"), 1u);
  EXPECT_EQ(requests("new"), 2u);
  EXPECT_EQ(proxy_.port("new"), a_);
  EXPECT_EQ(proxy_.port("old"), 0);
  EXPECT_GE(proxy_.connections("new").open, 1u) << "the connection came along";
}

TEST_F(ReloadTest, AnAddressMovesFromOneMigrationToAnother) {
  start({migration("m", a_, one_.port()), migration("n", b_, two_.port())});
  reload({migration("n", a_, two_.port())});
  EXPECT_EQ(at(a_), "two!");
  EXPECT_EQ(at(b_), "refused");
}

TEST_F(ReloadTest, TwoMigrationsExchangeTheirAddresses) {
  start({migration("m", a_, one_.port()), migration("n", b_, two_.port())});
  const Socket first = Socket::connect(a_);
  const Socket second = Socket::connect(b_);
  EXPECT_EQ(ask(first), "one!");
  EXPECT_EQ(ask(second), "two!");
  reload({migration("m", b_, one_.port()), migration("n", a_, two_.port())});
  EXPECT_EQ(ask(first), "two!");
  EXPECT_EQ(ask(second), "one!");
}

TEST_F(ReloadTest, NoRequestIsLostWhileNamesAndAddressesGoRound) {
  start({migration("m", a_, one_.port()), migration("n", b_, two_.port())});
  load(a_);
  load(b_);
  for (int round = 0; round < 10; ++round) {
    wait_for_answers(20);
    reload({migration("n", a_, two_.port()), migration("m", b_, one_.port())});
    wait_for_answers(20);
    reload({migration("x", a_, one_.port()), migration("y", b_, two_.port())});
    wait_for_answers(20);
    reload({migration("m", a_, one_.port()), migration("n", b_, two_.port())});
  }
  end_load();
  EXPECT_FALSE(failed_);
  uint64_t sum = 0;
  for (const char* name : {"m", "n", "x", "y"}) {
    EXPECT_GT(requests(name), 0u) << name;
    sum += requests(name);
  }
  EXPECT_EQ(sum, static_cast<uint64_t>(answers_));
}

TEST_F(ReloadTest, ARequestUnderWayEndsWithTheMigrationItBeganWith) {
  Event release;
  Service slow([&](Socket& socket, const Request&) {
    release.wait();
    socket.send(answer(200, "slow!"));
  });
  start({migration("old", a_, slow.port())});
  const Socket client = Socket::connect(a_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  slow.wait_for_heads(1);
  reload({migration("new", a_, one_.port())});
  EXPECT_EQ(at(a_), "one!");
  release.happen();
  EXPECT_TRUE(client.receive_until("!").ends_with("slow!"));
  EXPECT_EQ(requests("old"), 1u);
  EXPECT_EQ(requests("new"), 1u);
}

TEST_F(ReloadTest, AnAddressMayWidenToAllInterfacesAndNarrowAgain) {
  start({migration("m", a_, one_.port())});
  reload({migration("m", base::cat("*:", a_), two_.port())});
  EXPECT_EQ(at(a_), "two!");
  reload({migration("m", a_, one_.port())});
  EXPECT_EQ(at(a_), "one!");
}

TEST_F(ReloadTest, WhoDoesNotMindThePortKeepsItUnlessSomebodyNamesIt) {
  start({migration("any", "127.0.0.1:0", one_.port())});
  const uint16_t port = proxy_.port("any");
  reload({migration("any", "127.0.0.1:0", one_.port())});
  EXPECT_EQ(proxy_.port("any"), port);
  reload({migration("any", "127.0.0.1:0", one_.port()), migration("named", port, two_.port())});
  EXPECT_EQ(at(port), "two!");
  EXPECT_NE(proxy_.port("any"), port);
  EXPECT_EQ(at(proxy_.port("any")), "one!");
}

// A reload that cannot be done.

TEST_F(ReloadTest, OneAddressInUseElsewhereLeavesEverythingAsItWas) {
  start({migration("m", a_, one_.port()), migration("n", b_, two_.port())});
  const Socket kept = Socket::connect(a_);
  EXPECT_EQ(ask(kept), "one!");
  const uint16_t fresh = dead_port();
  const auto status =
      proxy_.reload({migration("n", a_, two_.port()), migration("free", fresh, one_.port()),
                     migration("taken", one_.port(), one_.port())});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().context.find("is already in use by another process"), std::string::npos)
      << status.error().context;
  EXPECT_EQ(ask(kept), "one!");
  EXPECT_EQ(at(a_), "one!");
  EXPECT_EQ(at(b_), "two!");
  EXPECT_EQ(at(fresh), "refused");
  reload({migration("free", fresh, one_.port())});
  EXPECT_EQ(at(fresh), "one!");
}

TEST_F(ReloadTest, WhatMustHappenBeforeTheChangeCanRefuseIt) {
  start({migration("old", a_, one_.port())});
  const uint16_t fresh = dead_port();
  std::string before;
  const auto status = proxy_.reload(
      {migration("new", a_, two_.port()), migration("other", fresh, two_.port())}, [&] {
        before = at(a_);
        return base::Status(base::error(base::ErrorKind::kIo, "the disk is full"));
      });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().context, "the disk is full");
  EXPECT_EQ(before, "one!");
  EXPECT_EQ(at(a_), "one!");
  EXPECT_EQ(at(fresh), "refused");
}

}  // namespace
}  // namespace understudy::proxy
