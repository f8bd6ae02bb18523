#include "app/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/cli/api_client.h"
#include "app/testing/raw_client.h"
#include "base/text.h"
#include "flags/flag_json.h"
#include "state/sqlite/sqlite_state_store.h"

namespace understudy::app {
namespace {

using testing::RawClient;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "understudy-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    base::set_log_sink([](base::LogLevel, std::string_view) {});
  }
  ~ServerTest() override {
    server_.reset();
    base::set_log_sink({});
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& more) {
    std::ofstream(folder_ + "/understudy.yaml")
        << "data_dir: " << folder_ << "/data\nadmin: { listen: 127.0.0.1:0 }\n"
        << more;
  }
  base::Status start(const std::string& more = "") {
    write(more);
    TRY_ASSIGN(Config config, load_config(folder_ + "/understudy.yaml", {}));
    TRY_ASSIGN(server_, Server::start(std::move(config), folder_ + "/understudy.yaml", {}));
    return {};
  }
  std::string admin() const {
    const std::string addresses = server_->addresses();
    const size_t at = addresses.rfind("admin on ");
    return addresses.substr(at + 9);
  }
  base::Result<std::string> get(std::string_view path) const {
    return ApiClient("http://" + admin(), "").get(path);
  }

  std::string folder_;
  std::unique_ptr<Server> server_;
};

constexpr const char* kMigration = "migrations:\n  - name: shop\n    mode: full_evaluation=10\n";

TEST_F(ServerTest, WithKeysRequiredAndNoneMadeItSaysHowToMakeOne) {
  std::ofstream(folder_ + "/understudy.yaml")
      << "data_dir: " << folder_ << "/data\nadmin: { listen: 127.0.0.1:0, require_keys: true }\n";
  Config config = *load_config(folder_ + "/understudy.yaml", {});
  const auto started = Server::start(config, folder_ + "/understudy.yaml", {});
  ASSERT_FALSE(started.ok());
  EXPECT_TRUE(started.error().context.starts_with(
      folder_ + "/understudy.yaml:2: admin.require_keys: there is no key yet"))
      << started.error().context;
  EXPECT_NE(started.error().context.find("understudy keys create"), std::string::npos)
      << started.error().context;
}

TEST_F(ServerTest, WithAKeyTheCommandLineReachesAServerThatRequiresOne) {
  std::ofstream(folder_ + "/understudy.yaml")
      << "data_dir: " << folder_ << "/data\nadmin: { listen: 127.0.0.1:0, require_keys: true }\n";
  Config config = *load_config(folder_ + "/understudy.yaml", {});
  auto made = state::make_api_key("alice", *state::Permissions::parse("read"));
  ASSERT_TRUE(made.ok());
  {
    auto store = state::SqliteStateStore::open({.path = folder_ + "/data/state.db"});
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->add_api_key(made->key, "test").ok());
  }
  auto started = Server::start(config, folder_ + "/understudy.yaml", {});
  ASSERT_TRUE(started.ok()) << started.error().context;
  server_ = *std::move(started);
  EXPECT_TRUE(ApiClient("http://" + admin(), made->text).get("/api/migrations").ok());
  const auto refused = ApiClient("http://" + admin(), "").get("/api/migrations");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().context.find("UNDERSTUDY_KEY"), std::string::npos)
      << refused.error().context;
}

TEST_F(ServerTest, AMigrationOfTheFileHasItsFlags) {
  ASSERT_TRUE(start(kMigration).ok());
  const auto mode = get("/api/migrations/shop/mode");
  ASSERT_TRUE(mode.ok()) << mode.error().context;
  EXPECT_NE(mode->find("control_only=90,full_evaluation=10"), std::string::npos) << *mode;
  EXPECT_TRUE(get("/api/flags/shop.compare").ok());
  EXPECT_TRUE(get("/api/flags/shop.criteria").ok());
  EXPECT_TRUE(get("/readyz").ok());
}

TEST_F(ServerTest, TheCriteriaOfTheFileAreRecordedWhateverTheFlagSaid) {
  const auto with_margin = [](const char* margin) {
    return base::cat(kMigration, "    criteria: [ { success_rate: { no_worse_by: ", margin,
                     " } } ]\n");
  };
  const auto recorded = [&](const char* margin) {
    const auto flag = get("/api/flags/shop.criteria");
    return flag.ok() && flag->find(base::cat("no_worse_by ", margin)) != std::string::npos;
  };
  {
    // As an older version let anybody do.
    std::filesystem::create_directories(folder_ + "/data");
    auto state = state::SqliteStateStore::open({.path = folder_ + "/data/state.db"});
    ASSERT_TRUE(state.ok());
    flags::Flag flag;
    flag.key = "shop.criteria";
    flag.on = true;
    flag.variations = {flags::Value("success_rate no_worse_by 0.9\n")};
    flag.fallthrough.variation = 0;
    flag.off_variation = 0;
    ASSERT_TRUE((*state)->put_flag(flag, {.who = "alice"}).ok());
  }
  ASSERT_TRUE(start(with_margin("1%")).ok());
  EXPECT_TRUE(recorded("0.01"));
  write(with_margin("40%"));
  ASSERT_TRUE(server_->reload().ok());
  EXPECT_TRUE(recorded("0.4"));
}

