#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// The value that keeps a user in one mode, or nothing when the request has none. `body` is only
/// looked at for a JSON field; it must then be the whole body, or empty when that was too large.
/// Values longer than kBucketKeyBytesMax count as absent. Cost: linear in what is looked at.
std::optional<std::string> bucket_key(const BucketBy& by, const http::RequestHead& request,
                                      std::string_view client_address, std::string_view body);

inline constexpr size_t kBucketKeyBytesMax = 1024;

}  // namespace understudy::proxy
