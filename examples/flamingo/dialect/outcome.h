#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace flamingo {

/// What went wrong, as an API client reads it.
enum class FaultKind {
  kBadRequest,   // the caller's text or specification is wrong; asking again will not help
  kNotFound,     // no such dataset or object
  kTooLarge,     // a named limit was reached
  kThrottled,    // a provisioned capacity was exceeded; asking later may help
  kUnavailable,  // another service could not be reached or gave no usable answer
  kTimeout,      // a deadline passed
  kInternal,     // an engine refused what it should have understood
};

/// One failure. `type` is a stable name such as "SyntaxError" or
/// "ProvisionedThroughputExceededException"; `message` is for a person; `position` is the
/// zero-based byte of the query text that the message speaks of.
struct Fault {
  FaultKind kind = FaultKind::kInternal;
  std::string type;
  std::string message;
  std::optional<size_t> position = std::nullopt;
};

/// The HTTP status that carries a fault of this kind.
int http_status(FaultKind kind);

inline Fault bad_request(std::string type, std::string message,
                         std::optional<size_t> position = std::nullopt) {
  return {FaultKind::kBadRequest, std::move(type), std::move(message), position};
}

/// A value or the Fault that prevented it. Never both, never neither.
template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Fault fault) : state_(std::in_place_index<1>, std::move(fault)) {}

  bool ok() const { return state_.index() == 0; }
  const T& operator*() const& { return std::get<0>(state_); }
  T& operator*() & { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  const T* operator->() const { return &std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const Fault& fault() const { return std::get<1>(state_); }

 private:
  std::variant<T, Fault> state_;
};

struct Nothing {};
using Done = Outcome<Nothing>;
inline Done done() { return Nothing{}; }

#define FLAMINGO_JOIN_(a, b) a##b
#define FLAMINGO_JOIN(a, b) FLAMINGO_JOIN_(a, b)
/// Returns the fault of `expression` from the enclosing function, or binds its value to `name`.
#define TRY_OUTCOME(name, expression)                                                            \
  auto FLAMINGO_JOIN(outcome_, __LINE__) = (expression);                                         \
  if (!FLAMINGO_JOIN(outcome_, __LINE__).ok()) return FLAMINGO_JOIN(outcome_, __LINE__).fault(); \
  name = *std::move(FLAMINGO_JOIN(outcome_, __LINE__))
#define TRY_DONE(expression)                             \
  do {                                                   \
    auto outcome_here = (expression);                    \
    if (!outcome_here.ok()) return outcome_here.fault(); \
  } while (false)

}  // namespace flamingo
