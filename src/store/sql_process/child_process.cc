#include "store/sql_process/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/text.h"

namespace understudy::store {
namespace {

constexpr int kStatusLooks = 500;
constexpr std::chrono::milliseconds kStatusLook(1);

/// What is done between fork and exec, in that order.
class SpawnPlan {
 public:
  explicit SpawnPlan(int socket) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    note(posix_spawn_file_actions_adddup2(&files_, socket, kSqlWorkerSocket));
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      note(posix_spawn_file_actions_addopen(&files_, standard, "/dev/null", O_RDWR, 0));
    }
    note(posix_spawn_file_actions_addclosefrom_np(&files_, kSqlWorkerSocket + 1));
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    note(posix_spawnattr_setsigmask(&attributes_, &none));
    note(posix_spawnattr_setsigdefault(&attributes_, &all));
    note(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  /// Gives an errno, 0 when it was started.
  int run(const std::string& executable, pid_t& id) const {
    if (failure_ != 0) return failure_;
    std::string name = "understudy";
    std::string command = kSqlWorkerCommand;
    char* const arguments[] = {name.data(), command.data(), nullptr};
    char* const environment[] = {nullptr};
    return posix_spawn(&id, executable.c_str(), &files_, &attributes_, arguments, environment);
  }

 private:
  void note(int failure) {
    if (failure_ == 0) failure_ = failure;
  }

  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
  int failure_ = 0;
};

}  // namespace

base::Result<ChildProcess> ChildProcess::start(const std::string& executable,
                                               const Descriptor& socket) {
  pid_t id = 0;
  const int failure = SpawnPlan(socket.get()).run(executable, id);
  if (failure != 0) {
    return base::error(
        base::ErrorKind::kUnavailable,
        base::cat("no process can be started for the statement: ", std::strerror(failure)));
  }
  return ChildProcess(id);
}

ChildProcess::~ChildProcess() {
  if (id_ == 0) return;
  kill(id_, SIGKILL);
  while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

int ChildProcess::status() {
  int status = 0;
  for (int i = 0; i < kStatusLooks; ++i) {
    if (waitpid(id_, &status, WNOHANG) == id_) {
      id_ = 0;
      return status;
    }
    std::this_thread::sleep_for(kStatusLook);
  }
  kill(id_, SIGKILL);
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = 0;
  return status;
}

}  // namespace understudy::store
