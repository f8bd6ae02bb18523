#include "proxy/pool.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>

#include "net/task_scope.h"
#include "net/testing/certificates.h"
#include "proxy/testing/service.h"
#include "proxy/testing/tls_front.h"

namespace understudy::proxy {
namespace {

using namespace std::chrono_literals;

/// Names as a test wants them. "silent" is not answered until the end.
class Names {
 public:
  net::Resolver::LookUp look_up() {
    return [state = state_](const std::string& host,
                            uint16_t port) -> base::Result<net::Resolver::Addresses> {
      if (host == "silent") {
        std::unique_lock lock(state->mutex);
        state->changed.wait(lock, [&] { return state->over; });
      }
      net::Resolver::Addresses addresses;
      if (host == "late") {
        return net::Resolver::Addresses{*net::parse_ip_address("127.0.0.1", port),
                                        *net::parse_ip_address("127.0.0.1", 1)};
      }
      if (host == "two") addresses.push_back(*net::parse_ip_address("127.0.0.1", 1));  // refuses
      addresses.push_back(*net::parse_ip_address("127.0.0.1", port));
      return addresses;
    };
  }
  ~Names() {
    {
      const std::lock_guard lock(state_->mutex);
      state_->over = true;
    }
    state_->changed.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class PoolTest : public ::testing::Test {
 protected:
  SideOptions side(const std::string& host, std::chrono::nanoseconds connect_timeout = 10s) const {
    SideOptions options;
    options.url = *http::parse_origin_url(base::cat("http://", host, ":", service_.port()));
    options.connect_timeout = connect_timeout;
    return options;
  }
  base::Task<void> connect(Pool& pool) {
    AcquireResult result = co_await pool.connect(loop_.precise_now_ns() + 20'000'000'000);
    ended_ = true;
    error_ = result.error;
    connected_ = result.connection != nullptr;
    detail_ = result.detail;
  }
  base::Task<void> wait_in_vain(Pool& pool, bool& ended) {
    co_await pool.connect(loop_.precise_now_ns() + 20'000'000'000);
    ended = true;
  }
  void run_until_it_ends() {
    while (!ended_) loop_.turn(20'000'000'000);
  }

  testing::Service service_{testing::says("x")};
  Names names_;
  net::EventLoop loop_;
  net::BufferPool buffers_;
  net::Resolver resolver_{names_.look_up()};
  bool ended_ = false;
  bool connected_ = false;
  net::StreamError error_ = net::StreamError::kNone;
  std::string detail_;
};

TEST_F(PoolTest, ASilentNameServerOfOneServiceDoesNotHoldUpTheOther) {
  const SideOptions candidate_side = side("silent");
  const SideOptions control_side = side("known");
  Pool candidate(loop_, buffers_, resolver_, candidate_side, {}, 8);
  Pool control(loop_, buffers_, resolver_, control_side, {}, 8);
  net::TaskScope scope;
  bool candidate_ended = false;
  scope.spawn(wait_in_vain(candidate, candidate_ended));
  scope.spawn(connect(control));
  run_until_it_ends();
  EXPECT_TRUE(connected_);
  EXPECT_FALSE(candidate_ended);
}

TEST_F(PoolTest, ANameThatIsNotFoundInTimeIsGivenUp) {
  const SideOptions silent = side("silent", 50ms);
  Pool pool(loop_, buffers_, resolver_, silent, {}, 8);
  net::TaskScope scope;
  scope.spawn(connect(pool));
  run_until_it_ends();
  EXPECT_EQ(error_, net::StreamError::kConnectTimeout);
}

TEST_F(PoolTest, AnAddressThatFailsLeavesTheOthers) {
  const SideOptions two = side("two");
  Pool pool(loop_, buffers_, resolver_, two, {}, 8);
  net::TaskScope scope;
  scope.spawn(connect(pool));
  run_until_it_ends();
  EXPECT_TRUE(connected_);
}

TEST_F(PoolTest, WhoWasReachedAndNotBelievedSaysMoreThanWhoWasNotReached) {
  const net::testing::Certificates certificates;
  testing::TlsFront front(service_.port(), certificates.self_signed("own"));
  SideOptions late = side("late");
  late.url.port = front.port();
  late.tls = std::make_shared<net::TlsContext>(net::TlsContext::Role::kClient);
  Pool pool(loop_, buffers_, resolver_, late, {}, 8);
  net::TaskScope scope;
  scope.spawn(connect(pool));
  run_until_it_ends();
  EXPECT_EQ(error_, net::StreamError::kTls);
  EXPECT_EQ(detail_, "certificate verify failed: self-signed certificate");
}

TEST_F(PoolTest, WhoWaitsForANameMayBeDestroyed) {
  const SideOptions silent = side("silent");
  auto pool = std::make_unique<Pool>(loop_, buffers_, resolver_, silent, http::Limits{}, 8u);
  {
    net::TaskScope scope;
    scope.spawn(connect(*pool));
    loop_.turn(0);
  }
  pool.reset();
  loop_.turn(0);
  EXPECT_FALSE(ended_);
}

}  // namespace
}  // namespace understudy::proxy
