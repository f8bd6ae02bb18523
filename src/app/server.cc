#include "app/server.h"

#include <algorithm>
#include <utility>

#include "app/data_folder.h"
#include "app/descriptor_limit.h"
#include "app/restart_settings.h"
#include "base/log.h"
#include "base/text.h"
#include "flags/mode.h"
#include "net/tcp_stream.h"
#include "state/sqlite/sqlite_state_store.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::app {
namespace {

using base::cat;

/// Time in which the admin interface finishes its answers after the data plane has ended.
constexpr auto kAdminDrain = std::chrono::seconds(2);

/// With keys required and none there nobody could ever make one over the network.
base::Status check_keys(const Config& config, const std::string& config_file,
                        state::StateStore& state) {
  if (!config.admin.require_keys) return {};
  TRY_ASSIGN(const std::vector<state::ApiKey> keys, state.api_keys());
  const bool usable = std::any_of(keys.begin(), keys.end(),
                                  [](const state::ApiKey& key) { return !key.revoked(); });
  if (usable) return {};
  return base::invalid(cat(config.admin.require_keys_source,
                           ": there is no key yet; make one with: understudy "
                           "keys create NAME --allow read,operate,keys -c ",
                           config_file));
}

/// A flag that serves one value to everybody.
flags::Flag value_flag(std::string key, flags::Value value) {
  flags::Flag flag;
  flag.key = std::move(key);
  flag.on = true;
  flag.variations = {std::move(value)};
  flag.fallthrough.variation = 0;
  flag.off_variation = 0;
  flag.salt = flag.key;
  return flag;
}

proxy::Proxy::Migrations options_of(const Config& config) {
  proxy::Proxy::Migrations all;
  for (const MigrationConfig& migration : config.migrations) all.push_back(migration.options);
  return all;
}

std::vector<std::string> names_of(const Config& config) {
  std::vector<std::string> names;
  for (const MigrationConfig& migration : config.migrations) {
    names.push_back(migration.options->name);
  }
  return names;
}

/// The address of the admin interface changes with a restart only, whatever the file says by now.
base::Status check_apart_from_admin(const Config& config, const std::string& admin_address) {
  const auto admin = net::parse_listen_address(admin_address);
  for (const MigrationConfig& migration : config.migrations) {
    const proxy::MigrationOptions& options = *migration.options;
    const auto wanted = net::parse_listen_address(options.listen);
    if (!admin.ok() || !wanted.ok() || wanted->port() != admin->port()) continue;
    return base::error(base::ErrorKind::kConflict,
                       cat(options.listen_source, ": ", options.listen,
                           " is in use by the admin interface of this server until a restart"));
  }
  return {};
}

}  // namespace

Server::Server(Config config, std::string config_file, std::vector<EnvironmentVariable> environment)
    : config_file_(std::move(config_file)),
      environment_(std::move(environment)),
      at_start_(std::make_shared<const Config>(std::move(config))),
      config_(at_start_) {}

Server::~Server() {
  // What uses everything goes first, then what feeds the recorder; members do the rest.
  if (admin_) admin_->stop(std::chrono::nanoseconds(0));
  if (proxy_) proxy_->drain_and_stop(std::chrono::nanoseconds(0));
  if (recorder_) recorder_->flush();
}

base::Result<std::unique_ptr<Server>> Server::start(Config config, std::string config_file,
                                                    std::vector<EnvironmentVariable> environment) {
  base::set_log_level(config.log_level);
  std::unique_ptr<Server> server(
      new Server(std::move(config), std::move(config_file), std::move(environment)));
  TRY(server->open());
  return server;
}

base::Status Server::open() {
  const std::lock_guard no_reload(reload_mutex_);
  const Config& config = *config_;
  TRY(open_stores(config));
  TRY(check_keys(config, config_file_, *state_));
  publisher_ = std::make_unique<api::FlagPublisher>(*state_, flags_);
  TRY_ASSIGN(const std::vector<std::string> notes, ensure_flags(config));
  for (const std::string& note : notes) base::log_info(note);

  RecorderOptions recording = config.recorder;
  recording.write_events = config.recording != Recording::kOff;
  recorder_ = std::make_unique<ExchangeRecorder>(*events_, recording);
  rules_ = std::make_unique<CompareRules>(flags_, *recorder_);
  rules_->set_migrations(names_of(config));
  recorder_->set_before_comparing([this] { rules_->follow(); });

  AdminServerOptions admin{.listen = config.admin.listen};
  const auto descriptors = DescriptorDivision::of(raise_descriptor_limit(), admin.connections_max);
  admin.connections_max = descriptors.admin_connections_max;

  using Record = proxy::ProxyOptions::Record;
  proxy_ = std::make_unique<proxy::Proxy>(
      proxy::ProxyOptions{
          .workers = config.workers,
          .record = config.recording == Recording::kOn ? Record::kAll : Record::kComparedOnly,
          .descriptors_max = descriptors.data_plane_max},
      flags_, *recorder_);
  migrations_ = std::make_unique<RunningMigrations>(*proxy_, *recorder_, *state_);
  migrations_->set_config(config_);
  api_ = std::make_unique<api::Api>(
      api::Dependencies{.state = *state_,
                        .events = *events_,
                        .flags = *publisher_,
                        .migrations = *migrations_,
                        .clock = base::system_clock(),
                        .reload = [this] { return reload(); },
                        .ready = [this] { return ready(); },
                        .sql = sql_console_},
      api::ApiOptions{.host_names = config.admin.hosts, .require_keys = config.admin.require_keys});
  TRY(open_admin(config.admin, std::move(admin)));
  return proxy_->start(options_of(config));
}

