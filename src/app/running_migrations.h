#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/migration_directory.h"
#include "app/config_file.h"
#include "app/exchange_recorder.h"
#include "flags/mode.h"
#include "proxy/proxy.h"
#include "state/state_store.h"

namespace understudy::app {

/// What the API knows about the migrations of the configuration: facts from the file, counters from
/// the data plane and the recorder, and since when evidence counts, from the history of the flags.
/// Lifetime: everything it is made of outlives it. Threads: any.
class RunningMigrations final : public api::MigrationDirectory {
 public:
  RunningMigrations(proxy::Proxy& proxy, const ExchangeRecorder& recorder, state::StateStore& state)
      : proxy_(proxy), recorder_(recorder), state_(state) {}

  void set_config(std::shared_ptr<const Config> config);

  std::vector<std::string> names() override;
  std::optional<api::MigrationNow> find(std::string_view name) override;
  std::optional<api::AccountingNumbers> accounting(std::string_view name) override;
  std::optional<api::TrafficNumbers> traffic(std::string_view name) override;
  std::optional<int64_t> candidate_first_called(std::string_view name, judge::Population population,
                                                int64_t since_ns) override;
  std::vector<api::NamedCount> recorder_counters() override;

 private:
  const MigrationConfig* find_config(const Config& config, std::string_view name) const;
  std::shared_ptr<const Config> config() const;
  std::optional<api::HealthNumbers> health(const std::string& name, flags::Service service) const;
  api::DifferenceNumbers differences(const std::string& name,
                                     const MigrationDifferences& kept) const;
  int64_t evidence_since_ns(const MigrationConfig& migration) const;

  proxy::Proxy& proxy_;
  const ExchangeRecorder& recorder_;
  state::StateStore& state_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;
};

}  // namespace understudy::app
