#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <string>
#include <vector>

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

std::string in_words(std::chrono::nanoseconds time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1000 == 0 ? cat(ms / 1000, "s") : cat(ms, "ms");
}

/// What is allowed and may still surprise: one sentence each.
std::vector<std::string> notes(const Config& config) {
  std::vector<std::string> notes;
  for (const MigrationConfig& migration : config.migrations) {
    const proxy::MigrationOptions& options = *migration.options;
    if (options.listen.empty() || options.candidate.timeout >= options.control.timeout) continue;
    notes.push_back(cat(options.name, ": candidate.timeout is ",
                        in_words(options.candidate.timeout), ", control's ",
                        in_words(options.control.timeout),
                        ": a rehearsal call that takes longer is cut off, and a client whom the "
                        "candidate serves gets 504"));
  }
  return notes;
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
      flags::Value::List texts;
      for (std::string& note : notes(*config)) texts.push_back(std::move(note));
      answer.set("notes", std::move(texts));
    } else {
      answer.set("error", config.error().context);
    }
    console.out(cat(flags::to_json(answer), "\n"));
    return config.ok() ? kExitOk : kExitFailed;
  }
  if (!config.ok()) return fail(console, config.error());
  std::string text = cat(options.file, ": good\n", described(*config));
  for (const std::string& note : notes(*config)) text += cat("  note: ", note, "\n");
  console.out(text);
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