TEST_F(ServerTest, AReloadSaysWhatNeedsARestart) {
  ASSERT_TRUE(start().ok());
  write("workers: 2\nmigrations:\n  - name: a\n");
  const auto reloaded = server_->reload();
  ASSERT_TRUE(reloaded.ok()) << reloaded.error().context;
  EXPECT_EQ(reloaded->text, "reloaded " + folder_ +
                                "/understudy.yaml: 1 migration; changes of workers need a restart");
  EXPECT_TRUE(get("/api/migrations/a/mode").ok());
  // What is still to come is said again, until the file says what runs.
  EXPECT_NE(server_->reload()->text.find("changes of workers need"), std::string::npos);
  write("workers: 1\n");
  EXPECT_EQ(server_->reload()->text.find("need a restart"), std::string::npos);
}

TEST_F(ServerTest, AReloadSaysWhichPartsOfTheFileAreNotUsed) {
  ASSERT_TRUE(start(kMigration).ok());
  const ApiClient api("http://" + admin(), "");
  EXPECT_THAT(server_->reload()->notes, ::testing::IsEmpty());
  ASSERT_TRUE(api.put("/api/flags/shop.compare?by=alice",
                      R"({"on":true,"variations":[{"rules":[{"path":"$.a","ignore":true}]}],)"
                      R"("fallthrough":{"variation":0},"offVariation":0})")
                  .ok());
  ASSERT_TRUE(api.put("/api/migrations/shop/mode", R"({"mode":"control_only","by":"alice"})").ok());
  const auto reloaded = api.post("/api/reload", "{}");
  ASSERT_TRUE(reloaded.ok()) << reloaded.error().context;
  const auto answer = flags::parse_json(*reloaded);
  ASSERT_TRUE(answer.ok());
  const std::string file = folder_ + "/understudy.yaml";
  const std::string mode =
      file + ":5: mode of shop is not used: flag shop.mode was changed by hand and stays as it is";
  const std::string compare =
      file +
      ":4: compare of shop is not used: flag shop.compare was changed by hand and stays as it is";
  const auto& notes = answer->find("notes")->as_list();
  ASSERT_EQ(notes.size(), 2U) << *reloaded;
  EXPECT_EQ(notes[0].as_string(), mode);
  EXPECT_EQ(notes[1].as_string(), compare);
  EXPECT_EQ(answer->find("result")->as_string(),
            "reloaded " + file + ": 1 migration; " + mode + "; " + compare);
}

TEST_F(ServerTest, ADeletedFlagIsMadeAnewFromTheFile) {
  ASSERT_TRUE(start(kMigration).ok());
  const ApiClient api("http://" + admin(), "");
  const std::string file = folder_ + "/understudy.yaml";
  const auto set_and_delete = [&] {
    ASSERT_TRUE(api.put("/api/flags/shop.compare?by=alice",
                        R"({"on":true,"variations":[{"rules":[{"path":"$.a","ignore":true}]}],)"
                        R"("fallthrough":{"variation":0},"offVariation":0})")
                    .ok());
    ASSERT_TRUE(api.remove("/api/flags/shop.compare?by=alice").ok());
    EXPECT_FALSE(get("/api/flags/shop.compare").ok());
  };
  const auto serves = [&](std::string_view path) {
    const auto flag = get("/api/flags/shop.compare");
    return flag.ok() && flag->find(path) != std::string::npos;
  };
  set_and_delete();
  write(base::cat(kMigration, "    compare: { rules: [ { path: $.b, ignore: true } ] }\n"));
  const auto reloaded = server_->reload();
  ASSERT_TRUE(reloaded.ok()) << reloaded.error().context;
  EXPECT_THAT(reloaded->notes,
              ::testing::ElementsAre(file + ":6: compare of shop is in force again: flag "
                                            "shop.compare had been deleted"));
  EXPECT_TRUE(serves("$.b"));
  // From then on it follows the file as if nobody had ever touched it.
  write(base::cat(kMigration, "    compare: { rules: [ { path: $.c, ignore: true } ] }\n"));
  EXPECT_THAT(server_->reload()->notes, ::testing::IsEmpty());
  EXPECT_TRUE(serves("$.c"));
  set_and_delete();
  server_.reset();
  ASSERT_TRUE(
      start(base::cat(kMigration, "    compare: { rules: [ { path: $.d, ignore: true } ] }\n"))
          .ok());
  EXPECT_TRUE(serves("$.d"));
}

