#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/transport.h"

namespace understudy::sdk {

/// A server in memory: takes posts, answers them as told, and holds one flag stream open.
/// Threads: any.
class FakeServer {
 public:
  /// The answers of the next posts; when there are none: 200 `{}`. Status 0 is a lost connection.
  void answer_next(int status, std::string retry_after = "", std::string body = "{}") {
    const std::lock_guard lock(mutex_);
    answers_.push_back({status, std::move(retry_after), std::move(body)});
  }
  void go_away(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
    changed_.notify_all();
  }
  /// Writes to the stream that is open, or to the next one.
  void send(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    outgoing_.append(bytes);
    changed_.notify_all();
  }
  void send_event(std::string_view type, std::string_view data) {
    send("event: " + std::string(type) + "\ndata: " + std::string(data) + "\n\n");
  }
  void end_stream() {
    const std::lock_guard lock(mutex_);
    ++streams_ended_;
    changed_.notify_all();
  }
  std::vector<HttpRequest> posts() const {
    const std::lock_guard lock(mutex_);
    return posts_;
  }
  int streams_opened() const {
    const std::lock_guard lock(mutex_);
    return streams_opened_;
  }
  /// Waits until that many streams were opened.
  void wait_for_streams(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return streams_opened_ >= count; });
  }

 private:
  friend class FakeTransport;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<HttpAnswer> answers_;
  std::vector<HttpRequest> posts_;
  std::string outgoing_;
  bool away_ = false;
  int streams_opened_ = 0;
  int streams_ended_ = 0;
};

/// A Transport to a FakeServer, which outlives it.
class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(FakeServer& server) : server_(server) {}

  base::Result<HttpAnswer> post(const HttpRequest& request, std::stop_token) override {
    const std::lock_guard lock(server_.mutex_);
    if (server_.away_) return base::error(base::ErrorKind::kUnavailable, "refused");
    server_.posts_.push_back(request);
    if (server_.answers_.empty()) return HttpAnswer{200, "", "{}"};
    HttpAnswer answer = server_.answers_.front();
    server_.answers_.pop_front();
    if (answer.status == 0) return base::error(base::ErrorKind::kClosed, "lost");
    return answer;
  }

  base::Status stream(const HttpRequest&, StreamSink& sink, std::stop_token stop) override {
    std::unique_lock lock(server_.mutex_);
    if (server_.away_) {
      ++server_.streams_opened_;  // an attempt
      server_.changed_.notify_all();
      return base::error(base::ErrorKind::kUnavailable, "refused");
    }
    const int number = ++server_.streams_opened_;
    server_.changed_.notify_all();
    if (!sink.on_status(200)) return base::ok_status();
    while (true) {
      const bool more = server_.changed_.wait(lock, stop, [&] {
        return !server_.outgoing_.empty() || server_.away_ || server_.streams_ended_ >= number;
      });
      if (!more) return base::error(base::ErrorKind::kCancelled, "stopped");
      if (server_.outgoing_.empty()) return base::ok_status();
      const std::string bytes = std::move(server_.outgoing_);
      server_.outgoing_.clear();
      lock.unlock();
      const bool goes_on = sink.on_bytes(bytes);
      lock.lock();
      if (!goes_on) return base::ok_status();
    }
  }

 private:
  FakeServer& server_;
};

}  // namespace understudy::sdk
