#pragma once

#include <string>

namespace understudy::app {

/// `understudy serve`: runs the server until it is told to stop, and gives the exit code.
/// SIGTERM and SIGINT drain it, a second one ends the process at once; SIGHUP reloads the
/// configuration and keeps the old one when the new one is no good.
/// Failure: one line on standard error that begins with "understudy: ", and exit code 1.
/// Threads: must be called before any other thread is started, as it blocks the signals for all.
int serve(const std::string& config_file);

}  // namespace understudy::app
