#include "app/cli/server_option.h"
#include "app/cli/status_text.h"
#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;
using flags::Value;

constexpr int kExitPass = 0;
constexpr int kExitFail = 1;
constexpr int kExitNotEnough = 2;
constexpr int kExitError = 3;

struct Options {
  std::string migration;
  std::string last;
  std::string baseline;
  std::string population;
  bool json = false;
};

const Value& member(const Value& object, std::string_view name) {
  static const Value kNone;
  const Value* found = object.find(name);
  return found == nullptr ? kNone : *found;
}
std::string text_of(const Value& object, std::string_view name) {
  return member(object, name).as_string();
}

int exit_code(const std::string& ruling) {
  if (ruling == "pass") return kExitPass;
  if (ruling == "fail") return kExitFail;
  return ruling == "not_enough_evidence" ? kExitNotEnough : kExitError;
}

/// fail outranks not enough evidence, which outranks pass; an error outranks all.
int worse(int a, int b) {
  const auto rank = [](int code) {
    return code == kExitPass ? 0 : code == kExitNotEnough ? 1 : code == kExitFail ? 2 : 3;
  };
  return rank(a) >= rank(b) ? a : b;
}

int status(const Options& options, const ApiClient& client, const Console& console) {
  if (!options.population.empty() && options.population != "paired" &&
      options.population != "cutover") {
    console.complain(cat("--population ", base::printable(options.population),
                         ": there are paired (both services called for the same request, in "
                         "fire_and_forget, full_evaluation and reverse_evaluation) and cutover "
                         "(what the candidate served against control_only)"));
    return kExitError;
  }
  std::vector<std::string> names;
  if (!options.migration.empty()) {
    names.push_back(options.migration);
  } else {
    const auto list = client.get_json("/api/migrations");
    if (!list.ok()) return fail(console, list.error(), kExitError);
    for (const Value& one : member(*list, "migrations").as_list()) {
      names.push_back(member(one, "name").as_string());
    }
    if (names.empty()) {
      console.complain("the server has no migrations; add one to its configuration");
      return kExitError;
    }
  }
  int code = kExitPass;
  Value::List all;
  std::string text;
  for (const std::string& name : names) {
    std::string parameters;
    const auto ask = [&](const char* parameter, const std::string& value) {
      if (value.empty()) return;
      parameters += cat(parameters.empty() ? "?" : "&", parameter, "=", url_encode(value));
    };
    ask("last", options.last);
    ask("baseline", options.baseline);
    ask("population", options.population);
    auto migration = client.get_json(cat("/api/migrations/", url_encode(name), parameters));
    if (!migration.ok()) return fail(console, migration.error(), kExitError);
    code = worse(code, exit_code(text_of(member(*migration, "verdict"), "verdict")));
    text += cat(text.empty() ? "" : "\n", status_text(*migration, console));
    all.push_back(*std::move(migration));
  }
  if (options.json) {
    const bool one = !options.migration.empty();
    console.out(cat(flags::to_json(one ? all.front() : Value(std::move(all))), "\n"));
  } else {
    console.out(text);
  }
  return code;
}

}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("status", "Hold the evidence against the criteria of a migration");
  command->add_option("migration", options->migration, "All migrations when left out");
  command->add_option("--last", options->last,
                      "Look at this much time (1h, 30m) instead of all since the last change");
  command->add_option("--baseline", options->baseline,
                      "Hold candidate_only against the control_only evaluations of this much time "
                      "(2h) or since a moment, when no share of the traffic is control_only now");
  command->add_option("--population", options->population,
                      "Judge by this evidence alone: paired (both called for the same request) or "
                      "cutover (candidate_only against control_only); the larger when left out");
  command->add_flag("--json", options->json, "Answer as JSON");
  add_url(*command, invocation);
  command->footer(R"(
Exit code: 0 pass, 1 fail, 2 not enough evidence, 3 anything else.

Example, waiting for a verdict in a script:
  until understudy status data-engine; [ $? -ne 2 ]; do sleep 10; done)");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation](const Console& console) {
      return status(*options, invocation.client(), console);
    };
  });
}

}  // namespace understudy::app
