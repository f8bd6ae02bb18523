#include "proxy/worker.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "http/h1_writer.h"
#include "net/tls_stream.h"
#include "proxy/request_flow.h"

namespace understudy::proxy {
namespace {

constexpr std::string_view kTooManyConnections =
    "{\"error\":\"too many connections\",\"type\":\"connections_max\"}\n";

/// For a connection that gets no more than an apology.
net::H1ServerOptions turned_away_options() {
  net::H1ServerOptions options;
  options.idle_timeout = options.head_timeout = options.write_timeout = std::chrono::seconds(1);
  options.linger_bytes_max = 64 * 1024;
  return options;
}

}  // namespace

Worker::Worker(int index, const ProxyOptions& options, const flags::SnapshotHolder& flags,
               ExchangeSink& sink)
    : index_(index), options_(options), sink_(sink), rng_(base::random_seed()), flags_(flags) {}

Worker::~Worker() { stop_and_join(); }

std::shared_ptr<MigrationRuntime> Worker::make_runtime(const Placement& migration,
                                                       const MigrationRuntime* former) {
  const WorkerResources resources{.loop = loop_,
                                  .buffers = buffers_,
                                  .resolver = resolver_,
                                  .shadow_turns = shadow_turns_,
                                  .workers = static_cast<uint32_t>(options_.workers)};
  return std::make_shared<MigrationRuntime>(resources, migration, use_of(migration.options->name),
                                            former);
}

std::shared_ptr<MigrationUse> Worker::use_of(const std::string& migration) {
  std::weak_ptr<MigrationUse>& known = uses_[migration];
  if (auto use = known.lock()) return use;
  const auto use = std::make_shared<MigrationUse>();
  known = use;
  return use;
}

base::Result<net::SocketAddress> Worker::open(const net::SocketAddress& address) {
  const auto entrance = std::make_shared<Entrance>();
  const std::weak_ptr<Entrance> weak = entrance;
  TRY_ASSIGN(entrance->listener,
             net::Listener::open(loop_, address, {.start = net::ListenerOptions::Start::kHeld},
                                 [this, weak](std::unique_ptr<net::TcpStream> stream,
                                              const net::SocketAddress& peer) {
                                   if (const auto strong = weak.lock())
                                     take(std::move(stream), peer, strong);
                                 }));
  const net::SocketAddress bound = entrance->listener->address();
  opened_[bound.text()] = entrance;
  return bound;
}

void Worker::give_up() { opened_.clear(); }

void Worker::watch_health(const std::vector<Placement>& migrations) {
  if (index_ != 0) return;  // one asks for all
  auto before = std::exchange(health_checkers_, {});
  const auto watch = [&](const SideOptions& side, const std::shared_ptr<SideHealth>& health) {
    if (health == nullptr) return;
    // The health is the same as long as the service is, and is asked the same.
    std::unique_ptr<HealthChecker> checker = std::move(before[health]);
    if (checker != nullptr) {
      checker->follow(side);
    } else {
      checker = std::make_unique<HealthChecker>(loop_, buffers_, resolver_, side, health);
    }
    health_checkers_[health] = std::move(checker);
  };
  for (const Placement& migration : migrations) {
    watch(migration.options->control, migration.control_health);
    watch(migration.options->candidate, migration.candidate_health);
  }
}

void Worker::apply(const std::vector<Placement>& migrations) {
  watch_health(migrations);
  using Runtimes = std::map<std::string, std::shared_ptr<MigrationRuntime>>;  // by migration
  Runtimes former;
  Runtimes now;
  for (const auto& [address, entrance] : entrances_) {
    former[entrance->runtime->options->name] = entrance->runtime;
  }
  Entrances kept;
  for (const Placement& migration : migrations) {
    const std::string address = migration.address.text();
    const bool is_new = opened_.contains(address);
    auto node = is_new ? opened_.extract(address) : entrances_.extract(address);
    CHECK(!node.empty());
    Entrance& entrance = *node.mapped();
    // Its connections, its breaker and its caps outlive a reload that does not concern it.
    const bool same = entrance.runtime != nullptr &&
                      same_settings(*entrance.runtime->options, *migration.options) &&
                      entrance.runtime->shadow_connections_max == migration.shadow_connections_max;
    if (!same) {
      const auto before = former.find(migration.options->name);
      entrance.runtime =
          make_runtime(migration, before == former.end() ? nullptr : before->second.get());
    }
    now[migration.options->name] = entrance.runtime;
    entrance.clients = migration.clients;
    if (is_new) {
      if (const auto begun = entrance.listener->begin(); !begun.ok()) {
        base::log_error("not accepting on ", address, ": ", begun.error().context);
      }
    }
    kept.insert(std::move(node));
  }
  for (auto& [address, gone] : entrances_) {
    gone->runtime->closing = true;
    gone->listener->retire();
  }
  entrances_ = std::move(kept);
  opened_.clear();
  for (const auto& [name, runtime] : former) {
    if (now[name] != runtime) runtime->retire(now[name].get());
  }
  former.clear();
  std::erase_if(uses_, [](const auto& use) { return use.second.expired(); });
}

void Worker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), base::cat("proxy-", index_).c_str());
    loop_.run();
    // What is still under way is cut off here, on the thread it belongs to.
    health_checkers_.clear();
    turned_away_.cancel_all();
    clients_.cancel_all();
    shadows_.cancel_all();
    entrances_.clear();
    opened_.clear();
  });
}

