#include "app/cli/status_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;
using flags::Value;

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

/// "5,012: 4,200 not_sampled, 812 compared".
std::string accounts_text(const Value& accounting) {
  std::string parts;
  const auto add = [&](int64_t count, std::string_view what) {
    if (count != 0) parts += cat(parts.empty() ? ": " : ", ", with_commas(count), " ", what);
  };
  for (const Value::Member& account : member(accounting, "accounts").as_object()) {
    add(account.value.as_integer(), account.name);
  }
  add(member(accounting, "under_way").as_integer(), "under way");
  add(member(accounting, "records_dropped").as_integer(), "not recorded");
  return cat(with_commas(member(accounting, "requests").as_integer()), parts);
}

/// The requests of the window, as their events tell, and those since the start, as they were
/// counted where they passed.
std::string accounting_text(const Value& accounting) {
  if (const Value& error = member(accounting, "error"); error.is_string()) {
    return cat("requests     ", base::printable(error.as_string()), "\n");
  }
  if (member(accounting, "source").as_string() == "events") {
    return cat("requests     in the window, as the client library reported: ",
               accounts_text(accounting), "\n");
  }
  const Value& window = member(accounting, "in_window");
  const Value& error = member(window, "error");
  const std::string recorded =
      error.is_string() ? base::printable(error.as_string()) : accounts_text(window);
  return cat("requests     in the window, as recorded: ", recorded,
             "\n             since the start of the server: ", accounts_text(accounting), "\n");
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

/// `text` as one word of a shell.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      out += "'\\''";
    } else {
      out += letter;
    }
  }
  return out + "'";
}

/// `column = "value"` as one word of a shell, for `understudy query --where`.
std::string where(std::string_view column, std::string_view value) {
  std::string text = cat(column, " = \"");
  for (const char letter : value) {
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  return cat(" --where ", shell_quoted(text + "\""));
}

/// One difference of a group, and the command that shows more of them.
std::string example_text(const Value& group, const std::string& migration,
                         const std::string& since) {
  const Value& example = member(group, "example");
  if (!example.is_object()) return "";
  const auto side = [&](const char* name) {
    const Value& value = member(example, name);
    return value.is_string() ? base::printable(value.as_string(), 200) : std::string("nothing");
  };
  std::string place = text_of(example, "path");
  if (const Value& row = member(example, "row"); row.is_number()) {
    place += cat(", row ", row.as_integer());
  }
  std::string out =
      cat("    example: at ", place, " control has ", side("control_value"), ", candidate ",
          side("candidate_value"), "; evaluation ", text_of(example, "evaluation_id"), "\n");
  out += cat("    more: understudy query differences --events",
             where("evaluation.migration", migration),
             where("difference.path_pattern", text_of(group, "path")),
             where("difference.dimension", text_of(group, "dimension")));
  if (!since.empty()) out += cat(" --start ", since);
  return out +
         " --columns evaluation.id,difference.path,difference.row,difference.control_value,"
         "difference.candidate_value\n";
}

std::string differences_text(const Value& migration) {
  const Value& section = member(migration, "differences");
  if (const Value& error = member(section, "error"); error.is_string()) {
    return cat("differences  ", base::printable(error.as_string()), "\n");
  }
  const std::string fallback = text_of(section, "fallback");
  std::string out =
      cat("differences  ",
          fallback.empty() ? std::string("in the window: ")
                           : cat(text_of(section, "window_reason"), " (", fallback, "): "),
          with_commas(member(section, "total").as_integer()), "\n");
  const std::string since = text_of(member(member(migration, "verdict"), "window"), "start");
  bool offers_rule = false;
  for (const Value& group : member(section, "groups").as_list()) {
    const std::string rule = text_of(group, "rule");
    const std::string noise = text_of(member(group, "noise"), "text");
    out += cat("  ", text_of(group, "text"), "\n");
    out += example_text(group, text_of(migration, "name"), since);
    if (!noise.empty()) out += cat("    noise: ", noise, "\n");
    if (!rule.empty()) out += cat("    accept with ", rule, "\n");
    offers_rule = offers_rule || !rule.empty();
  }
  if (offers_rule) {
    out += cat(
        "  An accepted rule goes into the configuration, under compare: { rules: [...] } of the "
        "migration,\n  and is in force after a reload (kill -HUP, or POST /api/reload with\n"
        "  Content-Type: application/json); or into the flag ",
        text_of(migration, "name"), ".compare,\n  once somebody has changed that one.\n");
  }
  return out;
}

/// One line per side, type, place and route.
std::string errors_text(const Value& section) {
  if (const Value& error = member(section, "error"); error.is_string()) {
    return cat("errors       ", base::printable(error.as_string()), "\n");
  }
  std::string out =
      cat("errors       in the window: ", with_commas(member(section, "total").as_integer()), "\n");
  for (const Value& group : member(section, "groups").as_list()) {
    const std::string place = text_of(group, "where");
    const std::string route = text_of(group, "route");
    out += cat("  ", with_commas(member(group, "count").as_integer()), " ", text_of(group, "side"),
               " ", text_of(group, "type"), place.empty() ? "" : cat(", at ", place),
               route.empty() ? "" : cat(", route ", route));
    const std::string message = text_of(group, "last_message");
    out += message.empty() ? "\n" : cat(": ", message, "\n");
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
  const bool from_events = member(noise, "source").as_string() == "events";
  std::string out = cat("noise        since the ", from_events ? "rules were agreed" : "start",
                        ": control was asked twice in ", with_commas(samples));
  std::string lost;
  for (const char* what : {"shed", "failed", "under_way"}) {
    const int64_t count = member(calls, what).as_integer();
    const std::string_view word = std::string_view(what) == "under_way" ? "under way" : what;
    if (count != 0) lost += cat(lost.empty() ? "" : ", ", with_commas(count), " ", word);
  }
  out += cat(lost.empty() ? "" : cat(" (beside ", lost, " since the start)"),
             "; it differs from itself ");
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

}  // namespace

std::string status_text(const Value& migration, const Console& console) {
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
  const Value& window = member(verdict, "window");
  if (window.is_object()) {
    out += cat("window       ", text_of(verdict, "window_reason"), " (", text_of(window, "start"),
               "): ", with_commas(member(verdict, "evaluations").as_integer()), " evaluations, ",
               with_commas(member(verdict, "judged").as_integer()), " judged\n");
  }
  out += health_text(migration);
  out += accounting_text(member(migration, "accounting"));
  out += recording_text(member(migration, "recording"));
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
  out += differences_text(migration);
  out += noise_text(member(migration, "noise"));
  out += errors_text(member(migration, "errors"));
  return out;
}

}  // namespace understudy::app
