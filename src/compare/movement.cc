#include <algorithm>
#include <utility>

#include "compare/tree_diff.h"

namespace understudy::compare {

void TreeDiff::note_moves(std::vector<ItemPair>& same, Pairing& out) {
  std::sort(same.begin(), same.end(),
            [](const ItemPair& x, const ItemPair& y) { return x.control.index < y.control.index; });
  for (size_t i = 1; i < same.size() && !out.moved; ++i) {
    if (same[i].candidate.index > same[i - 1].candidate.index) continue;
    out.moved = true;
    out.moved_example = same[i - 1];
  }
}

bool TreeDiff::diff_pairs(Pairing& pairing) {
  // What moved and changed within the rules is known as the same item only after a look into it.
  const bool in_doubt = !pairing.moved && !pairing.moved_by_rule;
  std::vector<ItemPair> same;
  for (const ItemPair& pair : pairing.pairs) {
    if (stop()) return false;
    const uint64_t before = out_.difference_count();
    diff_pair(pair);
    if (in_doubt && out_.difference_count() == before) same.push_back(pair);
  }
  if (same.empty() || stop()) return false;
  same.insert(same.end(), pairing.equal.begin(), pairing.equal.end());
  note_moves(same, pairing);
  return pairing.moved && !same_in_place(pairing) && !stop();
}

bool TreeDiff::same_in_place(const Pairing& pairing) {
  std::vector<Item> a = pairing.only_control;
  std::vector<Item> b = pairing.only_candidate;
  for (const auto* pairs : {&pairing.equal, &pairing.pairs}) {
    for (const ItemPair& pair : *pairs) {
      a.push_back(pair.control);
      b.push_back(pair.candidate);
    }
  }
  for (std::vector<Item>* items : {&a, &b}) {
    std::sort(items->begin(), items->end(),
              [](const Item& x, const Item& y) { return x.index < y.index; });
  }
  const bool outer = std::exchange(trial_, true);
  const bool outer_failed = std::exchange(trial_failed_, false);
  for (size_t i = 0; i < std::max(a.size(), b.size()) && !stop(); ++i) {
    if (i < a.size() && i < b.size()) {
      diff_pair({a[i], b[i]});
      continue;
    }
    place_.enter_item(i < a.size() ? a[i].index : b[i].index);
    diff(i < a.size() ? a[i].node : kAbsent, i < b.size() ? b[i].node : kAbsent);
    place_.leave();
  }
  const bool same = !trial_failed_ && !work_.spent();
  trial_ = outer;
  trial_failed_ = outer_failed;
  return same;
}

}  // namespace understudy::compare
