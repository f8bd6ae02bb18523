#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "understudy/lift.h"

namespace understudy::sdk {

inline constexpr size_t kFailureTypeBytesMax = 256;
inline constexpr size_t kFailureMessageBytesMax = 1024;

/// What an event says about the exception being handled: the name of its class (or what
/// `error_type` makes of it) and its message, cut. Only inside a catch block. Never throws; without
/// memory the texts are short.
Failure describe_current_exception(
    const std::function<std::string(const std::exception&)>& error_type) noexcept;

}  // namespace understudy::sdk
