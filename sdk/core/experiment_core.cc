#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/rng.h"
#include "core/client_core.h"
#include "core/comparing.h"
#include "core/failure.h"
#include "flags/evaluate.h"
#include "flags/sha1.h"
#include "understudy/detail/run.h"

namespace understudy::detail {
namespace {

base::Rng& thread_rng() {
  thread_local base::Rng rng(base::random_seed());
  return rng;
}

Mode to_public(flags::Mode mode) { return static_cast<Mode>(mode); }
static_assert(static_cast<int>(Mode::kControlOnly) == static_cast<int>(flags::Mode::kControlOnly));
static_assert(static_cast<int>(Mode::kFireAndForget) ==
              static_cast<int>(flags::Mode::kFireAndForget));
static_assert(static_cast<int>(Mode::kFullEvaluation) ==
              static_cast<int>(flags::Mode::kFullEvaluation));
static_assert(static_cast<int>(Mode::kCandidateOnly) ==
              static_cast<int>(flags::Mode::kCandidateOnly));
static_assert(static_cast<int>(Mode::kReverseEvaluation) ==
              static_cast<int>(flags::Mode::kReverseEvaluation));

/// Evaluates the mode flag with the targeting attributes of the subject.
flags::ModeDecision decide_with_attributes(const flags::FlagSnapshot& snapshot,
                                           const std::string& flag, std::string_view key,
                                           const Subject& subject) {
  flags::Context context = flags::Context::user(key);
  for (const auto& [name, value] : subject.attributes) context.with(name, flags::Value(value));
  flags::ModeDecision decided;
  decided.decision = flags::evaluate(snapshot, flag, context);
  if (decided.decision.value != nullptr && decided.decision.value->is_string()) {
    decided.mode = flags::mode_from_name(decided.decision.value->as_string())
                       .value_or(flags::Mode::kControlOnly);
  }
  return decided;
}

}  // namespace

ExperimentCore::ExperimentCore(std::shared_ptr<ClientCore> client, ExperimentOptions options)
    : client_(std::move(client)),
      options_(std::move(options)),
      mode_flag_(options_.migration + ".mode"),
      compare_flag_(options_.migration + ".compare"),
      comparing_(std::make_unique<Comparing>()) {}

ExperimentCore::~ExperimentCore() = default;

int64_t ExperimentCore::now_ns() const noexcept { return client_->clock().steady_ns(); }

Run ExperimentCore::begin(const Subject& subject) noexcept {
  sdk::LiveCounters& counters = client_->live();
  counters.in_flight.fetch_add(1, std::memory_order_relaxed);
  counters.requests.fetch_add(1, std::memory_order_relaxed);

  Run run;
  base::Rng& rng = thread_rng();
  run.id_high = rng.next_u64();
  run.id_low = rng.next_u64();
  run.start_unix_ns = client_->clock().unix_ns();
  run.start_ns = client_->clock().steady_ns();
  run.repeatable = subject.safe_to_repeat;
  run.has_key = !subject.bucket_by.empty();
  if (run.has_key) run.key_hash = flags::Sha1::first_64_bits("", subject.bucket_by);

  try {
    const auto snapshot = client_->flags().load();
    char random_key[16];
    std::string_view key = subject.bucket_by;
    if (!run.has_key) {
      // Nobody to be sticky to: the shares of the mix still hold.
      constexpr char kHex[] = "0123456789abcdef";
      for (size_t i = 0; i < sizeof random_key; ++i) {
        random_key[i] = kHex[(run.id_low >> (4 * i)) & 15];
      }
      key = {random_key, sizeof random_key};
    }
    const flags::ModeDecision decided =
        subject.attributes.empty() ? flags::evaluate_mode(*snapshot, mode_flag_, key)
                                   : decide_with_attributes(*snapshot, mode_flag_, key, subject);
    run.mode = to_public(decided.mode);
    run.flag_version = decided.decision.flag_version;
    if (decided.decision.reason.kind == flags::ReasonKind::kError) {
      run.note = flags::name(decided.decision.reason.error).data();
    }
    run.main = flags::serves_candidate(decided.mode) ? Side::kCandidate : Side::kControl;
    run.shadowed = flags::has_shadow(decided.mode);
  } catch (...) {
    run.note = "no_memory";  // control_only
  }
  if (run.shadowed && !run.repeatable) {
    run.shadowed = false;
    run.note = "not_safe_to_repeat";
  }
  return run;
}

bool ExperimentCore::start_shadow(Run& run, const std::shared_ptr<Pair>& pair) noexcept {
  try {
    const auto timeout = std::max(std::chrono::milliseconds(0), options_.shadow_timeout);
    pair->deadline_ns_ = run.start_ns + std::chrono::nanoseconds(timeout).count();
    if (client_->submit(pair)) return true;
    run.refused = client_->closed() ? "shutdown" : "queue_full";
  } catch (...) {
    run.refused = "no_memory";
  }
  return false;
}

void ExperimentCore::finish_alone(Run run) noexcept {
  run.end_ns = now_ns();
  sdk::FinishedRun finished;
  finished.experiment = shared_from_this();
  finished.shadow = run.refused != nullptr ? sdk::ShadowEnd::kRefused : sdk::ShadowEnd::kNone;
  finished.run = std::move(run);
  client_->settle(std::move(finished));
}

std::unique_ptr<Failure> ExperimentCore::describe_exception() const noexcept {
  try {
    return std::make_unique<Failure>(sdk::describe_current_exception(options_.error_type));
  } catch (...) {
    return nullptr;
  }
}

}  // namespace understudy::detail
