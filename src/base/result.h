#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace understudy::base {

/// What went wrong, in the few classes a caller acts on differently.
enum class ErrorKind {
  kInvalid,      // the input breaks a rule; the same input will fail again
  kNotFound,     // the named thing does not exist
  kConflict,     // somebody else changed or holds it
  kLimit,        // a named bound was reached
  kTimeout,      // a deadline passed
  kUnavailable,  // the peer cannot be reached or refused
  kClosed,       // the peer ended the conversation early
  kProtocol,     // the peer broke the protocol
  kIo,           // the operating system failed the call
  kCancelled,    // our own side gave up
  kInternal,     // a defect of ours
};

/// Whose fault it is.
enum class Side { kNone, kClient, kControl, kCandidate };

/// Whether the same call may be repeated without harm.
enum class Retry { kNo, kSafe };

/// An error as a value: what, whose, whether to repeat, and one sentence for a person.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::kInternal;
  Side side = Side::kNone;
  Retry retry = Retry::kNo;
  std::string context;
};

inline Error error(ErrorKind kind, std::string context) {
  return Error{kind, Side::kNone, Retry::kNo, std::move(context)};
}
inline Error invalid(std::string context) { return error(ErrorKind::kInvalid, std::move(context)); }

/// The lower-case name of a kind, for logs and JSON: "not_found".
const char* name(ErrorKind kind);
/// The lower-case name of a side: "control".
const char* name(Side side);

/// A value or the Error that kept it from being made. Reading the value of an error, or the error
/// of a value, is a defect and ends the process. Threads: as the value it holds.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  template <class U>
  requires(std::convertible_to<U&&, T> && !std::same_as<std::remove_cvref_t<U>, Result> &&
           !std::same_as<std::remove_cvref_t<U>, Error> && !std::same_as<std::remove_cvref_t<U>, T>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return expect_value(); }
  const T& value() const& { return const_cast<Result*>(this)->expect_value(); }
  T&& value() && { return std::move(expect_value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return expect_error(); }
  const Error& error() const& { return const_cast<Result*>(this)->expect_error(); }
  Error&& error() && { return std::move(expect_error()); }

 private:
  T& expect_value() {
    if (state_.index() != 0) __builtin_trap();
    return *std::get_if<0>(&state_);
  }
  Error& expect_error() {
    if (state_.index() != 1) __builtin_trap();
    return *std::get_if<1>(&state_);
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error failure) : error_(std::move(failure)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (error_) __builtin_trap();
  }
  Error& error() & {
    if (!error_) __builtin_trap();
    return *error_;
  }
  const Error& error() const& {
    if (!error_) __builtin_trap();
    return *error_;
  }
  Error&& error() && {
    if (!error_) __builtin_trap();
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status ok_status() { return {}; }

}  // namespace understudy::base

#define UNDERSTUDY_CONCAT_INNER(a, b) a##b
#define UNDERSTUDY_CONCAT(a, b) UNDERSTUDY_CONCAT_INNER(a, b)

#define UNDERSTUDY_TRY(return_word, expression)                      \
  do {                                                               \
    auto&& try_status = (expression);                                \
    if (!try_status.ok()) return_word std::move(try_status).error(); \
  } while (false)
#define UNDERSTUDY_TRY_ASSIGN(return_word, name, declaration, expression) \
  auto name = (expression);                                               \
  if (!name.ok()) return_word std::move(name).error();                    \
  declaration = *std::move(name)

/// Returns the Error of `expression` to the caller, if it is one.
#define TRY(expression) UNDERSTUDY_TRY(return, expression)
/// Declares a variable from the value of `expression`, or returns its Error to the caller.
#define TRY_ASSIGN(declaration, expression) \
  UNDERSTUDY_TRY_ASSIGN(return, UNDERSTUDY_CONCAT(try_result_, __LINE__), declaration, expression)
/// The same inside a coroutine.
#define CO_TRY(expression) UNDERSTUDY_TRY(co_return, expression)
#define CO_TRY_ASSIGN(declaration, expression)                                            \
  UNDERSTUDY_TRY_ASSIGN(co_return, UNDERSTUDY_CONCAT(try_result_, __LINE__), declaration, \
                        expression)
