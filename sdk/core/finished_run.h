#pragma once

#include <memory>

#include "understudy/detail/run.h"

namespace understudy::sdk {

/// How the shadow of a run ended.
enum class ShadowEnd {
  kNone,      // the mode asks for none
  kRefused,   // it was asked for and never handed over (`run.refused` says why)
  kAnswered,  // with an answer or a failure
  kTimedOut,  // still running when its deadline passed
  kShed,      // handed over, and given up before a thread took it or because the client stops
};

/// One run that is over, on its way to be compared, counted and recorded.
struct FinishedRun {
  std::shared_ptr<detail::ExperimentCore> experiment;
  detail::Run run;
  ShadowEnd shadow = ShadowEnd::kNone;
  const char* reason = nullptr;        // why the shadow was given up
  std::shared_ptr<detail::Pair> pair;  // holds the answers; null without a shadow
};

}  // namespace understudy::sdk
