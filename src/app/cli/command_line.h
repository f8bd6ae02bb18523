#pragma once

#include <string>
#include <vector>

#include "app/cli/console.h"

namespace understudy::app {

/// Runs one command line (without the program's name) and gives its exit code.
/// Failure: wrong usage is 2 (3 for `status`, whose 2 means something), any other failure 1, with
/// one line on the error side; `status` and `diff` have codes of their own, see their help.
int run_command_line(const std::vector<std::string>& arguments, const Console& console);

/// main().
int run_process(int argc, char** argv);

}  // namespace understudy::app
