#pragma once

#include <string_view>

#include "base/result.h"
#include "flags/value.h"
#include "state/state_store.h"

namespace understudy::api {

/// Makes a marker when `verdict` (judge/verdict_json.h) is another than the last one that a marker
/// tells of this migration: "data-engine: pass, after not enough evidence; criteria 1f0c...". A
/// migration begins with not enough evidence. To be given the verdicts on the window in which
/// evidence counts, not those on another that somebody asked for.
/// Failure: the state store's; the verdict holds all the same. Threads: any.
base::Status mark_verdict(state::StateStore& state, std::string_view migration,
                          const flags::Value& verdict);

}  // namespace understudy::api
