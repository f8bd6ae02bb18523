#include "app/cli/server_option.h"
#include "base/text.h"
#include "flags/mode.h"

namespace understudy::app {
namespace {

using base::cat;
using flags::Value;

struct Options {
  std::string migration;
  std::string mix;
  std::string reason;
  bool new_window = false;
  bool json = false;
};

std::string text_of(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member == nullptr ? std::string() : member->as_string();
}

std::string described(const Value& mode) {
  std::string out = cat(text_of(mode, "migration"), ": ");
  const std::string error = text_of(mode, "error");
  out += error.empty() ? text_of(mode, "mode") : error;
  const Value* on = mode.find("on");
  if (on != nullptr && !on->as_bool()) out += " (the flag is off)";
  const Value* targeted = mode.find("targeted");
  const Value* unchanged = mode.find("unchanged");
  if (unchanged != nullptr && unchanged->as_bool()) {
    out = cat(text_of(mode, "migration"), ": already ", text_of(mode, "mode"),
              "; nothing changed, and evidence goes on counting as before. A new evidence window "
              "begins with --new-window");
  }
  if (targeted != nullptr && targeted->as_bool()) {
    out += "\n  targets and rules of the flag decide before these shares do";
  }
  if (const Value* changed = mode.find("changed")) {
    const std::string reason = text_of(*changed, "reason");
    out += cat("\n  since ", text_of(*changed, "time"), " by ",
               base::printable(text_of(*changed, "by")), reason.empty() ? "" : ": ",
               base::printable(reason, 500));
  }
  return cat(out, "\n");
}

int show(const base::Result<std::string>& answer, const Options& options, const Console& console) {
  if (!answer.ok()) return fail(console, answer.error());
  const auto mode = flags::parse_json(*answer);
  if (options.json || !mode.ok()) {
    console.out(cat(*answer, answer->ends_with('\n') ? "" : "\n"));
  } else {
    console.out(described(*mode));
  }
  return kExitOk;
}

std::string path_of(const Options& options) {
  return cat("/api/migrations/", url_encode(options.migration), "/mode");
}

int set(const Options& options, const ApiClient& client, const Console& console) {
  // Said here, with the option's name, rather than by the server.
  const auto mix = flags::ModeMix::parse(options.mix);
  if (!mix.ok()) return fail(console, mix.error(), kExitUsage);
  Value body =
      Value::Object{{"mode", options.mix}, {"by", console.user}, {"reason", options.reason}};
  if (options.new_window) body.set("new_window", true);
  return show(client.put(path_of(options), flags::to_json(body)), options, console);
}

}  // namespace

void add_mode(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("mode", "Show or change who answers and who is called");
  command->require_subcommand(1);

  CLI::App* get = command->add_subcommand("get", "Show the shares of the modes");
  get->add_option("migration", options->migration)->required();
  get->add_flag("--json", options->json, "Answer as JSON");
  add_url(*get, invocation);
  get->callback([options, &invocation] {
    invocation.run = [options, &invocation](const Console& console) {
      return show(invocation.client().get(path_of(*options)), *options, console);
    };
  });

  CLI::App* change = command->add_subcommand("set", "Change the shares, from the next request on");
  change->add_option("migration", options->migration)->required();
  change->add_option("shares", options->mix, "Per cents by mode; the rest is control_only")
      ->required();
  change->add_option("--reason", options->reason, "Kept in the flag's history");
  change->add_flag("--new-window", options->new_window,
                   "Begin a new evidence window, also when the shares stay: after a deploy or fix");
  change->add_flag("--json", options->json, "Answer as JSON");
  add_url(*change, invocation);
  change->footer(R"(
Modes: control_only, fire_and_forget, full_evaluation, candidate_only, reverse_evaluation.

Examples:
  understudy mode set data-engine full_evaluation=10
  understudy mode set data-engine candidate_only --reason "criteria passed"
  understudy mode set data-engine fire_and_forget=5,full_evaluation=0.5
  understudy mode set data-engine full_evaluation=10 --new-window --reason "candidate 1.1")");
  change->callback([options, &invocation] {
    invocation.run = [options, &invocation](const Console& console) {
      return set(*options, invocation.client(), console);
    };
  });
}

}  // namespace understudy::app
