#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/result.h"
#include "store/sql_process/frame_channel.h"

namespace understudy::store {

/// The command that makes our executable the process of one statement (never typed by a person),
/// and the descriptor it finds its socket under. How it ends when memory ran out in our own code.
inline constexpr const char* kSqlWorkerCommand = "sql-worker";
inline constexpr int kSqlWorkerSocket = 3;
inline constexpr int kSqlWorkerExitMemory = 86;

/// A process of our own executable with nothing of ours but one socket: no environment, no other
/// descriptor, no signal mask. It is gone, and waited for, when the owner lets go.
/// Threads: one; the process ends with the thread that started it.
class ChildProcess {
 public:
  /// kUnavailable when it cannot be started. `socket` is the child's end.
  static base::Result<ChildProcess> start(const std::string& executable, const Descriptor& socket);
  ChildProcess(ChildProcess&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Of a process that has closed its socket: its wait status. It has a moment to end.
  int status();

 private:
  explicit ChildProcess(pid_t id) : id_(id) {}

  pid_t id_;
};

}  // namespace understudy::store
