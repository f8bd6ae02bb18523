#pragma once

#include "base/result.h"
#include "flags/flag.h"

namespace understudy::api {

/// Whether a flag serves only what it has: every variation exists and the weights of every rollout
/// add up to 100%. SDKs take such flags without a word and serve defaults; a person who saves one
/// should hear of it. Failure: kInvalid that names the place.
base::Status check_flag(const flags::Flag& flag);

}  // namespace understudy::api
