#pragma once

#include <string>

#include "app/cli/console.h"
#include "flags/value.h"

namespace understudy::app {

/// What `understudy status` prints of one migration: an answer of GET /api/migrations/{name}. Every
/// number stands beside the period it covers. A part that could not be made says why in its place.
/// Texts of services and clients cannot drive the terminal. Pure.
std::string status_text(const flags::Value& migration, const Console& console);

}  // namespace understudy::app
