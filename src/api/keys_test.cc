// Keys as a client meets them.
#include <gtest/gtest.h>

#include "api/key_ring.h"
#include "api/testing/admin_server.h"
#include "base/log.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using testing::at;
using testing::error_of;
using testing::header;
using testing::Headers;

class KeysTest : public ::testing::Test {
 protected:
  std::string make_key(const std::string& name, const std::string& permissions) {
    auto made = state::make_api_key(name, *state::Permissions::parse(permissions));
    EXPECT_TRUE(server_.state.add_api_key(std::move(made->key), "test").ok());
    server_.clock.advance_ns(KeyRing::kRetryNs);  // as made by another process
    return made->text;
  }
  static Headers bearer(const std::string& key) {
    return {{"Authorization", base::cat("Bearer ", key)}};
  }
  std::string id_of(const std::string& key) { return key.substr(11, 12); }

  testing::AdminServer server_{ApiOptions{.host_names = {}, .require_keys = true}};
};

TEST_F(KeysTest, WithoutAKeyNothingButHealthIsAnswered) {
  for (const char* target : {"/", "/api/migrations", "/metrics", "/all", "/api/keys"}) {
    const Response response = server_.get(target);
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
    EXPECT_NE(error_of(response).find("understudy keys create"), std::string::npos);
  }
  EXPECT_EQ(server_.put("/api/migrations/data-engine/mode", R"({"mode":"control_only"})").status,
            401);
  EXPECT_EQ(server_.post("/v1/logs", R"({"resourceLogs":[]})").status, 401);
  EXPECT_EQ(server_.get("/healthz").status, 200);
  EXPECT_EQ(server_.get("/readyz").status, 200);
}

TEST_F(KeysTest, AKeyMayWhatItSaysAndNothingElse) {
  const std::string reads = make_key("reads", "read");
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  EXPECT_EQ(server_.post("/api/query", R"({"dataset":"evaluations"})", bearer(reads)).status, 200);
  const Response change =
      server_.put("/api/migrations/data-engine/mode", R"({"mode":"control_only"})", bearer(reads));
  EXPECT_EQ(change.status, 403);
  EXPECT_EQ(error_of(change), "the key 'reads' may read; this needs operate");

  const std::string sends = make_key("sends", "ingest");
  EXPECT_EQ(server_.post("/v1/logs", R"({"resourceLogs":[]})", bearer(sends)).status, 200);
  EXPECT_EQ(server_.get("/api/migrations", bearer(sends)).status, 403);
  EXPECT_EQ(server_.get("/sdk/latest-all", bearer(sends)).status, 403);
  EXPECT_EQ(server_.get("/sdk/latest-all", bearer(make_key("sdk", "flags"))).status, 200);
}

TEST_F(KeysTest, AKeyIsTakenFromEachHeaderClientsUse) {
  const std::string key = make_key("reads", "read");
  EXPECT_EQ(server_.get("/api/migrations", {{"Authorization", key}}).status, 200);
  EXPECT_EQ(server_.get("/api/migrations", {{"Authorization", base::cat("bearer ", key)}}).status,
            200);
  EXPECT_EQ(server_.get("/api/migrations", {{"Understudy-Key", key}}).status, 200);
}

TEST_F(KeysTest, AWrongSecretIsRefusedThoughTheIdIsKnown) {
  std::string key = make_key("reads", "read");
  key.back() = key.back() == '0' ? '1' : '0';
  const Response response = server_.get("/api/migrations", bearer(key));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(error_of(response), "this key is unknown or was revoked");
}

TEST_F(KeysTest, ARevokedKeyEndsWithTheNextRequest) {
  const std::string admin = make_key("admin", "keys");
  const std::string reads = make_key("reads", "read");
  ASSERT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  const Response revoked = server_.remove("/api/keys/" + id_of(reads) + "?by=alice", bearer(admin));
  ASSERT_EQ(revoked.status, 200) << revoked.body;
  EXPECT_EQ(at(revoked, "revoked_by").as_string(), "alice (key admin)");
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 401);
}

TEST_F(KeysTest, AKeyThatAnotherProcessRevokedEndsWithinTenSeconds) {
  const std::string reads = make_key("reads", "read");
  ASSERT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  ASSERT_TRUE(server_.state.revoke_api_key(id_of(reads), "elsewhere").ok());
  server_.clock.advance_ns(KeyRing::kFreshNs);
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 401);
}

TEST_F(KeysTest, AKeyIsShownOnceAndItsHashNever) {
  const std::string admin = make_key("admin", "keys");
  const Response made = server_.post(
      "/api/keys", R"({"name":"ci","permissions":["read","operate"],"by":"alice"})", bearer(admin));
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = at(made, "key").as_string();
  EXPECT_EQ(server_.get("/api/migrations", bearer(key)).status, 200);
  const Response list = server_.get("/api/keys", bearer(admin));
  EXPECT_EQ(at(list, "keys.1.name").as_string(), "ci");
  EXPECT_EQ(at(list, "keys.1.created_by").as_string(), "alice (key admin)");
  const std::string secret = key.substr(key.rfind('_') + 1);
  EXPECT_EQ(list.body.find(secret), std::string::npos);
  EXPECT_EQ(list.body.find("sha256"), std::string::npos);
  const auto keys = server_.state.api_keys();
  ASSERT_TRUE(keys.ok());
  for (const state::ApiKey& kept : *keys) {
    EXPECT_EQ(kept.secret_sha256.find(secret), std::string::npos);
  }
}

