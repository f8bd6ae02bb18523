#include "proxy/proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/config_yaml.h"
#include "base/text.h"

namespace understudy::proxy {
namespace {

/// A blocking TCP socket whose reads give up after ten seconds, so that a broken proxy fails a
/// test instead of hanging it.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Socket() { close(); }

  static Socket connect(uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return Socket(descriptor);
  }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }
  /// Empty at the end of the stream or when nothing came in time.
  std::string receive() const {
    char buffer[65536];
    const ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
    return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : std::string();
  }
  std::string receive_until(std::string_view mark) const {
    std::string text;
    while (text.find(mark) == std::string::npos) {
      const std::string more = receive();
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  std::string receive_all() const {
    std::string text;
    for (std::string more = receive(); !more.empty(); more = receive()) text += more;
    return text;
  }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  int descriptor_;
};

/// A service that answers each connection as told. Reads one head (and a body of known length)
/// per request.
class Service {
 public:
  using Behaviour = std::function<void(Socket&, const std::string& request)>;

  explicit Service(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 128), 0);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Service() { stop(); }

  void stop() {
    if (listener_ < 0) return;
    ::shutdown(std::exchange(listener_, -1), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int open : open_) ::shutdown(open, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  uint16_t port() const { return port_; }
  /// Waits for the head of a request whose body may still be on its way.
  void wait_for_heads(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return heads_ >= count; }));
  }
  /// The requests seen so far; waits until there are `count`.
  std::vector<std::string> requests(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
    return requests_;
  }

 private:
  void accept_all() {
    const int listener = listener_;
    while (true) {
      const int accepted = ::accept(listener, nullptr, nullptr);
      if (accepted < 0) break;
      {
        const std::lock_guard lock(mutex_);
        open_.push_back(accepted);
      }
      threads_.emplace_back([this, accepted] {
        Socket socket(accepted);
        talk(socket);
        const std::lock_guard lock(mutex_);
        std::erase(open_, accepted);
      });
    }
    ::close(listener);
  }

  void talk(Socket& socket) {
    std::string buffered;
    while (true) {
      while (buffered.find("\r\n\r\n") == std::string::npos) {
        const std::string more = socket.receive();
        if (more.empty()) return;
        buffered += more;
      }
      size_t length = buffered.find("\r\n\r\n") + 4;
      {
        const std::lock_guard lock(mutex_);
        ++heads_;
      }
      changed_.notify_all();
      const size_t announced = buffered.find("Content-Length: ");
      if (announced != std::string::npos && announced < length) {
        length += std::stoul(buffered.substr(announced + 16));
      }
      if (buffered.substr(0, length).find("Transfer-Encoding: chunked") != std::string::npos) {
        while (buffered.find("\r\n0\r\n\r\n") == std::string::npos) {
          const std::string more = socket.receive();
          if (more.empty()) return;
          buffered += more;
        }
        length = buffered.size();
      }
      while (buffered.size() < length) {
        const std::string more = socket.receive();
        if (more.empty()) return;
        buffered += more;
      }
      const std::string request = buffered.substr(0, length);
      buffered.erase(0, length);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      changed_.notify_all();
      behaviour_(socket, request);
    }
  }

  Behaviour behaviour_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  size_t heads_ = 0;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

std::string answer(int status, std::string_view body) {
  return base::cat("HTTP/1.1 ", status, " Word\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

Service::Behaviour says(std::string body) {
  return [body](Socket& socket, const std::string&) { socket.send(answer(200, body)); };
}

/// Keeps every exchange for the test to look at.
class CollectingSink final : public ExchangeSink {
 public:
  bool emit(std::unique_ptr<Exchange>& exchange) override {
    {
      const std::lock_guard lock(mutex_);
      exchanges_.push_back(std::move(exchange));
    }
    changed_.notify_all();
    return true;
  }
  /// Waits for the n-th exchange, counted from 0.
  const Exchange& at(size_t index) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10),
                                  [&] { return exchanges_.size() > index; }));
    return *exchanges_.at(index);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
};

