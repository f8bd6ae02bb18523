#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/rehearsed_engine.h"
#include "services/data_engine_service.h"
#include "tests/flights.h"
#include "tests/served.h"

namespace flamingo {
namespace {

using nlohmann::json;
using std::chrono_literals::operator""s;
using testing::HasSubstr;

/// What Flamingo needs of Understudy: a stream of flags, and somewhere to send events.
class ControlPlane {
 public:
  explicit ControlPlane(const std::string& mode) {
    const auto flag = [](const std::string& key, json value) {
      return json{{"key", key},
                  {"version", 1},
                  {"on", true},
                  {"salt", "s"},
                  {"variations", json::array({std::move(value)})},
                  {"fallthrough", {{"variation", 0}}}};
    };
    const json rules = {{"rules", {{{"path", "$.rows[*][*]"}, {"ulps", 512}}}}};
    const json put = {{"path", "/"},
                      {"data",
                       {{"flags",
                         {{"data-engine.mode", flag("data-engine.mode", mode)},
                          {"data-engine.compare", flag("data-engine.compare", rules)}}},
                        {"segments", json::object()}}}};
    server_.Get("/all", [this, event = "event: put\ndata: " + put.dump() + "\n\n"](
                            const httplib::Request&, httplib::Response& out) {
      out.set_chunked_content_provider(
          "text/event-stream",
          [this, event, sent = false](size_t, httplib::DataSink& sink) mutable {
            if (!sent) {
              sent = true;
              return sink.write(event.data(), event.size());
            }
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return closing_; });
            return false;
          });
    });
    server_.Post("/v1/logs", [this](const httplib::Request& in, httplib::Response& out) {
      const std::lock_guard lock(mutex_);
      events_ += in.body;
      out.set_content("{}", "application/json");
    });
    url_ = "http://127.0.0.1:" + std::to_string(server_.bind_to_any_port("127.0.0.1"));
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~ControlPlane() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    server_.stop();
  }

  const std::string& url() const { return url_; }
  std::string events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  httplib::Server server_;
  std::string url_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;
  std::string events_;
  std::jthread thread_;
};

/// Flamingo's engine beside a real Data Engine over HTTP.
class RehearsalTest : public testing::Test {
 protected:
  RehearsalTest() {
    EXPECT_TRUE(catalog_.register_all(flights_store()).ok());
    add_data_engine(service_, {catalog_, engine_, resolution_});
  }

  void rehearse(const std::string& mode, const std::string& candidate_url = "") {
    control_plane_.emplace(mode);
    if (!candidate_url.empty()) remote_.emplace(RemoteOptions{candidate_url});
    rehearsed_.emplace(
        sqlite_engine(), *remote_,
        RehearsalOptions{.understudy_url = control_plane_->url(), .candidate_timeout = 20s});
    ASSERT_TRUE(rehearsed_->wait_for_modes(20s));
  }
  Outcome<ResultSet> ask() {
    return rehearsed_->execute(
        single_query("SELECT time_unit(date, 'yearmonth') AS m, stdev(delay) AS d "
                     "FROM flights WHERE origin = 'ORD' GROUP BY m"),
        "account-1");
  }
  understudy::Counters settled() {
    EXPECT_TRUE(rehearsed_->settle(20s));
    return rehearsed_->counters();
  }
  static Value january_ms() { return int64_t{978'307'200'000}; }

  std::shared_ptr<std::atomic<TimeResolution>> resolution_ =
      std::make_shared<std::atomic<TimeResolution>>(TimeResolution::kMicroseconds);
  EmbeddedCatalog catalog_{1000, 1};
  DuckDbLoader loader_{{{}, 1, resolution_}};
  DataManager data_{catalog_, flights_store(), loader_, size_t{1} << 30};
  LocalEngine engine_{data_};
  HttpService service_{
      "data-engine", [] { return std::string("test"); }, {.listen = "127.0.0.1:0"}};
  Served served_{service_};
  std::optional<RemoteEngine> remote_{RemoteOptions{served_.url()}};
  std::optional<ControlPlane> control_plane_;
  std::optional<RehearsedEngine> rehearsed_;
};

TEST_F(RehearsalTest, MicrosecondsAreFoundAndTheCallerNeverSeesThem) {
  rehearse("full_evaluation");
  const auto answer = ask();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->rows[0][0], january_ms());
  const auto counters = settled();
  EXPECT_EQ(counters.compared, 1u);
  EXPECT_EQ(counters.differing, 1u);
  EXPECT_THAT(control_plane_->events(), HasSubstr("time_unit"));
}

TEST_F(RehearsalTest, AfterTheFixAnUlpRuleAcceptsWhatIsLeft) {
  resolution_->store(TimeResolution::kMilliseconds);
  rehearse("full_evaluation");
  EXPECT_TRUE(ask().ok());
  const auto counters = settled();
  EXPECT_EQ(counters.compared, 1u);
  EXPECT_EQ(counters.differing, 0u);
}

TEST_F(RehearsalTest, ThrottlingIsRecordedByTypeAndTheCallerIsServed) {
  EXPECT_TRUE(remote_->execute(single_query("SELECT count() AS n FROM flights"), "").ok());
  ASSERT_TRUE(catalog_.set_capacity(1).ok());
  while (catalog_.locate("flights").ok()) {
  }
  rehearse("fire_and_forget");
  EXPECT_EQ(ask()->rows[0][0], january_ms());
  EXPECT_EQ(settled().failed, 1u);
  EXPECT_THAT(control_plane_->events(), HasSubstr("ProvisionedThroughputExceededException"));
}

TEST_F(RehearsalTest, AfterTheCutoverDataEngineAnswers) {
  rehearse("candidate_only");
  EXPECT_EQ(ask()->rows[0][0], Value{int64_t{978'307'200'000'000}});
}

TEST_F(RehearsalTest, ADataEngineThatIsDownIsReplacedByTheLocalEngine) {
  rehearse("candidate_only", "http://127.0.0.1:1");
  EXPECT_EQ(ask()->rows[0][0], january_ms());
  rehearse("full_evaluation", "http://127.0.0.1:1");
  EXPECT_EQ(ask()->rows[0][0], january_ms());
  EXPECT_EQ(settled().failed, 1u);
}

}  // namespace
}  // namespace flamingo
