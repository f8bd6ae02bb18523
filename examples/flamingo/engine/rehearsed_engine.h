#pragma once

#include <understudy/understudy.h>

#include <memory>
#include <string>

#include "engine/query_engine.h"
#include "engine/remote_engine.h"

/// How answers are compared: as tables; a Fault is a failure of its side, grouped by its type.
template <>
struct understudy::LiftTraits<flamingo::Outcome<flamingo::ResultSet>> {
  using Answer = flamingo::Outcome<flamingo::ResultSet>;
  static void lift(const Answer& answer, Table& table);
  static std::optional<Failure> failure(const Answer& answer);
};

namespace flamingo {

struct RehearsalOptions {
  std::string understudy_url;  // where modes come from and events go to
  std::string migration = "data-engine";
  std::string flags_cache_file = {};  // modes survive a restart here; empty: they do not
  std::chrono::milliseconds candidate_timeout{2000};
};

/// The swap of the local engine for Data Engine: both behind one face, which of them answers and
/// which only rehearses decided by the mode flag of the migration, sticky by account.
/// A candidate that fails as the main side is replaced by the local engine's answer.
/// Lifetime: both engines outlive it and its calls in flight (it waits for none).
class RehearsedEngine final : public QueryEngine {
 public:
  RehearsedEngine(QueryEngine& local, RemoteEngine& data_engine, RehearsalOptions options);

  Outcome<ResultSet> execute(const Plan& plan, std::string_view account) override;

  /// Waits until the modes are known; before, only the local engine is called.
  bool wait_for_modes(std::chrono::milliseconds timeout) const {
    return client_.wait_for_flags(timeout);
  }
  /// Waits until every run is compared and recorded.
  bool settle(std::chrono::milliseconds timeout) { return client_.flush(timeout); }

  understudy::Counters counters() const { return client_.counters(); }
  /// What became of the runs, as JSON, for the service's own status page.
  std::string counters_json() const;

 private:
  using Answer = std::shared_ptr<const Outcome<ResultSet>>;

  QueryEngine* local_;
  RemoteEngine* data_engine_;
  understudy::Client client_;
  understudy::Experiment<Answer> experiment_;
};

}  // namespace flamingo
