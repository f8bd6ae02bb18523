#include "compare/sameness.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "compare/decimal.h"
#include "compare/scalar.h"
#include "compare/text_form.h"

namespace understudy::compare {

namespace {

/// Equality of `size` bytes, without a call for the short texts that documents are made of.
inline bool equal_bytes(const char* a, const char* b, size_t size) {
  const auto word = [](const char* from) {
    uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  const auto half = [](const char* from) {
    uint32_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  if (size >= 8) {
    if (size > 32) return std::memcmp(a, b, size) == 0;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
      if (word(a + at) != word(b + at)) return false;
    }
    return word(a + size - 8) == word(b + size - 8);
  }
  if (size >= 4) return half(a) == half(b) && half(a + size - 4) == half(b + size - 4);
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// The length and the first seven bytes of a key: equal keys without escapes have equal fronts.
inline uint64_t front(const Document& document, uint32_t key) {
  const Node& node = document[key];
  uint64_t word = 0;
  if (node.offset + 8ULL <= document.text.size()) {
    std::memcpy(&word, document.text.data() + node.offset, sizeof word);
  } else {
    std::memcpy(&word, document.text.data() + node.offset, std::min<uint32_t>(node.length, 8));
  }
  if (node.length < 7) word &= (1ULL << (8 * node.length)) - 1;
  return (word & 0x00FFFFFFFFFFFFFFULL) | static_cast<uint64_t>(node.length) << 56;
}

/// Whether two keys are the same, once their fronts are and neither has escapes.
inline bool same_behind_front(const Document& a, uint32_t x, const Document& b, uint32_t y) {
  const Node& p = a[x];
  const Node& q = b[y];
  return p.length <= 7 ||
         equal_bytes(a.text.data() + p.offset + 7, b.text.data() + q.offset + 7, p.length - 7);
}

/// The texts of keys in sorting order, the k-th of a name before the next.
struct SortedKeys {
  SortedKeys(const Document& document, uint32_t first, uint32_t members, WorkBudget& work) {
    keys.reserve(members);
    uint32_t key = first;
    for (uint32_t i = 0; i < members; ++i) {
      std::string_view text = document.text_of(key);
      if (document[key].escaped()) text = decoded.emplace_back(unescaped(text));
      keys.emplace_back(text, key);
      key = document[key + 1].next;
    }
    work.spend(static_cast<uint64_t>(members) * static_cast<uint64_t>(std::bit_width(members)));
    std::sort(keys.begin(), keys.end());
  }

  std::vector<std::pair<std::string_view, uint32_t>> keys;
  std::deque<std::string> decoded;
};

}  // namespace

uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93ULL;
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93ULL;
  value ^= value >> 32;
  return value;
}

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t state = 0x9E3779B97F4A7C15ULL ^ bytes.size();
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    state = (state ^ word) * 0xFF51AFD7ED558CCDULL;
    state ^= state >> 32;
    bytes.remove_prefix(8);
  }
  uint64_t word = 0;
  if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
  return mix(state ^ word);
}

uint64_t hash_leaf(const Document& document, uint32_t index) {
  const Node& node = document[index];
  const std::string_view text = document.text_of(index);
  const uint64_t kind = mix(static_cast<uint64_t>(node.kind()) + 1);
  switch (node.kind()) {
    case NodeKind::kFloat:
      return kind ^ mix(std::bit_cast<uint64_t>(to_double(text)));
    case NodeKind::kString:
    case NodeKind::kKey:
      if (node.escaped()) return kind ^ hash_bytes(unescaped(text));
      return kind ^ hash_bytes(text);
    case NodeKind::kInteger:
    case NodeKind::kNan:
    case NodeKind::kBytes:
      return kind ^ hash_bytes(text);
    case NodeKind::kNull:
    case NodeKind::kTrue:
    case NodeKind::kFalse:
    case NodeKind::kArray:
    case NodeKind::kObject:
      break;
  }
  return kind;
}

bool Sameness::same_bytes(uint32_t control, uint32_t candidate) const {
  const Node& x = a_[control];
  const Node& y = b_[candidate];
  // A container without text of its own was built, not read.
  return x.meta == y.meta && x.length == y.length && (x.length != 0 || !x.is_container()) &&
         equal_bytes(a_.text.data() + x.offset, b_.text.data() + y.offset, x.length);
}

bool Sameness::same_leaf(uint32_t control, uint32_t candidate) const {
  const Node& x = a_[control];
  const Node& y = b_[candidate];
  if (x.meta == y.meta && x.length == y.length &&
      equal_bytes(a_.text.data() + x.offset, b_.text.data() + y.offset, x.length)) {
    return true;
  }
  // Only texts with escapes and floats have several spellings.
  if (x.kind() != y.kind()) return false;
  if (x.kind() == NodeKind::kString ? !x.escaped() && !y.escaped() : x.kind() != NodeKind::kFloat) {
    return false;
  }
  work_.spend((x.length + y.length) / 16);
  return same_scalar(Scalar::of(a_, control), Scalar::of(b_, candidate));
}

