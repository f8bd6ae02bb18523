// An open-loop load for HTTP/1.1: requests are due at fixed moments, whether or not earlier ones
// were answered, and a latency counts from the moment its request was due. A closed loop waits for
// each answer, so a slow server slows its own load down and looks better than it is.
//
// Two targets take turns in blocks of a fifth of a second, so that whatever else the machine does
// meets both alike, while neither shares its moments with the other.
//
//   open_loop --rate 2000 --seconds 4 --connections 16 PORT [PORT]
//
// Prints one JSON object: for each port the number of answers, of errors, and the latencies'
// percentiles in microseconds.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kBlockNs = kSecondNs / 5;
constexpr int64_t kStragglersNs = 2 * kSecondNs;  // how long the last answers are waited for

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

struct Options {
  int64_t rate_per_second = 2000;
  int64_t seconds = 4;
  int connections = 16;
  std::vector<uint16_t> ports;
};

/// One connection with at most one request under way.
struct Connection {
  int descriptor = -1;
  size_t target = 0;
  int64_t due_ns = 0;  // of the request under way
  std::string answer;
};

struct Target {
  uint16_t port = 0;
  std::vector<Connection*> idle;
  std::deque<int64_t> waiting;  // due moments of requests no connection was free for
  std::vector<int64_t> latencies_ns;
  uint64_t errors = 0;
  std::string request;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1");
    connections_.reserve(options.ports.size() * static_cast<size_t>(options.connections));
    for (const uint16_t port : options.ports) {
      Target target;
      target.port = port;
      target.request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n";
      targets_.push_back(std::move(target));
    }
    for (size_t i = 0; i < targets_.size(); ++i) {
      for (int n = 0; n < options.connections; ++n) {
        Connection& connection = connections_.emplace_back();
        connection.target = i;
        open(connection);
        targets_[i].idle.push_back(&connection);
      }
    }
  }

  void run() {
    const int64_t interval_ns = kSecondNs / options_.rate_per_second;
    const int64_t begin_ns = now_ns() + kBlockNs;
    const int64_t end_ns = begin_ns + options_.seconds * kSecondNs;
    int64_t due_ns = begin_ns;
    while (due_ns < end_ns) {
      int64_t now = now_ns();
      for (; due_ns <= now && due_ns < end_ns; due_ns += interval_ns) {
        const auto block = static_cast<size_t>((due_ns - begin_ns) / kBlockNs);
        request(targets_[block % targets_.size()], due_ns);
      }
      wait_until(due_ns);
    }
    while (under_way() && now_ns() < end_ns + kStragglersNs) wait_until(now_ns() + kBlockNs);
  }

  void report() {
    std::printf("{");
    for (size_t i = 0; i < targets_.size(); ++i) {
      Target& target = targets_[i];
      // What was never answered is no latency, and must not go unseen.
      const uint64_t unanswered =
          target.waiting.size() + static_cast<size_t>(options_.connections) - target.idle.size();
      std::sort(target.latencies_ns.begin(), target.latencies_ns.end());
      std::printf("%s\"%u\": {\"answers\": %zu, \"errors\": %llu", i == 0 ? "" : ", ",
                  static_cast<unsigned>(target.port), target.latencies_ns.size(),
                  static_cast<unsigned long long>(target.errors + unanswered));
      for (const double share : {50.0, 90.0, 99.0, 99.9}) {
        std::printf(", \"p%g\": %.3f", share, percentile_us(target.latencies_ns, share));
      }
      std::printf("}");
    }
    std::printf("}\n");
  }

 private:
  static double percentile_us(const std::vector<int64_t>& sorted_ns, double share) {
    if (sorted_ns.empty()) return 0;
    const auto rank = static_cast<size_t>(share / 100 * static_cast<double>(sorted_ns.size() - 1));
    return static_cast<double>(sorted_ns[rank]) / 1000;
  }

  void open(Connection& connection) {
    connection.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (connection.descriptor < 0) fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(targets_[connection.target].port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
        0) {
      fail("connect");
    }
    const int on = 1;
    setsockopt(connection.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event) != 0) fail("epoll_ctl");
  }

  void request(Target& target, int64_t due_ns) {
    if (target.idle.empty()) {
      target.waiting.push_back(due_ns);
      return;
    }
    Connection& connection = *target.idle.back();
    target.idle.pop_back();
    connection.due_ns = due_ns;
    connection.answer.clear();
    const auto sent =
        send(connection.descriptor, target.request.data(), target.request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(target.request.size())) broke(connection);
  }

  void wait_until(int64_t moment_ns) {
    const int64_t left_ns = std::max<int64_t>(moment_ns - now_ns(), 0);
    const timespec timeout{left_ns / kSecondNs, left_ns % kSecondNs};
    epoll_event events[64];
    const int count = epoll_pwait2(epoll_, events, 64, &timeout, nullptr);
    for (int i = 0; i < count; ++i) read_from(*static_cast<Connection*>(events[i].data.ptr));
  }

  void read_from(Connection& connection) {
    char buffer[64 * 1024];
    const ssize_t count = recv(connection.descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return broke(connection);
    connection.answer.append(buffer, static_cast<size_t>(count));
    if (!whole(connection.answer)) return;
    Target& target = targets_[connection.target];
    target.latencies_ns.push_back(now_ns() - connection.due_ns);
    if (!connection.answer.starts_with("HTTP/1.1 200 ")) ++target.errors;
    free(connection);
  }

  void free(Connection& connection) {
    Target& target = targets_[connection.target];
    target.idle.push_back(&connection);
    if (target.waiting.empty()) return;
    const int64_t due_ns = target.waiting.front();
    target.waiting.pop_front();
    request(target, due_ns);
  }

  void broke(Connection& connection) {
    close(connection.descriptor);
    ++targets_[connection.target].errors;
    open(connection);
    free(connection);
  }

  /// The services of the benchmark answer with Content-Length.
  static bool whole(std::string_view answer) {
    const size_t head_end = answer.find("\r\n\r\n");
    if (head_end == answer.npos) return false;
    const size_t field = answer.find("Content-Length: ");
    if (field > head_end) return true;
    const auto length = std::strtoull(answer.data() + field + 16, nullptr, 10);
    return answer.size() >= head_end + 4 + length;
  }

  bool under_way() const {
    for (const Target& target : targets_) {
      if (target.idle.size() < static_cast<size_t>(options_.connections)) return true;
    }
    return false;
  }

  const Options options_;
  const int epoll_;
  std::vector<Target> targets_;
  std::vector<Connection> connections_;
};

Options parse(int argc, char** argv) {
  Options options;
  const auto number = [&](int i) -> int64_t {
    const long long value = i < argc ? std::atoll(argv[i]) : 0;
    if (value <= 0 || value > 1'000'000) {
      std::fprintf(stderr, "open_loop: a number from 1 to 1000000 is missing\n");
      std::exit(2);
    }
    return value;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--rate") {
      options.rate_per_second = number(++i);
    } else if (word == "--seconds") {
      options.seconds = number(++i);
    } else if (word == "--connections") {
      options.connections = static_cast<int>(number(++i));
    } else {
      options.ports.push_back(static_cast<uint16_t>(number(i)));
    }
  }
  if (options.ports.empty()) {
    std::fprintf(stderr,
                 "usage: open_loop [--rate N] [--seconds N] [--connections N] PORT [PORT]\n");
    std::exit(2);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  // Timers that fire when they are due, not up to 50 us later.
  prctl(PR_SET_TIMERSLACK, 1UL);
  Load load(parse(argc, argv));
  load.run();
  load.report();
}
