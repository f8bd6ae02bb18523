#pragma once

#include <memory>

#include "compare/comparator.h"
#include "flags/snapshot.h"
#include "flags/value.h"
#include "understudy/detail/run.h"

namespace understudy::detail {

/// The comparator of an experiment, and what it was made from. Settling thread only.
struct ExperimentCore::Comparing {
  std::unique_ptr<compare::Comparator> comparator = std::make_unique<compare::Comparator>();
  std::shared_ptr<const flags::FlagSnapshot> snapshot;  // the one looked at last
  flags::Value section;                                 // the flag's value in it
};

}  // namespace understudy::detail
