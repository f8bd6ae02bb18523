#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace understudy::base {

/// An integer that cannot be mistaken for another kind of integer.
template <class Tag, class T = uint64_t>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(T value) : value_(value) {}
  constexpr T value() const { return value_; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  T value_{};
};

}  // namespace understudy::base

template <class Tag, class T>
struct std::hash<understudy::base::StrongId<Tag, T>> {
  size_t operator()(understudy::base::StrongId<Tag, T> id) const {
    return std::hash<T>{}(id.value());
  }
};
