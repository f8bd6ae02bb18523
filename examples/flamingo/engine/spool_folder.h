#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "dialect/outcome.h"

namespace flamingo {

/// A temporary folder of its own, for objects on their way into and out of an engine that works on
/// files. Gone with the object.
class SpoolFolder {
 public:
  SpoolFolder();
  ~SpoolFolder();
  SpoolFolder(const SpoolFolder&) = delete;
  SpoolFolder& operator=(const SpoolFolder&) = delete;

  /// Writes a file; its path.
  Outcome<std::string> write(const std::string& name, std::string_view bytes) const;
  std::string path_of(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace flamingo
