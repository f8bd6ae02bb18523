#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "compare/rules.h"
#include "http/fields.h"

namespace understudy::app {

/// What an answer says about its own failure.
struct ErrorAnswer {
  std::string type;     // "ProvisionedThroughputExceededException", without a namespace before #
  std::string message;  // may be empty
};

/// Reads the type of an error out of an answer with a status of 400 or more, in the shapes services
/// use: {"error": {"type"|"code"|"name", "message"}}, {"error": "type", "message"}, AWS ("__type",
/// or the header x-amzn-errortype), RFC 9457 problem details ("type", "title", "detail"), Lambda
/// ("errorType", "errorMessage"), {"type"|"code"|"exception", "message"}.
/// Nothing when the answer names no type, or is larger than kErrorBodyBytesMax. What `rules` redact
/// is read as if it were not there.
std::optional<ErrorAnswer> read_error_answer(const http::Fields& headers, std::string_view body,
                                             const compare::Rules& rules);

inline constexpr size_t kErrorBodyBytesMax = 64 * 1024;
inline constexpr size_t kErrorTypeBytesMax = 200;
inline constexpr size_t kErrorMessageBytesMax = 1000;

}  // namespace understudy::app
