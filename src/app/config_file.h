#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_environment.h"
#include "app/exchange_recorder.h"
#include "base/config_node.h"
#include "base/log.h"
#include "base/result.h"
#include "flags/mode.h"
#include "flags/value.h"
#include "judge/criteria.h"
#include "proxy/migration_options.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::app {

/// Which evaluations become events.
enum class Recording {
  kOn,        // every one
  kCompared,  // those that were to be compared, and those where something went wrong
  kOff,       // none; answers are still compared and accounted for
};
const char* name(Recording recording);

/// Where the API, the ingest and the user interface are served.
struct AdminConfig {
  std::string listen = "127.0.0.1:8081";
  std::string listen_source;  // where that stands: "understudy.yaml:2: admin.listen"
  /// Every request needs a key.
  bool require_keys = false;
  /// An address others can reach, although nothing asks who is calling.
  bool allow_remote = false;
  /// DNS names it is reached under, in lower case; addresses and localhost need not be named.
  std::vector<std::string> hosts;
};

/// One migration as the file describes it.
struct MigrationConfig {
  std::shared_ptr<const proxy::MigrationOptions> options;
  flags::ModeMix initial_mode;  // of the flag <name>.mode
  std::string compare_flag;     // "<name>.compare"
  flags::Value compare_value;   // of that flag: the section as JSON, an empty object when absent
  judge::Criteria criteria;     // an empty list when nothing was agreed
  std::string mode_source;      // "understudy.yaml:12", for the history of the flags
  std::string compare_source;
  std::string criteria_source;
};

/// The whole configuration file. Immutable once loaded; a reload loads another.
struct Config {
  std::string data_dir = "var/understudy";
  std::string data_dir_source;  // where that stands: "understudy.yaml:1: data_dir"
  AdminConfig admin;
  int workers = 1;
  Recording recording = Recording::kOn;
  base::LogLevel log_level = base::LogLevel::kInfo;
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(30);
  RecorderOptions recorder;
  store::DuckDbStoreOptions store;  // its folder is <data_dir>/events
  std::vector<MigrationConfig> migrations;
};

/// Reads the file, puts the environment over it, and checks everything that can be told from the
/// text alone; `check_data_folder` looks at the disk.
/// Failure: one line "file:line: path: what", the first thing found.
base::Result<Config> load_config(const std::string& file_name,
                                 const std::vector<EnvironmentVariable>& environment);
/// The same from a text, for tests and for `check -c -`.
base::Result<Config> parse_config(std::string_view text, const std::string& file_name,
                                  const std::vector<EnvironmentVariable>& environment);

inline constexpr int kWorkersMax = 256;
inline constexpr size_t kMigrationsMax = 1000;

}  // namespace understudy::app
