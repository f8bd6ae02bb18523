// What run() costs the caller beyond its callable, with recording on. The server is in memory and
// takes everything; the settling and exporting threads are not the caller's cost. A caller that
// does nothing else outruns them, so part of the runs ends at a bound: `events_dropped` says how
// many.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "base/text.h"
#include "core/client_core.h"
#include "flags/flag_json.h"
#include "flags/mode.h"
#include "test/fake_transport.h"
#include "understudy/understudy.h"

namespace {

using namespace understudy;

class Rig {
 public:
  explicit Rig(flags::Mode mode) {
    detail::ClientCore::Seams seams;
    seams.transport = std::make_unique<sdk::FakeTransport>(server_);
    core_ = detail::ClientCore::start({.events_len_max = 100'000}, std::move(seams));
    client_ = std::make_unique<Client>(core_);
    server_.send_event(
        "put", base::cat(R"({"path":"/","data":{"flags":{"m.mode":)",
                         flags::to_json(flags::make_mode_flag("m", flags::ModeMix(mode))), "}}}"));
    client_->wait_for_flags(std::chrono::seconds(10));
    experiment_ = std::make_unique<Experiment<std::string>>(
        *client_, ExperimentOptions{.migration = "m", .route = "query"});
  }
  std::string run() {
    return experiment_->run(
        {.bucket_by = "account-17"}, [] { return std::string("[1]"); },
        [] { return std::string("[1]"); });
  }
  Counters counters() const { return client_->counters(); }

 private:
  sdk::FakeServer server_;
  std::shared_ptr<detail::ClientCore> core_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Experiment<std::string>> experiment_;
};

void run_in_mode(benchmark::State& state, flags::Mode mode) {
  Rig rig(mode);
  for (auto _ : state) benchmark::DoNotOptimize(rig.run());
  const Counters counters = rig.counters();
  state.counters["shed"] = static_cast<double>(counters.shed);
  state.counters["events_dropped"] = static_cast<double>(counters.events_dropped);
}

BENCHMARK_CAPTURE(run_in_mode, control_only, flags::Mode::kControlOnly);
BENCHMARK_CAPTURE(run_in_mode, candidate_only, flags::Mode::kCandidateOnly);
BENCHMARK_CAPTURE(run_in_mode, fire_and_forget, flags::Mode::kFireAndForget);
BENCHMARK_CAPTURE(run_in_mode, full_evaluation, flags::Mode::kFullEvaluation);

}  // namespace
