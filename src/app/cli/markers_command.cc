#include "app/cli/server_option.h"
#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;
using flags::Value;

struct Options {
  std::string type;
  std::string message;
  std::string link;
  std::string time;
  std::string end_time;
  int limit = 20;
  bool json = false;
};

std::string text_of(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member == nullptr ? std::string() : base::printable(member->as_string(), 300);
}

int list(const Options& options, const ApiClient& client, const Console& console) {
  std::string path = cat("/api/markers?limit=", options.limit);
  if (!options.type.empty()) path += cat("&type=", url_encode(options.type));
  const auto answer = client.get(path);
  if (!answer.ok()) return fail(console, answer.error());
  const auto parsed = flags::parse_json(*answer);
  if (options.json || !parsed.ok()) {
    console.out(cat(*answer, answer->ends_with('\n') ? "" : "\n"));
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"time", "type", "message"}};
  if (const Value* markers = parsed->find("markers")) {
    for (const Value& marker : markers->as_list()) {
      rows.push_back(
          {text_of(marker, "time"), text_of(marker, "type"), text_of(marker, "message")});
    }
  }
  console.out(columns(rows));
  return kExitOk;
}

int add(const Options& options, const ApiClient& client, const Console& console) {
  Value body = Value::Object{{"type", options.type}, {"message", options.message}};
  if (!options.link.empty()) body.set("url", options.link);
  if (!options.time.empty()) body.set("time", options.time);
  if (!options.end_time.empty()) body.set("end_time", options.end_time);
  const auto answer = client.post("/api/markers", flags::to_json(body));
  if (!answer.ok()) return fail(console, answer.error());
  const auto marker = flags::parse_json(*answer);
  if (options.json || !marker.ok()) {
    console.out(cat(*answer, answer->ends_with('\n') ? "" : "\n"));
  } else {
    console.out(cat("marked ", text_of(*marker, "time"), "\n"));
  }
  return kExitOk;
}

}  // namespace

void add_markers(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("markers", "Moments on the time axis of every chart");
  command->require_subcommand(1);

  CLI::App* show = command->add_subcommand("list", "The newest markers");
  show->add_option("--type", options->type, "Only of this type: flag_change, deploy, ...");
  show->add_option("--limit", options->limit)->capture_default_str()->check(CLI::Range(1, 1000));
  show->add_flag("--json", options->json, "Answer as JSON");
  add_url(*show, invocation);
  show->callback([options, &invocation] {
    invocation.run = [options, &invocation](const Console& console) {
      return list(*options, invocation.client(), console);
    };
  });

  CLI::App* mark = command->add_subcommand("add", "Mark a moment");
  mark->add_option("type", options->type, "deploy, incident, ...")->required();
  mark->add_option("message", options->message)->required();
  mark->add_option("--link", options->link, "An http address with more about it");
  mark->add_option("--time", options->time, "RFC 3339; now when left out");
  mark->add_option("--end", options->end_time, "RFC 3339, for something that lasted");
  mark->add_flag("--json", options->json, "Answer as JSON");
  add_url(*mark, invocation);
  mark->footer("\nExample:\n  understudy markers add deploy \"data-engine 1.4.2\"");
  mark->callback([options, &invocation] {
    invocation.run = [options, &invocation](const Console& console) {
      return add(*options, invocation.client(), console);
    };
  });
}

}  // namespace understudy::app
