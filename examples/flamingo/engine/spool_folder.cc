#include "engine/spool_folder.h"

#include <stdlib.h>

#include <fstream>
#include <system_error>

namespace flamingo {

SpoolFolder::SpoolFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "flamingo-XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

SpoolFolder::~SpoolFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Outcome<std::string> SpoolFolder::write(const std::string& name, std::string_view bytes) const {
  const std::string file = path_of(name);
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (path_.empty() || !out) {
    return Fault{FaultKind::kUnavailable, "WriteFailed", file + ": cannot be written"};
  }
  return file;
}

}  // namespace flamingo
