#include "api/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "api/testing/admin_server.h"
#include "base/log.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using testing::AdminServer;
using testing::at;
using testing::error_of;
using ::testing::HasSubstr;
using testing::header;

TEST(Api, ListsItsResourcesAtTheRoot) {
  AdminServer server;
  const Response response = server.get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(at(response, "name").as_string(), "understudy");
  EXPECT_EQ(at(response, "resources").as_list().size(), server.api->routes().size());
}

TEST(Api, AnswersMayNotBeSniffedOrKept) {
  AdminServer server;
  const Response response = server.get("/api/migrations");
  EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
}

TEST(Api, ASlashAtTheEndMakesNoDifference) {
  AdminServer server;
  EXPECT_EQ(server.get("/api/migrations/").status, 200);
}

TEST(Api, UnknownPathsNameTheNearest) {
  AdminServer server;
  const Response response = server.get("/api/migration");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(error_of(response), HasSubstr("did you mean /api/migrations?"));
  EXPECT_THAT(error_of(server.get("/api/migrations/data-engine/modes")),
              HasSubstr("did you mean /api/migrations/{name}/mode?"));
  EXPECT_THAT(error_of(server.get("/api/migrations/data-engine/diffs")),
              HasSubstr("did you mean /api/migrations/{name}/differences?"));
  EXPECT_THAT(error_of(server.get("/wp-login.php")), HasSubstr("GET / lists what there is"));
}

TEST(Api, OtherMethodsNameTheAllowedOnes) {
  AdminServer server;
  const Response response = server.remove("/api/migrations/data-engine/mode");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD, PUT");
}

TEST(Api, UnknownParametersNameTheNearest) {
  AdminServer server;
  const Response response = server.get("/api/flags?limt=3");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(error_of(response), HasSubstr("did you mean 'limit'?"));
}

TEST(Api, NumbersOutOfRangeSayTheRange) {
  AdminServer server;
  for (const char* limit : {"0", "1001", "-1", "x", "", "99999999999999999999"}) {
    const Response response = server.get(base::cat("/api/flags?limit=", limit));
    EXPECT_EQ(response.status, 400) << limit;
    EXPECT_THAT(error_of(response), HasSubstr("from 1 to 1000")) << limit;
  }
}

TEST(Api, AHeadRequestOpensNoStream) {
  AdminServer server;
  const Response response = server.send("HEAD", "/all");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.stream, nullptr);
  EXPECT_EQ(server.publisher.streams_open(), 0U);
}

// Every route is in docs/api.md with an example, and nothing else is.
TEST(Api, EveryRouteIsDocumented) {
  std::ifstream file(TEST_DATA_DIR "/../../docs/api.md");
  ASSERT_TRUE(file) << "docs/api.md is missing";
  std::set<std::string> documented;
  std::set<std::string> with_example;
  std::string heading;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### `")) {
      heading = line.substr(5, line.rfind('`') - 5);
      documented.insert(heading);
    } else if (line.starts_with("| `/1/")) {
      // Honeycomb's are listed: "| `/1/boards` | GET, POST 201: ... |".
      const size_t path_end = line.find('`', 3);
      const std::string path = line.substr(3, path_end - 3);
      for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        if (line.find(method, path_end) == std::string::npos) continue;
        documented.insert(base::cat(method, " ", path));
        with_example.insert(base::cat(method, " ", path));
      }
    } else if (line.starts_with("```")) {
      with_example.insert(heading);
    }
  }
  AdminServer server;
  const std::vector<std::string> list = server.api->routes();
  const std::set<std::string> routes(list.begin(), list.end());
  EXPECT_EQ(documented, routes);
  for (const std::string& route : routes) {
    EXPECT_TRUE(with_example.contains(route)) << route << " has no example";
  }
}

// --- Bounds -----------------------------------------------------------------------------------

TEST(ApiBounds, LongTargetsAreRefused) {
  AdminServer server;
  EXPECT_EQ(server.get("/api/flags?after=" + std::string(8 * 1024, 'a')).status, 414);
}

TEST(ApiBounds, ManyParametersAreRefused) {
  AdminServer server;
  std::string target = "/healthz?";
  for (int i = 0; i < 65; ++i) target += base::cat("a", i, "=1&");
  EXPECT_EQ(server.get(target).status, 400);
}

TEST(ApiBounds, BodiesHaveALimitThatTheServerCanAskFor) {
  AdminServer server({.body_bytes_max = 100});
  const auto terms = [&](std::string_view method, std::string_view target) {
    Request head{.method = std::string(method),
                 .target = std::string(target),
                 .authority = server.host,
                 .headers = {},
                 .body = {},
                 .client_address = {}};
    head.headers.add("Content-Type", "application/json");
    return server.api->body_terms(head);
  };
  EXPECT_EQ(terms("POST", "/api/query").bytes_max, 100U);
  EXPECT_GT(terms("POST", "/v1/logs").bytes_max, 1U << 20);
  EXPECT_LT(terms("GET", "/api/flags").bytes_max, 1U << 20);
  ASSERT_TRUE(terms("POST", "/nowhere").refusal.has_value());
  EXPECT_EQ(terms("POST", "/nowhere").refusal->status, 404);
  const Response response = server.post("/api/query", std::string(101, ' '));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(error_of(response), HasSubstr("100 bytes"));
}

