#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/cli/commands.h"
#include "app/serve.h"

namespace understudy::app {

void add_serve(CLI::App& app, Invocation& invocation) {
  const auto file = std::make_shared<std::string>("understudy.yaml");
  CLI::App* command = app.add_subcommand("serve", "Run the server until SIGTERM");
  command->add_option("-c,--config", *file, "The configuration file")->capture_default_str();
  command->footer(R"(
SIGHUP reads the configuration again, SIGTERM and SIGINT let requests under way end, a second one
ends the process at once.)");
  command->callback(
      [file, &invocation] { invocation.run = [file](const Console&) { return serve(*file); }; });
}

}  // namespace understudy::app
