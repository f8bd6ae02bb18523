#include <algorithm>
#include <array>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "compare/scalar.h"
#include "compare/table_diff.h"
#include "compare/tree_diff.h"

namespace understudy::compare {

namespace {

bool has_tolerance(const Rule& rule) {
  return !rule.absolute.empty() || rule.relative || rule.ulps || rule.time_unit ||
         rule.coerce.any() || rule.ignore_case || rule.canonical || rule.trim != Trim::kNone;
}

/// Keeps the items of `from` whose flag is not set, in order.
template <class Item>
void keep_unmarked(std::vector<Item>& from, const std::vector<char>& marked) {
  size_t kept = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (marked[i] == 0) from[kept++] = from[i];
  }
  from.resize(kept);
}

struct Hashed {
  uint64_t hash;
  size_t position;

  bool operator<(const Hashed& other) const {
    return std::pair(hash, position) < std::pair(other.hash, other.position);
  }
};

/// Calls `visit` with each run of equal hashes that both sorted lists have.
template <class Visit>
void for_common_runs(const std::vector<Hashed>& a, const std::vector<Hashed>& b, Visit visit) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i].hash != b[j].hash) {
      a[i].hash < b[j].hash ? ++i : ++j;
      continue;
    }
    const size_t i_from = i;
    const size_t j_from = j;
    while (i < a.size() && a[i].hash == a[i_from].hash) ++i;
    while (j < b.size() && b[j].hash == b[j_from].hash) ++j;
    visit(std::span(a).subspan(i_from, i - i_from), std::span(b).subspan(j_from, j - j_from));
  }
}

}  // namespace

void TreeDiff::diff_array(uint32_t control, uint32_t candidate, const ColumnNames* names) {
  const bool table = names != nullptr || (table_ == nullptr && is_table(control, candidate));
  // Places of items nested this deep are compared one by one: each level above reads them again.
  if (array_depth_ >= kOrderDepthMax && !table) {
    const uint32_t n = a_[control].children();
    const uint32_t m = b_[candidate].children();
    uint32_t p = control + 1;
    uint32_t q = candidate + 1;
    if (!work_.spend(1 + n + m)) return;
    for (uint32_t i = 0; i < std::max(n, m) && !stop(); ++i) {
      place_.enter_item(i);
      diff(i < n ? p : kAbsent, i < m ? q : kAbsent);
      place_.leave();
      if (i < n) p = a_[p].next;
      if (i < m) q = b_[q].next;
    }
    return;
  }
  ++array_depth_;
  if (table) {
    diff_table(control, candidate, names);
  } else {
    diff_items(control, candidate);
  }
  --array_depth_;
}

void TreeDiff::diff_items(uint32_t control, uint32_t candidate) {
  std::vector<Item> a;
  std::vector<Item> b;
  collect_unequal(control, candidate, a, b);
  if (stop() || (a.empty() && b.empty())) return;
  const bool same_length = a_[control].children() == b_[candidate].children();
  Pairing pairing = pair_items(std::move(a), std::move(b), same_length);
  if (pairing.moved) {
    if (pairing.moved_by_rule) {
      ignored_by(*pairing.moved_by_rule);
    } else {
      report_order(pairing, nullptr, false);
    }
  }
  if (diff_pairs(pairing)) report_order(pairing, nullptr, false);
  for (const Item& item : pairing.only_control) {
    if (stop()) return;
    place_.enter_item(item.index);
    diff(item.node, kAbsent);
    place_.leave();
  }
  for (const Item& item : pairing.only_candidate) {
    if (stop()) return;
    place_.enter_item(item.index);
    diff(kAbsent, item.node);
    place_.leave();
  }
}

