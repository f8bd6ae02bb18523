#include "proxy/proxy.h"

#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "proxy/client_connections.h"
#include "proxy/descriptor_budget.h"
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

void log_lowered(const Proxy::Migrations& migrations, const DescriptorBudget& budget) {
  std::vector<std::string> bounds;
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i]->listen.empty()) continue;
    bounds.push_back(base::cat(migrations[i]->name, " ", budget.shares[i].clients_max, " of ",
                               migrations[i]->connections_max));
  }
  base::log_warn(
      "client connections are bounded below limits.connections_max, because the process "
      "may open too few files (ulimit -n): ",
      base::join(bounds, ", "));
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
  TRY_ASSIGN(const DescriptorBudget budget,
             share_descriptors(options_.descriptors_max, migrations,
                               static_cast<uint32_t>(options_.workers)));
  std::map<std::string, Entry> entries;
  std::vector<Placement> placements;
  // Everything is opened before anything changes, so that a failure leaves all as it was.
  for (size_t i = 0; i < migrations.size(); ++i) {
    const auto& options = migrations[i];
    if (options->listen.empty()) continue;
    const Placement& migration = placements.emplace_back(
        Placement{.options = options,
                  .accounting = accounting(options->name),
                  .clients = clients_of(options->name),
                  .shadow_connections_max = budget.shares[i].shadow_connections_max});
    auto port = open_everywhere(migration);
    if (!port.ok()) {
      for (auto& worker : workers_) worker->run_there([&] { worker->give_up(); });
      return base::error(port.error().kind,
                         base::cat("migration ", options->name, ": ", port.error().context));
    }
    entries[options->name] = {.port = *port, .clients = migration.clients};
  }
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (const auto entry = entries.find(migrations[i]->name); entry != entries.end()) {
      entry->second.clients->set_max(budget.shares[i].clients_max);
    }
  }
  if (budget.lowered) log_lowered(migrations, budget);
  for (auto& worker : workers_) worker->run_there([&] { worker->apply(placements); });
  const std::lock_guard lock(mutex_);
  entries_ = std::move(entries);
  return {};
}

std::shared_ptr<ClientConnections> Proxy::clients_of(const std::string& migration) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(migration);
  return found == entries_.end() ? std::make_shared<ClientConnections>() : found->second.clients;
}

base::Result<uint16_t> Proxy::open_everywhere(const Placement& migration) {
  TRY_ASSIGN(net::SocketAddress address, net::parse_listen_address(migration.options->listen));
  const std::string& name = migration.options->name;
  uint16_t port_now = 0;
  workers_.front()->run_there([&] {
    const net::SocketAddress* current = workers_.front()->listening_on(name);
    const bool same = current != nullptr && current->ip() == address.ip() &&
                      (current->port() == address.port() || address.port() == 0);
    if (same) port_now = current->port();
  });
  if (port_now != 0) return port_now;
  TRY(check_free(address));
  for (auto& worker : workers_) {
    base::Status status;
    worker->run_there([&] {
      status = worker->open(migration, address);
      // The first worker finds out which port 0 stands for.
      if (status.ok()) address = *worker->listening_on(name);
    });
    TRY(std::move(status));
  }
  return address.port();
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
  const auto found = entries_.find(migration);
  return found == entries_.end() ? 0 : found->second.port;
}

Proxy::Connections Proxy::connections(const std::string& migration) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(migration);
  if (found == entries_.end()) return {};
  return {.open = found->second.clients->open(), .max = found->second.clients->max()};
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
