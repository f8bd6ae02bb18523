#pragma once

#include <string>
#include <string_view>

namespace understudy::compare {

/// Text with every letter taken apart into its base and its marks, the marks in canonical order
/// (Unicode's form NFD): two texts that look the same because one composes its accents are equal in
/// it. Knows the letters below U+3100 and Hangul; others, and what is no UTF-8, stay as they are.
/// Cost: linear; marks behind one letter are sorted.
std::string canonical_form(std::string_view text);

}  // namespace understudy::compare
