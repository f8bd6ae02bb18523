#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/log/crc32c.h"
#include "store/segment/segment_folder.h"

namespace understudy::store {
namespace {

namespace fs = std::filesystem;

// Small writes are gathered up to so many bytes.
constexpr std::size_t kWriteBytes = 256 << 10;

base::ErrorKind kind_of(int code) {
  if (code == ENOSPC || code == EDQUOT) return base::ErrorKind::kLimit;
  if (code == ENOENT) return base::ErrorKind::kNotFound;
  if (code == EMFILE || code == ENFILE || code == ENOMEM) return base::ErrorKind::kUnavailable;
  return base::ErrorKind::kIo;
}

base::Error failed(std::string_view call, std::string_view path, int code) {
  return base::error(kind_of(code), base::cat(call, " ", path, ": ", std::strerror(code)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

base::Status sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failed("open", path, errno);
  if (::fsync(folder.get()) != 0) return failed("fsync", path, errno);
  return {};
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

class PosixSegmentFile final : public SegmentFile {
 public:
  PosixSegmentFile(Descriptor fd, std::string folder, std::string path)
      : fd_(std::move(fd)), folder_(std::move(folder)), path_(std::move(path)) {}
  ~PosixSegmentFile() override {
    if (!finished_) ::unlink(path_.c_str());
  }

  base::Status write(std::string_view bytes) override {
    crc_ = crc32c(crc_, bytes);
    buffer_ += bytes;
    return buffer_.size() < kWriteBytes ? base::Status() : flush();
  }

  base::Result<std::string> finish(const SegmentClaim& claim) override {
    TRY(flush());
    if (::fsync(fd_.get()) != 0) return failed("fsync", path_, errno);
    const std::string path = base::cat(folder_, "/", segment_file_name({claim, crc_}));
    if (::rename(path_.c_str(), path.c_str()) != 0) return failed("rename", path, errno);
    finished_ = true;
    TRY(sync_folder(folder_));
    return path;
  }

 private:
  base::Status flush() {
    std::string_view left = buffer_;
    while (!left.empty()) {
      const ssize_t written = ::pwrite(fd_.get(), left.data(), left.size(), offset_);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return failed("write", path_, written < 0 ? errno : EIO);
      offset_ += written;
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
    return {};
  }

  const Descriptor fd_;
  const std::string folder_;
  const std::string path_;
  std::string buffer_;
  off_t offset_ = 0;
  std::uint32_t crc_ = 0;
  bool finished_ = false;
};

class PosixSegmentFolder final : public SegmentFolder {
 public:
  explicit PosixSegmentFolder(std::string path) : path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  base::Result<std::vector<DatasetFiles>> list() override {
    std::map<std::string, DatasetFiles> found;
    std::error_code code;
    for (fs::recursive_directory_iterator at(path_, code), end; !code && at != end;
         at.increment(code)) {
      const std::string path = at->path().string();
      struct stat status;
      if (::lstat(path.c_str(), &status) != 0) continue;
      if (!S_ISREG(status.st_mode)) {
        if (parse_segment_file_name(at->path().filename().string())) {
          base::log_error("store: ", path, " is no file, its events cannot be queried");
        }
        continue;
      }
      const std::string folder = parent_of(path);
      if (folder.size() <= path_.size()) continue;
      const auto dataset = dataset_of_folder(std::string_view(folder).substr(path_.size() + 1));
      if (!dataset) continue;
      std::string name = at->path().filename().string();
      if (name.starts_with(kUnfinishedPrefix)) {
        ::unlink(path.c_str());
        continue;
      }
      found[folder].dataset = *dataset;
      found[folder].files.push_back(
          {std::move(name), path, static_cast<std::uint64_t>(status.st_size),
           status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec});
    }
    if (code) return failed("list", path_, code.value());
    std::vector<DatasetFiles> out;
    for (auto& [folder, files] : found) {
      std::sort(files.files.begin(), files.files.end(),
                [](const Entry& a, const Entry& b) { return a.name < b.name; });
      out.push_back(std::move(files));
    }
    return out;
  }

  base::Result<std::unique_ptr<SegmentFile>> create(std::string_view dataset) override {
    TRY_ASSIGN(const std::string folder, folder_for(dataset));
    std::string path = base::cat(folder, "/", kUnfinishedPrefix, ++files_made_);
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (file.get() < 0) return failed("create", path, errno);
    return std::unique_ptr<SegmentFile>(
        std::make_unique<PosixSegmentFile>(std::move(file), folder, std::move(path)));
  }

  base::Status mark_gone(std::string_view dataset, const GoneMarker& marker) override {
    TRY_ASSIGN(const std::string folder, folder_for(dataset));
    const std::string path = base::cat(folder, "/", gone_file_name(marker));
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
    if (file.get() < 0) return failed("create", path, errno);
    TRY(sync_folder(folder));
    std::error_code code;
    for (const auto& other : fs::directory_iterator(folder, code)) {
      const auto older = parse_gone_file_name(other.path().filename().string());
      if (older && older->to < marker.to) ::unlink(other.path().c_str());
    }
    return {};
  }

  base::Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("unlink", path, errno);
    return sync_folder(parent_of(path));
  }

  base::Status set_aside(const std::string& path, std::string_view suffix) override {
    const std::string to = base::cat(path, suffix);
    if (::rename(path.c_str(), to.c_str()) != 0) return failed("rename", path, errno);
    return sync_folder(parent_of(path));
  }

  base::Result<std::uint32_t> checksum(const std::string& path) override {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return failed("open", path, errno);
    std::string buffer(kWriteBytes, '\0');
    std::uint32_t crc = 0;
    for (;;) {
      const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path, errno);
      if (got == 0) return crc;
      crc = crc32c(crc, std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    }
  }

 private:
  /// The folder of a dataset, made durably if it is missing.
  base::Result<std::string> folder_for(std::string_view dataset) {
    const std::string folder = base::cat(path_, "/", dataset_folder(dataset));
    struct stat status;
    if (::stat(folder.c_str(), &status) == 0) return folder;
    std::error_code code;
    fs::create_directories(folder, code);
    if (code) return failed("create folder", folder, code.value());
    for (std::string at = parent_of(folder); at.size() >= path_.size(); at = parent_of(at)) {
      TRY(sync_folder(at));
    }
    return folder;
  }

  const std::string path_;
  std::atomic<std::uint64_t> files_made_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<SegmentFolder>> open_segment_folder(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return failed("create folder", path, code.value());
  const fs::path real = fs::canonical(path, code);
  if (code) return failed("find folder", path, code.value());
  if (real.string().find_first_of("*?[") != std::string::npos) {
    return base::invalid(base::cat("the data folder ", real.string(),
                                   " has one of * ? [ in its path: choose another"));
  }
  TRY(sync_folder(parent_of(real.string()).empty() ? "/" : parent_of(real.string())));
  return std::unique_ptr<SegmentFolder>(std::make_unique<PosixSegmentFolder>(real.string()));
}

}  // namespace understudy::store
