#pragma once

#include "base/result.h"
#include "flags/value.h"

namespace understudy::api {

inline constexpr size_t kBoardNameBytesMax = 200;
inline constexpr size_t kBoardTextBytesMax = 64 * 1024;
inline constexpr size_t kBoardPanelsMax = 100;

/// What is kept of a board: {"name", "description", "panels"}, checked. Members that the server
/// fills in ("id", "version", ...) are left out. Failure: kInvalid that names the place,
/// "panels[2].query: calculations[0].op: P98 is not known; did you mean P99?".
base::Result<flags::Value> checked_board(const flags::Value& body);

}  // namespace understudy::api
