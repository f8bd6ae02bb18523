#include "app/data_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;

base::Error failed(const Config& config, const std::string& what) {
  return data_folder_error(config, base::error(base::ErrorKind::kIo, what));
}

base::Status make(const Config& config, const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return failed(config, cat(path, " cannot be made: ", failure.message()));
  return {};
}

}  // namespace

base::Error data_folder_error(const Config& config, const base::Error& error) {
  return base::error(error.kind, cat(config.data_dir_source, ": ", error.context));
}

base::Status check_data_folder(const Config& config) {
  std::error_code failure;
  std::filesystem::path there = std::filesystem::absolute(config.data_dir, failure);
  while (!std::filesystem::exists(there, failure) && there.has_relative_path()) {
    if (failure) break;
    there = there.parent_path();
  }
  const bool missing = there != std::filesystem::absolute(config.data_dir);
  const std::string what = missing ? cat(config.data_dir, " cannot be made: ") : std::string();
  if (failure) return failed(config, cat(what, there.string(), ": ", failure.message()));
  if (!std::filesystem::is_directory(there, failure)) {
    return failed(config, cat(what, there.string(), " is not a folder"));
  }
  if (::access(there.c_str(), W_OK | X_OK) != 0) {
    return failed(config, cat(what, there.string(), " cannot be written: ", std::strerror(errno)));
  }
  return {};
}

base::Status make_data_folder(const Config& config) {
  TRY(check_data_folder(config));
  TRY(make(config, config.data_dir));
  TRY(make(config, config.store.log.folder));
  return make(config, config.store.segments_folder);
}

}  // namespace understudy::app
