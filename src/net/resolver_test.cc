#include "net/resolver.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace understudy::net {
namespace {

/// A name server that answers at once, but for names that begin with "silent": those wait until
/// it is told to speak.
class FakeNameServer {
 public:
  Resolver::LookUp look_up() {
    return [this](const std::string& host, uint16_t port) -> base::Result<Resolver::Addresses> {
      std::unique_lock lock(mutex_);
      if (host.starts_with("silent")) changed_.wait(lock, [this] { return speaks_; });
      if (host == "unknown") return base::error(base::ErrorKind::kUnavailable, "no such host");
      return Resolver::Addresses{*parse_ip_address("127.0.0.1", port)};
    };
  }
  void speak() {
    {
      const std::lock_guard lock(mutex_);
      speaks_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool speaks_ = false;
};

class ResolverTest : public ::testing::Test {
 protected:
  ~ResolverTest() override { server_->speak(); }

  void ask(const std::string& host) {
    resolver_->resolve(loop_, host, 80, [this](base::Result<Resolver::Addresses> answer) {
      ++answers_;
      last_ = answer.ok() ? answer->at(0).text() : answer.error().context;
    });
  }
  void wait_for_answers(int count) {
    while (answers_ < count) loop_.turn(20'000'000'000);
  }

  // Look-ups that are still under way when a test ends use the server until they end.
  std::shared_ptr<FakeNameServer> server_ = std::make_shared<FakeNameServer>();
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_ =
      std::make_unique<Resolver>([server = server_](const std::string& host, uint16_t port) {
        return server->look_up()(host, port);
      });
  int answers_ = 0;
  std::string last_;
};

TEST_F(ResolverTest, ANameBecomesAddressesWithThePort) {
  ask("known");
  wait_for_answers(1);
  EXPECT_EQ(last_, "127.0.0.1:80");
}

TEST_F(ResolverTest, AnUnknownNameIsAnError) {
  ask("unknown");
  wait_for_answers(1);
  EXPECT_EQ(last_, "no such host");
}

TEST_F(ResolverTest, ASilentNameServerDoesNotHoldUpOtherNames) {
  for (int i = 0; i < 10; ++i) ask("silent");
  ask("known");
  wait_for_answers(1);
  EXPECT_EQ(last_, "127.0.0.1:80");
  server_->speak();
  wait_for_answers(11);
}

TEST_F(ResolverTest, TheEndDoesNotWaitForASilentNameServer) {
  ask("silent");
  resolver_.reset();
  server_->speak();
  loop_.turn(0);
  EXPECT_EQ(answers_, 0);
}

TEST_F(ResolverTest, TooManyQuestionsAreRefusedInsteadOfKept) {
  const int all = static_cast<int>(Resolver::kPendingMax + Resolver::kThreadsMax) + 50;
  for (int i = 0; i < all; ++i) ask("silent");
  wait_for_answers(50);
  EXPECT_EQ(last_, "too many names are being resolved");
  server_->speak();
  wait_for_answers(all);
}

TEST_F(ResolverTest, TheSystemKnowsLocalhost) {
  const auto addresses = Resolver::system_look_up("localhost", 80);
  ASSERT_TRUE(addresses.ok());
  EXPECT_TRUE(addresses->at(0).is_loopback());
}

}  // namespace
}  // namespace understudy::net
