#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/segment/segment_name.h"

namespace understudy::store {

/// A segment that is being written, under a name that is not its own yet. Removed when it goes
/// unfinished.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;
  virtual base::Status write(std::string_view bytes) = 0;
  /// Makes the file durable, then gives it its name, then makes the name durable. When it returns
  /// the file's path, the segment is there for good; after an error it may be there or not.
  virtual base::Result<std::string> finish(const SegmentClaim& claim) = 0;
};

/// The folder of all segments, one folder per dataset in it. The seam at which tests fail the disk.
/// Threads: every function from any thread.
class SegmentFolder {
 public:
  struct Entry {
    std::string name;
    std::string path;
    std::uint64_t bytes = 0;
    std::int64_t modified_unix_ns = 0;
  };
  struct DatasetFiles {
    std::string dataset;
    std::vector<Entry> files;  // by name
  };

  virtual ~SegmentFolder() = default;
  virtual const std::string& path() const = 0;
  /// Everything in it by dataset; files that were never finished are removed.
  virtual base::Result<std::vector<DatasetFiles>> list() = 0;
  virtual base::Result<std::unique_ptr<SegmentFile>> create(std::string_view dataset) = 0;
  /// Makes a marker, durably; it replaces the dataset's older ones.
  virtual base::Status mark_gone(std::string_view dataset, const GoneMarker& marker) = 0;
  /// Durably; nothing happens to a file that is not there.
  virtual base::Status remove(const std::string& path) = 0;
  /// Appends `suffix` to a file's name, durably.
  virtual base::Status set_aside(const std::string& path, std::string_view suffix) = 0;
  /// The CRC-32C of a file. kUnavailable when it is not the file's fault that it cannot be read.
  virtual base::Result<std::uint32_t> checksum(const std::string& path) = 0;
};

/// A real folder, made if it is missing. kInvalid when its path has a sign that would make the
/// query engine look for several files (* ? [).
base::Result<std::unique_ptr<SegmentFolder>> open_segment_folder(const std::string& path);

}  // namespace understudy::store
