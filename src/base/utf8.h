#pragma once

#include <cstdint>
#include <string>

namespace understudy::base {

/// Appends a character (a code point up to U+10FFFF, which the caller has checked) as UTF-8.
void append_utf8(std::string& out, uint32_t code);

}  // namespace understudy::base