void TreeDiff::collect_unequal(uint32_t control, uint32_t candidate, std::vector<Item>& a,
                               std::vector<Item>& b) {
  const uint32_t n = a_[control].children();
  const uint32_t m = b_[candidate].children();
  if (!work_.spend(1 + n + m)) return;
  // Rows of differently named columns are never equal as they stand.
  const bool comparable = table_ == nullptr || table_->same_names;
  uint32_t p = control + 1;
  uint32_t q = candidate + 1;
  const uint32_t both = std::min(n, m);
  uint32_t i = 0;
  for (; i < both; ++i) {
    const bool same =
        comparable && (a_[p].is_container() ? sameness_.same(p, q) : sameness_.same_leaf(p, q));
    if (work_.spent()) return;
    if (!same) {
      a.push_back({p, i});
      b.push_back({q, i});
    }
    p = a_[p].next;
    q = b_[q].next;
  }
  for (uint32_t k = i; k < n; ++k) {
    a.push_back({p, k});
    p = a_[p].next;
  }
  for (uint32_t k = i; k < m; ++k) {
    b.push_back({q, k});
    q = b_[q].next;
  }
  if (n == m || !comparable) return;
  size_t tail = 0;
  while (tail < a.size() && tail < b.size() &&
         sameness_.same(a[a.size() - 1 - tail].node, b[b.size() - 1 - tail].node) &&
         !work_.spent()) {
    ++tail;
  }
  a.resize(a.size() - tail);
  b.resize(b.size() - tail);
}

TreeDiff::Pairing TreeDiff::pair_items(std::vector<Item> a, std::vector<Item> b, bool same_length) {
  Pairing out;
  if (stop() || (a.empty() && b.empty())) return out;
  std::optional<uint16_t> unordered;
  std::optional<uint16_t> match_by;
  for (const uint16_t rule : place_.matched()) {
    if (rules_[rule].unordered && !unordered) unordered = rule;
    if (!rules_[rule].match_by.empty() && !match_by) match_by = rule;
  }
  if (match_by) {
    pair_by_key(rules_[*match_by].match_by, false, a, b, out);
    out.moved_by_rule = match_by;
  } else if (unordered) {
    pair_by_hash(a, b, out);
    pair_unordered(a, b, out);
    out.moved_by_rule = unordered;
  } else if (a.size() + b.size() > 2) {
    Pairing found;
    std::vector<Item> rest_a = a;
    std::vector<Item> rest_b = b;
    if (!same_length || any_moved(a, b)) pair_by_hash(rest_a, rest_b, found);
    const size_t equal = a.size() - rest_a.size();
    Rule rule;
    rule.unordered = true;
    found.moved_rule = rule;
    // Most of the items again, only elsewhere: an order or a shift, not new values.
    bool use = !same_length || equal * 2 >= a.size();
    if (equal * 2 < std::min(a.size(), b.size())) {
      for (std::vector<std::string>& key : possible_keys(a[0])) {
        Pairing keyed;
        std::vector<Item> keyed_a = a;
        std::vector<Item> keyed_b = b;
        if (stop() || !pair_by_key(key, true, keyed_a, keyed_b, keyed)) continue;
        if (!keyed.moved && same_length) continue;
        rule.unordered = false;
        rule.match_by = std::move(key);
        keyed.moved_rule = rule;
        found = std::move(keyed);
        rest_a = std::move(keyed_a);
        rest_b = std::move(keyed_b);
        use = true;
        break;
      }
    }
    const bool keyed_all = !found.pairs.empty();
    if (use && !keyed_all && !rest_a.empty() && !rest_b.empty()) {
      pair_rest_by_key(a, b, rest_a, rest_b, found);
    }
    if (use) {
      out = std::move(found);
      a = std::move(rest_a);
      b = std::move(rest_b);
    }
  }
  pair_in_order(a, b, out);
  std::sort(out.pairs.begin(), out.pairs.end(),
            [](const ItemPair& x, const ItemPair& y) { return x.control.index < y.control.index; });
  return out;
}

bool TreeDiff::any_moved(const std::vector<Item>& a, const std::vector<Item>& b) {
  std::array<Hashed, kMovedSamples> samples;
  const size_t count = std::min(a.size(), kMovedSamples);
  for (size_t i = 0; i < count; ++i) {
    const Item& item = a[i * a.size() / count];
    samples[i] = {sameness_.hash(a_, item.node), item.index};
  }
  const auto end = samples.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(samples.begin(), end);
  for (const Item& item : b) {
    if (work_.spent()) return false;
    const uint64_t hash = sameness_.hash(b_, item.node);
    const auto found = std::lower_bound(samples.begin(), end, Hashed{hash, 0});
    if (found != end && found->hash == hash && found->position != item.index) return true;
  }
  return false;
}

