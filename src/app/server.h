#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/flag_publisher.h"
#include "app/admin_server.h"
#include "app/compare_rules.h"
#include "app/config_file.h"
#include "app/exchange_recorder.h"
#include "app/running_migrations.h"
#include "base/result.h"
#include "flags/snapshot_holder.h"
#include "proxy/proxy.h"
#include "state/state_store.h"
#include "store/event_store.h"

namespace understudy::app {

/// The whole program, built in level order: state, flags, event store, recorder, data plane, admin
/// interface. Members stand in that order, so that everything ends before what it uses.
/// Failure: start() gives one sentence for the operator, and leaves nothing behind but folders;
/// reload() changes nothing when the new configuration cannot be used.
/// Threads: drain from the owner; reload from any.
class Server {
 public:
  static base::Result<std::unique_ptr<Server>> start(Config config, std::string config_file,
                                                     std::vector<EnvironmentVariable> environment);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Reads the configuration file again and uses it for all later requests. Says what was changed,
  /// what needs a restart, and which flags do not follow the file.
  base::Result<api::Reloaded> reload();

  /// Stops accepting, lets requests under way end within drain_timeout, writes what was recorded.
  /// True when nothing had to be cut off.
  bool drain();

  /// "data-engine on 127.0.0.1:8080, admin on 127.0.0.1:8081"
  std::string addresses() const;

 private:
  Server(Config config, std::string config_file, std::vector<EnvironmentVariable> environment);
  base::Status open();
  base::Status open_stores(const Config& config);
  base::Status open_admin(const AdminConfig& admin, AdminServerOptions options);
  /// Creates or follows the flags of the configuration, and tells everybody. A note for each flag
  /// that does not follow, or does so again.
  base::Result<std::vector<std::string>> ensure_flags(const Config& config);
  /// What a migration needs before its first request: its flags and rules. Notes as ensure_flags.
  base::Result<std::vector<std::string>> prepare(const Config& next);
  base::Status record_criteria(const MigrationConfig& migration);
  base::Status ready() const;
  std::shared_ptr<const Config> config() const;

  const std::string config_file_;
  const std::vector<EnvironmentVariable> environment_;
  mutable std::mutex config_mutex_;
  const std::shared_ptr<const Config> at_start_;
  std::shared_ptr<const Config> config_;
  std::mutex reload_mutex_;
  std::atomic<bool> draining_{false};

  std::unique_ptr<state::StateStore> state_;
  flags::SnapshotHolder flags_;
  std::unique_ptr<api::FlagPublisher> publisher_;
  std::unique_ptr<store::EventStore> events_;
  store::SqlConsole* sql_console_ = nullptr;  // the same store
  std::unique_ptr<ExchangeRecorder> recorder_;
  std::unique_ptr<CompareRules> rules_;
  std::unique_ptr<proxy::Proxy> proxy_;
  std::unique_ptr<RunningMigrations> migrations_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<AdminServer> admin_;
};

}  // namespace understudy::app
