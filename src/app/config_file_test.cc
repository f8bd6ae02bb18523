#include "app/config_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/text.h"

namespace understudy::app {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class ConfigFileTest : public ::testing::Test {
 protected:
  void environment(const std::string& name, const std::string& value) {
    environment_.push_back({name, value});
  }
  base::Result<Config> load(std::string_view text) {
    return parse_config(text, "understudy.yaml", environment_);
  }
  std::string error_of(std::string_view text) {
    const auto config = load(text);
    return config.ok() ? "no error" : config.error().context;
  }

 private:
  std::vector<EnvironmentVariable> environment_;
};

constexpr std::string_view kFull = R"(data_dir: /srv/understudy
admin: { listen: "127.0.0.1:9090" }
workers: 2
recording: compared
log_level: warn
drain_timeout: 5s
recorder: { threads: 2, queue_len_max: 100, queue_bytes_max: 1MiB }
migrations:
  - name: data-engine
    listen: 127.0.0.1:8080
    control:   { url: "http://127.0.0.1:9001" }
    candidate: { url: "http://127.0.0.1:9002", timeout: 2s, in_flight_max: 256 }
    mode: { control_only: 90, full_evaluation: 10 }
    bucket_by: { header: x-account-id }
    routes:
      - { name: query, match: { methods: [POST], path: /query }, safe_to_repeat: true, compare: table }
    compare:
      differences_max: 50
      rules:
        - { path: "$.rows[*][*]", ulps: 4 }
    criteria:
      - { success_rate: { no_worse_by: 0.1% }, route: query }
  - name: through-the-sdk
    mode: full_evaluation
)";

TEST_F(ConfigFileTest, EverySettingOfTheFileArrives) {
  const auto config = load(kFull);
  ASSERT_TRUE(config.ok()) << config.error().context;
  EXPECT_EQ(config->data_dir, "/srv/understudy");
  EXPECT_EQ(config->admin.listen, "127.0.0.1:9090");
  EXPECT_EQ(config->workers, 2);
  EXPECT_EQ(config->recording, Recording::kCompared);
  EXPECT_EQ(config->log_level, base::LogLevel::kWarn);
  EXPECT_EQ(config->drain_timeout, std::chrono::seconds(5));
  EXPECT_EQ(config->recorder.threads, 2);
  EXPECT_EQ(config->recorder.queue_len_max, 100U);
  EXPECT_EQ(config->recorder.queue_bytes_max, 1U << 20);
  ASSERT_EQ(config->migrations.size(), 2U);
  const MigrationConfig& migration = config->migrations[0];
  EXPECT_EQ(migration.options->name, "data-engine");
  EXPECT_EQ(migration.initial_mode.to_string(), "control_only=90,full_evaluation=10");
  EXPECT_EQ(migration.mode_source, "understudy.yaml:13");
  EXPECT_EQ(migration.compare_flag, "data-engine.compare");
  EXPECT_EQ(flags::to_json(migration.compare_value),
            R"({"differences_max":50,"rules":[{"path":"$.rows[*][*]","ulps":4}]})");
  ASSERT_EQ(migration.criteria.list.size(), 1U);
  EXPECT_EQ(config->migrations[1].options->listen, "");
  EXPECT_EQ(config->migrations[1].initial_mode.to_string(), "full_evaluation=100");
}

TEST_F(ConfigFileTest, AFileWithoutMigrationsIsAServerThatWaitsForThem) {
  const auto config = load("data_dir: /srv/understudy\n");
  ASSERT_TRUE(config.ok());
  EXPECT_TRUE(config->migrations.empty());
  EXPECT_EQ(config->admin.listen, "127.0.0.1:8081");
}

TEST_F(ConfigFileTest, TheEnvironmentOverridesWhatTheFileSays) {
  environment("UNDERSTUDY_ADMIN_LISTEN", "127.0.0.1:7777");
  environment("UNDERSTUDY_WORKERS", "4");
  environment("UNDERSTUDY_DATA_DIR", "/tmp/elsewhere");
  environment("UNDERSTUDY_MIGRATIONS_DATA_ENGINE_CANDIDATE_URL", "http://10.0.0.1:80");
  const auto config = load(kFull);
  ASSERT_TRUE(config.ok()) << config.error().context;
  EXPECT_EQ(config->admin.listen, "127.0.0.1:7777");
  EXPECT_EQ(config->workers, 4);
  EXPECT_EQ(config->data_dir, "/tmp/elsewhere");
  EXPECT_EQ(config->migrations[0].options->candidate.url.host, "10.0.0.1");
}

TEST_F(ConfigFileTest, TheEnvironmentSetsWhatTheFileLeavesOut) {
  environment("UNDERSTUDY_ADMIN_LISTEN", "127.0.0.1:7777");
  const auto config = load("workers: 1\n");
  ASSERT_TRUE(config.ok()) << config.error().context;
  EXPECT_EQ(config->admin.listen, "127.0.0.1:7777");
}