bool Sameness::same_key(uint32_t control, uint32_t candidate) const {
  const Node& x = a_[control];
  const Node& y = b_[candidate];
  if (x.meta == y.meta && x.length == y.length &&
      equal_bytes(a_.text.data() + x.offset, b_.text.data() + y.offset, x.length)) {
    return true;
  }
  if (!x.escaped() && !y.escaped()) return false;
  work_.spend((x.length + y.length) / 16);
  return unescaped(a_.text_of(control)) == unescaped(b_.text_of(candidate));
}

bool Sameness::same(uint32_t control, uint32_t candidate) {
  const Node& x = a_[control];
  const Node& y = b_[candidate];
  if (!x.is_container()) return same_leaf(control, candidate);
  if (x.meta != y.meta) return false;
  const uint32_t count = x.children();
  // One step for each child, and one for each piece of text that the comparison of bytes reads.
  if (!work_.spend(1 + count + x.length / 64)) return true;
  if (same_bytes(control, candidate)) return true;
  if (x.kind() == NodeKind::kObject) return same_object(control, candidate);
  uint32_t p = control + 1;
  uint32_t q = candidate + 1;
  for (uint32_t i = 0; i < count; ++i) {
    if (a_[p].is_container() ? !same(p, q) : !same_leaf(p, q)) return false;
    p = a_[p].next;
    q = b_[q].next;
  }
  return true;
}

/// Whether the keys are those that stood at this place when the shape was found. All fronts of a
/// shape are different, so keys that fit it are too, and no name is there twice.
inline bool Sameness::Shape::fits(const Document& a, uint32_t x, const Document& b, uint32_t y,
                                  size_t place) const {
  constexpr uint32_t kPlainKey = Node::pack(NodeKind::kKey, 0);
  return a[x].meta == kPlainKey && b[y].meta == kPlainKey && front(a, x) == fronts[place] &&
         front(b, y) == fronts[place] && same_behind_front(a, x, b, y);
}

bool Sameness::same_object(uint32_t control, uint32_t candidate) {
  const uint32_t count = a_[control].children();
  uint32_t p = control + 1;
  uint32_t q = candidate + 1;
  for (uint32_t i = 0; i < count; ++i) {
    const Node& x = a_[p];
    const Node& y = b_[q];
    if (x.meta != y.meta || x.length != y.length ||
        !equal_bytes(a_.text.data() + x.offset, b_.text.data() + y.offset, x.length)) {
      return same_rest(p, q, count - i);
    }
    if (a_[p + 1].is_container() ? !same(p + 1, q + 1) : !same_leaf(p + 1, q + 1)) return false;
    p = a_[p + 1].next;
    q = b_[q + 1].next;
  }
  return true;
}

bool Sameness::same_rest(uint32_t p, uint32_t q, uint32_t members) {
  if (members > kSmallObject) {
    std::vector<MemberPair> pairs;
    pair_sorted(p, members, q, members, pairs);
    for (const MemberPair& pair : pairs) {
      if (pair.control_key == kAbsent || pair.candidate_key == kAbsent) return false;
      if (!same(pair.control_key + 1, pair.candidate_key + 1)) return false;
    }
    return true;
  }
  std::array<uint32_t, kSmallObject> a;
  std::array<uint32_t, kSmallObject> b;
  for (uint32_t i = 0; i < members; ++i) {
    a[i] = p;
    b[i] = q;
    p = a_[p + 1].next;
    q = b_[q + 1].next;
  }
  work_.spend(members);
  if (members <= Shape::kMembersMax && (shapes_known_ >> members & 1) != 0) {
    const Shape& shape = shapes_[members];
    uint32_t fitting = 0;
    while (fitting < members && shape.fits(a_, a[fitting], b_, b[shape.found[fitting]], fitting)) {
      ++fitting;
    }
    if (fitting == members) return same_values(a.data(), b.data(), shape.found.data(), members);
  }

  std::array<uint64_t, kSmallObject> fronts_a;
  std::array<uint64_t, kSmallObject> fronts_b;
  bool escapes = false;
  for (uint32_t i = 0; i < members; ++i) {
    fronts_a[i] = front(a_, a[i]);
    fronts_b[i] = front(b_, b[i]);
    escapes = escapes || a_[a[i]].escaped() || b_[b[i]].escaped();
  }
  std::array<uint8_t, kSmallObject> found;
  uint64_t unused = (1ULL << members) - 1;
  bool distinct = !escapes;
  uint64_t steps = 0;
  for (uint32_t i = 0; i < members; ++i) {
    uint64_t left = unused;
    for (; left != 0; left &= left - 1) {
      const auto j = static_cast<size_t>(std::countr_zero(left));
      ++steps;
      if (!escapes && fronts_b[j] != fronts_a[i]) continue;
      if (same_key(a[i], b[j])) break;
      distinct = false;
    }
    if (left == 0) return false;
    found[i] = static_cast<uint8_t>(std::countr_zero(left));
    unused &= ~(1ULL << found[i]);
    for (uint64_t rest = unused; distinct && rest != 0; rest &= rest - 1) {
      distinct = fronts_b[static_cast<size_t>(std::countr_zero(rest))] != fronts_a[i];
    }
  }
  work_.spend(steps);
  // Only fronts that are all different say which key belongs to which.
  if (members <= Shape::kMembersMax && distinct) {
    Shape& shape = shapes_[members];
    std::copy_n(fronts_a.begin(), members, shape.fronts.begin());
    std::copy_n(found.begin(), members, shape.found.begin());
    shapes_known_ |= 1U << members;
  }
  return same_values(a.data(), b.data(), found.data(), members);
}

