#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace understudy::store {

/// Text in lower case by Unicode's simple mapping, letter by letter, in no language (a capital
/// sigma always becomes the one within a word). Bytes that are not UTF-8 stay as they are.
std::string lower_case(std::string_view text);

/// How many Unicode code points a text has; nullopt when it is not UTF-8.
std::optional<std::int64_t> code_points(std::string_view text);

}  // namespace understudy::store
