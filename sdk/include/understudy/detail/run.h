#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "understudy/client.h"
#include "understudy/deadline.h"
#include "understudy/lift.h"
#include "understudy/mode.h"

namespace understudy {

/// What happens to the caller when the candidate, as the main side, throws or answers a failure.
enum class Fallback {
  kNone,     // the caller gets it
  kControl,  // control is called on the caller's thread and its answer returned instead
};

/// What makes an experiment.
struct ExperimentOptions {
  std::string migration = {};  // names the flags: `<migration>.mode`, `<migration>.compare`
  std::string route = {};      // the column `http.route` of its events: which call this is
  Fallback fallback = Fallback::kNone;
  std::chrono::milliseconds shadow_timeout{2000};  // from the start of the run, queue included
  size_t answer_bytes_max = size_t{8} << 20;       // of one answer that is kept to be compared
  /// Names an exception's type when its class is not telling enough; "" for the class name.
  /// Called on the thread that threw; what it throws is ignored.
  std::function<std::string(const std::exception&)> error_type = {};
};

/// What one run is about. The views are read before `run` calls anything and not kept.
struct Subject {
  std::string_view bucket_by = {};  // sticky key: the same key gets the same mode; empty: random
  /// Further attributes a targeting rule of the flag may ask for.
  std::vector<std::pair<std::string_view, std::string_view>> attributes = {};
  bool safe_to_repeat = true;  // false: never call both sides, whatever the mode says
};

namespace detail {

class ExperimentCore;

/// One side's call, as the caller or a shadow thread saw it.
struct Call {
  bool called = false;
  bool cancelled = false;  // our side stopped it at shutdown: neither success nor failure
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  std::unique_ptr<Failure> failure;  // null: an answer
};

/// One run: what the flag said, and what became of it. Lives on the caller's stack.
struct Run {
  Mode mode = Mode::kControlOnly;
  Side main = Side::kControl;     // whose answer the caller gets
  bool shadowed = false;          // the other side is called too
  bool repeatable = true;         // the caller allows both sides to be called
  const char* refused = nullptr;  // why a shadow that was asked for is not called
  const char* note = nullptr;     // why the mode is what it is, when that is not obvious
  std::optional<Side> served_by;  // empty: the caller got an exception
  uint64_t id_high = 0;
  uint64_t id_low = 0;
  uint64_t key_hash = 0;
  bool has_key = false;
  int64_t flag_version = 0;
  int64_t start_unix_ns = 0;
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  Call control;
  Call candidate;

  Call& call(Side side) { return side == Side::kControl ? control : candidate; }
  const Call& call(Side side) const { return side == Side::kControl ? control : candidate; }
  Side shadow() const { return main == Side::kControl ? Side::kCandidate : Side::kControl; }
};

/// Why a shadow is given up.
enum class GiveUp { kDeadline, kShutdown };

enum class LiftStatus { kLifted, kTooLarge, kFailed };

/// The two calls of a shadowed run, shared by the caller's thread, the shadow's thread and the
/// settling thread until the last of them is done. The shadow can finish, pass its deadline or be
/// shed, whichever comes first; what comes later is dropped. Settled exactly once.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(std::shared_ptr<ExperimentCore> core, bool keeps_answers);
  virtual ~Pair();
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  /// Caller's thread, once: the main side is done. Never throws.
  void finish_main(Run run) noexcept;
  /// Shadow's thread: runs the shadow unless it was shed meanwhile.
  void run_shadow() noexcept;
  /// Gives up on the shadow: timed out when it runs past its deadline; shed when no thread has
  /// taken it yet, or when it is the client that stops.
  void give_up(GiveUp why) noexcept;

  int64_t deadline_ns() const { return deadline_ns_; }

  /// Settling thread, once both sides are done: an answer in its neutral form. May throw.
  virtual LiftStatus lift(bool main_side, Lifted& out) = 0;

 protected:
  virtual void call_shadow(const Deadline& deadline, std::optional<Failure>& failure) = 0;
  virtual void drop_shadow_answer() noexcept = 0;
  bool keeps_answers() const { return keeps_answers_; }
  size_t answer_bytes_max() const;

 private:
  friend class ExperimentCore;
  enum class Shadow { kWaiting, kRunning, kDone, kTimedOut, kShed };

  void settle_if_complete(std::unique_lock<std::mutex> lock) noexcept;

  const std::shared_ptr<ExperimentCore> core_;
  const bool keeps_answers_;
  int64_t deadline_ns_ = 0;
  std::stop_source stop_;
  std::mutex mutex_;  // guards what follows
  bool main_done_ = false;
  bool settled_ = false;
  Shadow shadow_ = Shadow::kWaiting;
  const char* reason_ = nullptr;
  Call shadow_call_;
  Run run_;
};

/// The part of an experiment that does not depend on its answer type.
class ExperimentCore : public std::enable_shared_from_this<ExperimentCore> {
 public:
  ExperimentCore(std::shared_ptr<ClientCore> client, ExperimentOptions options);
  ~ExperimentCore();

  Run begin(const Subject& subject) noexcept;
  int64_t now_ns() const noexcept;
  /// Hands the shadow to the executor. False, and `run.refused` set, when it has no room.
  bool start_shadow(Run& run, const std::shared_ptr<Pair>& pair) noexcept;
  /// Ends a run without a shadow.
  void finish_alone(Run run) noexcept;
  /// Type and message of the exception being handled.
  std::unique_ptr<Failure> describe_exception() const noexcept;

  const ExperimentOptions& options() const { return options_; }
  ClientCore& client() const { return *client_; }
  const std::string& mode_flag() const { return mode_flag_; }
  const std::string& compare_flag() const { return compare_flag_; }
  struct Comparing;
  Comparing& comparing() const { return *comparing_; }

 private:
  const std::shared_ptr<ClientCore> client_;
  const ExperimentOptions options_;
  const std::string mode_flag_;
  const std::string compare_flag_;
  std::unique_ptr<Comparing> comparing_;  // settling thread only
};

}  // namespace detail
}  // namespace understudy
