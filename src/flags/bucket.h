#pragma once

#include <string_view>

namespace understudy::flags {

/// Where `value` lies in [0, 1] when it is split by `prefix` ("flag-key.salt." or "seed."): the
/// first 15 hexadecimal digits of SHA-1(prefix + value) as a number, over all ones, as a double.
/// The same in every process on every machine. Cost: one SHA-1 block up to 55 bytes.
double bucket_of(std::string_view prefix, std::string_view value);

}  // namespace understudy::flags
