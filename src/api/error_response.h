#pragma once

#include <string_view>

#include "api/response.h"
#include "base/result.h"
#include "flags/value.h"

namespace understudy::api {

/// {"error": message}; the message is escaped, whatever is in it.
Response error_response(int status, std::string_view message);

/// The status an Error stands for: kProtocol 400 (the request's shape), kInvalid and kLimit 422
/// (what it asks for), kNotFound 404, kConflict 409, kTimeout, kCancelled, kUnavailable and kIo 503
/// with Retry-After, the rest 500.
Response error_response(const base::Error& error);

/// 200 or another status with a JSON body.
Response json_response(const flags::Value& body, int status = 200);
Response json_response_text(std::string body, int status = 200);

}  // namespace understudy::api