void TreeDiff::pair_by_hash(std::vector<Item>& a, std::vector<Item>& b, Pairing& out) {
  const auto hashed = [this](const Document& document, const std::vector<Item>& items) {
    std::vector<Hashed> hashes;
    hashes.reserve(items.size());
    for (size_t i = 0; i < items.size() && !work_.spent(); ++i) {
      hashes.push_back({sameness_.hash(document, items[i].node), i});
    }
    std::sort(hashes.begin(), hashes.end());
    return hashes;
  };
  const auto hashes_a = hashed(a_, a);
  const auto hashes_b = hashed(b_, b);
  if (work_.spent()) return;
  std::vector<char> used_a(a.size());
  std::vector<char> used_b(b.size());
  std::vector<ItemPair> equal;
  for_common_runs(hashes_a, hashes_b, [&](std::span<const Hashed> x, std::span<const Hashed> y) {
    for (const Hashed& i : x) {
      for (const Hashed& j : y) {
        // Equal hashes can be made; what a long text costs to be held against another is counted.
        if (!work_.spend(1 + a_[a[i.position].node].length / 64)) return;
        if (used_b[j.position] != 0) continue;
        if (!sameness_.same(a[i.position].node, b[j.position].node)) continue;
        used_a[i.position] = used_b[j.position] = 1;
        equal.push_back({a[i.position], b[j.position]});
        break;
      }
      // Used ones stand in front of a run of equal items: skip them all the next time.
      while (!y.empty() && used_b[y.front().position] != 0) y = y.subspan(1);
    }
  });
  keep_unmarked(a, used_a);
  keep_unmarked(b, used_b);
  note_moves(equal, out);
  out.equal = std::move(equal);
}

void TreeDiff::diff_pair(const ItemPair& pair) {
  if (table_ != nullptr && table_->depth == place_.depth()) {
    diff_row(pair);
    return;
  }
  place_.enter_item(pair.control.index);
  diff(pair.control.node, pair.candidate.node);
  place_.leave();
}

bool TreeDiff::trial(const Item& control, const Item& candidate) {
  if (trials_left_ == 0 || !work_.spend(1)) return false;
  --trials_left_;
  const bool outer = std::exchange(trial_, true);
  const bool outer_failed = std::exchange(trial_failed_, false);
  diff_pair({control, candidate});
  const bool equal = !trial_failed_ && !work_.spent();
  trial_ = outer;
  trial_failed_ = outer_failed;
  return equal;
}

void TreeDiff::pair_unordered(std::vector<Item>& a, std::vector<Item>& b, Pairing& out) {
  if (a.empty() || b.empty() || !place_.any_rule_below()) return;
  const bool rows = table_ != nullptr && table_->depth == place_.depth();
  const auto hashed = [this, rows](const Document& document, const std::vector<Item>& items) {
    std::vector<Hashed> hashes;
    hashes.reserve(items.size());
    for (size_t i = 0; i < items.size() && !work_.spent(); ++i) {
      place_.enter_item(items[i].index);
      hashes.push_back({blocking_hash(document, items[i].node, rows), i});
      place_.leave();
    }
    std::sort(hashes.begin(), hashes.end());
    return hashes;
  };
  const auto hashes_a = hashed(a_, a);
  const auto hashes_b = hashed(b_, b);
  if (work_.spent()) return;
  std::vector<char> used_a(a.size());
  std::vector<char> used_b(b.size());
  const auto take = [&](const Hashed& i, const Hashed& j) {
    used_a[i.position] = used_b[j.position] = 1;
    out.pairs.push_back({a[i.position], b[j.position]});
    out.moved = out.moved || a[i.position].index != b[j.position].index;
  };
  for_common_runs(hashes_a, hashes_b, [&](std::span<const Hashed> x, std::span<const Hashed> y) {
    for (const Hashed& i : x) {
      for (const Hashed& j : y) {
        if (trials_left_ == 0 || !work_.spend(1)) break;
        if (used_b[j.position] != 0 || !trial(a[i.position], b[j.position])) continue;
        take(i, j);
        break;
      }
    }
    // What is alike but for values with a tolerance is paired before strangers are.
    for (const Hashed& i : x) {
      if (used_a[i.position] != 0) continue;
      while (!y.empty() && used_b[y.front().position] != 0) y = y.subspan(1);
      if (y.empty()) break;
      take(i, y.front());
    }
  });
  keep_unmarked(a, used_a);
  keep_unmarked(b, used_b);
}

