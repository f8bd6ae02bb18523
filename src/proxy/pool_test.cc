#include "proxy/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "net/listener.h"
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

/// A host with several addresses of one port, some of which do not answer.
class SeveralAddressesTest : public ::testing::Test {
 protected:
  SideOptions several() const {
    SideOptions side;
    side.url = *http::parse_origin_url(base::cat("http://several:", service_.port()));
    side.connect_timeout = 3600s;
    return side;
  }
  static net::SocketAddress address(int last, uint16_t port) {
    return *net::parse_ip_address(base::cat("127.0.0.", last), port);
  }
  /// The third is known from the second question on.
  net::Resolver::LookUp look_up() {
    return [this](const std::string&, uint16_t port) -> base::Result<net::Resolver::Addresses> {
      if (asked_++ == 0) return net::Resolver::Addresses{address(2, port), address(1, port)};
      return net::Resolver::Addresses{address(2, port), address(3, port), address(1, port)};
    };
  }
  void listen_at(int last) {
    auto listener =
        net::Listener::open(loop_, address(last, service_.port()), {}, [](auto, const auto&) {});
    ASSERT_TRUE(listener.ok()) << listener.error().context;
    listeners_.push_back(*std::move(listener));
  }
  base::Task<void> connect_once(bool& ended, std::string& reached) {
    AcquireResult result = co_await pool_.connect(net::kNever);
    ended = true;
    if (result.connection == nullptr) co_return;
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const auto& stream = static_cast<net::TcpStream&>(result.connection->http().stream());
    getpeername(stream.descriptor(), reinterpret_cast<sockaddr*>(&peer), &length);
    reached = net::SocketAddress{.storage = peer, .length = length}.ip();
  }
  /// The address a new connection leads to.
  std::string reaches() {
    bool ended = false;
    std::string reached = "none";
    net::TaskScope scope;
    scope.spawn(connect_once(ended, reached));
    while (!ended) loop_.turn(1'000'000);
    return reached;
  }
  void pass(std::chrono::nanoseconds time) { clock_.advance_ns(time.count()); }

  testing::Service service_{testing::says("x")};  // at 127.0.0.1
  std::atomic<int> asked_{0};
  base::FakeClock clock_;
  net::EventLoop loop_{clock_};
  net::BufferPool buffers_;
  net::Resolver resolver_{look_up()};
  Pool pool_{loop_, buffers_, resolver_, several(), {}, 8};
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

TEST_F(SeveralAddressesTest, OneThatFailedIsLeftAloneForAWhile) {
  EXPECT_EQ(reaches(), "127.0.0.1");
  listen_at(2);
  listen_at(3);
  pass(31s);  // the name is looked up again, and its answer begins with the one that failed
  std::string reached = "127.0.0.1";
  while (reached == "127.0.0.1") reached = reaches();
  EXPECT_EQ(reached, "127.0.0.3");
  pass(31s);
  while (reached == "127.0.0.3") reached = reaches();
  EXPECT_EQ(reached, "127.0.0.2");
}

TEST_F(SeveralAddressesTest, OneThatFailedIsTriedWhenNoOtherAnswers) {
  EXPECT_EQ(reaches(), "127.0.0.1");
  listen_at(2);
  service_.stop();
  EXPECT_EQ(reaches(), "127.0.0.2");
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
