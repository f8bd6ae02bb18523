#include "app/admin_server.h"

#include <pthread.h>

#include <cerrno>
#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "base/text.h"
#include "http/h1_writer.h"
#include "net/signal.h"
#include "net/timer.h"

namespace understudy::app {
namespace {

constexpr size_t kHeadBytesMax = 64 * 1024;
/// A connection the server does not want to keep waiting for its last bytes.
constexpr auto kLinger = std::chrono::milliseconds(500);
/// A tenth of the processor time of a thread that answers clients, when there is not enough.
constexpr int kQueryNiceness = 10;

/// An answer on its way from a worker thread back to the loop. The connection may be gone by then.
template <class Answer>
struct Pending {
  net::Signal* answered = nullptr;  // the loop's thread only; null when the connection is gone
  std::optional<Answer> answer;
};

/// Lets a stream's wake call, from whatever thread, reach the connection once per take().
struct Wake {
  std::atomic<bool> posted{false};
  net::Signal* signal = nullptr;  // the loop's thread only; null when the connection is gone
};

/// Notifies a signal when its time comes.
class Heartbeat final : public net::Timer {
 public:
  Heartbeat(net::EventLoop& loop, net::Signal& signal) : Timer(loop.timers()), signal_(signal) {}
  bool due() { return std::exchange(due_, false); }

 protected:
  void on_deadline() override {
    due_ = true;
    signal_.notify();
  }

 private:
  net::Signal& signal_;
  bool due_ = false;
};

api::Response busy(std::string_view what) {
  return {.status = 503,
          .headers = {{"Retry-After", "1"}},
          .body = base::cat("{\"error\":\"", what, "; try again in a second\"}\n")};
}

}  // namespace

net::H1ServerOptions AdminServerOptions::default_http() {
  net::H1ServerOptions options;
  options.limits.head_bytes_max = kHeadBytesMax;
  options.linger_timeout = kLinger;
  options.first_request_timeout = kFirstRequestTimeout;
  options.request_timeout = kBodyTimeout;
  return options;
}

/// One client: reads its requests, has them answered, writes the answers.
class AdminServer::Connection final : private net::CloseWatcher, private ConnectionSlots::Slot {
 public:
  Connection(AdminServer& server, std::unique_ptr<net::TcpStream> stream, std::string address)
      : Slot(server.slots_, std::move(address)),
        server_(server),
        http_(std::move(stream), server.buffers_, server.options_.http),
        changed_(server.loop_) {
    server_.connections_.insert(this);
  }
  ~Connection() override {
    http_.watch_close(nullptr);
    server_.connections_.erase(this);
    free_body();
  }

  base::Task<void> run() {
    while (true) {
      enter(Phase::kAwaitsRequest);
      const auto next = co_await http_.next_request();
      if (next == net::H1ServerConnection::Next::kClosed) co_return;
      if (next == net::H1ServerConnection::Next::kRefused) break;
      if (!co_await answer_one()) break;
      if (!http_.reusable()) break;
    }
    co_await http_.close();
  }

  /// The loop's thread: no further request, and an event stream ends.
  void drain() {
    draining_ = true;
    http_.drain();
    changed_.notify();
  }

  /// The loop's thread: what is asked of the event store for it ends now.
  void cancel_queries() { cancellation_.cancel(); }

 private:
  using Phase = ConnectionSlots::Phase;

  /// False when the connection is of no further use.
  base::Task<bool> answer_one() {
    api::Request request = take_head();
    const bool head_only = http_.head().method_id == http::MethodId::kHead;
    std::optional<api::Response> response = server_.api_.answer_at_once(request);
    if (!response && http_.head().has_body()) response = co_await take_body(request);
    if (client_lost_) co_return false;
    if (!response) {
      enter(Phase::kAtWork);
      const bool queries = server_.api_.takes_queries(request);
      WorkPool& pool = queries ? *server_.query_pool_ : *server_.pool_;
      std::function<api::Response()> work = [&api = server_.api_, request = std::move(request)] {
        return api.handle(request);
      };
      response = co_await ask(pool, std::move(work));
      if (!response) response = busy("too many requests wait already");
    }
    free_body();
    if (response->stream && !head_only) {
      co_await stream_events(*response);
      co_return false;
    }
    co_return co_await send(*response, head_only) == net::StreamError::kNone;
  }

  api::Request take_head() {
    const http::RequestHead& head = http_.head();
    cancellation_ = {};
    return {.method = std::string(head.method),
            .target = std::string(head.target),
            .authority = std::string(head.authority),
            .headers = http::OwnedFields(head.fields),
            .body = {},
            .client_address = address(),
            .cancellation = cancellation_};
  }

