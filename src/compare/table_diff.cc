#include "compare/table_diff.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "compare/acceptance.h"
#include "compare/decimal.h"
#include "compare/scalar.h"
#include "compare/text_form.h"

namespace understudy::compare {

namespace {

constexpr uint16_t bit(ValueType type) {
  return static_cast<uint16_t>(1U << static_cast<unsigned>(type));
}
constexpr uint16_t kNumbers = bit(ValueType::kInteger) | bit(ValueType::kFloat);

/// The type of a column that holds values of these types.
ValueType column_type(uint16_t types) {
  if (types == 0) return ValueType::kNull;
  if (std::has_single_bit(types)) return static_cast<ValueType>(std::countr_zero(types));
  return (types & ~kNumbers) == 0 ? ValueType::kFloat : ValueType::kMixed;
}

uint16_t type_bit(const Document& document, uint32_t node) {
  const ValueType type = value_type(document, node);
  return type == ValueType::kNull || type == ValueType::kMissing ? 0 : bit(type);
}

}  // namespace

TreeDiff::Table::Table(const Document& control, const Document& candidate,
                       const ColumnNames* column_names, NodeKind kind, uint32_t most)
    : a(control),
      b(candidate),
      names(column_names != nullptr && !column_names->ignored ? column_names : nullptr),
      row_kind(kind),
      columns_max(most) {
  if (names == nullptr) return;
  const auto& ours = names->control.names;
  const auto& theirs = names->candidate.names;
  for (uint32_t i = 0; i < ours.size(); ++i) {
    columns.push_back({.name = a.name_of(ours[i]), .index = i, .in_control = true});
  }
  const auto plain = [](const Document& document, uint32_t node) {
    std::string buffer;
    return std::string(document.name_of(node).text(buffer));
  };
  std::multimap<std::string, size_t> free;
  for (size_t i = 0; i < ours.size(); ++i) free.emplace(plain(a, ours[i]), i);
  same_names = ours.size() == theirs.size();
  for (uint32_t i = 0; i < theirs.size(); ++i) {
    const std::string name = plain(b, theirs[i]);
    const auto found = free.lower_bound(name);  // of equal names the first one left
    size_t column = columns.size();
    if (found == free.end() || found->first != name) {
      columns.push_back({.name = b.name_of(theirs[i]), .index = i});
    } else {
      column = found->second;
      free.erase(found);
    }
    columns[column].in_candidate = true;
    same_names = same_names && column == i;
    candidate_columns_.push_back(column);
  }
}

std::optional<size_t> TreeDiff::Table::column_of(bool of_control, uint32_t key, uint32_t index) {
  Name name;
  if (row_kind == NodeKind::kObject) {
    name = (of_control ? a : b).name_of(key);
    // Rows mostly have their members in one order.
    if (index < columns.size() && columns[index].name.raw == name.raw) return index;
    if (name.escaped) return std::nullopt;
    const auto found = by_name_.find(name.raw);
    if (found != by_name_.end()) return found->second;
  } else if (of_control || names == nullptr) {
    const size_t named = names == nullptr ? 0 : names->control.names.size();
    if (index < named) return index;
    if (names == nullptr && index < columns.size()) return index;
  } else if (index < candidate_columns_.size()) {
    return candidate_columns_[index];
  }
  if (names != nullptr && row_kind == NodeKind::kArray) {
    // A row longer than the list of names: columns without a name, by index.
    if (index < unnamed_columns_.size() && unnamed_columns_[index] != kNoColumn) {
      return unnamed_columns_[index];
    }
    if (columns.size() >= columns_max) return std::nullopt;
    unnamed_columns_.resize(std::max<size_t>(unnamed_columns_.size(), index + 1), kNoColumn);
    unnamed_columns_[index] = columns.size();
  }
  if (columns.size() >= columns_max) return std::nullopt;
  columns.push_back({.name = name, .index = index});
  if (name.any()) by_name_.emplace(name.raw, columns.size() - 1);
  return columns.size() - 1;
}

template <class Visit>
bool TreeDiff::Table::for_cells(bool of_control, uint32_t row, Visit visit) {
  const Document& document = of_control ? a : b;
  const bool object = row_kind == NodeKind::kObject;
  uint32_t child = row + 1;
  for (uint32_t i = 0; i < document[row].children(); ++i) {
    const uint32_t value = object ? child + 1 : child;
    const auto column = column_of(of_control, child, i);
    if (!column) irregular = true;
    if (!column || !visit(*column, value)) return false;
    child = document[value].next;
  }
  return true;
}

bool TreeDiff::Table::read(uint32_t control, uint32_t candidate, std::vector<Cell>& out) {
  out.clear();
  ++serial_;
  const auto ready = [this] {
    control_seen_.resize(columns.size());
    candidate_seen_.resize(columns.size());
    slot_.resize(columns.size());
  };
  if (!for_cells(true, control, [&](size_t column, uint32_t node) {
        if (column >= slot_.size()) ready();
        if (control_seen_[column] == serial_) return false;
        control_seen_[column] = serial_;
        slot_[column] = out.size();
        out.push_back({column, node, kAbsent});
        return true;
      })) {
    return false;
  }
  return for_cells(false, candidate, [&](size_t column, uint32_t node) {
    if (column >= slot_.size()) ready();
    if (candidate_seen_[column] == serial_) return false;
    candidate_seen_[column] = serial_;
    if (control_seen_[column] == serial_) {
      out[slot_[column]].candidate = node;
    } else {
      out.push_back({column, kAbsent, node});
    }
    return true;
  });
}

void TreeDiff::Table::scan(bool of_control, uint32_t row) {
  for_cells(of_control, row, [&](size_t index, uint32_t node) {
    Column& column = columns[index];
    if (of_control) {
      column.in_control = true;
      column.control_types |= type_bit(a, node);
    } else {
      column.in_candidate = true;
      column.candidate_types |= type_bit(b, node);
    }
    if (column.example == kAbsent) column.example = node;
    return true;
  });
}

Name TreeDiff::Table::name(bool of_control, uint32_t index) const {
  if (names == nullptr) return {};
  const auto& list = of_control ? names->control.names : names->candidate.names;
  if (index >= list.size()) return {};
  return (of_control ? a : b).name_of(list[index]);
}

void TreeDiff::Table::enter_cell(Place& place, bool of_control, uint32_t index) const {
  place.enter_cell(name(of_control, index), index);
}

std::optional<uint64_t> TreeDiff::Table::position(bool of_control, std::string_view wanted,
                                                  std::optional<uint64_t> fallback) const {
  if (names == nullptr) return fallback;
  const auto& list = of_control ? names->control.names : names->candidate.names;
  std::string decoded;
  for (uint32_t i = 0; i < list.size(); ++i) {
    if (name(of_control, i).text(decoded) == wanted) return i;
  }
  return fallback;
}

bool TreeDiff::are_rows(const Document& document, uint32_t array, NodeKind kind) const {
  const uint32_t count = document[array].children();
  uint32_t row = array + 1;
  for (uint32_t i = 0; i < count; ++i) {
    if (document[row].kind() != kind || document[row].children() > options_.columns_max) {
      return false;
    }
    if (i == 0 && tables_ == TableReading::kWhenScalar) {
      uint32_t child = row + 1;
      for (uint32_t k = 0; k < document[row].children(); ++k) {
        const uint32_t value = kind == NodeKind::kObject ? child + 1 : child;
        if (document[value].is_container()) return false;
        child = document[value].next;
      }
    }
    row = document[row].next;
  }
  return true;
}

bool TreeDiff::is_table(uint32_t control, uint32_t candidate) const {
  if (tables_ == TableReading::kNever) return false;
  const uint32_t n = a_[control].children();
  const uint32_t m = b_[candidate].children();
  if (n + m == 0) return false;
  if (!work_.spend(n + m)) return false;
  const NodeKind kind = n != 0 ? a_[control + 1].kind() : b_[candidate + 1].kind();
  if (kind != NodeKind::kArray && kind != NodeKind::kObject) return false;
  return are_rows(a_, control, kind) && are_rows(b_, candidate, kind);
}

void TreeDiff::diff_table(uint32_t control, uint32_t candidate, const ColumnNames* names) {
  const bool any_row = a_[control].children() != 0;
  const NodeKind kind = any_row ? a_[control + 1].kind() : b_[candidate + 1].kind();
  Table table(a_, b_, kind == NodeKind::kArray ? names : nullptr, kind, options_.columns_max);
  table.depth = place_.depth();
  table_ = &table;
  std::vector<Item> a;
  std::vector<Item> b;
  collect_unequal(control, candidate, a, b);
  const bool same_length = a_[control].children() == b_[candidate].children();
  Pairing pairing = pair_items(std::move(a), std::move(b), same_length);
  if (!stop() && !same_length) report_row_count(control, candidate, pairing);
  const NamedTable* named = table.names == nullptr ? nullptr : &table.names->control;
  if (pairing.moved && !stop()) {
    if (pairing.moved_by_rule) {
      ignored_by(*pairing.moved_by_rule);
    } else {
      report_order(pairing, named, true);
    }
  }
  if (!stop()) judge_columns(control, candidate, pairing);
  if (diff_pairs(pairing)) report_order(pairing, named, true);
  table_ = nullptr;
}

void TreeDiff::report_row_count(uint32_t control, uint32_t candidate, const Pairing& pairing) {
  if (!reject()) return;
  const uint32_t n = a_[control].children();
  const uint32_t m = b_[candidate].children();
  Difference& difference = record(Dimension::kRowCount);
  difference.control_type = ValueType::kArray;
  difference.candidate_type = ValueType::kArray;
  difference.control_value = shown_rows(true, n, pairing.only_control);
  difference.candidate_value = shown_rows(false, m, pairing.only_candidate);
  difference.distance = std::abs(static_cast<double>(n) - static_cast<double>(m));
  difference.distance_unit = "rows";
}

/// "12, only here: row 4 {"id":7}": how many there are, and the first of those without a partner.
std::string TreeDiff::shown_rows(bool of_control, uint32_t count, const std::vector<Item>& only) {
  std::string out = base::cat(count);
  if (only.empty()) return out;
  const Item& first = only.front();
  out += only.size() == 1 ? ", only here: " : base::cat(", ", only.size(), " only here: ");
  out += base::cat("row ", first.index, " ");
  const NamedTable* named = table_->names == nullptr ? nullptr
                            : of_control             ? &table_->names->control
                                                     : &table_->names->candidate;
  place_.enter_row(first.index);
  show_row(of_control ? a_ : b_, first.node, named, out);
  place_.leave();
  return presentable(out, options_.value_bytes_max);
}

void TreeDiff::judge_columns(uint32_t control, uint32_t candidate, const Pairing& pairing) {
  // Equal pairs of rows have the same columns and types on both sides, so only what differs in an
  // unequal pair needs a look at the whole table.
  bool suspicious = table_->names != nullptr && !table_->same_names;
  std::vector<Table::Cell> cells;
  for (const ItemPair& row : pairing.pairs) {
    if (!work_.spend(1 + a_[row.control.node].children())) return;
    if (!table_->read(row.control.node, row.candidate.node, cells)) continue;
    for (const Table::Cell& cell : cells) {
      const bool both = cell.control != kAbsent && cell.candidate != kAbsent;
      if (both && a_[cell.control].kind() == b_[cell.candidate].kind()) continue;
      suspicious = true;
      table_->columns[cell.column].types_differ |= both;
    }
  }
  if (!suspicious) return;
  for (const bool of_control : {true, false}) {
    const Document& document = of_control ? a_ : b_;
    const uint32_t array = of_control ? control : candidate;
    uint32_t row = array + 1;
    for (uint32_t i = 0; i < document[array].children(); ++i) {
      if (!work_.spend(1 + document[row].children())) return;
      table_->scan(of_control, row);
      row = document[row].next;
    }
  }
  // A side without rows says nothing about its columns, unless it names them; nor do rows of which
  // some are irregular.
  const bool both_have_rows = a_[control].children() != 0 && b_[candidate].children() != 0;
  if ((both_have_rows && !table_->irregular) || table_->names != nullptr) judge_presence();
  if (!table_->irregular) judge_types(pairing);
}

void TreeDiff::judge_presence() {
  std::vector<size_t> only_control;
  std::vector<size_t> only_candidate;
  Rule null_rule;
  null_rule.coerce.null = true;
  size_t in_control = 0;
  size_t in_candidate = 0;
  // Only rules for every row are about a column.
  const auto enter = [this](const Table::Column& column) {
    place_.enter_row(Place::kNoIndex);
    table_->enter_cell(place_, column);
  };
  const auto leave = [this] {
    place_.leave();
    place_.leave();
  };
  for (size_t i = 0; i < table_->columns.size(); ++i) {
    Table::Column& column = table_->columns[i];
    in_control += column.in_control ? 1 : 0;
    in_candidate += column.in_candidate ? 1 : 0;
    if (column.in_control == column.in_candidate) continue;
    if (table_->irregular && !column.name.any()) continue;
    column.one_sided = true;
    enter(column);
    auto rule = ignoring_rule();
    for (const uint16_t other : place_.matched()) {
      if (!rule && rules_[other].coerce.null && table_->only_null(column)) rule = other;
    }
    leave();
    if (rule) {
      ignored_by(*rule);
    } else {
      (column.in_control ? only_control : only_candidate).push_back(i);
    }
  }
  if (only_control.size() == only_candidate.size()) {
    for (const auto* list : {&only_control, &only_candidate}) {
      for (const size_t i : *list) {
        enter(table_->columns[i]);
        if (reject()) {
          Difference& difference =
              record(list == &only_control ? Dimension::kMissing : Dimension::kExtra);
          difference.path = difference.path_pattern;
          difference.row = -1;
          difference.column = base::cut_utf8(place_.column(), options_.value_bytes_max);
          if (table_->only_null(table_->columns[i])) {
            difference.explanation = Explanation::kNullMissing;
            offer(difference, null_rule);
          }
          const Table::Column& column = table_->columns[i];
          const ValueType type = column_type(column.control_types | column.candidate_types);
          if (list == &only_control) {
            difference.control_type = type;
            difference.control_value = shown(a_, column.example);
          } else {
            difference.candidate_type = type;
            difference.candidate_value = shown(b_, column.example);
          }
        }
        leave();
      }
    }
    return;
  }
  if (!reject()) return;
  const auto listed = [this](size_t count, const std::vector<size_t>& only) {
    std::string out = base::cat(count);
    for (const size_t& i : only) {
      const Table::Column& column = table_->columns[i];
      out += &i == &only.front() ? ", only here: " : ", ";
      std::string decoded;
      if (column.name.any()) {
        out += column.name.text(decoded);
      } else {
        out += base::cat("[", column.index, "]");
      }
      if (out.size() > options_.value_bytes_max) break;
    }
    return presentable(out, options_.value_bytes_max);
  };
  Difference& difference = record(Dimension::kColumnCount);
  difference.control_type = ValueType::kArray;
  difference.candidate_type = ValueType::kArray;
  difference.control_value = listed(in_control, only_control);
  difference.candidate_value = listed(in_candidate, only_candidate);
  difference.distance =
      std::abs(static_cast<double>(in_control) - static_cast<double>(in_candidate));
  difference.distance_unit = "columns";
  std::vector<size_t> only = std::move(only_control);
  only.insert(only.end(), only_candidate.begin(), only_candidate.end());
  for (const size_t i : only) {
    if (!table_->only_null(table_->columns[i])) return;
  }
  difference.explanation = Explanation::kNullMissing;
  if (only.size() != 1) return;
  enter(table_->columns[only[0]]);
  offer(difference, null_rule);
  leave();
}

void TreeDiff::judge_types(const Pairing& pairing) {
  std::vector<char> wanted(table_->columns.size());
  size_t left = 0;
  for (size_t i = 0; i < table_->columns.size(); ++i) {
    Table::Column& column = table_->columns[i];
    const bool numbers = ((column.control_types | column.candidate_types) & ~kNumbers) == 0;
    column.all_float = numbers && column_type(column.control_types) == ValueType::kFloat &&
                       column_type(column.candidate_types) == ValueType::kFloat;
    if (column.types_differ && !column.one_sided && column.control_types != 0 &&
        column.candidate_types != 0 && (column.control_types & column.candidate_types) == 0) {
      wanted[i] = 1;
      ++left;
    }
  }
  std::vector<Table::Cell> cells;
  for (const ItemPair& row : pairing.pairs) {
    if (left == 0 || stop()) return;
    if (!work_.spend(1 + a_[row.control.node].children())) return;
    if (!table_->read(row.control.node, row.candidate.node, cells)) continue;
    for (const Table::Cell& cell : cells) {
      if (wanted[cell.column] == 0 || cell.control == kAbsent || cell.candidate == kAbsent ||
          type_bit(a_, cell.control) == 0 || type_bit(b_, cell.candidate) == 0) {
        continue;
      }
      wanted[cell.column] = 0;
      --left;
      report_column_type(cell.column, row, cell.control, cell.candidate);
    }
  }
}

void TreeDiff::report_column_type(size_t index, const ItemPair& row, uint32_t control,
                                  uint32_t candidate) {
  Table::Column& column = table_->columns[index];
  place_.enter_row(row.control.index);
  table_->enter_cell(place_, column);
  const Scalar x = Scalar::of(a_, control);
  const Scalar y = Scalar::of(b_, candidate);
  bool accepted_by_rule = false;
  for (const uint16_t rule : place_.matched()) {
    accepted_by_rule = accepted_by_rule || rules_[rule].ignore || accepts(rules_[rule], x, y);
  }
  if (!accepted_by_rule) {
    Explained why = explain(x, y, place_.pattern(), options_.explain_ulps_max);
    column.type_rule = why.rule ? *why.rule : Rule{};
    column.type_rule->coerce.number = true;
    column.type_rule->coerce.boolean = true;
    column.type_rule->coerce.nan = true;
    if (reject()) {
      Difference& difference = record(Dimension::kColumnType);
      difference.path = difference.path_pattern;
      difference.control_type = column_type(column.control_types);
      difference.candidate_type = column_type(column.candidate_types);
      difference.control_value = shown(a_, control);
      difference.candidate_value = shown(b_, candidate);
      difference.explanation = why.explanation;
      offer(difference, std::move(why.rule));
    }
  }
  place_.leave();
  place_.leave();
}

void TreeDiff::diff_row(const ItemPair& row) {
  if (!work_.spend(1 + a_[row.control.node].children() + b_[row.candidate.node].children())) {
    return;
  }
  place_.enter_row(row.control.index);
  if (const auto rule = ignoring_rule()) {
    if (!table_->same_names || !sameness_.same(row.control.node, row.candidate.node)) {
      ignored_by(*rule);
    }
    place_.leave();
    return;
  }
  std::vector<Table::Cell> cells;
  if (table_->read(row.control.node, row.candidate.node, cells)) {
    for (const Table::Cell& cell : cells) {
      if (stop()) break;
      diff_cell(cell.column, cell.control, cell.candidate);
    }
  } else {
    // By their index only: a redaction by name could not find its cells.
    if (table_->names != nullptr) place_.redact_if_below();
    diff(row.control.node, row.candidate.node);
  }
  place_.leave();
}

void TreeDiff::diff_cell(size_t index, uint32_t control, uint32_t candidate) {
  const Table::Column& column = table_->columns[index];
  if (column.one_sided) return;
  const bool both = control != kAbsent && candidate != kAbsent;
  if (both && !a_[control].is_container()) {
    if (sameness_.same_leaf(control, candidate)) return;
    if (column.all_float && a_[control].is_number() && b_[candidate].is_number() &&
        a_[control].kind() != b_[candidate].kind()) {
      // In a column of floats 2 is 2.0 with its zero left out.
      const Decimal x(a_.text_of(control));
      const Decimal y(b_.text_of(candidate));
      if (compare_magnitude(x, y) == 0 && x.negative() == y.negative()) return;
    }
  }
  table_->enter_cell(place_, column);
  const bool nested =
      both && a_[control].is_container() && a_[control].kind() == b_[candidate].kind();
  if (nested) {
    diff(control, candidate);
  } else if (const auto rule = ignoring_rule()) {
    ignored_by(*rule);
  } else if (!accepted(control, candidate)) {
    const bool told =
        both && column.type_rule &&
        accepts(*column.type_rule, Scalar::of(a_, control), Scalar::of(b_, candidate));
    if (!told) report(Dimension::kCell, control, candidate);
  }
  place_.leave();
}

}  // namespace understudy::compare