TEST(ApiBounds, DeepBodiesAreRefused) {
  AdminServer server;
  const Response response = server.post(
      "/api/query", "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}");
  EXPECT_EQ(response.status, 400);
}

TEST(ApiBounds, BodiesThatAreNoJsonObjectAreRefused) {
  AdminServer server;
  for (const char* body : {"", "[]", "3", "{", "{}x", "{\"a\":\"\xFF\"}", "null"}) {
    EXPECT_EQ(server.post("/api/query", body).status, 400) << body;
  }
}

TEST(ApiBounds, BrokenTargetsAreRefused) {
  AdminServer server;
  for (const char* target : {"", "*", "api", "/api/flags/%zz", "/api/flags/a%00b", "/%"}) {
    EXPECT_EQ(server.get(target).status, 400) << target;
  }
}

// Whatever a client sends, its bytes come back only as escaped JSON text.
TEST(ApiBounds, HostileBytesComeBackEscaped) {
  AdminServer server;
  const Response response = server.get("/api/flags/%22%7D%0A%1B%5B2J%FF%3Cscript%3E");
  EXPECT_EQ(response.status, 404);
  EXPECT_FALSE(testing::json(response).is_null());
  EXPECT_EQ(response.body.find('\x1B'), std::string::npos);
  EXPECT_EQ(response.body.find('\xFF'), std::string::npos);
  EXPECT_EQ(response.body.find('\n'), response.body.size() - 1);
}

// --- Web pages of other origins ---------------------------------------------------------------

TEST(ApiOrigin, ANameThatIsNotOursIsRefused) {
  AdminServer server({.host_names = {"understudy.internal"}});
  for (const char* host : {"evil.example", "evil.example:8081", "localhost.evil.example",
                           "127.0.0.1.evil.example", "0x7f000001", "a, localhost", "", "[::1"}) {
    server.host = host;
    EXPECT_THAT(server.get("/api/flags").status, ::testing::AnyOf(400, 403)) << host;
  }
}

TEST(ApiOrigin, AddressesLocalhostAndConfiguredNamesAreOurs) {
  AdminServer server({.host_names = {"understudy.internal"}});
  for (const char* host :
       {"127.0.0.1:8081", "10.1.2.3", "[::1]:8081", "localhost", "LOCALHOST:8081", "localhost.",
        "understudy.internal:8081", "Understudy.Internal"}) {
    server.host = host;
    EXPECT_EQ(server.get("/api/flags").status, 200) << host;
  }
}

TEST(ApiOrigin, AForeignPageMayNotChangeAnything) {
  AdminServer server;
  constexpr const char* kBody = R"({"mode":"candidate_only"})";
  for (const char* origin : {"http://evil.example", "null", "https://127.0.0.1:8081.evil.example",
                             "http://127.0.0.1:9999", "http://127.0.0.1", ""}) {
    EXPECT_EQ(server.put("/api/migrations/data-engine/mode", kBody, {{"Origin", origin}}).status,
              403)
        << origin;
    EXPECT_EQ(server.remove("/api/flags/data-engine.mode", {{"Origin", origin}}).status, 403);
  }
  EXPECT_EQ(at(server.get("/api/migrations/data-engine/mode"), "mode").as_string(),
            "control_only=100");
}