  /// Fills the request's body. An answer means that it was refused; client_lost_, that the client
  /// is gone.
  base::Task<std::optional<api::Response>> take_body(api::Request& request) {
    enter(Phase::kAtWork);
    // A copy: when this connection ends first, the worker still reads it.
    std::function<api::Api::BodyTerms()> work = [&api = server_.api_, request] {
      return api.body_terms(request);
    };
    const std::optional<api::Api::BodyTerms> terms = co_await ask(*server_.pool_, std::move(work));
    if (!terms) co_return busy("too many requests wait already");
    if (terms->refusal) co_return terms->refusal;
    const http::RequestHead& head = http_.head();
    if (head.framing == http::Framing::kLength && head.content_length > terms->bytes_max) {
      co_return api::Api::too_large(terms->bytes_max);
    }
    enter(Phase::kSendsBody);
    while (true) {
      const net::BodyPiece piece = co_await http_.read_body();
      switch (piece.error) {
        case net::StreamError::kNone:
          break;
        case net::StreamError::kMalformed:
          co_return api::Response{.status = 400, .body = "{\"error\":\"the body is malformed\"}\n"};
        case net::StreamError::kTooLarge:
          co_return api::Api::too_large(terms->bytes_max);
        case net::StreamError::kTimeout:
          co_return api::Response{.status = 408,
                                  .body = "{\"error\":\"the body did not arrive in time\"}\n"};
        default:
          client_lost_ = true;
          co_return std::nullopt;
      }
      const size_t bytes = request.body.size() + piece.data.size();
      if (bytes > terms->bytes_max) co_return api::Api::too_large(terms->bytes_max);
      if (!hold_body(bytes)) co_return busy("too many large requests at once");
      request.body.append(piece.data);
      if (piece.end) co_return std::nullopt;
    }
  }

  /// Whether a body of so many bytes has room among those of all connections.
  bool hold_body(size_t bytes) {
    if (bytes <= server_.options_.small_body_bytes) return true;
    if (server_.bodies_bytes_ - body_bytes_ + bytes > server_.options_.bodies_bytes_max) {
      return false;
    }
    server_.bodies_bytes_ += bytes - body_bytes_;
    body_bytes_ = bytes;
    return true;
  }
  void free_body() { server_.bodies_bytes_ -= std::exchange(body_bytes_, 0); }

  /// Has a worker thread answer; nothing when too many requests wait for one already. Cancels what
  /// is asked when the client leaves, and waits for the end of it all the same.
  template <class Answer>
  base::Task<std::optional<Answer>> ask(WorkPool& pool, std::function<Answer()> work) {
    const auto pending = std::make_shared<Pending<Answer>>();
    pending->answered = &changed_;
    struct Forget {
      Pending<Answer>& pending;
      ~Forget() { pending.answered = nullptr; }
    } const forget{*pending};
    net::EventLoop& loop = server_.loop_;
    const bool taken = pool.try_run([&loop, pending, work = std::move(work)]() {
      auto answer = std::make_shared<Answer>(work());
      loop.post([pending, answer = std::move(answer)] {
        pending->answer = std::move(*answer);
        if (pending->answered != nullptr) pending->answered->notify();
      });
    });
    if (!taken) co_return std::nullopt;
    http_.watch_close(this);
    while (!pending->answer) {
      if (http_.client_gone()) cancellation_.cancel();
      co_await changed_.wait();
    }
    http_.watch_close(nullptr);
    co_return std::move(pending->answer);
  }

  void fill_head(http::ResponseHead& head, const api::Response& response) {
    head.status = response.status;
    head.reason = http::reason_phrase(response.status);
    head.fields.add("Date", server_.date_.at(server_.loop_.clock().unix_ns()));
    if (!response.content_type.empty()) head.fields.add("Content-Type", response.content_type);
    for (const auto& [name, value] : response.headers) head.fields.add(name, value);
  }

  base::Task<net::StreamError> send(const api::Response& response, bool head_only) {
    enter(Phase::kTakesAnswer);
    http::ResponseHead head;
    fill_head(head, response);
    const bool bodiless = response.status == 204 || response.status == 304;
    head.framing = bodiless ? http::Framing::kNone : http::Framing::kLength;
    head.content_length = response.body.size();
    const bool with_body = !bodiless && !head_only;
    co_return co_await http_.send_head(head, with_body ? std::string_view(response.body) : "",
                                       true);
  }

