// The documentation of the configuration and the command line is held to what the program does.

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "app/config_file.h"
#include "app/restart_settings.h"
#include "base/config_yaml.h"
#include "base/text.h"
#include "compare/comparator_options.h"
#include "compare/difference.h"
#include "event/columns.h"
#include "net/http_stream.h"
#include "proxy/migration_options.h"

namespace understudy::app {
namespace {

const std::filesystem::path kRoot = std::filesystem::path(TEST_DATA_DIR) / "../..";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Every text between `open` and `close`.
std::vector<std::string> between(const std::string& text, const std::string& open,
                                 const std::string& close) {
  std::vector<std::string> found;
  size_t at = 0;
  while ((at = text.find(open, at)) != std::string::npos) {
    at += open.size();
    const size_t end = text.find(close, at);
    if (end == std::string::npos) break;
    found.push_back(text.substr(at, end - at));
    at = end + close.size();
  }
  return found;
}

/// The keys the parsers know: the lists they check a map against.
std::set<std::string> keys_of_parsers() {
  std::set<std::string> keys;
  constexpr std::array kParsers = {
      "app/config_file.cc",         "app/exchange_recorder.cc", "store/duckdb/duckdb_options.cc",
      "judge/criteria.cc",          "compare/rules.cc",         "compare/comparator_options.cc",
      "proxy/migration_options.cc", "proxy/tls_options.cc"};
  for (const char* parser : kParsers) {
    std::string text = read_file(kRoot / "src" / parser);
    std::erase_if(text, [](char letter) { return letter == ' ' || letter == '\n'; });
    for (const std::string& list : between(text, "only_keys({", "})")) {
      const std::vector<std::string> quoted = between(list, "\"", "\"");
      keys.insert(quoted.begin(), quoted.end());
    }
  }
  for (const std::string_view key : proxy::MigrationOptions::keys()) keys.emplace(key);
  keys.insert({"mode", "compare", "criteria"});
  return keys;
}

/// What stands in backquotes in the first columns of the tables.
std::set<std::string> keys_of_tables(const std::string& page) {
  std::set<std::string> keys;
  for (const std::string_view line : base::split(page, '\n')) {
    if (!line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3);
    keys.emplace(line.substr(3, end - 3));
  }
  return keys;
}

TEST(ConfigurationPage, HasEveryKeyTheParsersKnow) {
  const std::string page = read_file(kRoot / "docs/configuration.md");
  for (const std::string& key : keys_of_parsers()) {
    EXPECT_NE(page.find("`" + key + "`"), std::string::npos) << key << " is not described";
  }
}

TEST(ConfigurationPage, DescribesNoKeyThatDoesNotExist) {
  const std::set<std::string> known = keys_of_parsers();
  for (const std::string& key : keys_of_tables(read_file(kRoot / "docs/configuration.md"))) {
    EXPECT_TRUE(known.contains(key)) << key;
  }
}

TEST(ConfigurationPage, ItsExamplesAreGood) {
  const auto examples = between(read_file(kRoot / "docs/configuration.md"), "```yaml\n", "```");
  EXPECT_GE(examples.size(), 2U);
  for (const std::string& example : examples) {
    const auto config = parse_config(example, "example.yaml", {});
    EXPECT_TRUE(config.ok()) << config.error().context;
  }
}

TEST(ConfigurationPage, ItsDefaultsAreTheDefaults) {
  const std::string page = read_file(kRoot / "docs/configuration.md");
  const Config config;
  const auto has = [&](const std::string& key, const std::string& value) {
    EXPECT_NE(page.find("| `" + key + "` | `" + value + "` |"), std::string::npos) << key;
  };
  has("data_dir", config.data_dir);
  has("listen", config.admin.listen);
  has("workers", base::cat(config.workers));
  has("recording", name(config.recording));
  has("drain_timeout", base::cat(config.drain_timeout / std::chrono::seconds(1), "s"));
  has("threads", base::cat(config.recorder.threads));
  has("queue_len_max", base::cat(config.recorder.queue_len_max));
  has("queue_bytes_max", base::cat(config.recorder.queue_bytes_max >> 20, "MiB"));
  has("segment_events", base::cat(config.store.segment_events));
  has("segment_age", base::cat(config.store.segment_age / std::chrono::seconds(1), "s"));
  has("retention_age", base::cat(config.store.retention_age / std::chrono::hours(24), "d"));
  has("retention_bytes", base::cat(config.store.retention_bytes >> 30, "GiB"));
  has("tail_bytes_max", base::cat(config.store.tail_bytes_max >> 20, "MiB"));
  has("memory_bytes_max", base::cat(config.store.memory_bytes_max >> 30, "GiB"));
  has("log_bytes_max", base::cat(config.store.log.log_bytes_max >> 30, "GiB"));
}

/// The keys in the table below a heading, "" without that heading.
std::set<std::string> keys_below(const std::string& page, const std::string& heading) {
  const auto sections = between(page + "\n#", "\n" + heading + "\n", "\n#");
  EXPECT_EQ(sections.size(), 1U) << heading;
  return sections.empty() ? std::set<std::string>{} : keys_of_tables(sections.front());
}

/// The default that the table below a heading names for a key, as the parsers would read it.
base::ConfigNode stated(const std::string& page, const std::string& heading,
                        const std::string& key) {
  const auto sections = between(page + "\n#", "\n" + heading + "\n", "\n#");
  EXPECT_EQ(sections.size(), 1U) << heading;
  const auto values = between(sections.empty() ? "" : sections.front(), "| `" + key + "` | `", "`");
  EXPECT_EQ(values.size(), 1U) << heading << ": " << key;
  const auto node = base::parse_yaml(values.empty() ? "0" : values.front(), key);
  EXPECT_TRUE(node.ok()) << key;
  return node.ok() ? *node : base::ConfigNode();
}

TEST(ConfigurationPage, TheDefaultsOfAMigrationAreTheDefaults) {
  const std::string page = read_file(kRoot / "docs/configuration.md");
  const auto lasts = [&](const std::string& heading, const std::string& key,
                         std::chrono::nanoseconds value) {
    const auto said = stated(page, heading, key).as_duration();
    EXPECT_TRUE(said.ok() && *said == value) << heading << ": " << key;
  };
  const auto bytes = [&](const std::string& heading, const std::string& key, uint64_t value) {
    const auto said = stated(page, heading, key).as_bytes();
    EXPECT_TRUE(said.ok() && *said == value) << heading << ": " << key;
  };
  const auto counts = bytes;  // a number without a unit is one of bytes

  const proxy::SideOptions side;
  lasts("### control and candidate", "connect_timeout", side.connect_timeout);
  lasts("### control and candidate", "timeout", side.timeout);
  lasts("### control and candidate", "idle_timeout", side.idle_timeout);
  counts("### control and candidate", "connections_max", side.connections_max);
  const proxy::HealthOptions health;
  lasts("### health", "interval", health.interval);
  lasts("### health", "timeout", health.timeout);
  counts("### health", "unhealthy_after", health.unhealthy_after);
  counts("### health", "healthy_after", health.healthy_after);
  const proxy::ShadowOptions shadow;
  counts("### shadow", "in_flight_max", shadow.in_flight_max);
  bytes("### shadow", "request_bytes_max", shadow.request_bytes_max);
  bytes("### shadow", "dropped_bytes_max", shadow.dropped_bytes_max);
  bytes("### shadow", "memory_bytes_max", shadow.memory_bytes_max);
  counts("### shadow", "breaker_failures", shadow.breaker_failures);
  lasts("### shadow", "breaker_open_for", shadow.breaker_open_for);
  const proxy::MigrationOptions migration;
  counts("### limits", "connections_max", migration.connections_max);
  lasts("### limits", "upgrade_idle_timeout", migration.upgrade_idle_timeout);
  const net::H1ServerOptions& server = migration.server;
  lasts("### limits", "head_timeout", server.head_timeout);
  lasts("### limits", "idle_timeout", server.idle_timeout);
  lasts("### limits", "body_timeout", server.body_timeout);
  lasts("### limits", "request_timeout", server.request_timeout);
  lasts("### limits", "write_timeout", server.write_timeout);
  bytes("### limits", "head_bytes_max", server.limits.head_bytes_max);
  counts("### limits", "field_count_max", server.limits.field_count_max);
  bytes("### limits", "target_bytes_max", server.limits.request_line_bytes_max);
  const compare::ComparatorOptions comparison;
  counts("### compare", "differences_max", comparison.differences_max);
  bytes("### compare", "body_bytes_max", comparison.body_bytes_max);
  bytes("### compare", "value_bytes_max", comparison.value_bytes_max);
  bytes("### compare", "path_bytes_max", comparison.path_bytes_max);
  counts("### compare", "json_depth_max", comparison.json_depth_max);
  counts("### compare", "nodes_max", comparison.nodes_max);
  counts("### compare", "work_max", comparison.work_max);
  counts("### compare", "pairing_trials_max", comparison.pairing_trials_max);
  counts("### compare", "columns_max", comparison.columns_max);
  counts("### compare", "explain_ulps_max", comparison.explain_ulps_max);
}

TEST(ConfigurationPage, EverySettingIsEitherReloadedOrNamedByAReload) {
  const std::string page = read_file(kRoot / "docs/configuration.md");
  std::set<std::string> paths = keys_below(page, "## Top level");
  for (const std::string section : {"admin", "recorder", "store"}) {
    EXPECT_EQ(paths.erase(section), 1U);
    for (const std::string& key : keys_below(page, "### " + section)) {
      paths.insert(base::cat(section, ".", key));
    }
  }
  // As the page says under "What a reload changes".
  for (const char* reloaded : {"migrations", "log_level", "drain_timeout"}) {
    EXPECT_EQ(paths.erase(reloaded), 1U) << reloaded;
  }
  const auto at_start = settings_read_at_start();
  EXPECT_EQ(paths, (std::set<std::string>(at_start.begin(), at_start.end())));
}

TEST(CommandLinePage, HasEveryOptionOfEveryCommand) {
  const std::string page = read_file(kRoot / "docs/cli.md");
  const std::vector<std::vector<std::string>> commands = {{"serve"},
                                                          {"check"},
                                                          {"mode", "get"},
                                                          {"mode", "set"},
                                                          {"status"},
                                                          {"query"},
                                                          {"diff"},
                                                          {"flags", "list"},
                                                          {"flags", "get"},
                                                          {"flags", "set"},
                                                          {"flags", "history"},
                                                          {"markers", "list"},
                                                          {"markers", "add"},
                                                          {"keys", "create"},
                                                          {"keys", "list"},
                                                          {"keys", "revoke"}};
  for (std::vector<std::string> command : commands) {
    std::string help;
    Console console;
    console.out = [&](std::string_view text) { help += text; };
    console.error = console.out;
    command.push_back("--help");
    ASSERT_EQ(run_command_line(command, console), 0) << help;
    for (const std::string& line : between(help, "  -", "\n")) {
      const size_t start = line.find("--");
      const std::string option = start == std::string::npos
                                     ? "-" + line.substr(0, line.find_first_of(" ,="))
                                     : line.substr(start, line.find_first_of(" ,=", start) - start);
      // The text began with one "-" already.
      const std::string name = option.starts_with("--") ? option : "-" + option;
      EXPECT_NE(page.find(name), std::string::npos) << command.front() << ": " << name;
    }
  }
}

/// The words of what is said about a column.
std::set<std::string> words_about(event::Column column) {
  std::string text(event::built_in_column(column)->meaning);
  for (char& letter : text) {
    if (letter == ',' || letter == ';' || letter == ':' || letter == '.') letter = ' ';
  }
  std::set<std::string> words;
  for (const std::string_view word : base::split(text, ' ')) {
    if (!word.empty()) words.emplace(word);
  }
  return words;
}

TEST(Documentation, EveryExplanationAndUnitOfADifferenceIsListed) {
  const auto explanations = words_about(event::columns::kDifferenceExplanation);
  for (int i = 0;; ++i) {
    const std::string word = compare::name(static_cast<compare::Explanation>(i));
    if (word.empty()) break;
    EXPECT_TRUE(explanations.contains(word)) << word;
  }
  const auto units = words_about(event::columns::kDifferenceDistanceUnit);
  for (const char* unit : compare::distance_units()) EXPECT_TRUE(units.contains(unit)) << unit;
  EXPECT_EQ(units.size(), compare::distance_units().size() + 1) << "and the word or";
}

TEST(Documentation, EveryErrorOfACallIsListed) {
  using net::StreamError;
  const auto errors = words_about(event::columns::kControlErrorType);
  for (int i = 1; i <= static_cast<int>(StreamError::kIo); ++i) {
    const auto error = static_cast<StreamError>(i);
    // Bounds of ours, and a client that left, are in the column cut_off.
    const bool of_the_service = error != StreamError::kTooLarge &&
                                error != StreamError::kPoolFull && error != StreamError::kCancelled;
    EXPECT_EQ(errors.contains(std::string(net::name(error))), of_the_service) << net::name(error);
  }
}

}  // namespace
}  // namespace understudy::app