void Worker::run_there(const std::function<void()>& call) {
  std::promise<void> done;
  loop_.post([&] {
    call();
    done.set_value();
  });
  done.get_future().wait();
}

void Worker::drain() {
  draining_ = true;
  for (auto& [name, entrance] : entrances_) {
    if (entrance->listener) std::exchange(entrance->listener, nullptr)->retire();
  }
  for (net::H1ServerConnection* connection : connections_) connection->drain();
  // Who is in the middle of a handshake gets through, who only sits there does not hold us up.
  const int64_t handshakes_end_ns = loop_.now_ns() + net::H1ServerOptions().drain_grace.count();
  for (net::Stream* stream : handshakes_) {
    stream->set_deadline(std::min(stream->deadline(), handshakes_end_ns));
  }
}

void Worker::stop_and_join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void Worker::take(std::unique_ptr<net::TcpStream> stream, const net::SocketAddress& peer,
                  const std::shared_ptr<Entrance>& entrance) {
  if (auto place = entrance->clients->take_place()) {
    return clients_.spawn(serve(std::move(stream), peer, entrance, *std::move(place)));
  }
  const MigrationRuntime& runtime = *entrance->runtime;
  runtime.accounting->count_refused_connection();
  if (const auto refused = entrance->clients->refusals_to_log(loop_.now_ns())) {
    base::log_warn("migration ", runtime.options->name, ": ", entrance->clients->max(),
                   " client connections are open, which is the most it takes; ", *refused,
                   " refused");
  }
  // A handshake would cost more than the answer is worth.
  const bool plain = runtime.options->listen_tls == nullptr;
  if (plain && turned_away_.size() < kTurnedAwayPerWorkerMax) {
    turned_away_.spawn(turn_away(std::move(stream)));
  }
}

base::Task<void> Worker::turn_away(std::unique_ptr<net::TcpStream> stream) {
  static const net::H1ServerOptions kOptions = turned_away_options();
  net::H1ServerConnection connection(std::move(stream), buffers_, kOptions);
  const auto next = co_await connection.next_request();
  if (next == net::H1ServerConnection::Next::kClosed) co_return;
  if (next == net::H1ServerConnection::Next::kRequest) {
    connection.drain();  // the answer says that it is the last
    http::ResponseHead head;
    head.status = 503;
    head.reason = http::reason_phrase(head.status);
    head.framing = http::Framing::kLength;
    head.content_length = kTooManyConnections.size();
    head.fields.add("content-type", "application/json");
    head.fields.add("retry-after", "1");
    const bool no_body = connection.head().method_id == http::MethodId::kHead;
    co_await connection.send_head(head, no_body ? "" : kTooManyConnections, true);
  }
  co_await connection.close();
}

