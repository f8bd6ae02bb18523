#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// The value that keeps a user in one mode.
struct BucketKey {
  std::optional<std::string> value;
  /// Why there is none although one is configured: absent, body_too_large, body_not_json. Static
  /// storage.
  std::string_view missing;
};

/// `body` is only looked at for a JSON field; it must then be the whole body, or nothing when that
/// was larger than BucketBy::body_bytes_max. A value that is empty counts as absent. Cost: linear
/// in what is looked at.
BucketKey bucket_key(const BucketBy& by, const http::RequestHead& request,
                     std::string_view client_address, std::optional<std::string_view> body);

}  // namespace understudy::proxy
