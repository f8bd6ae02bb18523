#include <fstream>
#include <iterator>

#include "app/cli/server_option.h"
#include "base/text.h"
#include "flags/flag_json.h"
#include "flags/mode.h"

namespace understudy::app {
namespace {

using base::cat;
using base::Result;
using base::Status;
using flags::Flag;
using flags::Value;

struct Options {
  std::string key;
  std::string file;
  std::string value;
  std::string reason;
  bool on = false;
  bool off = false;
  bool json = false;
};

std::string flag_path(const Options& options) {
  return cat("/api/flags/", url_encode(options.key));
}

/// What everybody who is not targeted gets, in few words.
std::string served(const Flag& flag) {
  if (!flag.on) return "off";
  const auto mix = flags::mix_of(flag);
  if (mix.ok() && flag.key.ends_with(".mode")) return mix->to_string();
  if (!flag.fallthrough.variation) return "by percentages";
  const auto index = static_cast<size_t>(*flag.fallthrough.variation);
  if (index >= flag.variations.size()) return "nothing: its variation is missing";
  return base::printable(flags::to_json(flag.variations[index]), 100);
}

/// Calls `visit` with every flag, page by page.
template <class Visit>
Status each_flag(const ApiClient& client, const Visit& visit) {
  std::string after;
  while (true) {
    TRY_ASSIGN(const Value page,
               client.get_json(cat("/api/flags?limit=1000",
                                   after.empty() ? "" : cat("&after=", url_encode(after)))));
    if (const Value* list = page.find("flags")) {
      for (const Value& flag : list->as_list()) visit(flag);
    }
    const Value* next = page.find("next_after");
    if (next == nullptr || next->as_string() == after) return {};
    after = next->as_string();
  }
}

int list(const Options& options, const ApiClient& client, const Console& console) {
  Value::List all;
  const Status status = each_flag(client, [&](const Value& flag) { all.push_back(flag); });
  if (!status.ok()) return fail(console, status.error());
  if (options.json) {
    console.out(cat(flags::to_json(Value(std::move(all))), "\n"));
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"flag", "version", "serves"}};
  for (const Value& json : all) {
    const auto flag = flags::flag_from_json(json);
    if (!flag.ok()) continue;
    rows.push_back({base::printable(flag->key), cat(flag->version), served(*flag)});
  }
  console.out(columns(rows));
  return kExitOk;
}

int get(const Options& options, const ApiClient& client, const Console& console) {
  const auto json = client.get(flag_path(options));
  if (!json.ok()) return fail(console, json.error());
  const auto flag = flags::parse_flag(*json);
  if (options.json || !flag.ok()) {
    console.out(cat(*json, json->ends_with('\n') ? "" : "\n"));
    return kExitOk;
  }
  std::string out =
      cat(base::printable(flag->key), " version ", flag->version, ": ", served(*flag), "\n");
  for (size_t i = 0; i < flag->variations.size(); ++i) {
    out += cat("  variation ", i, ": ", base::printable(flags::to_json(flag->variations[i]), 2000),
               "\n");
  }
  if (!flag->rules.empty() || !flag->targets.empty()) {
    out += cat("  ", flag->rules.size(), " rules, ", flag->targets.size(),
               " target lists decide first; --json shows them\n");
  }
  console.out(out);
  return kExitOk;
}

/// Serves `value` to everybody who is not targeted.
void serve_value(Flag& flag, Value value) {
  size_t index = 0;
  while (index < flag.variations.size() && !(flag.variations[index] == value)) ++index;
  if (index == flag.variations.size()) flag.variations.push_back(std::move(value));
  flag.fallthrough = {};
  flag.fallthrough.variation = static_cast<int>(index);
  if (!flag.off_variation) flag.off_variation = static_cast<int>(index);
  flag.on = true;
}

Result<std::string> read_text(const std::string& name) {
  std::ifstream file(name == "-" ? "/dev/stdin" : name, std::ios::binary);
  if (!file) return base::error(base::ErrorKind::kIo, cat(name, ": cannot be read"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<Flag> changed_flag(const Options& options, const ApiClient& client, int64_t& version) {
  if (!options.file.empty()) {
    TRY_ASSIGN(const std::string text, read_text(options.file));
    version = -1;
    return flags::parse_flag(text);
  }
  Flag flag;
  const auto current = client.get(flag_path(options));
  if (current.ok()) {
    TRY_ASSIGN(flag, flags::parse_flag(*current));
    version = flag.version;
  } else if (current.error().kind == base::ErrorKind::kNotFound && !options.value.empty()) {
    flag.key = options.key;
    flag.salt = options.key;
    version = 0;
  } else {
    return current.error();
  }
  if (!options.value.empty()) {
    auto value = flags::parse_json(options.value);
    if (!value.ok()) {
      return base::invalid(
          cat("--value: ", value.error().context, "; texts need their quotes: --value '\"blue\"'"));
    }
    serve_value(flag, *std::move(value));
  }
  if (options.on) flag.on = true;
  if (options.off) flag.on = false;
  return flag;
}

int set(const Options& options, const ApiClient& client, const Console& console) {
  if (options.file.empty() && options.value.empty() && !options.on && !options.off) {
    console.complain("say what to set: --value, --on, --off or --file");
    return kExitUsage;
  }
  int64_t version = -1;
  const auto flag = changed_flag(options, client, version);
  if (!flag.ok()) return fail(console, flag.error());
  std::string path = cat(flag_path(options), "?by=", url_encode(console.user));
  if (!options.reason.empty()) path += cat("&comment=", url_encode(options.reason));
  // Nobody's change in between is overwritten.
  if (version >= 0) path += cat("&expected_version=", version);
  const auto written = client.put(path, flags::to_json(*flag));
  if (!written.ok()) return fail(console, written.error());
  if (options.json) {
    console.out(cat(*written, written->ends_with('\n') ? "" : "\n"));
    return kExitOk;
  }
  const auto now = flags::parse_flag(*written);
  if (now.ok()) {
    console.out(
        cat(base::printable(now->key), " version ", now->version, ": ", served(*now), "\n"));
  }
  return kExitOk;
}

std::string member_text(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  if (member == nullptr) return {};
  return member->is_integer() ? cat(member->as_integer())
                              : base::printable(member->as_string(), 200);
}

std::string served_then(const Value* json) {
  if (json == nullptr || json->is_null()) return "-";
  const auto flag = flags::flag_from_json(*json);
  return flag.ok() ? served(*flag) : "-";
}

int history(const Options& options, const ApiClient& client, const Console& console) {
  const auto answer = client.get(cat(flag_path(options), "/history"));
  if (!answer.ok()) return fail(console, answer.error());
  const auto parsed = flags::parse_json(*answer);
  if (options.json || !parsed.ok()) {
    console.out(cat(*answer, answer->ends_with('\n') ? "" : "\n"));
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"time", "version", "by", "from", "to", "reason"}};
  if (const Value* entries = parsed->find("history")) {
    for (const Value& entry : entries->as_list()) {
      rows.push_back({member_text(entry, "time"), member_text(entry, "version"),
                      member_text(entry, "by"), served_then(entry.find("from")),
                      served_then(entry.find("to")), member_text(entry, "comment")});
    }
  }
  console.out(columns(rows));
  return kExitOk;
}

}  // namespace

void add_flags(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("flags", "List, show and change feature flags");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* text,
                       int (*run)(const Options&, const ApiClient&, const Console&)) {
    CLI::App* added = command->add_subcommand(name, text);
    added->add_flag("--json", options->json, "Answer as JSON");
    add_url(*added, invocation);
    added->callback([options, run, &invocation] {
      invocation.run = [options, run, &invocation](const Console& console) {
        return run(*options, invocation.client(), console);
      };
    });
    return added;
  };
  add("list", "All flags and what they serve", list);
  add("get", "One flag", get)->add_option("key", options->key)->required();
  add("history", "Who changed a flag, when, from what to what", history)
      ->add_option("key", options->key)
      ->required();
  CLI::App* change = add("set", "Change a flag, or make one", set);
  change->add_option("key", options->key)->required();
  CLI::Option* value =
      change->add_option("--value", options->value, "Serve this JSON value to everybody");
  CLI::Option* file =
      change->add_option("--file", options->file, "The whole flag as JSON; - is standard input");
  CLI::Option* on = change->add_flag("--on", options->on, "Turn it on");
  CLI::Option* off = change->add_flag("--off", options->off, "Serve the off variation");
  change->add_option("--reason", options->reason, "Kept in the flag's history");
  file->excludes(value)->excludes(on)->excludes(off);
  on->excludes(off);
  change->footer(R"(
Examples:
  understudy flags set data-engine.compare --value '{"rules":[{"path":"$.rows[*][*]","ulps":4}]}'
  understudy flags set banner --off --reason "too loud")");
}

}  // namespace understudy::app
