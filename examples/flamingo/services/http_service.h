#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dialect/outcome.h"

namespace flamingo {

/// What a handler sees of a request. Views live during the call.
struct Request {
  std::string_view body;
  std::string_view account;  // the header x-account-id, or "anonymous"
  std::string_view tail;     // what the path has after a route that ends with '/'
};

struct Reply {
  std::string body;
  std::string content_type = "application/json";
};

using Handler = std::function<Outcome<Reply>(const Request&)>;

struct HttpServiceOptions {
  std::string listen;   // "127.0.0.1:9001", port 0 for any
  size_t threads = 64;  // each serves one connection at a time
  size_t body_bytes_max = 1 << 20;
};

/// An HTTP/1.1 server with JSON answers. A Fault of a handler becomes
/// {"error":{"type":..,"message":..,"position":..}} with the status of its kind.
/// Every answer carries `x-service-version`; GET /healthz and GET /version are there from the
/// start.
/// Threads: handlers run on any of the server's threads.
class HttpService {
 public:
  /// `version` is asked at every answer.
  HttpService(std::string name, std::function<std::string()> version, HttpServiceOptions options);
  ~HttpService();

  /// A path that ends with '/' takes everything below it.
  void get(std::string path, Handler handler);
  void post(std::string path, Handler handler);

  /// Takes the port; the address it got, as a URL.
  Outcome<std::string> bind();
  /// Serves until stop().
  void run();
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs a bound service until SIGTERM or SIGINT. Call it from main, before other threads start
/// (block_stop_signals) and after bind().
void block_stop_signals();
void run_until_signal(HttpService& service);

}  // namespace flamingo
