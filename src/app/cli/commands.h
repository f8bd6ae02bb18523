#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/cli/api_client.h"
#include "app/cli/console.h"

namespace CLI {
class App;
}

/// The commands, one file each. Every function adds one to the command line; when it is the one
/// that was typed, it leaves in `run` what is to be done.
namespace understudy::app {

/// What the command line came to.
struct Invocation {
  std::string url;                         // --url
  std::string key;                         // UNDERSTUDY_KEY: a command line can be read by others
  std::function<int(const Console&)> run;  // of the command that was typed

  ApiClient client() const { return ApiClient(url, key); }
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

void add_serve(CLI::App& app, Invocation& invocation);
void add_check(CLI::App& app, Invocation& invocation);
void add_mode(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_query(CLI::App& app, Invocation& invocation);
void add_diff(CLI::App& app, Invocation& invocation);
void add_flags(CLI::App& app, Invocation& invocation);
void add_markers(CLI::App& app, Invocation& invocation);
void add_keys(CLI::App& app, Invocation& invocation);

/// Prints the error and gives `code`.
int fail(const Console& console, const base::Error& error, int code = kExitFailed);
/// Text columns, each as wide as its widest cell, two spaces apart.
std::string columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace understudy::app
