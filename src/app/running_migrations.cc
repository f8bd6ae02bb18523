#include "app/running_migrations.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "net/tcp_stream.h"

namespace understudy::app {
namespace {

using base::cat;

std::string in_words(const proxy::BucketBy& by) {
  using Source = proxy::BucketBy::Source;
  switch (by.source) {
    case Source::kRandom:
      return "each request on its own";
    case Source::kHeader:
      return cat("header ", by.name);
    case Source::kCookie:
      return cat("cookie ", by.name);
    case Source::kQueryParameter:
      return cat("query parameter ", by.name);
    case Source::kClientAddress:
      return "client address";
    case Source::kJsonField:
      return cat("JSON field ", by.name);
  }
  return {};
}

std::string in_words(const proxy::RouteOptions& route) {
  std::string text = route.methods.empty() ? "any method" : base::join(route.methods, ", ");
  text += cat(" ", route.path);
  if (!route.host.empty()) text += cat(" on ", route.host);
  if (!route.header_name.empty()) text += cat(" with header ", route.header_name);
  if (!route.header_value.empty()) text += cat(": ", route.header_value);
  return text;
}

std::string in_words(const http::OriginUrl& url) {
  return url.host.empty() ? "" : cat(url.scheme, "://", url.authority, url.prefix);
}

/// The configured address with the port that is really bound.
std::string bound_address(const std::string& listen, uint16_t port) {
  auto address = net::parse_listen_address(listen);
  if (!address.ok() || port == 0) return listen;
  const auto bound = net::parse_ip_address(address->ip(), port);
  return bound.ok() ? bound->text() : listen;
}

}  // namespace

void RunningMigrations::set_config(std::shared_ptr<const Config> config) {
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
}

std::shared_ptr<const Config> RunningMigrations::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

const MigrationConfig* RunningMigrations::find_config(const Config& config,
                                                      std::string_view name) const {
  for (const MigrationConfig& migration : config.migrations) {
    if (migration.options->name == name) return &migration;
  }
  return nullptr;
}

std::vector<std::string> RunningMigrations::names() {
  std::vector<std::string> names;
  for (const MigrationConfig& migration : config()->migrations) {
    names.push_back(migration.options->name);
  }
  return names;
}

std::optional<api::MigrationNow> RunningMigrations::find(std::string_view name) {
  const std::shared_ptr<const Config> current = config();
  const MigrationConfig* migration = find_config(*current, name);
  if (migration == nullptr) return std::nullopt;
  const proxy::MigrationOptions& options = *migration->options;
  api::MigrationNow now;
  now.facts = {.name = options.name,
               .listen = bound_address(options.listen, proxy_.port(options.name)),
               .control_url = in_words(options.control.url),
               .candidate_url = in_words(options.candidate.url),
               .bucket_by = options.listen.empty() ? "" : in_words(options.bucket_by),
               .routes = {}};
  for (const proxy::RouteOptions& route : options.routes) {
    now.facts.routes.push_back({.name = route.name,
                                .match = in_words(route),
                                .compare = route.compare,
                                .safe_to_repeat = route.safe_to_repeat});
  }
  now.criteria = migration->criteria;
  now.evidence_since_ns = evidence_since_ns(*migration);
  now.accounting = *accounting(name);
  now.traffic = traffic(name);
  const MigrationDifferences kept = recorder_.differences(options.name);
  now.differences = differences(options.name, kept);
  now.noise = {.share = options.noise_share,
               .samples = kept.noise.samples(),
               .samples_cut = kept.noise.cut_short(),
               .fields = kept.noise.fields()};
  if (!now.accounting.counted_here) {
    for (api::RuleHits& rule : now.differences.rules) rule.hits.reset();
  }
  return now;
}

std::optional<api::AccountingNumbers> RunningMigrations::accounting(std::string_view name) {
  const std::shared_ptr<const Config> current = config();
  const MigrationConfig* migration = find_config(*current, name);
  if (migration == nullptr) return std::nullopt;
  const auto books = proxy_.accounting(migration->options->name);
  api::AccountingNumbers numbers;
  for (size_t i = 0; i < proxy::kAccountCount; ++i) {
    const auto account = static_cast<proxy::Account>(i);
    numbers.accounts.push_back({std::string(proxy::name(account)), books->of(account)});
  }
  numbers.counted_here = !migration->options->listen.empty();
  numbers.requests = books->requests();
  numbers.records_dropped = books->records_dropped();
  numbers.noise_sampled = books->noise_sampled();
  for (size_t i = 0; i < proxy::kNoiseAccountCount; ++i) {
    const auto account = static_cast<proxy::NoiseAccount>(i);
    numbers.noise.push_back({std::string(proxy::name(account)), books->of(account)});
  }
  return numbers;
}

std::optional<api::HealthNumbers> RunningMigrations::health(const std::string& name,
                                                            flags::Service service) const {
  auto now = proxy_.health(name, service);
  if (!now) return std::nullopt;
  return api::HealthNumbers{.state = std::string(proxy::name(now->state)),
                            .since_unix_ns = now->since_unix_ns,
                            .passed = now->passed,
                            .failed = now->failed,
                            .last_failure = std::move(now->last_failure)};
}

std::optional<api::TrafficNumbers> RunningMigrations::traffic(std::string_view name) {
  const std::shared_ptr<const Config> current = config();
  const MigrationConfig* migration = find_config(*current, name);
  if (migration == nullptr || migration->options->listen.empty()) return std::nullopt;
  const std::string& known_name = migration->options->name;
  const auto connections = proxy_.connections(known_name);
  const auto books = proxy_.accounting(known_name);
  return api::TrafficNumbers{.connections = connections.open,
                             .connections_max = connections.max,
                             .connections_refused = books->connections_refused(),
                             .circuits_opened = books->circuits_opened(),
                             .control_health = health(known_name, flags::Service::kControl),
                             .candidate_health = health(known_name, flags::Service::kCandidate)};
}

api::DifferenceNumbers RunningMigrations::differences(const std::string& name,
                                                      const MigrationDifferences& kept) const {
  api::DifferenceNumbers numbers;
  numbers.groups = kept.groups.groups();
  numbers.total = kept.groups.total();
  numbers.ungrouped = kept.groups.ungrouped();
  const auto comparators = recorder_.comparators();
  const auto found = comparators->find(name);
  if (found == comparators->end()) return numbers;
  const compare::Rules& rules = found->second->rules();
  for (size_t i = 0; i < rules.size(); ++i) {
    const uint64_t hits = i < kept.rule_hits.size() ? kept.rule_hits[i] : 0;
    numbers.rules.push_back({rules[i].text(), hits});
  }
  return numbers;
}

int64_t RunningMigrations::evidence_since_ns(const MigrationConfig& migration) const {
  int64_t since_ns = 0;
  for (const std::string& key :
       {migration.compare_flag, judge::criteria_flag_key(migration.options->name)}) {
    const auto newest =
        state_.history({.kind = state::ItemKind::kFlag, .key = key, .before_id = 0, .limit = 1});
    if (newest.ok() && !newest->empty()) since_ns = std::max(since_ns, newest->front().time_ns);
  }
  return since_ns;
}

std::optional<int64_t> RunningMigrations::candidate_first_called(std::string_view name,
                                                                 judge::Population population,
                                                                 int64_t since_ns) {
  return recorder_.candidate_calls().first_since(name, population, since_ns);
}

std::vector<api::NamedCount> RunningMigrations::recorder_counters() {
  const RecorderStats stats = recorder_.stats();
  return {{"exchanges", stats.exchanges},
          {"exchanges_refused", stats.exchanges_refused},
          {"waiting", stats.waiting},
          {"waiting_bytes", stats.waiting_bytes},
          {"events_written", stats.events_written},
          {"events_dropped", stats.events_dropped}};
}

}  // namespace understudy::app
