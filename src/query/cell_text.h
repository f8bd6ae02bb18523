#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "event/value.h"

namespace understudy::query {

/// A cell for a person: doubles with six significant digits, null as `null_text`, text made safe
/// for a terminal (control characters as \xNN) and cut at `width_max` characters with "…".
std::string cell_text(const event::Value& value, std::string_view null_text, size_t width_max);

/// A cell for a file: doubles with all their digits, null as nothing, text as it is.
std::string exact_text(const event::Value& value);

/// Six significant digits, no trailing zeros.
std::string short_number(double number);

/// How many characters a UTF-8 text has (not how many columns: wide letters count once).
size_t character_count(std::string_view text);

}  // namespace understudy::query
