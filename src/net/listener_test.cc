#include "net/listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

namespace understudy::net {
namespace {

class ListenerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Listener> open(const std::string& address,
                                 ListenerOptions::PortUse use = ListenerOptions::PortUse::kShared) {
    auto parsed = parse_listen_address(address);
    EXPECT_TRUE(parsed.ok());
    auto listener = Listener::open(loop_, *parsed, {.port_use = use},
                                   [this](std::unique_ptr<TcpStream> stream, const SocketAddress&) {
                                     accepted_.push_back(std::move(stream));
                                   });
    failure_ = listener.ok() ? "" : listener.error().context;
    return listener.ok() ? std::move(*listener) : nullptr;
  }
  static int connect_to(const SocketAddress& address) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.length),
        0);
    return descriptor;
  }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::unique_ptr<TcpStream>> accepted_;
  std::string failure_;
};

TEST_F(ListenerTest, EveryConnectionIsHandedOver) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_NE(listener, nullptr) << failure_;
  std::vector<int> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(listener->address()));
  loop_.turn(0);
  loop_.turn(0);
  EXPECT_EQ(accepted_.size(), 100u);
  for (const int client : clients) ::close(client);
}

TEST_F(ListenerTest, AHeldOneLetsClientsWaitUntilItBegins) {
  auto address = parse_listen_address("127.0.0.1:0");
  auto listener = Listener::open(loop_, *address, {.start = ListenerOptions::Start::kHeld},
                                 [this](std::unique_ptr<TcpStream> stream, const SocketAddress&) {
                                   accepted_.push_back(std::move(stream));
                                 });
  ASSERT_TRUE(listener.ok());
  const int client = connect_to((*listener)->address());
  loop_.turn(0);
  EXPECT_EQ(accepted_.size(), 0u);
  EXPECT_TRUE((*listener)->begin().ok());
  loop_.turn(0);
  EXPECT_EQ(accepted_.size(), 1u);
  ::close(client);
}

TEST_F(ListenerTest, WhoWaitsCanBeTakenBeforeItCloses) {
  auto listener = open("127.0.0.1:0");
  ASSERT_NE(listener, nullptr);
  std::vector<int> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(listener->address()));
  listener->retire();
  listener.reset();
  EXPECT_EQ(accepted_.size(), 100u);
  for (const int client : clients) ::close(client);
}

TEST_F(ListenerTest, APortInUseIsAnErrorThatNamesTheAddress) {
  const auto first = open("127.0.0.1:0");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(open(first->address().text(), ListenerOptions::PortUse::kExclusive), nullptr);
  EXPECT_EQ(failure_,
            "cannot listen on " + first->address().text() + ": bind: Address already in use");
}

TEST_F(ListenerTest, WorkersMayShareAPort) {
  const auto first = open("127.0.0.1:0");
  ASSERT_NE(first, nullptr);
  EXPECT_NE(open(first->address().text()), nullptr) << failure_;
}

TEST_F(ListenerTest, OneThatRetiresHandsOverAllThatWaitAndRefusesTheRest) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_NE(listener, nullptr) << failure_;
  std::vector<int> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(connect_to(listener->address()));
  listener->retire();
  EXPECT_EQ(accepted_.size(), 200u);
  const int late = ::socket(AF_INET, SOCK_STREAM, 0);
  const SocketAddress& address = listener->address();
  EXPECT_NE(::connect(late, reinterpret_cast<const sockaddr*>(&address.storage), address.length),
            0);
  EXPECT_EQ(errno, ECONNREFUSED);
  clients.push_back(late);
  for (const int client : clients) ::close(client);
  loop_.turn(0);
}

TEST_F(ListenerTest, WhoComesWhileOneRetiresIsNotTakenAndDropped) {
  std::vector<int> late;
  std::unique_ptr<Listener> listener;
  auto opened = Listener::open(
      loop_, *parse_listen_address("127.0.0.1:0"), {},
      [&](std::unique_ptr<TcpStream> stream, const SocketAddress&) {
        accepted_.push_back(std::move(stream));
        const SocketAddress& address = listener->address();
        late.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        ::connect(late.back(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
      });
  ASSERT_TRUE(opened.ok()) << opened.error().context;
  listener = std::move(*opened);
  const int client = connect_to(listener->address());
  listener->retire();
  EXPECT_EQ(accepted_.size(), 1u) << "without a filter each connection brings the next";
  ::close(client);
  for (const int descriptor : late) ::close(descriptor);
}

TEST_F(ListenerTest, WithoutDescriptorsAcceptingPausesAndGoesOnLater) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the undefined-behaviour sanitizer looks at an object's type through a pipe";
#endif
  const auto listener = open("127.0.0.1:0");
  ASSERT_NE(listener, nullptr);
  const int client = connect_to(listener->address());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(client);
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  setrlimit(RLIMIT_NOFILE, &none);
  for (int i = 0; i < 10; ++i) loop_.turn(0);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(accepted_.size(), 0u);
  EXPECT_EQ(listener->pauses(), 1u) << "it must not spin";
  clock_.advance_ns(1'000'000'000);
  loop_.turn(0);
  loop_.turn(0);
  EXPECT_EQ(accepted_.size(), 1u);
  ::close(client);
}

TEST(ListenAddressTest, AddressesAreReadAndNonsenseIsRefused) {
  EXPECT_EQ(parse_listen_address("*:80")->text(), "0.0.0.0:80");
  EXPECT_EQ(parse_listen_address(":80")->text(), "0.0.0.0:80");
  EXPECT_EQ(parse_listen_address("localhost:80")->text(), "127.0.0.1:80");
  EXPECT_EQ(parse_listen_address("[::1]:80")->text(), "[::1]:80");
  for (const char* text : {"", "80", "a:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:8x", "1.2.3:80", "[::1:80"}) {
    EXPECT_FALSE(parse_listen_address(text).ok()) << text;
  }
}

}  // namespace
}  // namespace understudy::net
