#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::store {

/// A file being appended to. Errors are kIo (kLimit for a full disk); after an error from `write`
/// part of the bytes may be there, and `truncate` cuts them.
/// Threads: one caller at a time.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  /// Appends all parts in order, at the end of what was written before.
  virtual base::Status write(std::span<const std::string_view> parts) = 0;
  /// Returns when everything written is on the disk (fdatasync).
  virtual base::Status sync() = 0;
  virtual base::Status truncate(std::uint64_t size) = 0;
};

/// The folder a log lives in. The seam at which tests fail the disk (store/log/fake_folder.h).
/// Threads: every function from any thread.
class LogFolder {
 public:
  struct Entry {
    std::string name;
    std::uint64_t bytes = 0;
    std::int64_t modified_unix_ns = 0;
  };

  virtual ~LogFolder() = default;
  /// The log's files (log-*.ulog), by name.
  virtual base::Result<std::vector<Entry>> list() = 0;
  /// All bytes of a file; kNotFound when it is gone.
  virtual base::Result<std::string> read(std::string_view name) = 0;
  /// A new, empty file; kConflict if one has that name. Its name is durable when it returns.
  virtual base::Result<std::unique_ptr<AppendFile>> create(std::string_view name) = 0;
  /// Cuts a file that is not open, durably.
  virtual base::Status cut(std::string_view name, std::uint64_t bytes) = 0;
  virtual base::Status remove(std::string_view name) = 0;
};

/// A real folder, made if it is missing, and held by this process until the object goes: kConflict
/// when another process holds it.
base::Result<std::unique_ptr<LogFolder>> open_log_folder(const std::string& path);

}  // namespace understudy::store
