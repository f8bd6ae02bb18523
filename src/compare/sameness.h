#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compare/document.h"
#include "compare/place.h"

namespace understudy::compare {

/// Members of two objects paired by name, the k-th of a name with the k-th: nodes of the values,
/// kAbsent on one side where the other has no such member. Control's order first.
struct MemberPair {
  uint32_t control_key = kAbsent;
  uint32_t candidate_key = kAbsent;
};

/// Equality of two documents without any rule: order of members does not matter, order of items
/// does, numbers and strings are equal in any spelling.
/// Threads: none of its own. Cost: linear when members stand in the same order; objects up to
/// kSmallObject members are searched, larger ones sorted, so that no choice of names is quadratic.
/// Once the budget is spent the answers mean nothing; callers look at it.
class Sameness {
 public:
  static constexpr uint32_t kSmallObject = 32;

  Sameness(const Document& control, const Document& candidate, WorkBudget& work)
      : a_(control), b_(candidate), work_(work) {}

  bool same(uint32_t control, uint32_t candidate);
  /// Like same(), for a caller that knows that neither is a container.
  bool same_leaf(uint32_t control, uint32_t candidate) const;
  /// Whether both are written with the same bytes: certainly the same.
  bool same_bytes(uint32_t control, uint32_t candidate) const;
  bool same_key(uint32_t control, uint32_t candidate) const;

  void pair_members(uint32_t control, uint32_t candidate, std::vector<MemberPair>& out);

  /// Equal for same() values of either document; different for most others.
  uint64_t hash(const Document& document, uint32_t node);

 private:
  bool same_object(uint32_t control, uint32_t candidate);
  bool same_rest(uint32_t control_key, uint32_t candidate_key, uint32_t members);
  bool same_values(const uint32_t* control_keys, const uint32_t* candidate_keys,
                   const uint8_t* order, uint32_t members);
  void pair_sorted(uint32_t control_key, uint32_t control_members, uint32_t candidate_key,
                   uint32_t candidate_members, std::vector<MemberPair>& out);

  /// Where candidate has the members of control, for objects of one size: the last one seen.
  /// Objects come in rows of one shape. Known by the fronts of control's names, see sameness.cc.
  /// Without initial values, `shapes_known_` has them.
  struct Shape {
    static constexpr uint32_t kMembersMax = 16;
    std::array<uint64_t, kMembersMax> fronts;
    std::array<uint8_t, kMembersMax> found;

    bool fits(const Document& a, uint32_t x, const Document& b, uint32_t y, size_t place) const;
  };

  const Document& a_;
  const Document& b_;
  WorkBudget& work_;
  uint32_t shapes_known_ = 0;  // bits by number of members
  std::array<Shape, Shape::kMembersMax + 1> shapes_;
};

/// A well-mixed hash of bytes; not secret, so nothing may rely on it against an enemy.
uint64_t hash_bytes(std::string_view bytes);
uint64_t mix(uint64_t value);
/// Equal for same_scalar() values.
uint64_t hash_leaf(const Document& document, uint32_t node);

}  // namespace understudy::compare
