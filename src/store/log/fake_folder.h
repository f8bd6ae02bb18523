#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/rng.h"
#include "store/log/log_folder.h"

namespace understudy::store {

/// The disk under a fake folder: survives the folder objects made from it, and can be told to fail.
/// Every create, write, sync, truncate, cut and remove counts as one step.
/// Threads: as LogFolder.
class FakeDisk : public std::enable_shared_from_this<FakeDisk> {
 public:
  enum class Fault {
    kError,       // the step fails with EIO and does nothing
    kHalf,        // a write stores half of its bytes, then fails with ENOSPC; else as kError
    kPowerCut,    // the step and all after it fail: the machine is gone
    kHalfAndCut,  // a write stores half of its bytes, then the machine is gone
  };

  explicit FakeDisk(const base::Clock& clock) : clock_(clock) {}

  std::unique_ptr<LogFolder> folder();

  /// The n-th step from now on (from 0) fails.
  void fail_step(std::uint64_t n, Fault fault);
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  /// Every step fails with EROFS, as on a file system that went read-only, until it is writable.
  void set_read_only() { read_only_ = true; }
  void set_writable() { read_only_ = false; }
  std::uint64_t steps() const { return steps_; }

  /// The machine comes back: of what was not synced, each file keeps a random part of the front,
  /// and sometimes bytes of rubbish in the place of the rest. Clears every fault.
  void restart(base::Rng& rng);

  /// For tests that look at or damage what is stored.
  std::map<std::string, std::string> contents() const;
  void store(const std::string& name, std::string bytes);

 private:
  friend class FakeFile;
  friend class FakeFolder;

  struct File {
    std::string bytes;
    std::string durable;
    std::int64_t modified_unix_ns = 0;
  };

  /// What the next step does; kNone lets it through.
  enum class Step { kThrough, kFail, kHalf };
  Step step();
  base::Error io_error(std::string_view what) const;
  base::Status write(const std::string& name, std::string_view bytes);

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, File, std::less<>> files_;
  std::map<std::uint64_t, Fault> faults_;
  std::uint64_t steps_ = 0;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  bool dead_ = false;
  std::atomic<bool> read_only_ = false;
};

}  // namespace understudy::store