TEST_F(ServerTest, AReloadThatCannotBeUsedChangesNothing) {
  ASSERT_TRUE(start(kMigration).ok());
  write("migrations:\n  - name: other\n    frob: 1\n");
  EXPECT_FALSE(server_->reload().ok());
  EXPECT_TRUE(get("/api/migrations/shop/mode").ok());
  EXPECT_FALSE(get("/api/migrations/other/mode").ok());
}

TEST_F(ServerTest, ASecondServerOnOneFolderIsRefused) {
  ASSERT_TRUE(start().ok());
  auto config = load_config(folder_ + "/understudy.yaml", {});
  ASSERT_TRUE(config.ok());
  const auto second = Server::start(*std::move(config), folder_ + "/understudy.yaml", {});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().context.find("in use by another process"), std::string::npos);
}

TEST_F(ServerTest, AfterADrainTheNextServerFindsEverything) {
  ASSERT_TRUE(start(kMigration).ok());
  ASSERT_TRUE(ApiClient("http://" + admin(), "")
                  .put("/api/migrations/shop/mode", R"({"mode":"candidate_only","by":"test"})")
                  .ok());
  EXPECT_TRUE(server_->drain());
  server_.reset();
  ASSERT_TRUE(start(kMigration).ok());
  const auto mode = get("/api/migrations/shop/mode");
  ASSERT_TRUE(mode.ok());
  EXPECT_NE(mode->find("candidate_only=100"), std::string::npos);
}

// --- The admin interface on the wire ---

TEST_F(ServerTest, OneConnectionCarriesManyRequests) {
  ASSERT_TRUE(start().ok());
  RawClient client(admin());
  for (int i = 0; i < 3; ++i) client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = client.read_until("HTTP/1.1 404");
  size_t good = 0;
  for (size_t at = 0; (at = answers.find("HTTP/1.1 200 OK", at)) != std::string::npos; ++at) ++good;
  EXPECT_EQ(good, 3U) << answers;
}

TEST_F(ServerTest, HeadHasTheHeadAndNoBody) {
  ASSERT_TRUE(start().ok());
  RawClient client(admin());
  client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_until("never");
  EXPECT_NE(answer.find("Content-Length: 1"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(ServerTest, ABodyBeyondItsBoundIsRefusedBeforeItHasArrived) {
  ASSERT_TRUE(start().ok());
  RawClient client(admin());
  client.send(
      "POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 100000000\r\n\r\n");
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 10; ++i) client.send(piece);
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 413"));
}

TEST_F(ServerTest, AnAmbiguousRequestIsRefused) {
  ASSERT_TRUE(start().ok());
  RawClient client(admin());
  client.send(
      "POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 400"));
}

TEST_F(ServerTest, AWebPageOfAnotherHostGetsNothing) {
  ASSERT_TRUE(start().ok());
  RawClient client(admin());
  client.send("GET /api/flags HTTP/1.1\r\nHost: attacker.example\r\n\r\n");
  const std::string answer = client.read_until("\r\n\r\n");
  EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos) << answer;
}

TEST_F(ServerTest, AnEventStreamCarriesTheFlagsAndTheirChanges) {
  ASSERT_TRUE(start(kMigration).ok());
  RawClient client(admin());
  client.send("GET /all HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(client.read_until("event: put").find("text/event-stream"), std::string::npos);
  ASSERT_TRUE(ApiClient("http://" + admin(), "")
                  .put("/api/migrations/shop/mode", R"({"mode":"candidate_only","by":"test"})")
                  .ok());
  EXPECT_NE(client.read_until("event: patch").find("event: patch"), std::string::npos);
}

TEST_F(ServerTest, AStreamNobodyReadsHoldsUpNeitherChangesNorTheEnd) {
  ASSERT_TRUE(start(kMigration).ok());
  RawClient idle(admin());
  idle.send("GET /all HTTP/1.1\r\nHost: localhost\r\n\r\n");
  idle.read_until("event: put");
  const ApiClient api("http://" + admin(), "");
  for (int share = 1; share <= 50; ++share) {
    ASSERT_TRUE(api.put("/api/migrations/shop/mode",
                        base::cat(R"({"by":"test","mode":"full_evaluation=)", share, "\"}"))
                    .ok());
  }
  EXPECT_TRUE(server_->drain());
}

}  // namespace
}  // namespace understudy::app