TEST_F(ConfigFileTest, TheAdminInterfaceHasTheNamesItIsGiven) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(load("admin: { hosts: [understudy, Admin.Example.] }\n")->admin.hosts,
            (Names{"understudy", "admin.example"}));
  EXPECT_EQ(load("workers: 1\n")->admin.hosts, Names{});
  environment("UNDERSTUDY_ADMIN_HOSTS", "understudy");
  EXPECT_EQ(load("workers: 1\n")->admin.hosts, Names{"understudy"});
}

TEST_F(ConfigFileTest, ABadValueInTheEnvironmentNamesTheVariable) {
  environment("UNDERSTUDY_WORKERS", "many");
  EXPECT_EQ(error_of("workers: 1\n"),
            "environment UNDERSTUDY_WORKERS: workers: expected a whole number, found \"many\"");
}

TEST_F(ConfigFileTest, AVariableThatOverridesNothingNamesTheNearest) {
  environment("UNDERSTUDY_WORKER", "2");
  EXPECT_EQ(error_of("workers: 1\n"),
            "environment: UNDERSTUDY_WORKER: overrides nothing in the configuration; did you mean "
            "UNDERSTUDY_WORKERS?");
}

TEST_F(ConfigFileTest, WhatKubernetesTellsOfServicesOfThisNameIsLeftAlone) {
  environment("UNDERSTUDY_SERVICE_HOST", "10.0.0.7");
  environment("UNDERSTUDY_SERVICE_PORT", "8081");
  environment("UNDERSTUDY_SERVICE_PORT_ADMIN", "8081");
  environment("UNDERSTUDY_PORT", "tcp://10.0.0.7:8081");
  environment("UNDERSTUDY_PORT_8081_TCP", "tcp://10.0.0.7:8081");
  environment("UNDERSTUDY_PORT_8081_TCP_PROTO", "tcp");
  environment("UNDERSTUDY_PORT_8081_TCP_PORT", "8081");
  environment("UNDERSTUDY_PORT_8081_TCP_ADDR", "10.0.0.7");
  environment("UNDERSTUDY_ADMIN_SERVICE_HOST", "10.0.0.8");
  environment("UNDERSTUDY_ADMIN_PORT", "udp://10.0.0.8:53");
  environment("UNDERSTUDY_ADMIN_PORT_53_UDP_ADDR", "10.0.0.8");
  EXPECT_EQ(error_of("workers: 1\n"), "no error");
}

TEST_F(ConfigFileTest, WhatOnlyLooksLikeAServiceIsStillAnError) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"UNDERSTUDY_PORT", "8081"},
           {"UNDERSTUDY_PORTS", "tcp://10.0.0.7:8081"},
           {"UNDERSTUDY_PORT_ADMIN_TCP", "tcp://10.0.0.7:8081"},
           {"UNDERSTUDY_PORT_8081_TCP_HOST", "10.0.0.7"},
           {"UNDERSTUDY_SERVICE", "10.0.0.7"},
           {"UNDERSTUDY_SERVICE_HOSTS", "10.0.0.7"}}) {
    const auto config = parse_config("workers: 1\n", "understudy.yaml", {{name, value}});
    ASSERT_FALSE(config.ok()) << name;
    EXPECT_TRUE(config.error().context.find("overrides nothing") != std::string::npos) << name;
  }
}

TEST_F(ConfigFileTest, ASettingThatEndsLikeAServiceIsASetting) {
  environment("UNDERSTUDY_MIGRATIONS_A_SERVICE_HOST", "x");
  EXPECT_EQ(
      error_of("migrations:\n  - name: a\n    service_host: y\n"),
      "environment UNDERSTUDY_MIGRATIONS_A_SERVICE_HOST: migrations[0].service_host: is not a "
      "known key");
}

TEST_F(ConfigFileTest, AVariableThatCouldMeanTwoSettingsIsRefused) {
  environment("UNDERSTUDY_MIGRATIONS_A_B_NAME", "x");
  EXPECT_EQ(error_of("migrations:\n  - name: a-b\n  - name: a_b\n"),
            "environment: UNDERSTUDY_MIGRATIONS_A_B_NAME: could mean more than one setting; change "
            "the file instead");
}

TEST_F(ConfigFileTest, AMissingFileIsOneLine) {
  const auto config = load_config("/nowhere/understudy.yaml", {});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().context, "/nowhere/understudy.yaml: No such file or directory");
}

/// testdata/config/*.yaml: a bad file whose last line, a comment, is the error.
/// UPDATE_GOLDEN=1 rewrites that line.
TEST_F(ConfigFileTest, EveryBadFileGetsItsOneLine) {
  const std::filesystem::path folder = std::filesystem::path(TEST_DATA_DIR) / "testdata/config";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string text = read_file(entry.path());
    const std::string marker = "# error: ";
    const size_t at = text.rfind(marker);
    ASSERT_NE(at, std::string::npos) << entry.path();
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      std::ofstream(entry.path()) << text.substr(0, at) << marker << error_of(text) << "\n";
    }
    const std::string golden = read_file(entry.path());
    const std::string expected(base::trim(golden.substr(at + marker.size())));
    EXPECT_EQ(error_of(text), expected) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 30);
}

}  // namespace
}  // namespace understudy::app