inline bool Sameness::same_values(const uint32_t* control_keys, const uint32_t* candidate_keys,
                                  const uint8_t* order, uint32_t members) {
  for (uint32_t i = 0; i < members; ++i) {
    const uint32_t p = control_keys[i] + 1;
    const uint32_t q = candidate_keys[order[i]] + 1;
    if (a_[p].is_container() ? !same(p, q) : !same_leaf(p, q)) return false;
  }
  return true;
}

void Sameness::pair_sorted(uint32_t p, uint32_t control_members, uint32_t q,
                           uint32_t candidate_members, std::vector<MemberPair>& out) {
  const SortedKeys a(a_, p, control_members, work_);
  const SortedKeys b(b_, q, candidate_members, work_);
  size_t i = 0;
  size_t j = 0;
  while (i < a.keys.size() || j < b.keys.size()) {
    const int order = i == a.keys.size()   ? 1
                      : j == b.keys.size() ? -1
                                           : a.keys[i].first.compare(b.keys[j].first);
    MemberPair pair;
    if (order <= 0) pair.control_key = a.keys[i++].second;
    if (order >= 0) pair.candidate_key = b.keys[j++].second;
    out.push_back(pair);
  }
  // Nodes stand in document order; what only candidate has comes last.
  std::sort(out.begin(), out.end(), [](const MemberPair& x, const MemberPair& y) {
    return std::pair(x.control_key, x.candidate_key) < std::pair(y.control_key, y.candidate_key);
  });
}

void Sameness::pair_members(uint32_t control, uint32_t candidate, std::vector<MemberPair>& out) {
  const uint32_t n = a_[control].children();
  const uint32_t m = b_[candidate].children();
  work_.spend(1 + n + m);
  uint32_t p = control + 1;
  uint32_t q = candidate + 1;
  uint32_t i = 0;
  while (i < n && i < m && same_key(p, q)) {
    out.push_back({p, q});
    p = a_[p + 1].next;
    q = b_[q + 1].next;
    ++i;
  }
  if (i == n && i == m) return;
  if (n - i > kSmallObject || m - i > kSmallObject) {
    std::vector<MemberPair> rest;
    pair_sorted(p, n - i, q, m - i, rest);
    out.insert(out.end(), rest.begin(), rest.end());
    return;
  }
  std::array<uint32_t, kSmallObject> keys;
  for (uint32_t j = 0; j < m - i; ++j) {
    keys[j] = q;
    q = b_[q + 1].next;
  }
  uint64_t unused = (1ULL << (m - i)) - 1;
  for (uint32_t k = i; k < n; ++k) {
    MemberPair pair{p, kAbsent};
    for (uint64_t left = unused; left != 0; left &= left - 1) {
      const auto j = static_cast<uint32_t>(std::countr_zero(left));
      if (!same_key(p, keys[j])) continue;
      unused &= ~(1ULL << j);
      pair.candidate_key = keys[j];
      break;
    }
    work_.spend(static_cast<uint64_t>(std::popcount(unused)));
    out.push_back(pair);
    p = a_[p + 1].next;
  }
  for (; unused != 0; unused &= unused - 1) {
    out.push_back({kAbsent, keys[static_cast<size_t>(std::countr_zero(unused))]});
  }
}

uint64_t Sameness::hash(const Document& document, uint32_t index) {
  const Node& node = document[index];
  if (!node.is_container()) return hash_leaf(document, index);
  const uint32_t count = node.children();
  if (!work_.spend(1 + count + node.length / 64)) return 0;
  uint64_t state = mix(node.meta);
  uint32_t child = index + 1;
  if (node.kind() == NodeKind::kObject) {
    // A sum, so that the order of members does not matter.
    for (uint32_t i = 0; i < count; ++i) {
      state += mix(hash_leaf(document, child) + 3 * hash(document, child + 1));
      child = document[child + 1].next;
    }
    return mix(state);
  }
  for (uint32_t i = 0; i < count; ++i) {
    state = mix(state) + hash(document, child);
    child = document[child].next;
  }
  return mix(state);
}

}  // namespace understudy::compare