class ProxyTest : public ::testing::Test {
 protected:
  void start(flags::Mode mode, uint16_t control, uint16_t candidate, std::string_view more = "") {
    const std::string yaml = base::cat(
        "name: m\nlisten: 127.0.0.1:0\ncontrol: {url: \"http://127.0.0.1:", control,
        "\"}\ncandidate: {url: \"http://127.0.0.1:", candidate, "\", timeout: 300ms}\n", more);
    const auto node = base::parse_yaml(yaml, "test.yaml");
    ASSERT_TRUE(node.ok()) << node.error().context;
    auto options = MigrationOptions::parse(*node);
    ASSERT_TRUE(options.ok()) << options.error().context;
    set_mode(mode);
    proxy_ = std::make_unique<Proxy>(ProxyOptions{}, flags_, sink_);
    const auto status =
        proxy_->start({std::make_shared<const MigrationOptions>(std::move(*options))});
    ASSERT_TRUE(status.ok()) << status.error().context;
  }
  void set_mode(flags::Mode mode) {
    flags_.publish(flags::FlagSnapshot::make({flags::make_mode_flag("m", flags::ModeMix(mode))}));
  }
  Socket client() { return Socket::connect(proxy_->port("m")); }
  std::string get(std::string_view path = "/") {
    const Socket socket = client();
    socket.send(base::cat("GET ", path, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    return socket.receive_all();
  }
  static std::string body_of(const std::string& response) {
    const size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? "no head: " + response : response.substr(end + 4);
  }

  flags::SnapshotHolder flags_;
  CollectingSink sink_;
  std::unique_ptr<Proxy> proxy_;
};

TEST_F(ProxyTest, ControlOnlyNeverCallsTheCandidate) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kControlOnly, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  const Exchange& exchange = sink_.at(0);
  EXPECT_EQ(exchange.account, Account::kNotSampled);
  EXPECT_EQ(exchange.served_by, base::Side::kControl);
  EXPECT_FALSE(exchange.candidate.called);
  EXPECT_TRUE(exchange.control.succeeded());
  EXPECT_EQ(candidate.requests(0).size(), 0u);
}

TEST_F(ProxyTest, FullEvaluationServesControlAndKeepsBothAnswers) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get("/x?y=1")), "old");
  const Exchange& exchange = sink_.at(0);
  EXPECT_EQ(exchange.account, Account::kCompared);
  EXPECT_EQ(exchange.control.body, "old");
  EXPECT_EQ(exchange.candidate.body, "new");
  EXPECT_EQ(exchange.target, "/x?y=1");
  const std::string copy = candidate.requests(1).at(0);
  EXPECT_EQ(copy.substr(0, copy.find("\r\n")), "GET /x?y=1 HTTP/1.1");
  EXPECT_NE(copy.find("\r\nUnderstudy-Shadow: 1\r\n"), std::string::npos);
  EXPECT_NE(copy.find("\r\nHost: h\r\n"), std::string::npos);
  EXPECT_EQ(control.requests(1).at(0).find("Understudy-Shadow"), std::string::npos);
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
  Service control([](Socket& socket, const std::string& request) {
    socket.send(answer(200, request.substr(4, 2)));
  });
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
  EXPECT_EQ(sink_.at(0).account, Account::kNotSampled);
  EXPECT_EQ(sink_.at(0).reason, "not_safe_to_repeat");
  EXPECT_EQ(sink_.at(1).account, Account::kCompared);
  const auto copies = candidate.requests(1);
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_EQ(copies[0].substr(copies[0].size() - 3), "abc");
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
  EXPECT_EQ(sink_.at(0).account, Account::kCompared);
  for (Service* service : {&control, &candidate}) {
    const std::string request = service->requests(1).at(0);
    EXPECT_NE(request.find("hello"), std::string::npos) << request;
    EXPECT_NE(request.find(" world"), std::string::npos) << request;
  }
}

// Faults.

TEST_F(ProxyTest, ControlDownIsA502AndIsRecorded) {
  Service candidate(says("new"));
  uint16_t dead_port = 0;
  {
    Service dead(says(""));
    dead_port = dead.port();
  }
  start(flags::Mode::kControlOnly, dead_port, candidate.port());
  const std::string response = get();
  EXPECT_EQ(response.substr(0, 12), "HTTP/1.1 502");
  EXPECT_NE(response.find("\"type\":\"connect_refused\""), std::string::npos) << response;
  const Exchange& exchange = sink_.at(0);
  EXPECT_EQ(exchange.served_by, base::Side::kNone);
  EXPECT_EQ(exchange.control.error, net::StreamError::kRefused);
}

TEST_F(ProxyTest, ACandidateThatHangsIsNeverFelt) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const std::string&) { socket.receive(); });
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  const Exchange& exchange = sink_.at(0);
  EXPECT_EQ(exchange.account, Account::kTimedOut);
  EXPECT_LT(exchange.duration_ns, exchange.candidate.end_ns);
}

TEST_F(ProxyTest, CandidateOnlyFallsBackToControlWhenAsked) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const std::string&) { socket.reset(); });
  start(flags::Mode::kCandidateOnly, control.port(), candidate.port(), "fallback: control\n");
  EXPECT_EQ(body_of(get()), "old");
  const Exchange& exchange = sink_.at(0);
  EXPECT_EQ(exchange.served_by, base::Side::kControl);
  EXPECT_EQ(exchange.candidate.error, net::StreamError::kReset);
  EXPECT_EQ(exchange.account, Account::kNotSampled);
}

TEST_F(ProxyTest, AClientThatLeavesReleasesBothSides) {
  Service control([](Socket& socket, const std::string&) { socket.receive(); });
  Service candidate([](Socket& socket, const std::string&) { socket.receive(); });
  start(flags::Mode::kFullEvaluation, control.port(), candidate.port());
  {
    const Socket socket = client();
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    control.requests(1);
    candidate.requests(1);
  }
  const Exchange& exchange = sink_.at(0);
  EXPECT_EQ(exchange.account, Account::kClientAborted);
  EXPECT_TRUE(exchange.client_aborted);
  const ProxyActivity activity = proxy_->activity();
  EXPECT_EQ(activity.requests_in_flight + activity.shadows_in_flight, 0u);
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
  Service control([&](Socket& socket, const std::string&) {
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
  EXPECT_NE(status.error().context.find("Address already in use"), std::string::npos);
}

}  // namespace
}  // namespace understudy::proxy
