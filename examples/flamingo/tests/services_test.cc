#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "data/http_client.h"
#include "engine/remote_engine.h"
#include "services/data_engine_service.h"
#include "services/flamingo_service.h"
#include "services/http_service.h"
#include "tests/flights.h"
#include "tests/served.h"

namespace flamingo {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Whether a connection to the port is taken, waited for at most 5 s.
bool connects(const std::string& url, std::vector<int>& sockets) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockets.push_back(socket);
  connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  pollfd writable{socket, POLLOUT, 0};
  return poll(&writable, 1, 5000) == 1 && (writable.revents & POLLERR) == 0;
}

TEST(HttpServiceTest, ABurstOfConnectionsWaitsForItsTurn) {
  HttpService service("busy", [] { return std::string("1.0"); }, {.listen = "127.0.0.1:0"});
  const auto url = service.bind();  // and nobody accepts yet
  ASSERT_TRUE(url.ok());
  std::vector<int> sockets;
  bool all = true;
  for (int i = 0; i < 100 && all; ++i) all = connects(*url, sockets);
  EXPECT_TRUE(all) << "connection " << sockets.size() << " was not taken";
  for (const int socket : sockets) close(socket);
}

class FlamingoTest : public testing::Test {
 protected:
  FlamingoTest() {
    add_flamingo(service_, {catalog_, sqlite_engine(), sqlite_engine(),
                            FLAMINGO_DEPS "/npm/node_modules", [] { return std::string("{}"); }});
  }
  StoreCatalog catalog_{flights_store()};
  HttpService service_{"flamingo", [] { return std::string("1.0"); }, {.listen = "127.0.0.1:0"}};
  Served flamingo_{service_};
};

TEST_F(FlamingoTest, DrawsAChart) {
  const HttpAnswer answer = flamingo_.post("/api/visualize", R"({"data":{"name":"flights"},
      "mark":"bar","encoding":{"x":{"field":"delay","type":"quantitative","bin":{"maxbins":20}},
      "y":{"aggregate":"count","type":"quantitative"}},
      "transform":[{"filter":{"field":"delay","range":[-60,180]}}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["plan"]["steps"].size(), 2u);
  EXPECT_EQ(body["derived"]["step_delay"], 20);
  EXPECT_EQ(body["columns"][0], (json{{"name", "bin_delay"}, {"type", "integer"}}));
  EXPECT_EQ(body["rows"][0][0], -60);
  EXPECT_EQ(body["drawing"]["encoding"]["y"]["field"], "count_rows");
}

TEST_F(FlamingoTest, ABadSpecificationIsAnErrorWithItsPlace) {
  const HttpAnswer answer = flamingo_.post(
      "/api/visualize", R"({"data":{"name":"flights"},"mark":"donut","encoding":{}})");
  EXPECT_EQ(answer.status, 400);
  const json error = json::parse(answer.body)["error"];
  EXPECT_EQ(error["type"], "InvalidSpec");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("mark: 'donut'"));
  EXPECT_EQ(flamingo_.post("/api/visualize", "\xff\xfe{").status, 400);
  EXPECT_EQ(flamingo_.post("/query", R"({"query":"SELECT \ud83d FROM flights"})").status, 400);
  EXPECT_EQ(flamingo_
                .post("/api/visualize", R"({"data":{"name":"trains"},"mark":"bar",
      "encoding":{"x":{"field":"a"}}})")
                .status,
            404);
}

TEST_F(FlamingoTest, ServesItsPagesAndTheDrawingLibraries) {
  EXPECT_THAT(flamingo_.get("/").body, HasSubstr("<title>Flamingo</title>"));
  EXPECT_EQ(flamingo_.get("/pages/app.js").status, 200);
  EXPECT_EQ(flamingo_.get("/lib/vega-embed.js").status, 200);
  EXPECT_EQ(flamingo_.get("/lib/../../package.json").status, 404);
  EXPECT_EQ(flamingo_.get("/lib/semver.js").status, 404);
  EXPECT_EQ(flamingo_.get("/nothing").status, 404);
  for (const json& spec : json::parse(flamingo_.get("/api/gallery").body)) {
    EXPECT_EQ(flamingo_.post("/api/visualize", spec.dump()).status, 200) << spec["title"];
  }
}

