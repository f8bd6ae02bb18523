#include "data/object_store.h"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace flamingo {
namespace fs = std::filesystem;

Outcome<fs::path> FolderStore::path_of(std::string_view key) const {
  const fs::path relative{std::string(key)};
  bool plain = !key.empty() && key.find('\0') == std::string_view::npos && relative.is_relative();
  for (const fs::path& part : relative) {
    plain = plain && !part.empty() && part != "." && part != "..";
  }
  if (!plain) return bad_request("InvalidKey", "'" + std::string(key) + "' is not a key");
  return root_ / relative;
}

Outcome<std::string> FolderStore::get(std::string_view key) {
  TRY_OUTCOME(const fs::path path, path_of(key));
  std::error_code failed;
  const auto bytes = fs::file_size(path, failed);
  if (failed) {
    return Fault{FaultKind::kNotFound, "NoSuchKey", path.string() + ": " + failed.message()};
  }
  if (bytes > kObjectBytesMax) {
    return Fault{FaultKind::kTooLarge, "ObjectTooLarge", path.string()};
  }
  std::string content(bytes, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.read(content.data(), static_cast<std::streamsize>(bytes))) {
    return Fault{FaultKind::kUnavailable, "ReadFailed", path.string()};
  }
  return content;
}

Outcome<std::vector<ObjectInfo>> FolderStore::list(std::string_view prefix) {
  std::vector<ObjectInfo> objects;
  std::error_code failed;
  fs::recursive_directory_iterator entries(root_, failed);
  if (failed) {
    return Fault{FaultKind::kNotFound, "NoSuchBucket", root_.string() + ": " + failed.message()};
  }
  for (const fs::directory_entry& entry : entries) {
    if (!entry.is_regular_file(failed) || failed) continue;
    std::string key = entry.path().lexically_relative(root_).generic_string();
    if (key.substr(0, prefix.size()) != prefix) continue;
    objects.push_back({std::move(key), entry.file_size(failed)});
    if (objects.size() > kObjectsMax) {
      return Fault{FaultKind::kTooLarge, "TooManyObjects", root_.string()};
    }
  }
  std::sort(objects.begin(), objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  return objects;
}

Done FolderStore::put(std::string_view key, std::string_view bytes) {
  TRY_OUTCOME(const fs::path path, path_of(key));
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  const fs::path partial = path.string() + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out) fs::rename(partial, path, failed);
  if (!out || failed) {
    return Fault{FaultKind::kUnavailable, "WriteFailed", path.string() + ": cannot be written"};
  }
  return done();
}

}  // namespace flamingo
