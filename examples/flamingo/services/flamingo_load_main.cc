#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "data/http_client.h"
#include "data/manifest.h"
#include "grammar/planner.h"
#include "grammar/spec.h"
#include "services/store_options.h"
#include "services/traffic.h"

namespace flamingo {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<bool> stop_requested = false;

struct Options {
  std::string url = "http://127.0.0.1:9001";
  std::string domain_url;  // who is asked for the values of filters; the url when empty
  std::string send = "visualize";
  double rate = 0;
  int concurrency = 4;
  uint64_t count = 0;
  double seconds = 0;
  double progress_seconds = 1;
  int64_t timeout_ms = 10'000;
  TrafficOptions traffic;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--url", options.url, "Flamingo, or a proxy before it")->capture_default_str();
  app.add_option("--domain-url", options.domain_url,
                 "Flamingo itself, where --url does not lead to it");
  app.add_option("--send", options.send,
                 "visualize: specifications to /api/visualize; query: compiled plans to /query")
      ->check(CLI::IsMember({"visualize", "query"}))
      ->capture_default_str();
  app.add_option("--rate", options.rate,
                 "Requests a second, sent when due (0: as fast as --concurrency allows)")
      ->check(CLI::Range(0.0, 100'000.0));
  app.add_option("--concurrency", options.concurrency, "Requests in flight at most")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  auto* count = app.add_option("--count", options.count, "Stop after so many requests");
  auto* seconds = app.add_option("--seconds", options.seconds, "Stop after so long")
                      ->check(CLI::Range(0.1, 86'400.0));
  app.add_option("--accounts", options.traffic.accounts, "Accounts that look at charts")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--seed", options.traffic.seed, "The same seed sends the same requests")
      ->capture_default_str();
  app.add_option("--progress-seconds", options.progress_seconds, "Time between two lines")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_option("--timeout-ms", options.timeout_ms, "Longest wait for one answer")
      ->check(CLI::Range(1, 600'000))
      ->capture_default_str();
  app.callback([count, seconds] {
    if (count->empty() && seconds->empty()) {
      throw CLI::ValidationError("--count or --seconds is required");
    }
  });
}

/// What happened, since the start and since the last progress line.
class Tally {
 public:
  void add(double latency_ms, const std::string& error) {
    const std::lock_guard lock(mutex_);
    ++sent_;
    latencies_ms_.push_back(latency_ms);
    if (error.empty()) return;
    ++failed_;
    if (errors_.size() < kErrorKindsMax || errors_.contains(error)) ++errors_[error];
  }

  /// One JSON line. The latencies are those since the last line, or all for the final one.
  void print(double elapsed_seconds, bool is_final) {
    const std::lock_guard lock(mutex_);
    const size_t first = is_final ? 0 : reported_;
    std::vector<double> window(latencies_ms_.begin() + static_cast<std::ptrdiff_t>(first),
                               latencies_ms_.end());
    const double seconds = is_final ? elapsed_seconds : elapsed_seconds - reported_at_;
    nlohmann::json line = {{"done", is_final},
                           {"elapsed_s", rounded(elapsed_seconds)},
                           {"sent", sent_},
                           {"failed", failed_},
                           {"rate", rounded(static_cast<double>(window.size()) / seconds)},
                           {"p50_ms", rounded(quantile(window, 0.50))},
                           {"p99_ms", rounded(quantile(window, 0.99))}};
    if (!errors_.empty()) line["errors"] = errors_;
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
    reported_ = latencies_ms_.size();
    reported_at_ = elapsed_seconds;
  }

  uint64_t failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  static constexpr size_t kErrorKindsMax = 20;

  static double rounded(double value) { return std::round(value * 100) / 100; }
  static double quantile(std::vector<double>& values, double p) {
    if (values.empty()) return 0;
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(p * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
  }

  mutable std::mutex mutex_;
  uint64_t sent_ = 0;
  uint64_t failed_ = 0;
  std::vector<double> latencies_ms_;
  size_t reported_ = 0;
  double reported_at_ = 0;
  std::map<std::string, uint64_t> errors_;
};

std::string error_of(const Outcome<HttpAnswer>& answer) {
  if (!answer.ok()) return answer.fault().type;
  if (answer->status == 200) return "";
  const auto body = nlohmann::json::parse(answer->body, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer type("/error/type");
  if (body.is_object() && body.contains(type) && body[type].is_string()) {
    return body[type].get<std::string>();
  }
  return "HTTP" + std::to_string(answer->status);
}

class Load {
 public:
  Load(const Options& options, Traffic traffic, Schema schema)
      : options_(options),
        traffic_(std::move(traffic)),
        schema_(std::move(schema)),
        http_({.timeout = std::chrono::milliseconds(options.timeout_ms)}) {}

  int run() {
    start_ = Clock::now();
    std::vector<std::jthread> senders;
    for (int i = 0; i < options_.concurrency; ++i) senders.emplace_back([this] { send_all(); });
    std::jthread reporter([this](const std::stop_token& stop) { report(stop); });
    senders.clear();
    reporter.request_stop();
    reporter.join();
    tally_.print(elapsed(), /*is_final=*/true);
    return tally_.failed() == 0 ? 0 : 1;
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  bool is_over(uint64_t n) const {
    return stop_requested || (options_.count > 0 && n >= options_.count) ||
           (options_.seconds > 0 && elapsed() >= options_.seconds);
  }

  void send_all() {
    for (;;) {
      const uint64_t n = next_.fetch_add(1);
      if (is_over(n)) return;
      Clock::time_point due = Clock::now();
      if (options_.rate > 0) {
        due = start_ + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(static_cast<double>(n) / options_.rate));
        std::this_thread::sleep_until(due);
        if (is_over(n)) return;
      }
      const ChartRequest request = traffic_.request(n);
      const auto answer = send(request);
      const double latency_ms =
          std::chrono::duration<double, std::milli>(Clock::now() - due).count();
      tally_.add(latency_ms, error_of(answer));
    }
  }

  Outcome<HttpAnswer> send(const ChartRequest& request) {
    HttpCall call{.method = "POST",
                  .url = options_.url + "/api/visualize",
                  .headers = {{"Content-Type", "application/json"},
                              {"x-account-id", request.account},
                              {"x-chart", request.chart}},
                  .body = request.spec};
    if (options_.send == "visualize") return http_.call(call);
    TRY_OUTCOME(const ChartSpec spec, parse_spec(request.spec));
    TRY_OUTCOME(const Plan plan, compile(spec, schema_));
    const std::string body = to_json(plan);
    call.url = options_.url + "/query";
    call.body = body;
    return http_.call(call);
  }

  void report(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any tick;
    const auto interval = std::chrono::duration<double>(options_.progress_seconds);
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (tick.wait_for(lock, stop, interval, [] { return false; })) return;
      if (!stop.stop_requested()) tally_.print(elapsed(), /*is_final=*/false);
    }
  }

  Options options_;
  Traffic traffic_;
  Schema schema_;
  HttpClient http_;
  Clock::time_point start_;
  std::atomic<uint64_t> next_ = 0;
  Tally tally_;
};

int run(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTERM, [](int) { stop_requested = true; });
  std::signal(SIGINT, [](int) { stop_requested = true; });
  const std::string& domain_url = options.domain_url.empty() ? options.url : options.domain_url;
  RemoteEngine service({.url = domain_url, .timeout = std::chrono::seconds(30)});
  auto domain = read_domain(service);
  if (!domain.ok()) return cannot_start("flamingo-load", domain.fault());
  HttpClient http;
  const auto answer = http.call({.url = domain_url + "/api/datasets/flights"});
  if (!answer.ok()) return cannot_start("flamingo-load", answer.fault());
  const auto manifest = parse_manifest(answer->body);
  if (!manifest.ok()) return cannot_start("flamingo-load", manifest.fault());
  return Load(options, Traffic(*domain, options.traffic), manifest->schema).run();
}

}  // namespace
}  // namespace flamingo

int main(int argc, char** argv) {
  CLI::App app("Plays dashboard traffic against Flamingo", "flamingo-load");
  flamingo::Options options;
  flamingo::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return flamingo::run(options);
}
