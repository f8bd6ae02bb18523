#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "store/log/log_folder.h"
#include "store/log/log_format.h"

namespace understudy::store {
namespace {

base::Error failed(std::string_view call, std::string_view path, int code) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return base::error(full ? base::ErrorKind::kLimit : base::ErrorKind::kIo,
                     base::cat(call, " ", path, ": ", std::strerror(code)));
}

class FileHandle {
 public:
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&&) = delete;
  ~FileHandle() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

base::Status sync_folder(const std::string& path) {
  const FileHandle folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failed("open", path, errno);
  if (::fsync(folder.get()) != 0) return failed("fsync", path, errno);
  return {};
}

class PosixFile final : public AppendFile {
 public:
  PosixFile(FileHandle fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::Status write(std::span<const std::string_view> parts) override {
    std::vector<iovec> vectors;
    vectors.reserve(parts.size());
    for (const std::string_view part : parts) {
      if (!part.empty()) vectors.push_back({const_cast<char*>(part.data()), part.size()});
    }
    for (std::size_t first = 0; first < vectors.size();) {
      const auto count = std::min<std::size_t>(vectors.size() - first, IOV_MAX);
      const ssize_t written =
          ::pwritev(fd_.get(), vectors.data() + first, static_cast<int>(count), offset_);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("write", path_, errno);
      if (written == 0) return failed("write", path_, EIO);
      offset_ += written;
      auto left = static_cast<std::size_t>(written);
      while (first < vectors.size() && left >= vectors[first].iov_len) {
        left -= vectors[first++].iov_len;
      }
      if (left > 0) {
        vectors[first].iov_base = static_cast<char*>(vectors[first].iov_base) + left;
        vectors[first].iov_len -= left;
      }
    }
    return {};
  }

  base::Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return failed("fdatasync", path_, errno);
    return {};
  }

  base::Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
      return failed("ftruncate", path_, errno);
    }
    offset_ = static_cast<off_t>(size);
    return {};
  }

 private:
  FileHandle fd_;
  std::string path_;
  off_t offset_ = 0;
};

class PosixFolder final : public LogFolder {
 public:
  PosixFolder(std::string path, FileHandle lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  base::Result<std::vector<Entry>> list() override {
    std::vector<Entry> entries;
    std::error_code code;
    for (const auto& file : std::filesystem::directory_iterator(path_, code)) {
      std::string name = file.path().filename().string();
      if (!parse_log_file_name(name)) continue;
      struct stat status;
      if (::stat(file.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      entries.push_back({std::move(name), static_cast<std::uint64_t>(status.st_size),
                         status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec});
    }
    if (code) return failed("list", path_, code.value());
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  base::Result<std::string> read(std::string_view name) override {
    const std::string path = full(name);
    const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 && errno == ENOENT) {
      return base::error(base::ErrorKind::kNotFound, base::cat(path, " is gone"));
    }
    if (file.get() < 0) return failed("open", path, errno);
    struct stat status;
    if (::fstat(file.get(), &status) != 0) return failed("fstat", path, errno);
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
      const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path, errno);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  base::Result<std::unique_ptr<AppendFile>> create(std::string_view name) override {
    const std::string path = full(name);
    FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (file.get() < 0 && errno == EEXIST) {
      return base::error(base::ErrorKind::kConflict, base::cat(path, " exists"));
    }
    if (file.get() < 0) return failed("create", path, errno);
    if (auto status = sync_folder(path_); !status.ok()) {
      ::unlink(path.c_str());
      return std::move(status).error();
    }
    return std::unique_ptr<AppendFile>(std::make_unique<PosixFile>(std::move(file), path));
  }

  base::Status cut(std::string_view name, std::uint64_t bytes) override {
    const std::string path = full(name);
    const FileHandle file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0) return failed("open", path, errno);
    if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) {
      return failed("ftruncate", path, errno);
    }
    if (::fsync(file.get()) != 0) return failed("fsync", path, errno);
    return {};
  }

  base::Status remove(std::string_view name) override {
    const std::string path = full(name);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("unlink", path, errno);
    return sync_folder(path_);
  }

 private:
  std::string full(std::string_view name) const { return base::cat(path_, "/", name); }

  const std::string path_;
  FileHandle lock_;
};

}  // namespace

base::Result<std::unique_ptr<LogFolder>> open_log_folder(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) return failed("create folder", path, code.value());
  const std::string lock_path = path + "/LOCK";
  FileHandle lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (lock.get() < 0) return failed("open", lock_path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("flock", lock_path, errno);
    return base::error(base::ErrorKind::kConflict,
                       base::cat(path, " is in use by another process (its LOCK file is held)"));
  }
  return std::unique_ptr<LogFolder>(std::make_unique<PosixFolder>(path, std::move(lock)));
}

}  // namespace understudy::store
