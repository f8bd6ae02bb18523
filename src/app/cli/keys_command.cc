#include "app/cli/server_option.h"
#include "app/config_file.h"
#include "base/text.h"
#include "query/rfc3339.h"
#include "state/sqlite/sqlite_state_store.h"

namespace understudy::app {
namespace {

using base::cat;
using flags::Value;

struct Options {
  std::string name;
  std::string allow = "read,operate";
  std::string id;
  std::string config;
  bool json = false;
};

std::string text_of(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member == nullptr ? std::string() : base::printable(member->as_string(), 300);
}

/// The records of the configuration's data folder: for the first key, which no request can make.
base::Result<std::unique_ptr<state::SqliteStateStore>> open_state(const std::string& config_file) {
  TRY_ASSIGN(const Config config, load_config(config_file, understudy_environment()));
  return state::SqliteStateStore::open({.path = cat(config.data_dir, "/state.db")});
}

int show_new(const Options& options, const std::string& id, const std::string& text,
             const Console& console) {
  if (options.json) {
    console.out(cat(
        flags::to_json(Value::Object{{"id", id}, {"name", options.name}, {"key", text}}), "\n"));
    return kExitOk;
  }
  console.out(cat(text, "\n"));
  console.error(cat("understudy: this is the only time the key is shown; its id is ", id, "\n"));
  return kExitOk;
}

int create(const Options& options, const ApiClient& client, const Console& console) {
  const auto permissions = state::Permissions::parse(options.allow);
  if (!permissions.ok()) {
    return fail(console, base::invalid(cat("--allow: ", permissions.error().context)), kExitUsage);
  }
  if (!options.config.empty()) {
    auto store = open_state(options.config);
    if (!store.ok()) return fail(console, store.error());
    auto made = state::make_api_key(options.name, *permissions);
    if (!made.ok()) return fail(console, made.error());
    const auto kept = (*store)->add_api_key(std::move(made->key), console.user);
    if (!kept.ok()) return fail(console, kept.error());
    return show_new(options, kept->id, made->text, console);
  }
  Value::List list;
  for (const std::string_view one : base::split(permissions->text(), ',')) {
    list.push_back(std::string(one));
  }
  const Value body =
      Value::Object{{"name", options.name}, {"permissions", std::move(list)}, {"by", console.user}};
  const auto answer = client.post("/api/keys", flags::to_json(body));
  if (!answer.ok()) return fail(console, answer.error());
  const auto key = flags::parse_json(*answer);
  if (!key.ok()) return fail(console, key.error());
  return show_new(options, text_of(*key, "id"), text_of(*key, "key"), console);
}

void add_row(std::vector<std::vector<std::string>>& rows, const state::ApiKey& key) {
  rows.push_back({key.id, key.name, key.permissions.text(),
                  query::rfc3339_nanoseconds(key.created_ns), key.created_by,
                  key.revoked() ? cat("revoked by ", key.revoked_by) : "in force"});
}

void add_row(std::vector<std::vector<std::string>>& rows, const Value& key) {
  std::vector<std::string> permissions;
  if (const Value* list = key.find("permissions")) {
    for (const Value& one : list->as_list())
      permissions.push_back(base::printable(one.as_string()));
  }
  rows.push_back({text_of(key, "id"), text_of(key, "name"), base::join(permissions, ","),
                  text_of(key, "created"), text_of(key, "created_by"),
                  key.find("revoked") != nullptr ? cat("revoked by ", text_of(key, "revoked_by"))
                                                 : "in force"});
}

int list(const Options& options, const ApiClient& client, const Console& console) {
  std::vector<std::vector<std::string>> rows{
      {"id", "name", "permissions", "created", "by", "state"}};
  if (!options.config.empty()) {
    auto store = open_state(options.config);
    if (!store.ok()) return fail(console, store.error());
    const auto keys = (*store)->api_keys();
    if (!keys.ok()) return fail(console, keys.error());
    for (const state::ApiKey& key : *keys) add_row(rows, key);
  } else {
    const auto answer = client.get("/api/keys");
    if (!answer.ok()) return fail(console, answer.error());
    const auto parsed = flags::parse_json(*answer);
    if (options.json || !parsed.ok()) {
      console.out(cat(*answer, answer->ends_with('\n') ? "" : "\n"));
      return kExitOk;
    }
    if (const Value* keys = parsed->find("keys")) {
      for (const Value& key : keys->as_list()) add_row(rows, key);
    }
  }
  console.out(columns(rows));
  return kExitOk;
}

int revoke(const Options& options, const ApiClient& client, const Console& console) {
  if (!options.config.empty()) {
    auto store = open_state(options.config);
    if (!store.ok()) return fail(console, store.error());
    const auto key = (*store)->revoke_api_key(options.id, console.user);
    if (!key.ok()) return fail(console, key.error());
    console.out(cat("revoked ", key->name, "\n"));
    return kExitOk;
  }
  const auto answer =
      client.remove(cat("/api/keys/", url_encode(options.id), "?by=", url_encode(console.user)));
  if (!answer.ok()) return fail(console, answer.error());
  const auto key = flags::parse_json(*answer);
  console.out(cat("revoked ", key.ok() ? text_of(*key, "name") : options.id, "\n"));
  return kExitOk;
}

}  // namespace

void add_keys(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("keys", "Keys for the API");
  command->require_subcommand(1);
  const auto add_config = [&](CLI::App& to) {
    to.add_option("-c,--config", options->config,
                  "Work on this configuration's data folder instead of asking the server");
    add_url(to, invocation);
  };
  const auto runs = [&](CLI::App& from,
                        int (*what)(const Options&, const ApiClient&, const Console&)) {
    from.callback([options, &invocation, what] {
      invocation.run = [options, &invocation, what](const Console& console) {
        return what(*options, invocation.client(), console);
      };
    });
  };

  CLI::App* make = command->add_subcommand("create", "Make a key; it is shown once");
  make->add_option("name", options->name, "Whose it is: ci, flamingo-prod")->required();
  make->add_option("--allow", options->allow, "Of read, ingest, flags, operate, keys")
      ->capture_default_str();
  make->add_flag("--json", options->json, "Answer as JSON");
  add_config(*make);
  make->footer(
      "\nExamples:\n"
      "  understudy keys create alice --allow read,operate,keys -c understudy.yaml\n"
      "  understudy keys create flamingo-prod --allow flags,ingest");
  runs(*make, create);

  CLI::App* show = command->add_subcommand("list", "All keys, without their secrets");
  show->add_flag("--json", options->json, "The server's answer as JSON");
  add_config(*show);
  runs(*show, list);

  CLI::App* end = command->add_subcommand("revoke", "End a key for good");
  end->add_option("id", options->id, "As keys list shows it")->required();
  add_config(*end);
  runs(*end, revoke);
}

}  // namespace understudy::app
