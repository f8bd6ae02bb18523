#include "proxy/pool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/signal.h"
#include "net/tls_stream.h"

namespace understudy::proxy {

using net::StreamError;

namespace {

/// Counts a connect for as long as it is under way.
class Opening {
 public:
  explicit Opening(uint32_t& count) : count_(count) { ++count_; }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() { --count_; }

 private:
  uint32_t& count_;
};

}  // namespace

PooledConnection::PooledConnection(Pool& pool, std::unique_ptr<net::Stream> stream)
    : net::Timer(pool.loop_.timers()),
      pool_(pool),
      http_(std::move(stream), pool.buffers_, pool.limits_) {
  ++*pool_.connections_;
}

PooledConnection::~PooledConnection() { --*pool_.connections_; }

void PooledConnection::on_peer_closed() { pool_.drop_idle(this); }
void PooledConnection::on_deadline() { pool_.drop_idle(this); }

/// A look-up under way; those who wait for it share it, and it may outlive the pool.
struct Pool::Resolution {
  explicit Resolution(Pool* owner) : pool(owner) {}

  /// Wakes a waiter when its time is up.
  struct Timeout final : net::Timer {
    Timeout(net::EventLoop& loop, net::Signal& signal_to_wake)
        : net::Timer(loop.timers()), signal(signal_to_wake) {}
    void on_deadline() override { signal.notify(); }
    net::Signal& signal;
  };

  std::vector<net::Signal*> waiting;
  Pool* pool;
  bool finished = false;
  std::string failure;
};

Pool::Pool(net::EventLoop& loop, net::BufferPool& buffers, net::Resolver& resolver,
           SideOptions side, const http::Limits& limits, uint32_t connections_max,
           PoolShares shares)
    : loop_(loop),
      buffers_(buffers),
      resolver_(resolver),
      side_(std::move(side)),
      limits_(limits),
      connections_max_(connections_max),
      connections_(shares.connections ? std::move(shares.connections)
                                      : std::make_shared<uint32_t>(0)),
      turns_(shares.turns) {
  if (auto address = net::parse_ip_address(side_.url.host, side_.url.port); address.ok()) {
    addresses_.push_back(*address);
    literal_address_ = true;
  }
}

Pool::~Pool() {
  if (resolution_) resolution_->pool = nullptr;
}

std::unique_ptr<PooledConnection> Pool::take_idle() {
  while (!idle_.empty()) {
    std::unique_ptr<PooledConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    connection->http_.stream().watch_close(nullptr);
    connection->set_deadline(net::kNever);
    if (connection->http_.stream().quiet()) return connection;
  }
  return nullptr;
}

void Pool::give_back(std::unique_ptr<PooledConnection> connection) {
  if (retired_ || !connection->http_.reusable()) return;
  connection->set_deadline(loop_.now_ns() + side_.idle_timeout.count());
  PooledConnection* kept = connection.get();
  idle_.push_back(std::move(connection));
  kept->http_.stream().watch_close(kept);
}

void Pool::retire() {
  retired_ = true;
  idle_.clear();
}

void Pool::drop_idle(PooledConnection* connection) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& item) { return item.get() == connection; });
  if (found != idle_.end()) idle_.erase(found);
}

base::Task<StreamError> Pool::resolve(int64_t deadline_ns, std::string& detail) {
  const bool fresh = literal_address_ ||
                     (!addresses_.empty() && loop_.now_ns() - resolved_ns_ < kAddressesFreshNs);
  if (fresh) co_return StreamError::kNone;
  if (!resolution_) {
    resolution_ = std::make_shared<Resolution>(this);
    resolver_.resolve(loop_, side_.url.host, side_.url.port,
                      [state = resolution_](base::Result<net::Resolver::Addresses> answer) {
                        state->finished = true;
                        if (answer.ok() && state->pool != nullptr) {
                          state->pool->addresses_ = std::move(*answer);
                          state->pool->address_index_ = 0;
                        } else if (!answer.ok()) {
                          state->failure = answer.error().context;
                        }
                        if (state->pool != nullptr) {
                          state->pool->resolved_ns_ = state->pool->loop_.now_ns();
                          state->pool->resolution_ = nullptr;
                        }
                        for (net::Signal* waiter : state->waiting) waiter->notify();
                      });
  }
  // Addresses that worked before are good enough while newer ones are on their way.
  if (!addresses_.empty()) co_return StreamError::kNone;
  const std::shared_ptr<Resolution> state = resolution_;
  net::Signal mine(loop_);
  Resolution::Timeout timeout(loop_, mine);
  timeout.set_deadline(deadline_ns);
  {
    // Also when whoever waits is destroyed meanwhile.
    struct Waiting {
      Resolution& resolution;
      net::Signal* signal;
      ~Waiting() { std::erase(resolution.waiting, signal); }
    } const waiting{*state, &mine};
    state->waiting.push_back(&mine);
    co_await mine.wait();
  }
  if (!state->finished) co_return StreamError::kConnectTimeout;
  detail = state->failure;
  co_return addresses_.empty() ? StreamError::kResolve : StreamError::kNone;
}

