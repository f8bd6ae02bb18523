#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "understudy/table.h"

namespace understudy {

/// An error that a side reported, by exception or by value.
struct Failure {
  std::string type;     // groups failures: "ProvisionedThroughputExceededException"
  std::string message;  // for a person
};

/// How an answer type is compared. Customise it in one of two ways:
/// - a free function `void lift(const Answer&, understudy::Table&)` in the namespace of Answer; or
/// - a specialisation of this template, with any of
///     `static void lift(const Answer&, Table&)`            compared as a table
///     `static std::string body(const Answer&)`             compared as JSON, CSV or text
///     `static std::string_view body_type(const Answer&)`   its media type; default: JSON if it is
///     `static size_t size_bytes(const Answer&)`            cheap; above the limit it is not kept
///     `static std::optional<Failure> failure(const Answer&)`  an answer that is an error value
/// Strings and pointers to liftable types are covered. The functions run on a thread of the
/// library, on a copy of the answer (`failure` and `size_bytes` also on the caller's thread); what
/// they throw makes the run not comparable and never reaches the caller.
template <typename Answer>
struct LiftTraits {};

template <>
struct LiftTraits<std::string> {
  static std::string body(const std::string& answer) { return answer; }
  static size_t size_bytes(const std::string& answer) { return answer.size(); }
};

namespace detail {

template <typename Answer>
concept LiftsByTraits = requires(const Answer& answer, Table& table) {
  LiftTraits<Answer>::lift(answer, table);
};
template <typename Answer>
concept LiftsByArgument = requires(const Answer& answer, Table& table) {
  lift(answer, table);
};
template <typename Answer>
concept LiftsAsBody = requires(const Answer& answer) {
  { LiftTraits<Answer>::body(answer) } -> std::convertible_to<std::string>;
};
template <typename Answer>
concept HasSize = requires(const Answer& answer) {
  { LiftTraits<Answer>::size_bytes(answer) } -> std::convertible_to<size_t>;
};
template <typename Answer>
concept HasFailure = requires(const Answer& answer) {
  { LiftTraits<Answer>::failure(answer) } -> std::same_as<std::optional<Failure>>;
};
template <typename Answer>
concept PointsAtAnswer = requires(const Answer& answer) {
  {static_cast<bool>(answer)};
  typename Answer::element_type;
  { *answer } -> std::convertible_to<const typename Answer::element_type&>;
};

/// An answer in the neutral form that is compared: a table, or a body with its media type.
struct Lifted {
  std::optional<Table> table;
  std::string body;
  std::string body_type;
};

template <typename Answer>
constexpr bool is_liftable() {
  if constexpr (LiftsByTraits<Answer> || LiftsByArgument<Answer> || LiftsAsBody<Answer>) {
    return true;
  } else if constexpr (PointsAtAnswer<Answer>) {
    return is_liftable<std::remove_cv_t<typename Answer::element_type>>();
  } else {
    return false;
  }
}

template <typename Answer>
void lift_answer(const Answer& answer, Lifted& out) {
  if constexpr (LiftsByTraits<Answer>) {
    LiftTraits<Answer>::lift(answer, out.table.emplace());
  } else if constexpr (LiftsByArgument<Answer>) {
    lift(answer, out.table.emplace());
  } else if constexpr (LiftsAsBody<Answer>) {
    out.body = LiftTraits<Answer>::body(answer);
    if constexpr (requires { LiftTraits<Answer>::body_type(answer); }) {
      out.body_type = LiftTraits<Answer>::body_type(answer);
    }
  } else if (answer) {
    lift_answer<std::remove_cv_t<typename Answer::element_type>>(*answer, out);
  } else {
    out.body = "null";
  }
}

template <typename Answer>
size_t size_of_answer(const Answer& answer) {
  if constexpr (HasSize<Answer>) {
    return LiftTraits<Answer>::size_bytes(answer);
  } else if constexpr (PointsAtAnswer<Answer>) {
    return answer ? size_of_answer<std::remove_cv_t<typename Answer::element_type>>(*answer) : 0;
  } else {
    return 0;
  }
}

template <typename Answer>
std::optional<Failure> failure_of(const Answer& answer) {
  if constexpr (HasFailure<Answer>) {
    return LiftTraits<Answer>::failure(answer);
  } else if constexpr (PointsAtAnswer<Answer>) {
    if (answer) return failure_of<std::remove_cv_t<typename Answer::element_type>>(*answer);
    return std::nullopt;
  } else {
    return std::nullopt;
  }
}

}  // namespace detail
}  // namespace understudy