  /// Sends what the stream has, whenever it has something, until the client leaves.
  base::Task<void> stream_events(const api::Response& response) {
    enter(Phase::kTakesAnswer);
    const std::shared_ptr<api::EventStream> stream = response.stream;
    const auto wake = std::make_shared<Wake>();
    wake->signal = &changed_;
    struct Unhook {
      api::EventStream& stream;
      Wake& wake;
      ~Unhook() {
        stream.on_ready({});
        wake.signal = nullptr;
      }
    } const unhook{*stream, *wake};
    net::EventLoop& loop = server_.loop_;
    stream->on_ready([&loop, wake] {
      if (wake->posted.exchange(true)) return;
      loop.post([wake] {
        wake->posted.store(false);
        if (wake->signal != nullptr) wake->signal->notify();
      });
    });
    http_.watch_close(this);

    http::ResponseHead head;
    fill_head(head, response);
    head.framing = http::Framing::kChunked;
    const std::string first = stream->take();
    auto error = co_await http_.send_head(head, first, false);
    Heartbeat heartbeat(loop, changed_);
    constexpr std::chrono::nanoseconds kEvery = api::EventStream::kHeartbeatEvery;
    while (error == net::StreamError::kNone && !draining_ && !http_.client_gone()) {
      heartbeat.set_deadline(loop.now_ns() + kEvery.count());
      co_await changed_.wait();
      std::string events = stream->take();
      if (events.empty() && heartbeat.due()) events = api::EventStream::kHeartbeat;
      if (!events.empty()) error = co_await http_.send_body(events, false, nullptr);
    }
    if (error == net::StreamError::kNone && !http_.client_gone()) {
      co_await http_.send_body({}, true, nullptr);
    }
  }

  void on_peer_closed() override { changed_.notify(); }
  void on_evicted() override {
    draining_ = true;  // an event stream looks here
    http_.stream().cancel(ECONNABORTED);
    changed_.notify();
  }

  AdminServer& server_;
  net::H1ServerConnection http_;
  net::Signal changed_;
  store::Cancellation cancellation_;  // of the request under way
  size_t body_bytes_ = 0;
  bool client_lost_ = false;
  bool draining_ = false;
};

AdminServer::AdminServer(api::Api& api, AdminServerOptions options)
    : api_(api),
      options_(std::move(options)),
      loop_(*options_.clock),
      slots_({.connections_max = options_.connections_max,
              .per_address_max = options_.connections_per_address_max}) {}

AdminServer::~AdminServer() { stop(std::chrono::nanoseconds(0)); }

base::Result<std::unique_ptr<AdminServer>> AdminServer::start(api::Api& api,
                                                              AdminServerOptions options) {
  std::unique_ptr<AdminServer> server(new AdminServer(api, std::move(options)));
  TRY(server->listen());
  server->pool_ = std::make_unique<WorkPool>(
      WorkPool::Options{.name = "admin",
                        .threads = server->options_.threads,
                        .queue_len_max = server->options_.queue_len_max});
  server->query_pool_ =
      std::make_unique<WorkPool>(WorkPool::Options{.name = "query",
                                                   .threads = server->options_.query_threads,
                                                   .queue_len_max = server->options_.queue_len_max,
                                                   .niceness = kQueryNiceness});
  server->thread_ = std::thread([raw = server.get()] { raw->run(); });
  return server;
}

base::Status AdminServer::listen() {
  TRY_ASSIGN(const net::SocketAddress address, net::parse_listen_address(options_.listen));
  TRY_ASSIGN(listener_,
             net::Listener::open(
                 loop_, address, {.port_use = net::ListenerOptions::PortUse::kExclusive},
                 [this](std::unique_ptr<net::TcpStream> stream, const net::SocketAddress& peer) {
                   if (!slots_.make_room(peer.ip(), loop_.now_ns())) return;
                   clients_.spawn(serve(std::move(stream), peer.ip()));
                 }));
  address_ = listener_->address().text();
  return {};
}

void AdminServer::run() {
  pthread_setname_np(pthread_self(), "admin-loop");
  loop_.run();
  clients_.cancel_all();
  listener_.reset();
}

base::Task<void> AdminServer::serve(std::unique_ptr<net::TcpStream> stream,
                                    std::string client_address) {
  struct Count {
    std::atomic<size_t>& count;
    explicit Count(std::atomic<size_t>& counted) : count(counted) { count.fetch_add(1); }
    ~Count() { count.fetch_sub(1); }
  } const count(connection_count_);
  Connection connection(*this, std::move(stream), std::move(client_address));
  if (draining_) connection.drain();
  co_await connection.run();
}

void AdminServer::stop(std::chrono::nanoseconds timeout) {
  if (!thread_.joinable()) return;
  std::promise<void> drained;
  loop_.post([&] {
    draining_ = true;
    std::exchange(listener_, nullptr)->retire();
    for (Connection* connection : connections_) connection->drain();
    drained.set_value();
  });
  drained.get_future().wait();
  const base::Clock& clock = base::system_clock();
  const int64_t deadline_ns = clock.steady_ns() + timeout.count();
  while (connection_count_.load() > 0 && clock.steady_ns() < deadline_ns) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  loop_.post([this] {
    for (Connection* connection : connections_) connection->cancel_queries();
  });
  pool_->finish();  // answers under way are finished; the loop still takes them
  query_pool_->finish();
  loop_.stop();
  thread_.join();
}

}  // namespace understudy::app
