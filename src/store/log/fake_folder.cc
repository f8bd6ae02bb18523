#include "store/log/fake_folder.h"

#include "base/text.h"
#include "store/log/log_format.h"

namespace understudy::store {
namespace {

base::Error full_error(std::string_view what) {
  return base::error(base::ErrorKind::kLimit, base::cat(what, ": No space left on device"));
}

}  // namespace

base::Error FakeDisk::io_error(std::string_view what) const {
  return base::error(base::ErrorKind::kIo, base::cat(what, read_only_ ? ": Read-only file system"
                                                                      : ": Input/output error"));
}

class FakeFile final : public AppendFile {
 public:
  FakeFile(std::shared_ptr<FakeDisk> disk, std::string name)
      : disk_(std::move(disk)), name_(std::move(name)) {}

  base::Status write(std::span<const std::string_view> parts) override {
    std::string bytes;
    for (const std::string_view part : parts) bytes += part;
    const std::lock_guard lock(disk_->mutex_);
    return disk_->write(name_, bytes);
  }

  base::Status sync() override {
    const std::lock_guard lock(disk_->mutex_);
    if (disk_->step() != FakeDisk::Step::kThrough) return disk_->io_error("fdatasync");
    const auto file = disk_->files_.find(name_);
    if (file != disk_->files_.end()) file->second.durable = file->second.bytes;
    return {};
  }

  base::Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_->mutex_);
    if (disk_->step() != FakeDisk::Step::kThrough) return disk_->io_error("ftruncate");
    const auto file = disk_->files_.find(name_);
    if (file != disk_->files_.end()) file->second.bytes.resize(size);
    return {};
  }

 private:
  const std::shared_ptr<FakeDisk> disk_;
  const std::string name_;
};

class FakeFolder final : public LogFolder {
 public:
  explicit FakeFolder(std::shared_ptr<FakeDisk> disk) : disk_(std::move(disk)) {}

  base::Result<std::vector<Entry>> list() override {
    const std::lock_guard lock(disk_->mutex_);
    std::vector<Entry> entries;
    for (const auto& [name, file] : disk_->files_) {
      if (!parse_log_file_name(name)) continue;
      entries.push_back({name, file.bytes.size(), file.modified_unix_ns});
    }
    return entries;
  }

  base::Result<std::string> read(std::string_view name) override {
    const std::lock_guard lock(disk_->mutex_);
    const auto file = disk_->files_.find(name);
    if (file == disk_->files_.end()) return base::error(base::ErrorKind::kNotFound, "gone");
    return file->second.bytes;
  }

  base::Result<std::unique_ptr<AppendFile>> create(std::string_view name) override {
    const std::lock_guard lock(disk_->mutex_);
    if (disk_->step() != FakeDisk::Step::kThrough) return disk_->io_error("create");
    if (disk_->files_.contains(name)) return base::error(base::ErrorKind::kConflict, "exists");
    disk_->files_[std::string(name)].modified_unix_ns = disk_->clock_.unix_ns();
    return std::unique_ptr<AppendFile>(std::make_unique<FakeFile>(disk_, std::string(name)));
  }

  base::Status cut(std::string_view name, std::uint64_t bytes) override {
    const std::lock_guard lock(disk_->mutex_);
    if (disk_->step() != FakeDisk::Step::kThrough) return disk_->io_error("ftruncate");
    const auto file = disk_->files_.find(name);
    if (file == disk_->files_.end()) return disk_->io_error("ftruncate");
    file->second.bytes.resize(bytes);
    file->second.durable = file->second.bytes;
    return {};
  }

  base::Status remove(std::string_view name) override {
    const std::lock_guard lock(disk_->mutex_);
    if (disk_->step() != FakeDisk::Step::kThrough) return disk_->io_error("unlink");
    const auto file = disk_->files_.find(name);
    if (file != disk_->files_.end()) disk_->files_.erase(file);
    return {};
  }

 private:
  const std::shared_ptr<FakeDisk> disk_;
};

std::unique_ptr<LogFolder> FakeDisk::folder() {
  return std::make_unique<FakeFolder>(shared_from_this());
}

void FakeDisk::fail_step(std::uint64_t n, Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_[steps_ + n] = fault;
}

FakeDisk::Step FakeDisk::step() {
  const auto fault = faults_.find(steps_++);
  if (dead_ || read_only_) return Step::kFail;
  if (fault == faults_.end()) return Step::kThrough;
  switch (fault->second) {
    case Fault::kError:
      return Step::kFail;
    case Fault::kHalf:
      return Step::kHalf;
    case Fault::kPowerCut:
      dead_ = true;
      return Step::kFail;
    case Fault::kHalfAndCut:
      dead_ = true;
      return Step::kHalf;
  }
  return Step::kFail;
}

base::Status FakeDisk::write(const std::string& name, std::string_view bytes) {
  const Step fate = step();
  if (fate == Step::kFail) return io_error("write");
  const auto found = files_.find(name);
  if (found == files_.end())
    return fate == Step::kHalf ? base::Status(full_error("write")) : base::Status();
  std::uint64_t used = 0;
  for (const auto& [other, file] : files_) used += file.bytes.size();
  const std::uint64_t room = capacity_ > used ? capacity_ - used : 0;
  const std::uint64_t stored =
      std::min<std::uint64_t>(room, fate == Step::kHalf ? bytes.size() / 2 : bytes.size());
  found->second.bytes += bytes.substr(0, stored);
  found->second.modified_unix_ns = clock_.unix_ns();
  if (stored < bytes.size()) return full_error("write");
  return {};
}

void FakeDisk::restart(base::Rng& rng) {
  const std::lock_guard lock(mutex_);
  dead_ = false;
  faults_.clear();
  for (auto& [name, file] : files_) {
    std::string& bytes = file.bytes;
    if (bytes.size() > file.durable.size()) {
      const std::size_t unsynced = bytes.size() - file.durable.size();
      const std::size_t kept = file.durable.size() + rng.below(unsynced + 1);
      if (rng.below(3) == 0) {
        for (std::size_t i = kept; i < bytes.size(); ++i)
          bytes[i] = static_cast<char>(rng.below(256));
      } else {
        bytes.resize(kept);
      }
    } else {
      bytes = file.durable;  // a truncation that was not synced may be undone
    }
    file.durable = bytes;
  }
}

std::map<std::string, std::string> FakeDisk::contents() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> out;
  for (const auto& [name, file] : files_) out[name] = file.bytes;
  return out;
}

void FakeDisk::store(const std::string& name, std::string bytes) {
  const std::lock_guard lock(mutex_);
  files_[name] = File{bytes, bytes, clock_.unix_ns()};
}

}  // namespace understudy::store