base::Task<void> Pool::connect_to(net::SocketAddress address, int64_t deadline_ns,
                                  AcquireResult& result) {
  auto tcp = net::TcpStream::begin_connect(loop_, address);
  if (!tcp.ok()) {
    result.error = StreamError::kUnreachable;
    result.detail = tcp.error().context;
    co_return;
  }
  (*tcp)->set_deadline(deadline_ns);
  int failure = co_await (*tcp)->connected();
  std::unique_ptr<net::Stream> stream;
  if (failure != 0 || side_.tls == nullptr) {
    stream = std::move(*tcp);
  } else {
    auto tls = net::TlsStream::over(std::move(*tcp), side_.tls, &tls_session_);
    if (!tls.ok()) {
      result.error = StreamError::kIo;
      result.detail = tls.error().context;
      co_return;
    }
    (*tls)->set_deadline(deadline_ns);
    failure = co_await (*tls)->handshake();
    stream = std::move(*tls);
  }
  if (failure == 0) {
    stream->set_deadline(net::kNever);
    if (turns_ != nullptr) stream->share_turns(*turns_);
    result.error = StreamError::kNone;
    result.detail.clear();
    result.connection = std::make_unique<PooledConnection>(*this, std::move(stream));
    co_return;
  }
  result.error = failure == -ETIMEDOUT ? StreamError::kConnectTimeout : net::stream_error(failure);
  result.detail = stream->failure_reason();
}

base::Task<AcquireResult> Pool::connect(int64_t deadline_ns) {
  AcquireResult result;
  if (*connections_ >= connections_max_) {
    result.error = StreamError::kPoolFull;
    result.full = true;
    co_return result;
  }
  const Opening opening(*connections_);
  deadline_ns = std::min(deadline_ns, loop_.precise_now_ns() + side_.connect_timeout.count());
  result.error = co_await resolve(deadline_ns, result.detail);
  if (result.error != StreamError::kNone) co_return result;
  const std::vector<net::SocketAddress> addresses = in_turn();
  const int64_t resolved_ns = resolved_ns_;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const net::SocketAddress& address = addresses[i];
    // An address that does not answer leaves the others their share of the time.
    const int64_t now_ns = loop_.precise_now_ns();
    const auto left = static_cast<int64_t>(addresses.size() - i);
    AcquireResult attempt;
    co_await connect_to(address, now_ns + (deadline_ns - now_ns) / left, attempt);
    if (attempt.connection != nullptr) {
      // What was looked up meanwhile begins with its own first.
      if (resolved_ns == resolved_ns_) worked(address);
      co_return attempt;
    }
    failed(address);
    // Who was reached and not believed says more than who was not reached.
    if (result.error != StreamError::kTls) result = std::move(attempt);
  }
  co_return result;
}

std::vector<net::SocketAddress> Pool::in_turn() {
  std::vector<net::SocketAddress> order(addresses_.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = addresses_[(address_index_ + i) % addresses_.size()];
  }
  if (shunned_until_ns_.empty()) return order;
  const int64_t now_ns = loop_.precise_now_ns();
  std::erase_if(shunned_until_ns_, [&](const auto& item) { return item.second <= now_ns; });
  std::stable_partition(order.begin(), order.end(), [&](const net::SocketAddress& address) {
    return !shunned_until_ns_.contains(address.text());
  });
  return order;
}

void Pool::worked(const net::SocketAddress& address) {
  if (addresses_.size() < 2) return;
  const std::string text = address.text();
  shunned_until_ns_.erase(text);
  for (size_t i = 0; i < addresses_.size(); ++i) {
    if (addresses_[i].text() == text) address_index_ = i;
  }
}

void Pool::failed(const net::SocketAddress& address) {
  if (addresses_.size() < 2) return;  // there is no other to go to
  shunned_until_ns_[address.text()] = loop_.precise_now_ns() + kShunnedNs;
}

}  // namespace understudy::proxy
