#include "proxy/proxy.h"

#include <thread>

#include "base/check.h"
#include "base/text.h"
#include "proxy/worker.h"

namespace understudy::proxy {
namespace {

/// Fails when somebody else listens there: with SO_REUSEPORT alone two servers of one user would
/// silently share the traffic.
base::Status check_free(const net::SocketAddress& address) {
  if (address.port() == 0) return {};
  net::EventLoop loop;
  auto probe = net::Listener::open(loop, address,
                                   {.port_use = net::ListenerOptions::PortUse::kExclusive}, {});
  if (!probe.ok()) return std::move(probe).error();
  return {};
}

}  // namespace

Proxy::Proxy(const ProxyOptions& options, const flags::SnapshotHolder& flags, ExchangeSink& sink)
    : options_(options), flags_(flags), sink_(sink) {
  CHECK(options.workers >= 1);
}

Proxy::~Proxy() { drain_and_stop(std::chrono::nanoseconds(0)); }

base::Status Proxy::start(const Migrations& migrations) {
  CHECK(workers_.empty());
  {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < options_.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(i, options_, flags_, sink_));
    }
  }
  for (auto& worker : workers_) worker->start();
  const base::Status status = reload(migrations);
  if (!status.ok()) {
    stop_workers();
  }
  return status;
}

base::Status Proxy::reload(const Migrations& migrations) {
  std::map<std::string, std::shared_ptr<Accounting>> books;
  for (const auto& migration : migrations) books[migration->name] = accounting(migration->name);
  std::map<std::string, uint16_t> ports;
  // Everything is opened before anything changes, so that a failure leaves all as it was.
  for (const auto& migration : migrations) {
    if (migration->listen.empty()) continue;
    auto port = open_everywhere(migration, books[migration->name]);
    if (!port.ok()) {
      for (auto& worker : workers_) worker->run_there([&] { worker->give_up(); });
      const bool taken = port.error().kind == base::ErrorKind::kConflict;
      const std::string why = taken ? in_use(*migration) : port.error().context;
      return base::error(port.error().kind, base::cat(migration->listen_source, ": ", why));
    }
    ports[migration->name] = *port;
  }
  for (auto& worker : workers_) worker->run_there([&] { worker->apply(migrations, books); });
  const std::lock_guard lock(mutex_);
  ports_ = std::move(ports);
  return {};
}

base::Result<uint16_t> Proxy::open_everywhere(
    const std::shared_ptr<const MigrationOptions>& migration,
    const std::shared_ptr<Accounting>& books) {
  TRY_ASSIGN(net::SocketAddress address, net::parse_listen_address(migration->listen));
  uint16_t port_now = 0;
  workers_.front()->run_there([&] {
    const net::SocketAddress* current = workers_.front()->listening_on(migration->name);
    const bool same = current != nullptr && current->ip() == address.ip() &&
                      (current->port() == address.port() || address.port() == 0);
    if (same) port_now = current->port();
  });
  if (port_now != 0) return port_now;
  TRY(check_free(address));
  for (auto& worker : workers_) {
    base::Status status;
    worker->run_there([&] {
      status = worker->open(migration, books, address);
      // The first worker finds out which port 0 stands for.
      if (status.ok()) address = *worker->listening_on(migration->name);
    });
    TRY(std::move(status));
  }
  return address.port();
}

std::string Proxy::in_use(const MigrationOptions& migration) const {
  const auto wanted = net::parse_listen_address(migration.listen);
  const std::lock_guard lock(mutex_);
  for (const auto& [name, port] : ports_) {
    if (!wanted.ok() || port != wanted->port()) continue;
    return base::cat(migration.listen, " is in use by the migration ", name,
                     " of this server: a port changes hands with a restart, or with two reloads");
  }
  return base::cat(migration.listen, " is already in use by another process");
}

bool Proxy::drain_and_stop(std::chrono::nanoseconds timeout) {
  if (workers_.empty()) return true;
  for (auto& worker : workers_) worker->run_there([&] { worker->drain(); });
  const base::Clock& clock = base::system_clock();
  const int64_t deadline_ns = clock.steady_ns() + timeout.count();
  const auto busy = [&] {
    const ProxyActivity now = activity();
    return now.client_connections + now.shadows_in_flight > 0;
  };
  while (busy() && clock.steady_ns() < deadline_ns) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const bool clean = !busy();
  stop_workers();
  return clean;
}

void Proxy::stop_workers() {
  for (auto& worker : workers_) worker->stop_and_join();
  const std::lock_guard lock(mutex_);
  workers_.clear();
}

uint16_t Proxy::port(const std::string& migration) const {
  const std::lock_guard lock(mutex_);
  const auto found = ports_.find(migration);
  return found == ports_.end() ? 0 : found->second;
}

std::shared_ptr<Accounting> Proxy::accounting(const std::string& migration) {
  const std::lock_guard lock(mutex_);
  auto& books = accounting_[migration];
  if (!books) books = std::make_shared<Accounting>();
  return books;
}

ProxyActivity Proxy::activity() const {
  ProxyActivity sum;
  const std::lock_guard lock(mutex_);
  for (const auto& worker : workers_) {
    sum.client_connections += worker->connections();
    sum.requests_in_flight += worker->requests_in_flight();
    sum.shadows_in_flight += worker->shadows_in_flight();
  }
  return sum;
}

}  // namespace understudy::proxy
