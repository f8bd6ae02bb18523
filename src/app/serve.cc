#include "app/serve.h"

#include <unistd.h>
#include <csignal>

#include <chrono>
#include <cstdio>
#include <future>

#include "app/server.h"
#include "base/log.h"
#include "base/text.h"

namespace understudy::app {
namespace {

constexpr int kExitFailed = 1;
/// The very file this process runs, also when another has taken its name since.
constexpr const char* kOwnExecutable = "/proc/self/exe";
/// How often the end of a drain is looked for.
constexpr timespec kDrainTurn = {.tv_sec = 0, .tv_nsec = 10'000'000};

int failed(const base::Error& error) {
  std::fprintf(stderr, "understudy: %s\n", base::printable(error.context, 2000).c_str());
  return kExitFailed;
}

/// The signals the server acts on, blocked everywhere and taken here.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void reload(Server& server) {
  const base::Result<api::Reloaded> done = server.reload();
  if (done.ok()) {
    base::log_info(done->text, "; ", server.addresses());
  } else {
    base::log_error("not reloaded, the former configuration stays: ", done.error().context);
  }
}

int drain(Server& server, const sigset_t& signals) {
  base::log_info("stopping: waiting for requests under way");
  auto drained = std::async(std::launch::async, [&server] { return server.drain(); });
  while (drained.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    const int number = sigtimedwait(&signals, nullptr, &kDrainTurn);
    if (number == SIGTERM || number == SIGINT) {
      base::log_warn("stopped at once: requests under way were cut off");
      _exit(kExitFailed);
    }
  }
  base::log_info(drained.get() ? "stopped" : "stopped: requests longer than drain_timeout cut off");
  return 0;
}

}  // namespace

int serve(const std::string& config_file) {
  const sigset_t signals = block_signals();
  std::vector<EnvironmentVariable> environment = understudy_environment();
  auto config = load_config(config_file, environment);
  if (!config.ok()) return failed(config.error());
  config->store.sql_executable = kOwnExecutable;
  auto started = Server::start(*std::move(config), config_file, std::move(environment));
  if (!started.ok()) return failed(started.error());
  Server& server = **started;
  base::log_info("serving: ", server.addresses());
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number != SIGHUP) return drain(server, signals);
    reload(server);
  }
}

}  // namespace understudy::app
