#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::sdk {

/// `text` as one gzip member (RFC 1952), fast compression. Cost: linear.
base::Result<std::string> gzip(std::string_view text);

}  // namespace understudy::sdk
