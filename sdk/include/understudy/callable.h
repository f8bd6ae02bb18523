#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include "understudy/deadline.h"

namespace understudy {

/// A callable whose author vouches that everything it refers to outlives the client. Made by
/// `owned`; the one way around the compile-time guard below.
template <typename Callable>
struct Owned {
  Callable callable;

  template <typename... Arguments>
  requires std::invocable<Callable&, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) {
    return std::invoke(callable, std::forward<Arguments>(arguments)...);
  }
};

/// Marks a callable as safe to keep after `run` has returned. Needed for a closure that captures by
/// reference things that live longer than the client, and for one that captures by value a type
/// without standard layout (`std::map`, `std::function`), which the guard cannot tell apart.
template <typename Callable>
Owned<std::decay_t<Callable>> owned(Callable&& callable) {
  return {std::forward<Callable>(callable)};
}

namespace detail {

template <typename Callable>
inline constexpr bool is_owned = false;
template <typename Callable>
inline constexpr bool is_owned<Owned<Callable>> = true;

/// Whether a callable may outlive the frame that made it. A closure with a reference capture holds
/// a reference member and so has no standard layout, on g++, clang and MSVC alike.
template <typename Callable>
inline constexpr bool may_outlive_caller =
    is_owned<Callable> || std::is_pointer_v<Callable> || std::is_standard_layout_v<Callable>;

/// Calls with the arguments and the deadline when the callable takes it, else without.
template <typename Callable, typename... Arguments>
decltype(auto) call(Callable& callable, const Deadline& deadline, const Arguments&... arguments) {
  if constexpr (std::invocable<Callable&, const Arguments&..., const Deadline&>) {
    return std::invoke(callable, arguments..., deadline);
  } else {
    return std::invoke(callable, arguments...);
  }
}

template <typename Callable, typename... Arguments>
concept CallableWith = std::invocable<Callable&, const Arguments&..., const Deadline&> ||
    std::invocable<Callable&, const Arguments&...>;

}  // namespace detail
}  // namespace understudy