uint64_t TreeDiff::blocking_hash(const Document& document, uint32_t index, bool is_row) {
  const Node& node = document[index];
  bool any_order = false;
  for (const uint16_t number : place_.matched()) {
    const Rule& rule = rules_[number];
    if (rule.ignore || has_tolerance(rule)) return 0;
    any_order = any_order || rule.unordered || !rule.match_by.empty();
  }
  if (!node.is_container()) return hash_leaf(document, index);
  if (!place_.any_rule_below() && !any_order) return sameness_.hash(document, index);
  const uint32_t count = node.children();
  if (!work_.spend(1 + count)) return 0;
  const bool object = node.kind() == NodeKind::kObject;
  uint64_t state = mix(static_cast<uint64_t>(node.kind()));
  uint32_t child = index + 1;
  for (uint32_t i = 0; i < count; ++i) {
    if (object) {
      place_.enter_member(document.name_of(child));
      const uint64_t value = blocking_hash(document, child + 1, false);
      // A member that may differ may also be missing.
      if (value != 0) state += mix(hash_leaf(document, child) + 3 * value);
      child = document[child + 1].next;
    } else {
      if (is_row) {
        table_->enter_cell(place_, &document == &a_, i);
      } else {
        place_.enter_item(i);
      }
      const uint64_t value = blocking_hash(document, child, false);
      state = any_order ? state + mix(value) : mix(state) + value;
      child = document[child].next;
    }
    place_.leave();
  }
  return mix(state) | 1;
}

std::vector<std::optional<uint64_t>> TreeDiff::key_positions(
    const Document& document, const std::vector<std::string>& members) const {
  std::vector<std::optional<uint64_t>> positions;
  for (const std::string& member : members) {
    auto position = base::parse_uint64(member);
    if (table_ != nullptr) position = table_->position(&document == &a_, member, position);
    positions.push_back(position);
  }
  return positions;
}

uint64_t TreeDiff::key_hash(const Document& document, uint32_t item,
                            const std::vector<std::string>& members,
                            const std::vector<std::optional<uint64_t>>& positions) {
  uint64_t state = 1;
  std::string buffer;
  for (size_t k = 0; k < members.size(); ++k) {
    uint32_t found = kAbsent;
    if (document[item].kind() == NodeKind::kObject) {
      uint32_t key = item + 1;
      work_.spend(document[item].children());
      for (uint32_t i = 0; i < document[item].children() && found == kAbsent; ++i) {
        if (document.name_of(key).text(buffer) == members[k]) found = key + 1;
        key = document[key + 1].next;
      }
    } else if (document[item].kind() == NodeKind::kArray) {
      const auto wanted = positions[k];
      uint32_t cell = item + 1;
      work_.spend(document[item].children());
      for (uint32_t i = 0; wanted && i < document[item].children() && i <= *wanted; ++i) {
        if (i == *wanted) found = cell;
        cell = document[cell].next;
      }
    }
    if (found == kAbsent || document[found].is_container()) return 0;
    state = mix(state) + hash_leaf(document, found);
  }
  return state | 1;
}