class DataEngineTest : public testing::Test {
 protected:
  DataEngineTest() {
    EXPECT_TRUE(catalog_.register_all(flights_store()).ok());
    add_data_engine(service_, {catalog_, engine_, resolution_});
  }
  static Plan first_day() {
    return single_query(
        "SELECT time_unit(date, 'yearmonthdate') AS d, count() AS n FROM flights "
        "GROUP BY d LIMIT 1");
  }

  std::shared_ptr<std::atomic<TimeResolution>> resolution_ =
      std::make_shared<std::atomic<TimeResolution>>(TimeResolution::kMicroseconds);
  EmbeddedCatalog catalog_{1000, 1};
  DuckDbLoader loader_{{{.rows_max = 1000}, 1, resolution_}};
  DataManager data_{catalog_, flights_store(), loader_, size_t{1} << 30};
  LocalEngine engine_{data_};
  HttpService service_{"data-engine",
                       [this] { return data_engine_version(resolution_->load()); },
                       {.listen = "127.0.0.1:0"}};
  Served served_{service_};
  RemoteEngine remote_{{.url = served_.url()}};
};

TEST_F(DataEngineTest, ANewVersionAnswersInMilliseconds) {
  EXPECT_EQ(json::parse(served_.get("/version").body)["version"], "1.0");
  const auto before = remote_.execute(first_day(), "");
  ASSERT_TRUE(before.ok()) << before.fault().message;
  EXPECT_EQ(before->rows[0][0], Value{int64_t{978'307'200'000'000}});
  EXPECT_EQ(served_.post("/deploy", R"({"version":"1.1"})").status, 200);
  EXPECT_EQ(json::parse(served_.get("/version").body)["version"], "1.1");
  EXPECT_EQ(remote_.execute(first_day(), "")->rows[0][0], Value{int64_t{978'307'200'000}});
  EXPECT_EQ(served_.post("/deploy", R"({"version":"9"})").status, 400);
}

TEST_F(DataEngineTest, ThrottlingArrivesWithItsTypeAndEndsWithMoreCapacity) {
  EXPECT_TRUE(remote_.execute(first_day(), "").ok());
  EXPECT_EQ(served_.post("/catalog/capacity", R"({"read_units_per_second":1})").status, 200);
  Outcome<ResultSet> answer = ResultSet{};
  for (int i = 0; i < 5 && answer.ok(); ++i) answer = remote_.execute(first_day(), "");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.fault().type, "ProvisionedThroughputExceededException");
  EXPECT_EQ(answer.fault().kind, FaultKind::kThrottled);
  EXPECT_THAT(answer.fault().message, HasSubstr("The level of configured provisioned throughput"));
  EXPECT_EQ(json::parse(served_.post("/catalog/capacity", R"({"read_units_per_second":5000})")
                            .body)["read_units_per_second"],
            5000);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(remote_.execute(first_day(), "").ok());
  EXPECT_EQ(served_.post("/catalog/capacity", "{}").status, 400);
}

TEST_F(DataEngineTest, FaultsOfAQueryKeepTheirTypeAndText) {
  const auto answer = remote_.execute(single_query("SELECT dely FROM flights"), "");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.fault().type, "UnknownColumn");
  EXPECT_THAT(answer.fault().message, HasSubstr("         ^"));
}

TEST(RemoteEngineTest, AServiceThatIsAwayIsAFault) {
  RemoteEngine remote({.url = "http://127.0.0.1:1"});
  EXPECT_EQ(remote.execute(single_query("SELECT 1"), "").fault().type, "ConnectFailed");
}

}  // namespace
}  // namespace flamingo
