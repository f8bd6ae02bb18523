#pragma once

#include <string_view>

#include "event/value.h"

namespace understudy::store {

/// The number a text writes, or null: digits with an optional sign before, a point among or around
/// them and an exponent after them, and nothing else, no spaces. An int when it has neither point
/// nor exponent and fits 64 bits, else a double; a number no finite double is near to is none.
event::Value number_of_text(std::string_view text);

}  // namespace understudy::store
