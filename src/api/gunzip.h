#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::api {

/// The text of a gzip body, of all its members. Failure: kLimit as soon as the text grows above
/// `bytes_max`, however small the body is; kProtocol for anything that is not whole gzip.
/// Pure. Memory: at most `bytes_max` and a window of 32 KiB.
base::Result<std::string> gunzip(std::string_view body, size_t bytes_max);

}  // namespace understudy::api