TEST(ApiOrigin, OfTwoOriginsNoneIsBelieved) {
  AdminServer server;
  const Response response =
      server.put("/api/migrations/data-engine/mode", R"({"mode":"candidate_only"})",
                 {{"Origin", "http://127.0.0.1:8081"}, {"Origin", "http://evil.example"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(error_of(response), "the request has more than one Origin");
  EXPECT_EQ(at(server.get("/api/migrations/data-engine/mode"), "mode").as_string(),
            "control_only=100");
}

TEST(ApiOrigin, OurOwnPageMay) {
  AdminServer server;
  constexpr const char* kBody = R"({"mode":"full_evaluation=10"})";
  EXPECT_EQ(
      server.put("/api/migrations/data-engine/mode", kBody, {{"Origin", "http://127.0.0.1:8081"}})
          .status,
      200);
  server.host = "localhost";
  EXPECT_EQ(
      server.put("/api/migrations/data-engine/mode", kBody, {{"Origin", "http://localhost:80"}})
          .status,
      200);
}

TEST(ApiOrigin, WhatAFormCanSendChangesNothing) {
  AdminServer server;
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", "text/plain; application/json"}) {
    const Response response = server.send("POST", "/api/reload", {{"Content-Type", type}}, "{}");
    EXPECT_EQ(response.status, 415) << type;
    EXPECT_THAT(error_of(response), HasSubstr("application/json"));
  }
  EXPECT_EQ(server.send("POST", "/api/reload").status, 415);
  EXPECT_EQ(server.reloads, 0);
}

TEST(ApiOrigin, NoPreflightIsGranted) {
  AdminServer server;
  const Response response =
      server.send("OPTIONS", "/api/flags/x",
                  {{"Origin", "http://evil.example"}, {"Access-Control-Request-Method", "PUT"}});
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "");
}

// --- Operations -------------------------------------------------------------------------------

TEST(Operations, AliveIsNotReady) {
  AdminServer server;
  EXPECT_EQ(server.get("/readyz").status, 200);
  server.ready = base::error(base::ErrorKind::kUnavailable, "draining");
  const Response response = server.get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(error_of(response), "draining");
  EXPECT_EQ(server.get("/healthz").status, 200);
}

TEST(Operations, AReloadSaysWhatItDid) {
  AdminServer server;
  server.reloaded = Reloaded{.text = "2 migrations, 1 changed", .notes = {"one"}};
  const Response response = server.post("/api/reload", "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(at(response, "result").as_string(), "2 migrations, 1 changed");
  ASSERT_EQ(at(response, "notes").as_list().size(), 1U);
  EXPECT_EQ(at(response, "notes").as_list()[0].as_string(), "one");
}

TEST(Operations, AReloadIsLoggedWithWhoAndFromWhereAndWhatCameOfIt) {
  AdminServer server;
  std::vector<std::string> lines;
  base::set_log_sink([&](base::LogLevel, std::string_view line) { lines.emplace_back(line); });
  server.post("/api/reload", "{}", {{"Understudy-Actor", "alice"}});
  server.reloaded = Reloaded{.text = "2 migrations, 1 changed", .notes = {"one"}};
  server.post("/api/reload", "{}", {{"Understudy-Actor", "alice"}});
  base::set_log_sink({});
  EXPECT_THAT(lines,
              ::testing::ElementsAre(
                  "reload by alice from 127.0.0.1: not reloaded, the former configuration stays: "
                  "understudy.yaml:3: workers: 0 is below 1",
                  "reload by alice from 127.0.0.1: 2 migrations, 1 changed"));
}

TEST(Operations, ABrokenConfigurationNamesItsLine) {
  AdminServer server;
  const Response response = server.post("/api/reload", "{}");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(error_of(response), "understudy.yaml:3: workers: 0 is below 1");
}

TEST(Operations, MetricsCarryTheBooks) {
  AdminServer server;
  MigrationNow& odd = server.migrations.add("a\"b\\c\nd");
  odd.accounting.requests = 12;
  odd.accounting.accounts[1].count = 11;
  server.migrations.first().traffic = {
      .connections = 3,
      .connections_max = 100,
      .connections_refused = 5,
      .circuits_opened = 1,
      .control_health = std::nullopt,
      .candidate_health = HealthNumbers{.state = "unhealthy", .passed = 2, .failed = 9}};
  const Response response = server.get("/metrics");
  EXPECT_THAT(response.body,
              HasSubstr("understudy_client_connections{migration=\"data-engine\"} 3\n"));
  EXPECT_THAT(response.body,
              HasSubstr("understudy_client_connections_max{migration=\"data-engine\"} 100\n"));
  EXPECT_THAT(
      response.body,
      HasSubstr("understudy_client_connections_refused_total{migration=\"data-engine\"} 5\n"));
  EXPECT_THAT(response.body,
              HasSubstr("understudy_circuits_opened_total{migration=\"data-engine\"} 1\n"));
  EXPECT_THAT(response.body,
              HasSubstr("understudy_service_healthy{migration=\"data-engine\",side=\"candidate\"}"
                        " 0\n"));
  EXPECT_THAT(response.body, HasSubstr("understudy_health_checks_total{migration=\"data-engine\","
                                       "side=\"candidate\",result=\"failed\"} 9\n"));
  EXPECT_THAT(response.content_type, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("understudy_requests_total{migration=\"data-engine\"} 0\n"));
  EXPECT_THAT(response.body,
              HasSubstr("understudy_evaluations_total{migration=\"a\\\"b\\\\c\\nd\",accounting="
                        "\"compared\"} 11\n"));
  EXPECT_THAT(response.body, HasSubstr("understudy_recorder_exchanges 7\n"));
  EXPECT_THAT(response.body, HasSubstr("understudy_bugs_seen_total "));
  EXPECT_THAT(response.body, HasSubstr("# TYPE understudy_store_events_queryable gauge\n"));
}

// Each family is announced once, before its samples, and no sample stands alone: what a Prometheus
// server refuses a whole page for.
TEST(Operations, MetricsAreWellFormed) {
  AdminServer server;
  server.migrations.add("second");
  std::istringstream lines(server.get("/metrics").body);
  std::set<std::string> families;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = std::string(base::split(line, ' ')[2]);
      EXPECT_TRUE(families.insert(family).second) << line;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(family + " ") || line.starts_with(family + "{")) << line;
    }
  }
  EXPECT_GT(families.size(), 10U);
}

}  // namespace
}  // namespace understudy::api
