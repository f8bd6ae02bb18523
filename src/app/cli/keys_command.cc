#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/cli/commands.h"

namespace understudy::app {

void add_keys(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("keys", "Keys for the API (not in this version)");
  command->callback([&invocation] {
    invocation.run = [](const Console& console) {
      console.complain(
          "keys for the API come with a later version; until then admin.listen is a loopback "
          "address, and whoever can reach it may do everything");
      return kExitFailed;
    };
  });
}

}  // namespace understudy::app
