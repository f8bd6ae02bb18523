#include "flags/evaluate.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "flags/sha1.h"
#include "flags/snapshot_holder.h"

namespace understudy::flags {
namespace {

std::vector<std::string> keys() {
  std::vector<std::string> all;
  for (int i = 0; i < 1024; ++i) all.push_back(base::cat("account-", i * 7919));
  return all;
}

std::shared_ptr<const FlagSnapshot> mode_snapshot() {
  return FlagSnapshot::make(
      {make_mode_flag("data-engine", *ModeMix::parse("full_evaluation=10,candidate_only=5"))});
}

void BM_EvaluateModeByKey(benchmark::State& state) {
  const auto snapshot = mode_snapshot();
  const std::vector<std::string> all = keys();
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate_mode(*snapshot, "data-engine.mode", all[++i & 1023]));
  }
}
BENCHMARK(BM_EvaluateModeByKey);

void BM_EvaluateModeByHandle(benchmark::State& state) {
  const auto snapshot = mode_snapshot();
  const FlagHandle handle = snapshot->find("data-engine.mode");
  const std::vector<std::string> all = keys();
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate_mode(*snapshot, handle, all[++i & 1023]));
  }
}
BENCHMARK(BM_EvaluateModeByHandle);

void BM_EvaluateModeWithTargets(benchmark::State& state) {
  Flag flag = make_mode_flag("data-engine", *ModeMix::parse("full_evaluation=10"));
  flag.targets.push_back({.values = keys(), .variation = 0});
  const auto snapshot = FlagSnapshot::make({flag});
  const std::vector<std::string> all = keys();
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate_mode(*snapshot, "data-engine.mode", all[++i & 1023]));
  }
}
BENCHMARK(BM_EvaluateModeWithTargets);

void BM_EvaluateGeneral(benchmark::State& state) {
  const auto snapshot = mode_snapshot();
  const std::vector<std::string> all = keys();
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        evaluate(*snapshot, "data-engine.mode", Context::user(all[++i & 1023])));
  }
}
BENCHMARK(BM_EvaluateGeneral);

void BM_ReadHolder(benchmark::State& state) {
  SnapshotHolder holder(mode_snapshot());
  SnapshotHolder::Reader reader(holder);
  for (auto _ : state) benchmark::DoNotOptimize(reader.get().get());
}
BENCHMARK(BM_ReadHolder);

void BM_Sha1Block(benchmark::State& state) {
  const auto engine = static_cast<Sha1::Engine>(state.range(0));
  std::string text = "data-engine.mode.understudy.account-123";
  for (auto _ : state) {
    ++text.back();
    benchmark::DoNotOptimize(Sha1::first_64_bits({}, text, engine));
  }
}
BENCHMARK(BM_Sha1Block)
    ->Arg(static_cast<int>(Sha1::Engine::kBest))
    ->Arg(static_cast<int>(Sha1::Engine::kPortable));

}  // namespace
}  // namespace understudy::flags