bool TreeDiff::pair_by_key(const std::vector<std::string>& members, bool guessed,
                           std::vector<Item>& a, std::vector<Item>& b, Pairing& out) {
  const auto positions_a = key_positions(a_, members);
  const auto positions_b = key_positions(b_, members);
  if (guessed && a.size() == b.size()) {
    // Where the first rows have the same key at the same place, nothing has moved.
    bool moved = false;
    for (size_t i = 0; i < std::min<size_t>(a.size(), 4) && !moved; ++i) {
      moved = key_hash(a_, a[i].node, members, positions_a) !=
              key_hash(b_, b[i].node, members, positions_b);
    }
    if (!moved) return false;
  }
  const auto hashed = [&](const Document& document, const std::vector<Item>& items) {
    const auto& positions = &document == &a_ ? positions_a : positions_b;
    std::vector<Hashed> hashes;
    hashes.reserve(items.size());
    for (size_t i = 0; i < items.size(); ++i) {
      if (!work_.spend(4 * members.size())) break;
      const uint64_t hash = key_hash(document, items[i].node, members, positions);
      if (hash != 0) hashes.push_back({hash, i});
    }
    std::sort(hashes.begin(), hashes.end());
    return hashes;
  };
  const auto hashes_a = hashed(a_, a);
  if (guessed) {
    if (hashes_a.size() != a.size()) return false;
    for (size_t i = 1; i < hashes_a.size(); ++i) {
      if (hashes_a[i].hash == hashes_a[i - 1].hash) return false;
    }
  }
  const auto hashes_b = hashed(b_, b);
  if (work_.spent()) return false;
  std::vector<char> used_a(a.size());
  std::vector<char> used_b(b.size());
  std::vector<ItemPair> pairs;
  bool unique = true;
  for_common_runs(hashes_a, hashes_b, [&](std::span<const Hashed> x, std::span<const Hashed> y) {
    unique = unique && x.size() == 1 && y.size() == 1;
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      used_a[x[i].position] = used_b[y[i].position] = 1;
      pairs.push_back({a[x[i].position], b[y[i].position]});
    }
  });
  if (guessed && (!unique || pairs.size() * 10 < std::min(a.size(), b.size()) * 9)) {
    return false;
  }
  keep_unmarked(a, used_a);
  keep_unmarked(b, used_b);
  out.pairs.insert(out.pairs.end(), pairs.begin(), pairs.end());
  note_moves(pairs, out);
  return true;
}

/// Pairs what has no equal by a column that identifies the items, the equal ones included: behind a
/// missing row, the changed ones stand at other places than their partners.
void TreeDiff::pair_rest_by_key(const std::vector<Item>& all_a, const std::vector<Item>& all_b,
                                std::vector<Item>& a, std::vector<Item>& b, Pairing& out) {
  for (const std::vector<std::string>& key : possible_keys(all_a[0])) {
    Pairing tried;
    std::vector<Item> tried_a = all_a;
    std::vector<Item> tried_b = all_b;
    if (stop()) return;
    if (!pair_by_key(key, true, tried_a, tried_b, tried)) continue;
    pair_by_key(key, false, a, b, out);
    return;
  }
}

std::vector<std::vector<std::string>> TreeDiff::possible_keys(const Item& item) const {
  std::vector<std::vector<std::string>> keys;
  const Node& node = a_[item.node];
  if (!node.is_container()) return keys;
  const bool object = node.kind() == NodeKind::kObject;
  uint32_t child = item.node + 1;
  std::string decoded;
  for (uint32_t i = 0; i < node.children() && keys.size() < kKeyColumnsMax; ++i) {
    const uint32_t value = object ? child + 1 : child;
    const NodeKind kind = a_[value].kind();
    if (kind == NodeKind::kInteger || kind == NodeKind::kString) {
      if (object) {
        keys.push_back({std::string(a_.name_of(child).text(decoded))});
      } else {
        const Name name = table_ == nullptr ? Name{} : table_->name(true, i);
        keys.push_back({name.raw.empty() ? base::cat(i) : std::string(name.text(decoded))});
      }
    }
    child = a_[value].next;
  }
  return keys;
}

void TreeDiff::pair_in_order(std::vector<Item>& a, std::vector<Item>& b, Pairing& out) {
  const size_t both = std::min(a.size(), b.size());
  for (size_t i = 0; i < both; ++i) out.pairs.push_back({a[i], b[i]});
  out.only_control.assign(a.begin() + static_cast<std::ptrdiff_t>(both), a.end());
  out.only_candidate.assign(b.begin() + static_cast<std::ptrdiff_t>(both), b.end());
}

}  // namespace understudy::compare
