#include "proxy/proxy.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

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

/// Whether two sockets cannot both be bound without sharing the port.
bool overlap(const net::SocketAddress& a, const net::SocketAddress& b) {
  const auto wildcard = [](const std::string& ip) { return ip == "0.0.0.0" || ip == "::"; };
  return a.port() == b.port() && (a.ip() == b.ip() || wildcard(a.ip()) || wildcard(b.ip()));
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

base::Status Proxy::reload(const Migrations& migrations,
                           const std::function<base::Status()>& before_change) {
  TRY_ASSIGN(const DescriptorBudget budget,
             share_descriptors(options_.descriptors_max, migrations,
                               static_cast<uint32_t>(options_.workers)));
  // Everything is opened before anything changes, so that a failure leaves all as it was.
  auto placed = place(migrations);
  base::Status status;
  if (!placed.ok()) {
    status = std::move(placed).error();
  } else if (before_change) {
    status = before_change();
  }
  if (!status.ok()) {
    for (auto& worker : workers_) worker->run_there([&] { worker->give_up(); });
    return status;
  }
  auto placement = placed->begin();
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i]->listen.empty()) continue;
    placement->shadow_connections_max = budget.shares[i].shadow_connections_max;
    placement->clients->set_max(budget.shares[i].clients_max);
    ++placement;
  }
  if (budget.lowered) log_lowered(migrations, budget);
  for (auto& worker : workers_) worker->run_there([&] { worker->apply(*placed); });
  const std::lock_guard lock(mutex_);
  placements_ = *std::move(placed);
  return {};
}

base::Result<std::vector<Placement>> Proxy::place(const Migrations& migrations) {
  // placements_ is changed by this thread only.
  std::vector<Placement> placements;
  std::vector<net::SocketAddress> wanted;
  std::set<std::string> claimed;  // addresses that are bound and go on in the hands of somebody
  for (const auto& options : migrations) {
    if (options->listen.empty()) continue;
    TRY_ASSIGN(wanted.emplace_back(), net::parse_listen_address(options->listen));
    placements.push_back({.options = options,
                          .accounting = accounting(options->name),
                          .address = {},
                          .clients = nullptr,
                          .control_health = health_of(*options, flags::Service::kControl),
                          .candidate_health = health_of(*options, flags::Service::kCandidate)});
  }
  const auto take_bound = [&](Placement& placement, const auto& suits) {
    for (const Placement& bound : placements_) {
      if (!suits(bound) || !claimed.insert(bound.address.text()).second) continue;
      placement.address = bound.address;
      placement.clients = bound.clients;
      return;
    }
  };
  for (size_t i = 0; i < wanted.size(); ++i) {
    take_bound(placements[i],
               [&](const Placement& bound) { return bound.address.text() == wanted[i].text(); });
  }
  // Who does not mind the port keeps the one it has, unless it was given away by name above.
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].port() != 0) continue;
    take_bound(placements[i], [&](const Placement& bound) {
      return bound.options->name == placements[i].options->name &&
             bound.address.ip() == wanted[i].ip();
    });
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (placements[i].clients != nullptr) continue;
    auto address = open_everywhere(wanted[i]);
    if (!address.ok()) {
      const MigrationOptions& options = *placements[i].options;
      const bool taken = address.error().kind == base::ErrorKind::kConflict;
      return base::error(
          address.error().kind,
          base::cat(options.listen_source, ": ",
                    taken ? base::cat(options.listen, " is already in use by another process")
                          : address.error().context));
    }
    placements[i].address = *address;
    placements[i].clients = std::make_shared<ClientConnections>();
  }
  return placements;
}

std::shared_ptr<SideHealth> Proxy::health_of(const MigrationOptions& migration,
                                             flags::Service service) const {
  const bool control = service == flags::Service::kControl;
  const SideOptions& side = control ? migration.control : migration.candidate;
  if (!side.health) return nullptr;
  // What is known of a service stays known as long as it is the same and asked the same.
  if (const Placement* before = find_placement(migration.name)) {
    const SideOptions& then = control ? before->options->control : before->options->candidate;
    if (then.health == side.health && then.url.authority == side.url.authority) {
      return control ? before->control_health : before->candidate_health;
    }
  }
  return std::make_shared<SideHealth>(
      base::cat("migration ", migration.name, ": ", control ? "control" : "candidate"),
      *side.health);
}

base::Result<net::SocketAddress> Proxy::open_everywhere(net::SocketAddress address) {
  // An address that contains one of ours, or is contained in it, is not held by anybody else.
  const bool ours =
      std::any_of(placements_.begin(), placements_.end(),
                  [&](const Placement& bound) { return overlap(bound.address, address); });
  if (!ours) {
    TRY(check_free(address));
  }
  for (auto& worker : workers_) {
    base::Result<net::SocketAddress> bound = address;
    worker->run_there([&] { bound = worker->open(address); });
    // The first worker finds out which port 0 stands for.
    TRY_ASSIGN(address, std::move(bound));
  }
  return address;
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

const Placement* Proxy::find_placement(const std::string& migration) const {
  const auto found =
      std::find_if(placements_.begin(), placements_.end(),
                   [&](const Placement& one) { return one.options->name == migration; });
  return found == placements_.end() ? nullptr : &*found;
}

uint16_t Proxy::port(const std::string& migration) const {
  const std::lock_guard lock(mutex_);
  const Placement* placement = find_placement(migration);
  return placement == nullptr ? 0 : placement->address.port();
}

Proxy::Connections Proxy::connections(const std::string& migration) const {
  const std::lock_guard lock(mutex_);
  const Placement* placement = find_placement(migration);
  if (placement == nullptr) return {};
  return {.open = placement->clients->open(), .max = placement->clients->max()};
}

std::optional<SideHealth::Now> Proxy::health(const std::string& migration,
                                             flags::Service service) const {
  const std::lock_guard lock(mutex_);
  const Placement* placement = find_placement(migration);
  if (placement == nullptr) return std::nullopt;
  const auto& health =
      service == flags::Service::kControl ? placement->control_health : placement->candidate_health;
  if (health == nullptr) return std::nullopt;
  return health->now();
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
