#include "services/http_service.h"

#include <httplib.h>
#include <pthread.h>

#include <charconv>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

namespace flamingo {
namespace {

using nlohmann::json;

constexpr size_t kKeepAliveRequestsMax = 1'000'000;
constexpr time_t kKeepAliveSeconds = 2;
constexpr int kConnectionsWaitingMax = 512;  // the kernel drops what comes beyond

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string fault_json(const Fault& fault) {
  json error = {{"type", fault.type}, {"message", fault.message}};
  if (fault.position) error["position"] = *fault.position;
  return dump({{"error", std::move(error)}});
}

std::string escape_regex(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (std::string_view(".+*?()[]{}|^$\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

struct HttpService::State {
  std::string name;
  std::function<std::string()> version;
  HttpServiceOptions options;
  httplib::Server server;

  httplib::Server::Handler wrap(Handler handler) {
    return
        [this, handler = std::move(handler)](const httplib::Request& in, httplib::Response& out) {
          std::string account = in.get_header_value("x-account-id");
          if (account.empty()) account = "anonymous";
          const std::string tail = in.matches.size() > 1 ? in.matches[1].str() : std::string();
          const Request request{in.body, account, tail};
          auto reply = handler(request);
          if (reply.ok()) {
            out.set_content(std::move(reply->body), reply->content_type);
            return;
          }
          out.status = http_status(reply.fault().kind);
          out.set_content(fault_json(reply.fault()), "application/json");
        };
  }
};

HttpService::HttpService(std::string name, std::function<std::string()> version,
                         HttpServiceOptions options)
    : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->version = std::move(version);
  state_->options = std::move(options);
  httplib::Server& server = state_->server;
  server.new_task_queue = [threads = state_->options.threads] {
    return new httplib::ThreadPool(threads);
  };
  server.set_payload_max_length(state_->options.body_bytes_max);
  server.set_keep_alive_max_count(kKeepAliveRequestsMax);
  server.set_keep_alive_timeout(kKeepAliveSeconds);
  server.set_tcp_nodelay(true);
  server.set_post_routing_handler([this](const httplib::Request&, httplib::Response& out) {
    out.set_header("x-service-version", state_->version());
  });
  server.set_error_handler([](const httplib::Request& in, httplib::Response& out) {
    if (!out.body.empty()) return;
    const bool not_found = out.status == 404;
    out.set_content(fault_json({FaultKind::kNotFound, not_found ? "NotFound" : "BadRequest",
                                not_found ? "there is nothing at " + in.path : ""}),
                    "application/json");
  });
  server.set_exception_handler([](const httplib::Request&, httplib::Response& out,
                                  std::exception_ptr thrown) {
    std::string what = "unknown";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      what = error.what();
    } catch (...) {
      what = "an exception that is no std::exception";
    }
    out.status = 500;
    out.set_content(fault_json({FaultKind::kInternal, "InternalError", what}), "application/json");
  });
  get("/healthz", [](const Request&) -> Outcome<Reply> { return Reply{R"({"status":"ok"})"}; });
  get("/version", [this](const Request&) -> Outcome<Reply> {
    return Reply{dump({{"service", state_->name}, {"version", state_->version()}})};
  });
}

HttpService::~HttpService() = default;

void HttpService::get(std::string path, Handler handler) {
  const std::string pattern =
      escape_regex(path) + (path.size() > 1 && path.back() == '/' ? "(.+)" : "");
  state_->server.Get(pattern, state_->wrap(std::move(handler)));
}

void HttpService::post(std::string path, Handler handler) {
  state_->server.Post(escape_regex(path), state_->wrap(std::move(handler)));
}

Outcome<std::string> HttpService::bind() {
  const std::string& listen = state_->options.listen;
  const size_t colon = listen.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), port);
  }
  if (port < 0 || port > 65'535) {
    return bad_request("InvalidAddress", "'" + listen + "' is not host:port");
  }
  const std::string host = listen.substr(0, colon);
  // Its own socket option is SO_REUSEPORT, with which a second server would take half the requests.
  socket_t listener = INVALID_SOCKET;
  state_->server.set_socket_options([&listener](socket_t socket) {
    listener = socket;
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  if (port == 0) {
    port = state_->server.bind_to_any_port(host);
    if (port <= 0) return Fault{FaultKind::kUnavailable, "CannotListen", listen};
  } else if (!state_->server.bind_to_port(host, port)) {
    return Fault{FaultKind::kUnavailable, "CannotListen",
                 listen + ": the port is in use or may not be taken"};
  }
  // The library lets 5 connections wait; a burst beyond that waits a second for its next try.
  ::listen(listener, kConnectionsWaitingMax);
  return "http://" + host + ":" + std::to_string(port);
}

void HttpService::run() { state_->server.listen_after_bind(); }
void HttpService::stop() { state_->server.stop(); }

void block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void run_until_signal(HttpService& service) {
  std::jthread waiter([&service] {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int signal = 0;
    sigwait(&signals, &signal);
    service.stop();
  });
  service.run();
  // run() also ends when the socket fails; the waiter must not keep the program then.
  pthread_kill(waiter.native_handle(), SIGTERM);
}

}  // namespace flamingo
