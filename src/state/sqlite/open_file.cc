#include "state/sqlite/open_file.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "base/text.h"
#include "state/sqlite/schema.h"

namespace understudy::state {

using base::cat;
using base::ErrorKind;
using base::Result;
using base::Status;

namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr int64_t kPagesMax = 0xFFFFFFFE;  // SQLite's own limit

Status make_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (!failure) return base::ok_status();
  return base::error(ErrorKind::kIo,
                     cat("the folder ", folder.string(), " cannot be made: ", failure.message()));
}

Status configure(Connection& connection, const SqliteOptions& options) {
  // The first to read the file: says so when it is no database, and before anything is written.
  TRY_ASSIGN(const int64_t version, check_identity(connection));
  (void)version;
  TRY(connection.execute("PRAGMA journal_mode = WAL"));
  TRY(connection.execute("PRAGMA synchronous = FULL"));
  TRY(connection.execute("PRAGMA journal_size_limit = 16777216"));
  TRY(connection.execute("PRAGMA trusted_schema = OFF"));
  TRY(connection.execute("PRAGMA cell_size_check = ON"));
  const int64_t pages =
      std::clamp(static_cast<int64_t>(options.file_bytes_max / kPageBytes), int64_t{1}, kPagesMax);
  return connection.execute(cat("PRAGMA max_page_count = ", pages).c_str());
}

}  // namespace

Result<std::unique_ptr<Connection>> open_file(const SqliteOptions& wanted) {
  SqliteOptions options = wanted;
  if (options.path.empty()) return base::invalid("the path of the state file is empty");
  // Absolute, so that no name means a database in memory.
  options.path = std::filesystem::absolute(options.path).string();
  TRY(make_folder_of(options.path));
  TRY_ASSIGN(std::unique_ptr<Connection> connection,
             Connection::open(options.path, options.busy_timeout));
  TRY(configure(*connection, options));
  TRY(migrate(*connection));
  return connection;
}

}  // namespace understudy::state
