#include "app/cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "app/cli/commands.h"
#include "base/text.h"
#include "store/duckdb/sql_worker.h"
#include "store/sql_process/child_process.h"

namespace understudy::app {
namespace {

constexpr int kExitStatusUsage = 3;

constexpr const char* kDescription =
    "Rehearses a new service on the real traffic of the one it will replace.";
constexpr const char* kFooter = R"(
Examples:
  understudy check -c understudy.yaml
  understudy serve -c understudy.yaml
  understudy mode set data-engine full_evaluation=10 --reason "first look"
  understudy query evaluations --calc 'P99(duration_ms)' --by evaluation.mode --last 1h
  understudy status data-engine
  understudy diff control.json candidate.json

Commands that ask a server find it by --url, UNDERSTUDY_URL, or http://127.0.0.1:8081, and send the
key in UNDERSTUDY_KEY.
Every command has its own --help.)";

/// CLI11 calls a command it does not know a missing one; a person wants to hear which was meant.
std::string complaint(const CLI::App& app, const std::vector<std::string>& arguments,
                      const CLI::ParseError& error) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  const std::string& first = arguments.front();
  if (first.front() != '-' && std::find(names.begin(), names.end(), first) == names.end()) {
    const std::string_view meant =
        base::nearest(first, std::vector<std::string_view>(names.begin(), names.end()));
    return base::cat("there is no command \"", base::printable(first), "\"",
                     meant.empty() ? "" : base::cat("; did you mean \"", meant, "\"?"));
  }
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return std::string(base::trim(text));
}

}  // namespace

int fail(const Console& console, const base::Error& error, int code) {
  console.complain(error.context);
  return code;
}

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += base::cat(line, "\n");
  }
  return out;
}

int run_command_line(const std::vector<std::string>& arguments, const Console& console) {
  CLI::App app(kDescription, "understudy");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("understudy ") + UNDERSTUDY_VERSION);
  app.get_formatter()->column_width(32);
  Invocation invocation;
  invocation.url = console.url;
  invocation.key = console.key;
  add_serve(app, invocation);
  add_check(app, invocation);
  add_mode(app, invocation);
  add_status(app, invocation);
  add_query(app, invocation);
  add_diff(app, invocation);
  add_flags(app, invocation);
  add_markers(app, invocation);
  add_keys(app, invocation);

  // CLI11 throws; this is where that ends. It takes its arguments in reverse.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help or --version
      std::ostringstream out;
      std::ostringstream unused;
      app.exit(error, out, unused);
      console.out(out.str());
      return kExitOk;
    }
    if (arguments.empty() || arguments.front().empty()) {
      console.error(app.help());
      return kExitUsage;
    }
    const bool status = arguments.front() == "status";
    console.complain(base::cat(complaint(app, arguments, error), "; see understudy ",
                               app.get_subcommands().empty() ? "" : arguments.front() + " ",
                               "--help"));
    return status ? kExitStatusUsage : kExitUsage;
  }
  if (!invocation.url.empty() && invocation.url.back() == '/') invocation.url.pop_back();
  return invocation.run ? invocation.run(console) : kExitUsage;
}

int run_process(int argc, char** argv) {
  // No command for people, and it must not wait for the command line of theirs.
  if (argc == 2 && std::string_view(argv[1]) == store::kSqlWorkerCommand) {
    return store::run_sql_worker();
  }
  const int code = run_command_line({argv + std::min(argc, 1), argv + argc}, process_console());
  // A full disk behind a redirection must not look like success.
  if (std::fflush(stdout) != 0 && code == kExitOk) return kExitFailed;
  return code;
}

}  // namespace understudy::app
