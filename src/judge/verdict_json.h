#pragma once

#include <nlohmann/json_fwd.hpp>

#include "judge/verdict.h"

namespace understudy::judge {

/// The verdict as the API answers it. Times are RFC 3339 and Unix nanoseconds as text, numbers that
/// are infinite (no bound can be given) are null. Pure; the shape is described in docs/judging.md.
nlohmann::ordered_json verdict_to_json(const Verdict& verdict);

}  // namespace understudy::judge
