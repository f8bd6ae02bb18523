#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/cli/commands.h"

namespace understudy::app {

/// Adds --url to a command that asks a server.
inline void add_url(CLI::App& command, Invocation& invocation) {
  command.add_option("--url", invocation.url, "The server's admin address")->capture_default_str();
}

}  // namespace understudy::app
