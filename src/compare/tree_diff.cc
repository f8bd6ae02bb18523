#include "compare/tree_diff.h"

#include <algorithm>
#include <utility>

#include "compare/acceptance.h"
#include "compare/scalar.h"

namespace understudy::compare {

TreeDiff::TreeDiff(const Input& input, Comparison& out)
    : a_(input.control),
      b_(input.candidate),
      rules_(input.rules),
      options_(input.options),
      tables_(input.tables),
      place_(input.place),
      work_(input.work),
      out_(out),
      sameness_(input.control, input.candidate, input.work),
      trials_left_(input.options.pairing_trials_max) {}

std::optional<uint16_t> TreeDiff::ignoring_rule() const {
  for (const uint16_t rule : place_.matched()) {
    if (rules_[rule].ignore) return rule;
  }
  return std::nullopt;
}

bool TreeDiff::accepted(uint32_t control, uint32_t candidate) {
  const auto matched = place_.matched();
  if (matched.empty()) return false;
  const Scalar a = Scalar::of(a_, control);
  const Scalar b = Scalar::of(b_, candidate);
  work_.spend((a.raw.size() + b.raw.size()) / 16);
  for (const uint16_t rule : matched) {
    if (!rules_[rule].ignore && !accepts(rules_[rule], a, b)) continue;
    ignored_by(rule);
    return true;
  }
  if (matched.size() < 2) return false;
  Rule together = rules_[matched[0]];
  for (const uint16_t rule : matched.subspan(1)) together = together.widened(rules_[rule]);
  // Units are tried one by one: together they would be any units, which no rule has said.
  together.time_unit.reset();
  const bool fits =
      accepts(together, a, b) || std::any_of(matched.begin(), matched.end(), [&](uint16_t rule) {
        together.time_unit = rules_[rule].time_unit;
        return together.time_unit && accepts(together, a, b);
      });
  if (!fits) return false;
  ignored_by(matched[0]);
  for (const uint16_t rule : matched.subspan(1)) hit(rule);
  return true;
}

void TreeDiff::diff(uint32_t control, uint32_t candidate) {
  if (stop()) return;
  if (const auto rule = ignoring_rule()) {
    if (control == kAbsent || candidate == kAbsent || !sameness_.same(control, candidate)) {
      ignored_by(*rule);
    }
    return;
  }
  if (control == kAbsent || candidate == kAbsent) {
    if (!accepted(control, candidate)) {
      report(control == kAbsent ? Dimension::kExtra : Dimension::kMissing, control, candidate);
    }
    return;
  }
  const Node& x = a_[control];
  if (!x.is_container() || x.kind() != b_[candidate].kind()) {
    diff_leaf(control, candidate);
    return;
  }
  if (sameness_.same_bytes(control, candidate)) return;
  if (x.kind() == NodeKind::kObject) {
    diff_object(control, candidate);
  } else {
    diff_array(control, candidate, nullptr);
  }
}

void TreeDiff::diff_leaf(uint32_t control, uint32_t candidate) {
  if (!a_[control].is_container() && sameness_.same_leaf(control, candidate)) return;
  if (accepted(control, candidate)) return;
  const bool same_type = value_type(a_, control) == value_type(b_, candidate);
  report(same_type ? Dimension::kValue : Dimension::kType, control, candidate);
}

void TreeDiff::diff_member(const MemberPair& pair, const ColumnNames* names) {
  const bool both = pair.control_key != kAbsent && pair.candidate_key != kAbsent;
  if (both && !a_[pair.control_key + 1].is_container() &&
      sameness_.same_leaf(pair.control_key + 1, pair.candidate_key + 1)) {
    return;
  }
  if (pair.control_key != kAbsent) {
    place_.enter_member(a_.name_of(pair.control_key));
  } else {
    place_.enter_member(b_.name_of(pair.candidate_key));
  }
  // Rows that are not compared as a table are not known by the names of their columns, so a
  // redaction by name could not find its values: all of them are hidden.
  if (names != nullptr && place_.has_redactions() &&
      ((pair.control_key != kAbsent && pair.control_key == names->control.rows_key) ||
       (pair.candidate_key != kAbsent && pair.candidate_key == names->candidate.rows_key))) {
    place_.redact_if_below();
  }
  diff(pair.control_key == kAbsent ? kAbsent : pair.control_key + 1,
       pair.candidate_key == kAbsent ? kAbsent : pair.candidate_key + 1);
  place_.leave();
}

void TreeDiff::diff_object(uint32_t control, uint32_t candidate) {
  const bool tables = tables_ != TableReading::kNever && table_ == nullptr;
  ColumnNames names;
  if (tables || place_.has_redactions()) {
    auto table = named_table(a_, control);
    auto other = named_table(b_, candidate);
    const bool both = table && other;
    if (table) names.control = *std::move(table);
    if (other) names.candidate = *std::move(other);
    if (tables && both && is_table(names.control.rows_key + 1, names.candidate.rows_key + 1)) {
      diff_named_table(control, candidate, names);
      return;
    }
  }
  const uint32_t count = a_[control].children();
  uint32_t p = control + 1;
  uint32_t q = candidate + 1;
  uint32_t in_order = 0;
  if (count == b_[candidate].children()) {
    if (!work_.spend(count)) return;
    while (in_order < count && sameness_.same_key(p, q)) {
      p = a_[p + 1].next;
      q = b_[q + 1].next;
      ++in_order;
    }
  }
  if (count == b_[candidate].children() && in_order == count) {
    p = control + 1;
    q = candidate + 1;
    for (uint32_t i = 0; i < count && !stop(); ++i) {
      diff_member({p, q}, &names);
      p = a_[p + 1].next;
      q = b_[q + 1].next;
    }
    return;
  }
  std::vector<MemberPair> pairs;
  sameness_.pair_members(control, candidate, pairs);
  for (const MemberPair& pair : pairs) {
    if (stop()) return;
    diff_member(pair, &names);
  }
}

std::optional<TreeDiff::NamedTable> TreeDiff::named_table(const Document& document,
                                                          uint32_t object) const {
  constexpr uint32_t kMembersMax = 64;  // of an object that is a table with a few words about it
  // Where values must be hidden by the name of their column, no table is too large to be known.
  const bool bounded = !place_.has_redactions();
  if (bounded && document[object].children() > kMembersMax) return std::nullopt;
  NamedTable table;
  uint32_t key = object + 1;
  for (uint32_t i = 0; i < document[object].children(); ++i) {
    const std::string_view text = document.text_of(key);
    if (document[key + 1].kind() == NodeKind::kArray) {
      if (text == "columns") table.columns_key = key;
      if (text == "rows" || text == "data") table.rows_key = key;
    }
    key = document[key + 1].next;
  }
  if (table.columns_key == kAbsent || table.rows_key == kAbsent) return std::nullopt;
  const uint32_t columns = table.columns_key + 1;
  if (bounded && document[columns].children() > options_.columns_max) return std::nullopt;
  uint32_t item = columns + 1;
  for (uint32_t i = 0; i < document[columns].children(); ++i) {
    uint32_t found = kAbsent;
    if (document[item].kind() == NodeKind::kString) {
      found = item;
    } else if (document[item].kind() == NodeKind::kObject) {
      table.plain = false;
      uint32_t member = item + 1;
      for (uint32_t k = 0; k < document[item].children() && k < kMembersMax; ++k) {
        if (document.text_of(member) == "name" &&
            document[member + 1].kind() == NodeKind::kString) {
          found = member + 1;
        }
        member = document[member + 1].next;
      }
    }
    if (found == kAbsent) return std::nullopt;
    table.names.push_back(found);
    item = document[item].next;
  }
  return table;
}

void TreeDiff::diff_column_order(uint32_t control, uint32_t candidate) {
  std::vector<Item> a;
  std::vector<Item> b;
  collect_unequal(control, candidate, a, b);
  const bool same_length = a_[control].children() == b_[candidate].children();
  // Which names only one side has is told with the rows; here it is only who stands where.
  const Pairing pairing = pair_items(std::move(a), std::move(b), same_length);
  if (!pairing.moved || stop()) return;
  if (pairing.moved_by_rule) {
    ignored_by(*pairing.moved_by_rule);
  } else {
    report_order(pairing, nullptr, false);
  }
}

void TreeDiff::diff_named_table(uint32_t control, uint32_t candidate, ColumnNames& names) {
  std::vector<MemberPair> pairs;
  sameness_.pair_members(control, candidate, pairs);
  // The names first: a rule that ignores them changes how the rows are read.
  for (const MemberPair& pair : pairs) {
    if (pair.control_key != names.control.columns_key ||
        pair.candidate_key != names.candidate.columns_key) {
      continue;
    }
    place_.enter_member(a_.name_of(pair.control_key));
    names.ignored = ignoring_rule().has_value();
    if (names.ignored || !names.control.plain || !names.candidate.plain) {
      diff(pair.control_key + 1, pair.candidate_key + 1);
    } else {
      diff_column_order(pair.control_key + 1, pair.candidate_key + 1);
    }
    place_.leave();
  }
  for (const MemberPair& pair : pairs) {
    if (stop()) return;
    if (pair.control_key != kAbsent && pair.candidate_key != kAbsent) {
      if (pair.control_key == names.control.columns_key &&
          pair.candidate_key == names.candidate.columns_key) {
        continue;
      }
      if (pair.control_key == names.control.rows_key &&
          pair.candidate_key == names.candidate.rows_key) {
        place_.enter_member(a_.name_of(pair.control_key));
        if (ignoring_rule()) {
          diff(pair.control_key + 1, pair.candidate_key + 1);
        } else {
          diff_array(pair.control_key + 1, pair.candidate_key + 1, &names);
        }
        place_.leave();
        continue;
      }
    }
    diff_member(pair, nullptr);
  }
}

}  // namespace understudy::compare
