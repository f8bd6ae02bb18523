#include "store/sql_process/sql_process.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/sql_process/child_process.h"
#include "store/sql_process/sql_messages.h"

namespace understudy::store {
namespace {

using base::cat;
using base::ErrorKind;

base::Error too_slow() {
  return base::error(ErrorKind::kTimeout,
                     "the statement took longer than its timeout, or store.query_timeout");
}

base::Error too_large(const SqlProcessOptions& options) {
  return base::error(ErrorKind::kLimit,
                     cat("the statement needs more memory than the ",
                         options.memory_bytes_max >> 20, " MiB that it has; ask for less at once"));
}

/// What it means that the process ended without an answer.
base::Error ended(int status, const SqlProcessOptions& options) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSqlWorkerExitMemory) return too_large(options);
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    if (number == SIGXCPU || number == SIGALRM) return too_slow();
    base::log_warn("sql: the process of a statement ended by signal ", number);
    return base::error(ErrorKind::kLimit,
                       cat("the process that ran the statement was ended by signal ", number,
                           ": it needed more memory than the ", options.memory_bytes_max >> 20,
                           " MiB that it has, or the engine failed; ask for less at once"));
  }
  base::log_warn("sql: the process of a statement ended with status ", WEXITSTATUS(status));
  return base::error(ErrorKind::kUnavailable,
                     cat("the process that runs statements ended with status ", WEXITSTATUS(status),
                         " before it answered"));
}

struct Sockets {
  Descriptor ours;
  Descriptor theirs;
};

base::Result<Sockets> make_sockets() {
  int pair[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return base::error(ErrorKind::kUnavailable,
                       cat("no process can be started for the statement: ", std::strerror(errno)));
  }
  return Sockets{Descriptor(pair[0]), Descriptor(pair[1])};
}

using Tables = std::function<base::Result<SqlProcessTable>(std::string_view, int)>;

/// The conversation with one process.
class Conversation {
 public:
  Conversation(FrameChannel& channel, const Tables& table, FrameChannel::Deadline deadline,
               const Cancellation& cancellation)
      : channel_(channel), table_(table), deadline_(deadline), cancellation_(cancellation) {}

  base::Result<SqlAnswer> hold(const SqlRequest& request) {
    TRY(send(SqlMessage::kRequest, encode(request), -1));
    for (;;) {
      TRY_ASSIGN(FrameChannel::Frame frame,
                 channel_.receive(kSqlAnswerBytesMax, deadline_, cancellation_));
      switch (static_cast<SqlMessage>(frame.kind)) {
        case SqlMessage::kNeed:
          TRY(give(frame.bytes));
          continue;
        case SqlMessage::kAnswer:
          return decode_sql_answer(frame.bytes, request.rows_max);
        case SqlMessage::kFailure:
          return decode_sql_failure(frame.bytes);
        case SqlMessage::kRequest:
        case SqlMessage::kTable:
          break;
      }
      return base::error(ErrorKind::kProtocol, "the process that ran the statement is confused");
    }
  }

 private:
  base::Status send(SqlMessage kind, std::string_view bytes, int descriptor) {
    return channel_.send(static_cast<std::uint8_t>(kind), bytes, descriptor, deadline_,
                         cancellation_);
  }

  base::Status give(std::string_view dataset) {
    if (std::cmp_greater_equal(kept_.size(), kSqlTablesMax)) {
      return base::error(ErrorKind::kLimit,
                         cat("the statement reads more than ", kSqlTablesMax, " datasets"));
    }
    TRY_ASSIGN(SqlProcessTable table, table_(dataset, static_cast<int>(kept_.size())));
    kept_.push_back(std::move(table.kept));
    return send(SqlMessage::kTable, table.sql, table.tail.get());
  }

  FrameChannel& channel_;
  const Tables& table_;
  const FrameChannel::Deadline deadline_;
  const Cancellation& cancellation_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace

base::Result<SqlAnswer> run_in_process(const SqlProcessOptions& options,
                                       const SqlQuestion& question,
                                       const std::vector<std::string>& datasets,
                                       const Tables& table,
                                       std::chrono::steady_clock::time_point deadline,
                                       const Cancellation& cancellation) {
  TRY_ASSIGN(Sockets sockets, make_sockets());
  FrameChannel channel(std::move(sockets.ours));
  Conversation conversation(channel, table, deadline, cancellation);  // keeps until it has ended
  TRY_ASSIGN(ChildProcess child, ChildProcess::start(options.executable, sockets.theirs));
  sockets.theirs = Descriptor();
  auto answer = conversation.hold(
      {.text = question.text,
       .rows_max = question.rows_max,
       .deadline_ns = std::chrono::nanoseconds(deadline.time_since_epoch()).count(),
       .memory_bytes_max = options.memory_bytes_max,
       .folder = options.folder,
       .datasets = datasets});
  if (answer.ok()) return answer;
  if (answer.error().kind == ErrorKind::kClosed) return ended(child.status(), options);
  if (answer.error().kind == ErrorKind::kTimeout) return too_slow();
  return answer;
}

}  // namespace understudy::store
