#include "store/duckdb/sql_worker.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "store/duckdb/duckdb_sql_console.h"
#include "store/sql_process/child_process.h"
#include "store/sql_process/frame_channel.h"
#include "store/sql_process/sql_messages.h"

namespace understudy::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kExitUsage = 2;
constexpr int kExitFailed = 1;
constexpr int kNiceness = 10;
constexpr rlim_t kDescriptorsMax = 256;
/// Address space beyond what the engine may use: what it does not count, and what fragments.
constexpr std::uint64_t kMemoryBeside = 128U << 20;
constexpr std::chrono::seconds kGrace(1);

bool limit(__rlimit_resource_t what, rlim_t value) {
  rlimit now = {};
  if (getrlimit(what, &now) != 0) return false;
  now.rlim_max = std::min(now.rlim_max, value);
  now.rlim_cur = now.rlim_max;
  return setrlimit(what, &now) == 0;
}

/// The system shall end this process before any other.
void offer_to_be_ended() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(write(file, "1000", 4) == 4);
  close(file);
}

bool give_up_everything() {
  offer_to_be_ended();
  setpriority(PRIO_PROCESS, 0, kNiceness);
  mallopt(M_ARENA_MAX, 1);
  return close_range(kSqlWorkerSocket + 1, ~0U, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0) &&
         limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, kDescriptorsMax);
}

/// Processor time, and time on the clock for a process that nobody ends.
bool limit_time(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(
      std::max(deadline - Clock::now(), Clock::duration::zero()) + kGrace);
  itimerval timer = {};
  timer.it_value.tv_sec = left.count();
  return limit(RLIMIT_CPU, static_cast<rlim_t>(left.count())) &&
         setitimer(ITIMER_REAL, &timer, nullptr) == 0;
}

/// From what it has now, so that the size of the program does not matter.
bool limit_memory(std::uint64_t bytes) {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return false;
  unsigned long pages = 0;
  const bool read = std::fscanf(file, "%lu", &pages) == 1;
  std::fclose(file);
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return read && limit(RLIMIT_AS, pages * page + bytes + kMemoryBeside);
}

base::Error not_limited() {
  return base::error(base::ErrorKind::kUnavailable,
                     "the process that runs statements cannot bound itself");
}

/// The server's side as the datasets of a console.
class Server {
 public:
  explicit Server(FrameChannel channel) : channel_(std::move(channel)) {}

  base::Result<SqlRequest> request() {
    TRY_ASSIGN(const FrameChannel::Frame frame,
               channel_.receive(kSqlRequestBytesMax, Clock::now() + std::chrono::minutes(1)));
    TRY_ASSIGN(SqlRequest request, decode_sql_request(frame.bytes));
    deadline_ = Clock::time_point(std::chrono::nanoseconds(request.deadline_ns));
    return request;
  }
  Clock::time_point deadline() const { return deadline_; }

  base::Result<SqlTable> table(const std::string& dataset) {
    TRY(channel_.send(static_cast<std::uint8_t>(SqlMessage::kNeed), dataset, -1, deadline_));
    TRY_ASSIGN(FrameChannel::Frame frame, channel_.receive(kSqlRequestBytesMax, deadline_));
    const int place = kSqlTailDescriptor + tables_++;
    if (frame.descriptor.open() && dup2(frame.descriptor.get(), place) < 0) return not_limited();
    return SqlTable{std::move(frame.bytes)};
  }

  base::Status tell(const base::Result<SqlAnswer>& answer) {
    const SqlMessage kind = answer.ok() ? SqlMessage::kAnswer : SqlMessage::kFailure;
    return channel_.send(static_cast<std::uint8_t>(kind),
                         answer.ok() ? encode(*answer) : encode(answer.error()), -1,
                         deadline_ + kGrace);
  }

 private:
  FrameChannel channel_;
  Clock::time_point deadline_;
  int tables_ = 0;
};

base::Result<SqlAnswer> answer(Server& server, const SqlRequest& request) {
  if (!limit_time(server.deadline())) return not_limited();
  std::vector<std::string> files;
  for (int i = 0; i < kSqlTablesMax; ++i) files.push_back(sql_tail_path(i));
  TRY_ASSIGN(const auto console,
             DuckDbSqlConsole::open(
                 {.memory_bytes_max = request.memory_bytes_max,
                  .folder = request.folder,
                  .files = std::move(files)},
                 {.names = [&] { return request.datasets; },
                  .table = [&](const std::string& dataset) { return server.table(dataset); }}));
  if (!limit_memory(request.memory_bytes_max)) return not_limited();
  auto found =
      console->run({.text = request.text, .rows_max = request.rows_max}, server.deadline(), {});
  // Before the engine is taken down, which the end of the process does faster.
  const bool told = server.tell(found).ok();
  _exit(told ? 0 : kExitFailed);
}

}  // namespace

int run_sql_worker() {
  struct stat socket = {};
  if (fstat(kSqlWorkerSocket, &socket) != 0 || !S_ISSOCK(socket.st_mode)) {
    std::fputs("understudy: sql-worker is started by the server only\n", stderr);
    return kExitUsage;
  }
  if (!give_up_everything()) return kExitFailed;
  Server server{FrameChannel(Descriptor(kSqlWorkerSocket))};
  try {
    const auto request = server.request();
    if (!request.ok()) return kExitFailed;
    const auto failed = answer(server, *request);
    return server.tell(failed).ok() ? 0 : kExitFailed;
  } catch (const std::bad_alloc&) {
    _exit(kSqlWorkerExitMemory);
  } catch (const std::exception&) {
    _exit(kExitFailed);
  }
}

}  // namespace understudy::store
