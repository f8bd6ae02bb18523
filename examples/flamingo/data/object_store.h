#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/outcome.h"

namespace flamingo {

struct ObjectInfo {
  std::string key;
  size_t bytes = 0;
};

/// An object of more bytes, or a listing of more objects, is refused.
inline constexpr size_t kObjectBytesMax = size_t{1} << 30;
inline constexpr size_t kObjectsMax = 100'000;

/// Objects under keys such as "flights/csv/2001-01.csv".
/// Threads: any number at once.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// A missing key is a fault of type "NoSuchKey".
  virtual Outcome<std::string> get(std::string_view key) = 0;
  /// All objects whose key starts with `prefix`, in the order of their keys.
  virtual Outcome<std::vector<ObjectInfo>> list(std::string_view prefix) = 0;
  virtual Done put(std::string_view key, std::string_view bytes) = 0;
};

/// Objects as files under one folder. A key is a relative path of plain parts: one that leaves the
/// folder is refused. put() replaces in one step.
class FolderStore final : public ObjectStore {
 public:
  explicit FolderStore(std::filesystem::path root) : root_(std::move(root)) {}

  Outcome<std::string> get(std::string_view key) override;
  Outcome<std::vector<ObjectInfo>> list(std::string_view prefix) override;
  Done put(std::string_view key, std::string_view bytes) override;

 private:
  Outcome<std::filesystem::path> path_of(std::string_view key) const;

  std::filesystem::path root_;
};

}  // namespace flamingo
