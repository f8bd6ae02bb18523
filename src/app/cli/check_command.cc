#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/cli/commands.h"
#include "app/config_file.h"
#include "app/data_folder.h"
#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;

struct Options {
  std::string file = "understudy.yaml";
  bool json = false;
};

std::string described(const Config& config) {
  std::string text;
  for (const MigrationConfig& migration : config.migrations) {
    const proxy::MigrationOptions& options = *migration.options;
    text +=
        cat("  ", options.name, ": ",
            options.listen.empty() ? std::string("through the SDK") : cat("on ", options.listen),
            ", mode ", migration.initial_mode.to_string(), ", ", migration.criteria.list.size(),
            migration.criteria.list.size() == 1 ? " criterion\n" : " criteria\n");
  }
  return text;
}

int check(const Options& options, const Console& console) {
  auto config = load_config(options.file, understudy_environment());
  if (config.ok()) {
    if (const base::Status folder = check_data_folder(*config); !folder.ok()) {
      config = folder.error();
    }
  }
  if (options.json) {
    flags::Value answer = flags::Value::Object{{"file", options.file}, {"ok", config.ok()}};
    if (config.ok()) {
      flags::Value::List names;
      for (const MigrationConfig& migration : config->migrations) {
        names.push_back(migration.options->name);
      }
      answer.set("migrations", std::move(names));
    } else {
      answer.set("error", config.error().context);
    }
    console.out(cat(flags::to_json(answer), "\n"));
    return config.ok() ? kExitOk : kExitFailed;
  }
  if (!config.ok()) return fail(console, config.error());
  console.out(cat(options.file, ": good\n", described(*config)));
  return kExitOk;
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("check", "Check a configuration file");
  command->add_option("-c,--config", options->file, "The configuration file")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Answer as JSON");
  command->footer("\nExit code 0 when it is good, 1 with one line about the first error if not.");
  command->callback([options, &invocation] {
    invocation.run = [options](const Console& console) { return check(*options, console); };
  });
}

}  // namespace understudy::app
