#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/cancellation.h"

namespace understudy::api {

/// Queries that nobody waits for on a connection: who started one asks later whether it has ended.
/// What they find they keep elsewhere; only a failure is remembered here, of the newest.
/// Failure: beyond `waiting_max` that wait a further one is refused.
/// Threads: any; runs on its own. Lifetime: the destructor cancels all and waits for them.
class QueryRuns {
 public:
  struct Options {
    int threads = 2;
    size_t waiting_max = 64;
    size_t failures_max = 1'000;
  };
  using Run = std::function<base::Status(const store::Cancellation&)>;
  enum class State {
    kUnknown,  // it ended well, or never was
    kUnderWay,
    kFailed,
  };

  explicit QueryRuns(Options options);
  ~QueryRuns();
  QueryRuns(const QueryRuns&) = delete;
  QueryRuns& operator=(const QueryRuns&) = delete;

  base::Status start(std::string id, Run run);
  State state(std::string_view id) const;
  /// Why it failed.
  std::optional<base::Error> failure(std::string_view id) const;

 private:
  void run_forever();

  const Options options_;
  const store::Cancellation cancellation_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, Run>> waiting_;
  std::map<std::string, bool, std::less<>> under_way_;
  std::deque<std::pair<std::string, base::Error>> failures_;  // oldest first
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace understudy::api
