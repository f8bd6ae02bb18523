#include <algorithm>
#include <cmath>

#include "app/cli/server_option.h"
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
  bool json = false;
};

const Value& member(const Value& object, std::string_view name) {
  static const Value kNone;
  const Value* found = object.find(name);
  return found == nullptr ? kNone : *found;
}
std::string text_of(const Value& object, std::string_view name) {
  return base::printable(member(object, name).as_string(), 1000);
}

std::string with_commas(int64_t number) {
  std::string digits = cat(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

/// "88.6%".
std::string percent(double share) {
  const auto tenths = static_cast<int64_t>(std::lround(share * 1000));
  return cat(tenths / 10, ".", tenths % 10, "%");
}

int exit_code(const std::string& ruling) {
  if (ruling == "pass") return kExitPass;
  if (ruling == "fail") return kExitFail;
  return ruling == "not_enough_evidence" ? kExitNotEnough : kExitError;
}

std::string ruling_text(const std::string& ruling, const Console& console, size_t width = 0) {
  using Colour = Console::Colour;
  const bool pass = ruling == "pass";
  const bool failed = ruling == "fail";
  std::string word = pass ? "PASS" : failed ? "FAIL" : "not enough evidence";
  word.resize(std::max(word.size(), width), ' ');
  return console.coloured(pass ? Colour::kGood : failed ? Colour::kBad : Colour::kUncertain, word);
}

/// `paragraph` broken at spaces, each line behind `indent` spaces.
std::string wrapped(const std::string& paragraph, size_t indent, size_t width) {
  std::string out;
  std::string line;
  const size_t room = std::max<size_t>(width > indent ? width - indent : 0, 40);
  for (const std::string_view word : base::split(paragraph, ' ')) {
    if (!line.empty() && line.size() + 1 + word.size() > room) {
      out += cat(std::string(indent, ' '), line, "\n");
      line.clear();
    }
    line += cat(line.empty() ? "" : " ", word);
  }
  return line.empty() ? out : cat(out, std::string(indent, ' '), line, "\n");
}

std::string accounting_text(const Value& accounting) {
  if (const Value& error = member(accounting, "error"); error.is_string()) {
    return cat("requests     ", base::printable(error.as_string()), "\n");
  }
  std::string parts;
  const auto add = [&](int64_t count, std::string_view what) {
    if (count != 0) parts += cat(parts.empty() ? ": " : ", ", with_commas(count), " ", what);
  };
  for (const Value::Member& account : member(accounting, "accounts").as_object()) {
    add(account.value.as_integer(), account.name);
  }
  add(member(accounting, "under_way").as_integer(), "under way");
  add(member(accounting, "records_dropped").as_integer(), "not recorded");
  const bool reported = member(accounting, "source").as_string() == "events";
  return cat("requests     ", with_commas(member(accounting, "requests").as_integer()), parts,
             reported ? " (as the client library reported)" : "", "\n");
}

/// A line for each service whose checks fail; what is well needs no line.
std::string health_text(const Value& migration) {
  std::string out;
  for (const char* side : {"control", "candidate"}) {
    const Value& health = member(member(migration, side), "health");
    if (!health.is_object() || text_of(health, "state") != "unhealthy") continue;
    out += cat("unhealthy    ", side, " since ", text_of(health, "since"), ": ",
               text_of(health, "last_failure"), "\n");
  }
  return out;
}

/// Empty as long as everything could be stored.
std::string recording_text(const Value& recording) {
  const int64_t dropped = member(recording, "events_dropped").as_integer();
  const std::string lost = cat(with_commas(dropped), dropped == 1 ? " event" : " events");
  if (member(recording, "failing").as_bool()) {
    return cat("recording    FAILS since ", text_of(recording, "since"), ": ",
               text_of(recording, "error"), "; traffic goes on, ", lost, " dropped\n");
  }
  if (dropped == 0) return {};
  return cat("recording    works; ", lost, " dropped since the start, the log says why\n");
}

std::string groups_text(const Value& section, const char* title, bool errors) {
  if (const Value& error = member(section, "error"); error.is_string()) {
    return cat(title, base::printable(error.as_string()), "\n");
  }
  std::string out = cat(title, with_commas(member(section, "total").as_integer()), "\n");
  for (const Value& group : member(section, "groups").as_list()) {
    out += "  ";
    if (errors) {
      out += cat(with_commas(member(group, "count").as_integer()), " ", text_of(group, "side"), " ",
                 text_of(group, "type"));
      const std::string message = text_of(group, "last_message");
      if (!message.empty()) out += cat(": ", message);
    } else {
      out += text_of(group, "text");
      const std::string rule = text_of(group, "rule");
      const std::string noise = text_of(member(group, "noise"), "text");
      if (!noise.empty()) out += cat("\n    noise: ", noise);
      if (!rule.empty()) out += cat("\n    accept with ", rule);
    }
    out += "\n";
  }
  return out;
}

/// Where control differs from itself; nothing when it was never asked twice.
std::string noise_text(const Value& noise) {
  if (const Value& error = member(noise, "error"); error.is_string()) {
    return cat("noise        ", base::printable(error.as_string()), "\n");
  }
  const Value& calls = member(noise, "calls");
  const int64_t sampled = member(calls, "sampled").as_integer();
  const int64_t samples = member(noise, "samples").as_integer();
  if (sampled == 0 && samples == 0) return "";
  std::string out = cat("noise        control was asked twice in ", with_commas(samples));
  std::string lost;
  for (const char* what : {"shed", "failed", "under_way"}) {
    const int64_t count = member(calls, what).as_integer();
    const std::string_view word = std::string_view(what) == "under_way" ? "under way" : what;
    if (count != 0) lost += cat(lost.empty() ? "" : ", ", with_commas(count), " ", word);
  }
  out += cat(lost.empty() ? "" : cat(" (beside ", lost, ")"), "; it differs from itself ");
  std::string places;
  for (const Value& place : member(noise, "places").as_list()) {
    if (!member(place, "noisy").as_bool()) continue;
    const std::string route = text_of(place, "route");
    places += cat("  ", text_of(place, "path"), " (", text_of(place, "dimension"),
                  route.empty() ? "" : cat(", ", route),
                  "): ", with_commas(member(place, "differed").as_integer()), " of ",
                  with_commas(member(place, "samples").as_integer()), ", which is ",
                  percent(member(place, "rate_low").as_number()), " to ",
                  percent(member(place, "rate_high").as_number()), "\n");
  }
  return cat(out, places.empty() ? "nowhere for certain\n" : "at\n", places);
}

std::string described(const Value& migration, const Console& console) {
  const Value& verdict = member(migration, "verdict");
  const Value& mode = member(migration, "mode");
  std::string out = cat(text_of(migration, "name"), ": ");
  if (member(verdict, "error").is_string()) {
    out += cat(text_of(verdict, "error"), "\n");
  } else {
    out += cat(ruling_text(text_of(verdict, "verdict"), console), "\n",
               wrapped(text_of(verdict, "headline"), 2, console.width));
  }
  out +=
      cat("mode         ",
          member(mode, "error").is_string() ? text_of(mode, "error") : text_of(mode, "mode"), "\n");
  out += health_text(migration);
  out += accounting_text(member(migration, "accounting"));
  out += recording_text(member(migration, "recording"));
  const Value& window = member(verdict, "window");
  if (window.is_object()) {
    out += cat("evidence     ", with_commas(member(verdict, "evaluations").as_integer()),
               " evaluations, ", with_commas(member(verdict, "judged").as_integer()), " judged, ",
               text_of(verdict, "window_reason"), " (", text_of(window, "start"), ")\n");
  }
  for (const Value& criterion : member(verdict, "criteria").as_list()) {
    constexpr size_t kRulingWidth = 19;
    out += cat("\n  ", ruling_text(text_of(criterion, "ruling"), console, kRulingWidth), "  ",
               text_of(criterion, "criterion"), "\n",
               wrapped(text_of(criterion, "explanation"), kRulingWidth + 4, console.width));
    const std::string missing = text_of(member(criterion, "missing"), "text");
    if (!missing.empty()) {
      out += wrapped(cat("missing: ", missing), kRulingWidth + 4, console.width);
    }
  }
  for (const auto& [section, title] :
       {std::pair("excluded", "left out: "), std::pair("not_compared", "not compared: ")}) {
    const Value::List& groups = member(verdict, section).as_list();
    if (!groups.empty()) out += "\n";
    for (const Value& group : groups) {
      out += wrapped(cat(title, with_commas(member(group, "evaluations").as_integer()), " ",
                         text_of(group, "reason"), ", ", text_of(group, "meaning")),
                     2, console.width);
    }
  }
  out += "\n";
  out += groups_text(member(migration, "differences"), "differences  ", false);
  out += noise_text(member(migration, "noise"));
  out += groups_text(member(migration, "errors"), "errors       ", true);
  return out;
}

/// fail outranks not enough evidence, which outranks pass; an error outranks all.
int worse(int a, int b) {
  const auto rank = [](int code) {
    return code == kExitPass ? 0 : code == kExitNotEnough ? 1 : code == kExitFail ? 2 : 3;
  };
  return rank(a) >= rank(b) ? a : b;
}

int status(const Options& options, const ApiClient& client, const Console& console) {
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
    auto migration = client.get_json(cat("/api/migrations/", url_encode(name), parameters));
    if (!migration.ok()) return fail(console, migration.error(), kExitError);
    code = worse(code, exit_code(text_of(member(*migration, "verdict"), "verdict")));
    text += cat(text.empty() ? "" : "\n", described(*migration, console));
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