base::Task<std::unique_ptr<net::Stream>> Worker::shake_hands(std::unique_ptr<net::TcpStream> tcp,
                                                             net::SocketAddress peer,
                                                             const MigrationOptions& options) {
  if (handshakes_.size() >= kHandshakesMax) {
    ++handshakes_refused_;
    if (loop_.now_ns() >= handshakes_warned_ns_ + kWarningEveryNs) {
      handshakes_warned_ns_ = loop_.now_ns();
      base::log_warn(options.name, ": ", handshakes_refused_,
                     " connections closed so far because too many handshakes were under way");
    }
    co_return nullptr;
  }
  struct Presence {
    std::unordered_set<net::Stream*>& all;
    net::Stream* stream;
    Presence(std::unordered_set<net::Stream*>& under_way, net::Stream* mine)
        : all(under_way), stream(mine) {
      all.insert(stream);
    }
    void become(net::Stream* next) {
      all.erase(stream);
      all.insert(stream = next);
    }
    ~Presence() { all.erase(stream); }
  } presence(handshakes_, tcp.get());
  const auto patience = draining_ ? options.server.drain_grace : options.server.head_timeout;
  const int64_t deadline_ns = loop_.now_ns() + patience.count();
  // A client that says nothing costs a socket and no more.
  tcp->set_deadline(deadline_ns);
  if (co_await tcp->readable() < 0) co_return nullptr;
  const int64_t ends_ns = tcp->deadline();  // a drain may have brought it forward
  auto tls = net::TlsStream::over(std::move(tcp), options.listen_tls);
  if (!tls.ok()) co_return nullptr;
  presence.become(tls->get());
  (*tls)->set_deadline(ends_ns);
  if (co_await (*tls)->handshake() != 0) {
    base::log_debug(options.name, ": no TLS with ", peer.text(), ": ", (*tls)->failure_reason());
    co_return nullptr;
  }
  (*tls)->set_deadline(net::kNever);
  co_return std::move(*tls);
}

base::Task<void> Worker::serve(std::unique_ptr<net::TcpStream> tcp, net::SocketAddress peer,
                               std::shared_ptr<Entrance> entrance,
                               [[maybe_unused]] ClientConnections::Place place) {
  // The connection's limits stay those it began with, whatever is reloaded meanwhile.
  const std::shared_ptr<const MigrationOptions> options = entrance->runtime->options;
  const std::string client_address = peer.ip();
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  struct Counted {
    std::atomic<uint64_t>& connections;
    ~Counted() { connections.fetch_sub(1, std::memory_order_relaxed); }
  } const counted{connection_count_};
  const std::string_view client_scheme = options->listen_tls == nullptr ? "http" : "https";
  std::unique_ptr<net::Stream> stream;
  if (options->listen_tls == nullptr) {
    stream = std::move(tcp);
  } else {
    stream = co_await shake_hands(std::move(tcp), peer, *options);
    if (stream == nullptr) co_return;
  }
  net::H1ServerConnection connection(std::move(stream), buffers_, options->server);
  connections_.insert(&connection);
  struct Leave {
    Worker& worker;
    net::H1ServerConnection* connection;
    ~Leave() { worker.connections_.erase(connection); }
  } const leave{*this, &connection};
  if (draining_) connection.drain();

  while (true) {
    const auto next = co_await connection.next_request();
    if (next == net::H1ServerConnection::Next::kClosed) co_return;
    if (next == net::H1ServerConnection::Next::kRefused) break;
    if (draining_ || entrance->runtime->closing) connection.drain();
    requests_.fetch_add(1, std::memory_order_relaxed);
    {
      RequestFlow flow(*this, entrance->runtime, connection, client_address, client_scheme);
      co_await flow.run();
    }
    requests_.fetch_sub(1, std::memory_order_relaxed);
    if (!connection.reusable()) break;
  }
  co_await connection.close();
}

std::unique_ptr<Exchange> Worker::new_exchange() {
  if (exchanges_.empty()) return std::make_unique<Exchange>();
  std::unique_ptr<Exchange> exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void Worker::finish(MigrationRuntime& runtime, std::unique_ptr<Exchange> exchange) {
  const bool compared = exchange->account == Account::kCompared;
  const bool wanted = options_.record == ProxyOptions::Record::kAll || exchange->shadow_wanted;
  if (wanted) {
    exchange->migration = runtime.options;
    exchange->accounting = runtime.accounting;
    const Account account = exchange->account;
    // A comparison of control with itself is the recorder's to count, like any other.
    const bool noise_ended =
        exchange->noise != nullptr && exchange->noise->account != NoiseAccount::kTaken;
    const NoiseAccount noise = noise_ended ? exchange->noise->account : NoiseAccount::kTaken;
    if (sink_.emit(exchange)) {
      if (!compared) runtime.accounting->count(account);
      if (noise_ended) runtime.accounting->count(noise);
      return;
    }
    runtime.accounting->count_dropped_record();
    if (compared) exchange->account = Account::kShed;
    if (exchange->noise != nullptr && !noise_ended) exchange->noise->account = NoiseAccount::kShed;
  }
  // A comparison that nobody can make is shed; all else is booked as it ended.
  runtime.accounting->count(exchange->account);
  if (exchange->noise != nullptr) runtime.accounting->count(exchange->noise->account);
  if (exchanges_.size() < kExchangesKeptMax) {
    exchange->clear();
    exchanges_.push_back(std::move(exchange));
  }
}

}  // namespace understudy::proxy
