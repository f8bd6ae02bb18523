#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "core/client_core.h"
#include "event/event.h"
#include "flags/flag_json.h"
#include "flags/mode.h"
#include "ingest/otlp_json_logs.h"
#include "test/fake_transport.h"
#include "understudy/understudy.h"

namespace understudy::sdk {

/// Real time that a test waits for something that must happen; only a failing test takes it.
inline constexpr std::chrono::seconds kPatience{20};

/// A client over a fake clock and a server in memory.
class ExperimentTest : public testing::Test {
 protected:
  void start(ClientOptions options = {}) {
    detail::ClientCore::Seams seams;
    seams.transport = std::make_unique<FakeTransport>(server_);
    seams.clock = &clock_;
    seams.seed = 7;
    options.log = [this](std::string_view line) {
      const std::lock_guard lock(log_mutex_);
      log_.emplace_back(line);
    };
    core_ = detail::ClientCore::start(std::move(options), std::move(seams));
    client_ = std::make_unique<Client>(core_);
  }

  /// Sets the mode of all keys and waits until the client has it. `more`: further flags, as JSON
  /// members.
  void mode(Mode wanted, const std::string& more = "") {
    const auto before = core_->counters().flag_updates;
    flags::Flag flag = flags::make_mode_flag("m", flags::ModeMix(static_cast<flags::Mode>(wanted)));
    flag.version = ++version_;
    server_.send_event("put", base::cat(R"({"path":"/","data":{"flags":{"m.mode":)",
                                        flags::to_json(flag), more, R"(},"segments":{}}})"));
    while (core_->counters().flag_updates == before) std::this_thread::yield();
  }
  std::string compare_flag(const std::string& section) {
    return base::cat(R"(,"m.compare":{"key":"m.compare","version":)", version_ + 1,
                     R"(,"on":true,"variations":[)", section,
                     R"(],"fallthrough":{"variation":0}})");
  }

  /// Waits until all runs are settled and all events are with the server.
  Counters settle() {
    EXPECT_TRUE(client_->flush(kPatience));
    const Counters counters = client_->counters();
    EXPECT_TRUE(counters.adds_up());
    EXPECT_EQ(counters.in_flight, 0U);
    return counters;
  }

  /// What the server got, read by the server's own parser.
  std::vector<event::Event> events(std::string_view dataset) {
    std::vector<event::Event> found;
    for (const HttpRequest& post : server_.posts()) {
      const auto logs = ingest::parse_otlp_json_logs(post.body);
      EXPECT_TRUE(logs.ok());
      if (!logs.ok()) continue;
      EXPECT_EQ(logs->rejected, 0U);
      for (const event::Event& one : logs->events) {
        if (one.dataset() == dataset) found.push_back(one);
      }
    }
    return found;
  }
  static event::Value column(const event::Event& event, std::string_view name) {
    const auto found = event::Column::find(name);
    return found ? event::Value(event.find(*found)) : event::Value();
  }
  std::string logged() {
    const std::lock_guard lock(log_mutex_);
    std::string all;
    for (const std::string& line : log_) all += line + "\n";
    return all;
  }

  base::FakeClock clock_;
  FakeServer server_;
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::shared_ptr<detail::ClientCore> core_;
  std::unique_ptr<Client> client_;
  int64_t version_ = 0;
};

}  // namespace understudy::sdk
