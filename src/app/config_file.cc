#include "app/config_file.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/config_yaml.h"
#include "base/text.h"
#include "compare/comparator_options.h"
#include "compare/rules.h"
#include "flags/flag_json.h"
#include "net/tcp_stream.h"

namespace understudy::app {
namespace {

using base::cat;
using base::ConfigNode;
using base::Result;
using base::Status;

/// Settings an environment variable may give although the file does not have them.
const std::vector<std::string_view> kSettable = {"data_dir",
                                                 "admin.listen",
                                                 "admin.allow_remote",
                                                 "admin.hosts",
                                                 "workers",
                                                 "recording",
                                                 "log_level",
                                                 "drain_timeout",
                                                 "recorder.threads",
                                                 "recorder.queue_len_max",
                                                 "recorder.queue_bytes_max"};

template <class Value, size_t N>
Result<Value> one_of(const ConfigNode& node,
                     const std::array<std::pair<std::string_view, Value>, N>& known) {
  TRY_ASSIGN(const std::string word, node.as_string());
  std::vector<std::string_view> words;
  std::string list;
  for (const auto& [text, value] : known) {
    if (text == word) return value;
    words.push_back(text);
    list += cat(list.empty() ? "" : ", ", text);
  }
  const std::string_view near = base::nearest(word, words);
  return node.error(cat("\"", base::printable(word), "\" is none of ", list,
                        near.empty() ? "" : cat("; did you mean \"", near, "\"?")));
}

Result<Recording> parse_recording(const ConfigNode& node) {
  constexpr std::array<std::pair<std::string_view, Recording>, 3> kWords = {
      {{"on", Recording::kOn}, {"compared", Recording::kCompared}, {"off", Recording::kOff}}};
  return one_of(node, kWords);
}

Result<base::LogLevel> parse_log_level(const ConfigNode& node) {
  constexpr std::array<std::pair<std::string_view, base::LogLevel>, 4> kWords = {
      {{"debug", base::LogLevel::kDebug},
       {"info", base::LogLevel::kInfo},
       {"warn", base::LogLevel::kWarn},
       {"error", base::LogLevel::kError}}};
  return one_of(node, kWords);
}

/// A DNS name as a Host header may carry it, in lower case and without a dot at its end.
Result<std::string> parse_host_name(const ConfigNode& node) {
  constexpr size_t kNameBytesMax = 253;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  TRY_ASSIGN(const std::string text, node.as_string());
  std::string name = base::to_lower(text);
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > kNameBytesMax ||
      name.find_first_not_of(kLetters) != std::string::npos) {
    return node.error(cat("\"", base::printable(text),
                          "\" is not a name; write it as in understudy.internal, without scheme "
                          "and port"));
  }
  return name;
}

Result<AdminConfig> parse_admin(const ConfigNode& node) {
  AdminConfig admin;
  TRY(node.only_keys({"listen", "require_keys", "allow_remote", "hosts"}));
  if (const ConfigNode* hosts = node.find("hosts"); hosts != nullptr && hosts->is_scalar()) {
    TRY_ASSIGN(std::string name, parse_host_name(*hosts));
    admin.hosts.push_back(std::move(name));
  } else if (hosts != nullptr) {
    TRY(hosts->must_be_list());
    for (const ConfigNode& item : hosts->items()) {
      TRY_ASSIGN(std::string name, parse_host_name(item));
      admin.hosts.push_back(std::move(name));
    }
  }
  if (const ConfigNode* require = node.find("require_keys")) {
    TRY_ASSIGN(admin.require_keys, require->as_bool());
  }
  if (const ConfigNode* allow = node.find("allow_remote")) {
    TRY_ASSIGN(admin.allow_remote, allow->as_bool());
  }
  if (const ConfigNode* listen = node.find("listen")) {
    TRY_ASSIGN(admin.listen, listen->as_string());
    const auto address = net::parse_listen_address(admin.listen);
    if (!address.ok()) return listen->error(address.error().context);
    if (!address->is_loopback() && !admin.require_keys && !admin.allow_remote) {
      return listen->error(cat("\"", base::printable(admin.listen),
                               "\" can be reached from other machines; use 127.0.0.1, or set "
                               "require_keys: true, or allow_remote: true when something in front "
                               "checks who is calling"));
    }
  }
  return admin;
}

/// Where a setting stands, or would stand.
std::string source_of(const ConfigNode& root, std::string_view key, std::string_view below = {}) {
  const ConfigNode* node = root.find(key);
  if (node != nullptr && !below.empty()) node = node->find(below);
  if (node != nullptr) return node->where();
  return cat(root.file(), ": ", key, below.empty() ? "" : ".", below);
}

/// What `<name>.compare` serves when a migration says nothing about comparison.
Result<flags::Value> parse_compare(const ConfigNode* section) {
  if (section == nullptr || section->is_null()) return flags::Value(flags::Value::Object{});
  TRY(compare::ComparatorOptions::parse(*section));
  if (const ConfigNode* rules = section->find("rules")) {
    TRY(compare::Rules::parse(*rules));
  }
  // How often control is asked twice changes nothing that was agreed on, so it is not part of the
  // flag: setting it would start the evidence anew, and a rule accepted later would switch it off.
  const flags::Value whole = flags::value_of(*section);
  flags::Value::Object kept;
  for (const flags::Value::Member& member : whole.as_object()) {
    if (member.name != "noise_sample") kept.push_back(member);
  }
  return flags::Value(std::move(kept));
}

Status known_migration_key(const ConfigNode& node) {
  TRY(node.must_be_map());
  std::vector<std::string_view> known = proxy::MigrationOptions::keys();
  known.insert(known.end(), {"mode", "compare", "criteria"});
  for (const auto& [key, child] : node.entries()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view near = base::nearest(key, known);
    return child.error(near.empty() ? std::string("is not a known key")
                                    : cat("is not a known key; did you mean \"", near, "\"?"));
  }
  return {};
}

std::string where(const ConfigNode& node) {
  return node.line() > 0 ? cat(node.file(), ":", node.line()) : node.file();
}

Result<MigrationConfig> parse_migration(const ConfigNode& node) {
  TRY(known_migration_key(node));
  MigrationConfig migration;
  TRY_ASSIGN(proxy::MigrationOptions options, proxy::MigrationOptions::parse(node));
  const ConfigNode* mode = node.find("mode");
  if (mode != nullptr) {
    TRY_ASSIGN(migration.initial_mode, flags::ModeMix::parse(*mode));
  }
  const ConfigNode* compare = node.find("compare");
  TRY_ASSIGN(migration.compare_value, parse_compare(compare));
  const ConfigNode* criteria = node.find("criteria");
  if (criteria != nullptr) {
    TRY_ASSIGN(migration.criteria, judge::Criteria::parse(*criteria));
    for (const judge::Criterion& criterion : migration.criteria.list) {
      const auto matches = [&](const auto& route) { return route.name == criterion.route; };
      if (!criterion.route.empty() && !options.listen.empty() &&
          std::none_of(options.routes.begin(), options.routes.end(), matches)) {
        return criteria->error(cat("the route \"", base::printable(criterion.route), "\" of \"",
                                   criterion.text(), "\" is not among the routes of ",
                                   options.name));
      }
    }
  }
  migration.mode_source = where(mode != nullptr ? *mode : node);
  migration.compare_source = where(compare != nullptr ? *compare : node);
  migration.criteria_source = where(criteria != nullptr ? *criteria : node);
  migration.compare_flag = options.compare_flag;
  migration.options = std::make_shared<const proxy::MigrationOptions>(std::move(options));
  return migration;
}

/// Whether two sockets cannot both be bound. Port 0 is any free one.
bool same_port(const std::string& a, const std::string& b) {
  const auto first = net::parse_listen_address(a);
  const auto second = net::parse_listen_address(b);
  if (!first.ok() || !second.ok() || first->port() == 0 || first->port() != second->port()) {
    return false;
  }
  const auto wildcard = [](const std::string& ip) { return ip == "0.0.0.0" || ip == "::"; };
  return first->ip() == second->ip() || wildcard(first->ip()) || wildcard(second->ip());
}

/// A name or an address that stands twice.
Status check_apart(const ConfigNode& list, const Config& config) {
  const auto& migrations = config.migrations;
  for (size_t i = 0; i < migrations.size(); ++i) {
    const ConfigNode& item = list.items()[i];
    const proxy::MigrationOptions& options = *migrations[i].options;
    const ConfigNode* listen = item.find("listen");
    for (size_t j = 0; j < i; ++j) {
      const proxy::MigrationOptions& other = *migrations[j].options;
      if (other.name == options.name) {
        return item.find("name")->error(cat("the name \"", options.name,
                                            "\" stands twice, first in line ",
                                            list.items()[j].find("name")->line()));
      }
      if (listen != nullptr && !other.listen.empty() && same_port(options.listen, other.listen)) {
        return listen->error(cat("\"", options.listen, "\" is taken by the migration ", other.name,
                                 " in line ", list.items()[j].find("listen")->line()));
      }
    }
    if (listen != nullptr && same_port(options.listen, config.admin.listen)) {
      return listen->error(cat("\"", options.listen, "\" is taken by admin.listen"));
    }
  }
  return {};
}

Result<Config> parse_root(const ConfigNode& root) {
  TRY(root.only_keys({"data_dir", "admin", "workers", "recording", "log_level", "drain_timeout",
                      "recorder", "store", "migrations"}));
  Config config;
  config.data_dir_source = source_of(root, "data_dir");
  if (const ConfigNode* data_dir = root.find("data_dir")) {
    TRY_ASSIGN(config.data_dir, data_dir->as_string());
    if (config.data_dir.empty()) return data_dir->error("is empty");
  }
  if (const ConfigNode* admin = root.find("admin")) {
    TRY_ASSIGN(config.admin, parse_admin(*admin));
  }
  config.admin.listen_source = source_of(root, "admin", "listen");
  config.admin.require_keys_source = source_of(root, "admin", "require_keys");
  if (const ConfigNode* workers = root.find("workers")) {
    TRY_ASSIGN(const int64_t count, workers->as_int(1, kWorkersMax));
    config.workers = static_cast<int>(count);
  }
  if (const ConfigNode* recording = root.find("recording")) {
    TRY_ASSIGN(config.recording, parse_recording(*recording));
  }
  if (const ConfigNode* level = root.find("log_level")) {
    TRY_ASSIGN(config.log_level, parse_log_level(*level));
  }
  if (const ConfigNode* timeout = root.find("drain_timeout")) {
    TRY_ASSIGN(config.drain_timeout, timeout->as_duration());
  }
  if (const ConfigNode* recorder = root.find("recorder")) {
    TRY_ASSIGN(config.recorder, RecorderOptions::parse(*recorder));
  }
  if (const ConfigNode* store = root.find("store")) {
    TRY_ASSIGN(config.store, store::DuckDbStoreOptions::parse(*store));
  }
  config.store.log.folder = cat(config.data_dir, "/events");
  config.store.segments_folder = cat(config.data_dir, "/segments");
  const ConfigNode* migrations = root.find("migrations");
  if (migrations == nullptr) return config;
  TRY(migrations->must_be_list());
  if (migrations->items().size() > kMigrationsMax) {
    return migrations->error(cat("has more than ", kMigrationsMax, " entries"));
  }
  for (const ConfigNode& item : migrations->items()) {
    TRY_ASSIGN(MigrationConfig migration, parse_migration(item));
    config.migrations.push_back(std::move(migration));
  }
  TRY(check_apart(*migrations, config));
  return config;
}

}  // namespace

const char* name(Recording recording) {
  switch (recording) {
    case Recording::kOn:
      return "on";
    case Recording::kCompared:
      return "compared";
    case Recording::kOff:
      return "off";
  }
  return "on";
}

Result<Config> parse_config(std::string_view text, const std::string& file_name,
                            const std::vector<EnvironmentVariable>& environment) {
  TRY_ASSIGN(const ConfigNode file, base::parse_yaml(text, file_name));
  TRY_ASSIGN(const ConfigNode root, with_environment(file, kSettable, environment));
  return parse_root(root);
}

Result<Config> load_config(const std::string& file_name,
                           const std::vector<EnvironmentVariable>& environment) {
  TRY_ASSIGN(const ConfigNode file, base::load_yaml(file_name));
  TRY_ASSIGN(const ConfigNode root, with_environment(file, kSettable, environment));
  return parse_root(root);
}

}  // namespace understudy::app
