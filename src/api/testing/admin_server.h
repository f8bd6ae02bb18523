#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "flags/snapshot_holder.h"
#include "flags/value.h"
#include "state/memory_state_store.h"
#include "store/memory/memory_store.h"

namespace understudy::api::testing {

/// Migrations as a test describes them.
class FakeMigrations final : public MigrationDirectory {
 public:
  MigrationNow& add(std::string name);
  MigrationNow& first() { return list_.front(); }

  std::vector<std::string> names() override;
  std::optional<MigrationNow> find(std::string_view name) override;
  std::optional<AccountingNumbers> accounting(std::string_view name) override;
  std::optional<TrafficNumbers> traffic(std::string_view name) override;
  std::optional<int64_t> candidate_first_called(std::string_view, judge::Population,
                                                int64_t) override {
    return first_called_ns;
  }
  std::vector<NamedCount> recorder_counters() override { return recorder; }

  std::optional<int64_t> first_called_ns;

  std::vector<NamedCount> recorder = {{"exchanges", 7}, {"exchanges_refused", 0}};

 private:
  std::vector<MigrationNow> list_;
};

/// Answers every question alike.
class FakeSqlConsole final : public store::SqlConsole {
 public:
  base::Result<store::SqlAnswer> run(const store::SqlQuestion& question,
                                     const store::Cancellation&) override {
    asked = question;
    return answer;
  }
  store::SqlQuestion asked;
  base::Result<store::SqlAnswer> answer = store::SqlAnswer();
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The admin interface over memory stores and a clock that stands still, with one migration
/// "data-engine" whose mode flag says control_only. Verbs are a client's.
class AdminServer {
 public:
  static constexpr int64_t kNowNs = 1'795'359'845'000'000'000;  // 2026-11-22T15:04:05Z

  explicit AdminServer(ApiOptions options = {}, size_t streams_max = 2);

  Response get(std::string_view target, const Headers& headers = {});
  Response put(std::string_view target, std::string_view json, const Headers& headers = {});
  Response post(std::string_view target, std::string_view json, const Headers& headers = {});
  Response remove(std::string_view target, const Headers& headers = {});
  /// Adds only Host; everything else is as given.
  Response send(std::string_view method, std::string_view target, const Headers& headers = {},
                std::string_view body = {});

  /// An evaluation, difference or error event of the migration, `before_now` seconds old.
  void happened(std::string_view dataset, int64_t seconds_ago,
                const std::vector<std::pair<std::string, event::Value>>& fields);

  base::FakeClock clock{kNowNs};
  state::MemoryStateStore state{clock};
  store::MemoryStore events;
  flags::SnapshotHolder holder;
  FlagPublisher publisher;
  FakeMigrations migrations;
  FakeSqlConsole sql;
  base::Status ready;
  std::optional<base::Result<Reloaded>> reloaded;  // what a reload returns; none: not offered
  int reloads = 0;
  std::string host = "127.0.0.1:8081";
  std::optional<Api> api;
};

/// The body of a response as JSON; null when it is none.
flags::Value json(const Response& response);
/// The value under a path of member names and list indices: at(body, "groups.0.count").
flags::Value at(const flags::Value& value, std::string_view path);
flags::Value at(const Response& response, std::string_view path);
std::string error_of(const Response& response);
/// The value of a header; empty when absent.
std::string header(const Response& response, std::string_view name);

}  // namespace understudy::api::testing
