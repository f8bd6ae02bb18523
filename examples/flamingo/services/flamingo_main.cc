#include <CLI/CLI.hpp>
#include <cstdio>

#include "data/catalog.h"
#include "engine/data_manager.h"
#include "engine/local_engine.h"
#include "engine/remote_engine.h"
#include "engine/sqlite_dataset.h"
#include "services/flamingo_service.h"
#include "services/http_service.h"
#include "services/store_options.h"
#ifdef FLAMINGO_REHEARSE
#include "engine/rehearsed_engine.h"
#endif

namespace flamingo {
namespace {

constexpr char kVersion[] = "1.0";

struct Options {
  StoreOptions store;
  HttpServiceOptions http{.listen = "127.0.0.1:9001"};
  std::string vega_folder = "node_modules";
  std::string data_engine_url;
  std::string understudy_url;
  std::string migration = "data-engine";
  std::string flags_cache_file;
  int64_t candidate_timeout_ms = 2000;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--listen", options.http.listen, "Address and port (0: any)")
      ->capture_default_str();
  app.add_option("--threads", options.http.threads, "Connections served at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  options.store.add_store_to(app);
  options.store.add_loading_to(app);
  app.add_option("--vega-dir", options.vega_folder,
                 "Folder of npm packages with vega, vega-lite and vega-embed")
      ->capture_default_str();
#ifdef FLAMINGO_REHEARSE
  auto* engine = app.add_option("--data-engine", options.data_engine_url, "URL of Data Engine");
  auto* understudy = app.add_option("--understudy", options.understudy_url,
                                    "URL of Understudy's admin listener; without it Flamingo "
                                    "answers everything itself");
  understudy->needs(engine);
  app.add_option("--migration", options.migration, "Name of the migration")->capture_default_str();
  app.add_option("--flags-cache", options.flags_cache_file, "File that keeps the last modes");
  app.add_option("--candidate-timeout-ms", options.candidate_timeout_ms,
                 "How long a rehearsal may take")
      ->check(CLI::Range(10, 60'000))
      ->capture_default_str();
#endif
}

int serve(Options options) {
  block_stop_signals();
  auto store = options.store.open();
  if (!store.ok()) return cannot_start("flamingo", store.fault());
  StoreCatalog catalog(**store);
  SqliteLoader loader(options.store.load_options());
  DataManager data(catalog, **store, loader, options.store.memory_bytes_max);
  LocalEngine local(data);
  if (const auto loaded = preload(data, **store, options.store.preload); !loaded.ok()) {
    return cannot_start("flamingo", loaded.fault());
  }

  QueryEngine* engine = &local;
  std::function<std::string()> status = [] { return std::string(R"({"rehearsal":"off"})"); };
#ifdef FLAMINGO_REHEARSE
  std::optional<RemoteEngine> data_engine;
  std::optional<RehearsedEngine> rehearsed;
  if (!options.data_engine_url.empty()) data_engine.emplace(RemoteOptions{options.data_engine_url});
  if (!options.understudy_url.empty()) {
    rehearsed.emplace(local, *data_engine,
                      RehearsalOptions{.understudy_url = options.understudy_url,
                                       .migration = options.migration,
                                       .flags_cache_file = options.flags_cache_file,
                                       .candidate_timeout = std::chrono::milliseconds(
                                           options.candidate_timeout_ms)});
    engine = &*rehearsed;
    status = [&rehearsed] { return rehearsed->counters_json(); };
  }
#endif

  HttpService service(
      "flamingo", [] { return std::string(kVersion); }, options.http);
  add_flamingo(service, {catalog, local, *engine, options.vega_folder, std::move(status)});
  const auto url = service.bind();
  if (!url.ok()) return cannot_start("flamingo", url.fault());
  std::printf("flamingo %s listening on %s, %zu bytes in memory\n", kVersion, (*url).c_str(),
              data.bytes());
  std::fflush(stdout);
  run_until_signal(service);
  return 0;
}

}  // namespace
}  // namespace flamingo

int main(int argc, char** argv) {
  CLI::App app("Flamingo: charts from a grammar, over data in memory", "flamingo");
  flamingo::Options options;
  flamingo::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return flamingo::serve(std::move(options));
}
