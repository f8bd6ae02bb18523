// The client over real sockets, against a small server in this process.
#include <gtest/gtest.h>
#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "core/curl_transport.h"
#include "flags/flag_json.h"
#include "flags/mode.h"
#include "ingest/otlp_json_logs.h"
#include "understudy/understudy.h"

namespace understudy::sdk {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// Streams flags on /all and takes events on /v1/logs.
class HttpServer {
 public:
  HttpServer() {
    server_.Get("/all", [this](const httplib::Request& request, httplib::Response& response) {
      {
        const std::lock_guard lock(mutex_);
        authorization_ = request.get_header_value("authorization");
      }
      response.set_chunked_content_provider(
          "text/event-stream", [this, sent = size_t{0}](size_t, httplib::DataSink& sink) mutable {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return closing_ || stream_.size() > sent; });
            if (closing_) return false;
            const std::string part = stream_.substr(sent);
            sent = stream_.size();
            lock.unlock();
            return sink.write(part.data(), part.size());
          });
    });
    server_.Post("/v1/logs", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      if (busy_answers_ > 0) {
        --busy_answers_;
        response.status = 503;
        response.set_header("Retry-After", "0");
        return;
      }
      bodies_.push_back(request.body);
      response.set_content("{}", "application/json");
    });
    server_.Get("/big", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(100, 'x'), "text/plain");
    });
    server_.Post("/big", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(100, 'x'), "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~HttpServer() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    server_.stop();
    thread_.join();
  }

  std::string url() const { return base::cat("http://127.0.0.1:", port_); }
  void stream(const std::string& bytes) {
    {
      const std::lock_guard lock(mutex_);
      stream_ += bytes;
    }
    changed_.notify_all();
  }
  void set_mode(flags::Mode mode) {
    stream(base::cat("event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"m.mode\":",
                     flags::to_json(flags::make_mode_flag("m", flags::ModeMix(mode))), "}}}\n\n"));
  }
  void be_busy(int answers) {
    const std::lock_guard lock(mutex_);
    busy_answers_ = answers;
  }
  std::string authorization() {
    const std::lock_guard lock(mutex_);
    return authorization_;
  }
  size_t events(std::string_view dataset) {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    for (const std::string& body : bodies_) {
      const auto logs = ingest::parse_otlp_json_logs(body);
      EXPECT_TRUE(logs.ok());
      if (!logs.ok()) continue;
      for (const event::Event& one : logs->events) count += one.dataset() == dataset ? 1 : 0;
    }
    return count;
  }

 private:
  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;
  int busy_answers_ = 0;
  std::string stream_;
  std::string authorization_;
  std::vector<std::string> bodies_;
};

TEST(HttpTest, FlagsArriveAndEventsLeaveOverRealSockets) {
  HttpServer server;
  server.set_mode(flags::Mode::kFullEvaluation);
  // httplib unpacks gzip by itself.
  Client client({.url = server.url() + "/", .key = "sdk-key", .compression = Compression::kGzip});
  ASSERT_TRUE(client.wait_for_flags(kPatience));
  EXPECT_EQ(server.authorization(), "sdk-key");
  Experiment<std::string> experiment(client, {.migration = "m"});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(experiment.run(
                  {.bucket_by = "account"}, [] { return std::string("[1]"); },
                  [] { return std::string("[2]"); }),
              "[1]");
  }
  ASSERT_TRUE(client.flush(kPatience));
  const Counters counters = client.counters();
  EXPECT_EQ(counters.compared + counters.shed, 20U);
  EXPECT_EQ(server.events("evaluations"), 20U);
  EXPECT_EQ(server.events("differences"), counters.compared);
  EXPECT_TRUE(counters.adds_up());
}

TEST(HttpTest, AServerThatIsAwayCostsNothingButCounters) {
  Client client({.url = "http://127.0.0.1:1"});
  Experiment<std::string> experiment(client, {.migration = "m"});
  EXPECT_EQ(experiment.run(
                {}, [] { return std::string("a"); }, [] { return std::string("b"); }),
            "a");
  EXPECT_FALSE(client.wait_for_flags(std::chrono::milliseconds(0)));
}

TEST(HttpTest, ABusyServerGetsTheBatchLater) {
  HttpServer server;
  server.be_busy(1);
  Client client({.url = server.url(), .flush_interval = std::chrono::milliseconds(1)});
  Experiment<std::string> experiment(client, {.migration = "m"});
  experiment.run(
      {}, [] { return std::string("a"); }, [] { return std::string("b"); });
  EXPECT_TRUE(client.flush(kPatience));
  EXPECT_EQ(server.events("evaluations"), 1U);
  EXPECT_EQ(client.counters().export_retries, 1U);
}

TEST(HttpTest, AnAnswerAboveItsBoundIsAnError) {
  HttpServer server;
  CurlTransport transport;
  HttpRequest request{.url = server.url() + "/big", .headers = {}, .body = "x"};
  EXPECT_EQ(transport.post(request, {})->body.size(), 100U);
  request.answer_bytes_max = 99;
  EXPECT_FALSE(transport.post(request, {}).ok());
  request.url = "file:///etc/hostname";
  EXPECT_FALSE(transport.post(request, {}).ok());
}

TEST(HttpTest, AStopRequestEndsAStreamThatIsSilent) {
  HttpServer server;
  server.stream(": connected\n\n");
  struct Sink final : StreamSink {
    bool on_status(int) override { return true; }
    bool on_bytes(std::string_view) override {
      stop.request_stop();  // from now on the server is silent
      return true;
    }
    std::stop_source stop;
  } sink;
  CurlTransport transport;
  const auto status = transport.stream({.url = server.url() + "/all", .headers = {}, .body = {}},
                                       sink, sink.stop.get_token());
  EXPECT_EQ(status.error().kind, base::ErrorKind::kCancelled);
}

}  // namespace
}  // namespace understudy::sdk