TEST_F(KeysTest, AChangeNamesTheKeyThatMadeIt) {
  const std::string key = make_key("deploy-bot", "read,operate");
  ASSERT_EQ(server_
                .put("/api/migrations/data-engine/mode",
                     R"({"mode":"full_evaluation=10","by":"alice"})", bearer(key))
                .status,
            200);
  EXPECT_EQ(
      at(server_.get("/api/migrations/data-engine/mode", bearer(key)), "changed.by").as_string(),
      "alice (key deploy-bot)");
}

// --- error paths ---

TEST_F(KeysTest, ABodyThatIsNoKeyIsRefusedAndNothingIsMade) {
  const std::string admin = make_key("admin", "keys");
  const auto refused = [&](const char* body) {
    const Response response = server_.post("/api/keys", body, bearer(admin));
    EXPECT_GE(response.status, 400) << body;
    return error_of(response);
  };
  EXPECT_EQ(refused(R"({"name":"x","permissions":["write"]})"),
            "\"write\" is no permission; there are read, ingest, flags, operate and keys");
  EXPECT_EQ(refused(R"({"name":"x","permissions":[]})"), "a key needs at least one permission");
  EXPECT_EQ(refused(R"({"name":"","permissions":["read"]})"), "a key needs a name");
  EXPECT_EQ(refused(R"({"name":"admin","permissions":["read"]})"),
            "there is a key 'admin' already; revoke it or take another name");
  refused(R"({"name":"x"})");
  refused(R"({"name":"x","permissions":"read"})");
  refused(R"({"name":"x","permissions":[1]})");
  EXPECT_EQ(server_.state.api_keys()->size(), 1U);
  EXPECT_EQ(server_.remove("/api/keys/0123456789ab", bearer(admin)).status, 404);
}

TEST_F(KeysTest, KeysTheStoreCannotConfirmCountForADayAndHealthSaysSo) {
  const std::string reads = make_key("reads", "read");
  ASSERT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  EXPECT_EQ(server_.get("/healthz").body, "{\"status\":\"ok\"}\n");
  server_.state.api_keys_unreadable = true;
  server_.clock.advance_ns(KeyRing::kFreshNs);
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  EXPECT_EQ(server_.get("/healthz").body, "{\"status\":\"ok\",\"keys_unconfirmed_s\":10}\n");
  const std::string unknown = "understudy_0123456789ab_" + std::string(48, 'a');
  EXPECT_EQ(server_.get("/api/migrations", bearer(unknown)).status, 503);

  server_.clock.advance_ns(KeyRing::kUnconfirmedMaxNs - KeyRing::kFreshNs - 1);
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  server_.clock.advance_ns(1);
  const Response late = server_.get("/api/migrations", bearer(reads));
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(server_.get("/healthz").status, 200);

  server_.state.api_keys_unreadable = false;
  server_.clock.advance_ns(KeyRing::kRetryNs);
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  EXPECT_EQ(server_.get("/healthz").body, "{\"status\":\"ok\"}\n");
}

TEST_F(KeysTest, ADiskFaultAfterAChangeOfKeysLocksNobodyOutAndRevivesNobody) {
  const std::string admin = make_key("admin", "keys");
  const std::string reads = make_key("reads", "read");
  const std::string gone = make_key("gone", "read");
  ASSERT_EQ(server_.get("/api/migrations", bearer(gone)).status, 200);
  ASSERT_EQ(server_.remove("/api/keys/" + id_of(gone), bearer(admin)).status, 200);
  server_.state.api_keys_unreadable = true;
  EXPECT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  EXPECT_EQ(server_.get("/api/migrations", bearer(gone)).status, 401);
  server_.clock.advance_ns(KeyRing::kFreshNs);
  EXPECT_EQ(server_.get("/api/migrations", bearer(gone)).status, 401);
}

TEST_F(KeysTest, AStoreThatCannotBeReadIsToldOnceAMinute) {
  const std::string reads = make_key("reads", "read");
  ASSERT_EQ(server_.get("/api/migrations", bearer(reads)).status, 200);
  std::vector<std::string> lines;
  base::set_log_sink([&](base::LogLevel, std::string_view line) { lines.emplace_back(line); });
  server_.state.api_keys_unreadable = true;
  for (int i = 0; i < 60; ++i) {
    server_.clock.advance_ns(KeyRing::kRetryNs);
    server_.get("/api/migrations", bearer(reads));
  }
  base::set_log_sink({});
  EXPECT_EQ(lines,
            std::vector<std::string>{"keys: the state store cannot be read (disk I/O error); "
                                     "keys confirmed 10 s ago go on to count for 86390 s"});
}

TEST(KeysNotRequired, EverythingIsOpenButABadKeyIsSaid) {
  testing::AdminServer server;
  EXPECT_EQ(server.get("/api/migrations").status, 200);
  // A client library of another product sends the key it has for that product.
  EXPECT_EQ(server.get("/api/migrations", {{"Authorization", "sdk-1234"}}).status, 200);
  const std::string unknown = "understudy_0123456789ab_" + std::string(48, 'a');
  EXPECT_EQ(server.get("/api/migrations", {{"Authorization", unknown}}).status, 401);
}

}  // namespace
}  // namespace understudy::api