base::Status Server::open_stores(const Config& config) {
  TRY(make_data_folder(config));
  // The event log's lock tells two servers on one folder apart, so it comes before the flags.
  auto events = store::DuckDbStore::open(config.store);
  if (!events.ok()) return data_folder_error(config, events.error());
  sql_console_ = events->get();
  events_ = *std::move(events);
  auto state = state::SqliteStateStore::open({.path = cat(config.data_dir, "/state.db")});
  if (!state.ok()) return data_folder_error(config, state.error());
  state_ = *std::move(state);
  return {};
}

base::Status Server::open_admin(const AdminConfig& admin, AdminServerOptions options) {
  auto started = AdminServer::start(*api_, std::move(options));
  if (started.ok()) {
    admin_ = *std::move(started);
    return {};
  }
  const base::Error& error = started.error();
  const bool taken = error.kind == base::ErrorKind::kConflict;
  return base::error(
      error.kind,
      cat(admin.listen_source, ": ",
          taken ? cat(admin.listen, " is already in use by another process") : error.context));
}

base::Result<std::vector<std::string>> Server::ensure_flags(const Config& config) {
  std::vector<std::string> notes;
  for (const MigrationConfig& migration : config.migrations) {
    const std::string& name = migration.options->name;
    const auto ensure = [&](flags::Flag flag, const std::string& source,
                            std::string_view section) -> base::Status {
      const std::string key = flag.key;
      auto ensured = state_->ensure_flag(std::move(flag), source);
      if (!ensured.ok()) return data_folder_error(config, ensured.error());
      if (*ensured == state::Ensured::kKept) {
        notes.push_back(cat(source, ": ", section, " of ", name, " is not used: flag ", key,
                            " was changed by hand and stays as it is"));
      }
      if (*ensured == state::Ensured::kReturned) {
        notes.push_back(cat(source, ": ", section, " of ", name, " is in force again: flag ", key,
                            " had been deleted"));
      }
      return {};
    };
    TRY(ensure(flags::make_mode_flag(name, migration.initial_mode), migration.mode_source, "mode"));
    TRY(ensure(value_flag(migration.compare_flag, migration.compare_value),
               migration.compare_source, "compare"));
    TRY(record_criteria(migration));
  }
  TRY(publisher_->publish());
  return notes;
}

base::Status Server::record_criteria(const MigrationConfig& migration) {
  // Verdicts go by the configuration, whoever may have written to this flag. It has to say so, as
  // evidence counts from its last change on: a bar that was moved is not held against what was seen
  // before.
  const flags::Flag agreed = value_flag(judge::criteria_flag_key(migration.options->name),
                                        migration.criteria.canonical_text());
  TRY_ASSIGN(const state::Ensured ensured, state_->ensure_flag(agreed, migration.criteria_source));
  if (ensured != state::Ensured::kKept) return {};
  const auto written =
      state_->put_flag(agreed, {.who = migration.criteria_source, .comment = "as configured"});
  return written.ok() ? base::Status() : base::Status(written.error());
}

base::Status Server::ready() const {
  if (draining_.load()) {
    return base::error(base::ErrorKind::kUnavailable, "the server is stopping");
  }
  return {};
}

std::shared_ptr<const Config> Server::config() const {
  const std::lock_guard lock(config_mutex_);
  return config_;
}

base::Result<std::vector<std::string>> Server::prepare(const Config& next) {
  TRY_ASSIGN(std::vector<std::string> notes, ensure_flags(next));
  rules_->set_migrations(names_of(next));
  return notes;
}

base::Result<api::Reloaded> Server::reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  if (draining_.load()) return base::error(base::ErrorKind::kUnavailable, "the server is stopping");
  TRY_ASSIGN(Config loaded, load_config(config_file_, environment_));
  const auto next = std::make_shared<const Config>(std::move(loaded));
  TRY(check_apart_from_admin(*next, admin_->address()));
  // The data plane is the one that can refuse (a port in use), and then nothing happened.
  std::vector<std::string> notes;
  TRY(proxy_->reload(options_of(*next), [&]() -> base::Status {
    TRY_ASSIGN(notes, prepare(*next));
    return {};
  }));
  migrations_->set_config(next);
  base::set_log_level(next->log_level);
  {
    const std::lock_guard lock(config_mutex_);
    config_ = next;
  }
  const std::string restart = base::join(changed_settings_read_at_start(*at_start_, *next), ", ");
  std::string text = cat("reloaded ", config_file_, ": ", next->migrations.size(),
                         next->migrations.size() == 1 ? " migration" : " migrations",
                         restart.empty() ? "" : cat("; changes of ", restart, " need a restart"));
  for (const std::string& note : notes) text += cat("; ", note);
  return api::Reloaded{.text = std::move(text), .notes = std::move(notes)};
}

bool Server::drain() {
  draining_.store(true);
  bool clean = false;
  {
    const std::lock_guard no_reload(reload_mutex_);
    clean = proxy_->drain_and_stop(config()->drain_timeout);
  }
  admin_->stop(kAdminDrain);
  recorder_->flush();
  return clean;
}

std::string Server::addresses() const {
  std::string text;
  for (const MigrationConfig& migration : config()->migrations) {
    const proxy::MigrationOptions& options = *migration.options;
    if (options.listen.empty()) continue;
    const auto now = migrations_->find(options.name);
    text += cat(options.name, " on ", now ? now->facts.listen : options.listen, ", ");
  }
  return cat(text, "admin on ", admin_->address());
}

}  // namespace understudy::app
