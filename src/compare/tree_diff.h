#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/comparator_options.h"
#include "compare/comparison.h"
#include "compare/document.h"
#include "compare/explain.h"
#include "compare/place.h"
#include "compare/rules.h"
#include "compare/sameness.h"

namespace understudy::compare {

/// Which arrays are read as tables.
enum class TableReading : uint8_t {
  kNever,       // trees only
  kWhenScalar,  // rows that hold scalars
  kAlways,      // rows that hold anything
};

/// Finds the differences of two lifted bodies, asks the rules about each, and writes what is left
/// into a Comparison. One walk, recursive to `json_depth_max`; the files are split by shape:
/// tree_diff (values and objects), array_diff (pairing items), movement (their order), table_diff
/// (rows and columns), reporting (what a difference says).
///
/// Failure: none; when `work` is spent the Comparison holds what was found until then.
///
/// Lifetime: everything given must outlive it. Threads: none of its own; made for one comparison.
class TreeDiff {
 public:
  struct Input {
    const Document& control;
    const Document& candidate;
    const Rules& rules;
    const ComparatorOptions& options;
    TableReading tables;
    Place& place;      // started
    WorkBudget& work;  // shared by all of one comparison
  };

  TreeDiff(const Input& input, Comparison& out);

  void run() { diff(0, 0); }

 private:
  /// A table written as {"columns": [...], "rows": [[...]]} on one side; nodes of the document.
  struct NamedTable {
    uint32_t columns_key = kAbsent;
    uint32_t rows_key = kAbsent;
    std::vector<uint32_t> names;  // strings
    bool plain = true;            // `columns` holds nothing but the names
  };
  /// The same on both sides.
  struct ColumnNames {
    NamedTable control;
    NamedTable candidate;
    bool ignored = false;  // a rule ignores the names: columns go by their index
  };
  /// Items of two arrays that have not been found equal, and what became of them.
  struct Item {
    uint32_t node;
    uint32_t index;
  };
  struct ItemPair {
    Item control;
    Item candidate;
  };
  struct Pairing {
    std::vector<ItemPair> pairs;  // to be looked into, in control's order
    std::vector<ItemPair> equal;  // found at other places or behind a shift
    std::vector<Item> only_control;
    std::vector<Item> only_candidate;
    bool moved = false;              // the same items stand in another order
    std::optional<Rule> moved_rule;  // offered for that
    std::optional<ItemPair> moved_example;
    std::optional<uint16_t> moved_by_rule;  // accepts that
  };
  struct Table;  // what is known of the table being compared; in table_diff.h

  static constexpr uint32_t kOrderDepthMax = 4;  // deeper arrays are compared place by place
  static constexpr size_t kMovedSamples = 16;
  static constexpr size_t kKeyColumnsMax = 16;  // tried as the identity of rows

  // Values and objects.
  void diff(uint32_t control, uint32_t candidate);
  void diff_object(uint32_t control, uint32_t candidate);
  void diff_leaf(uint32_t control, uint32_t candidate);
  void diff_member(const MemberPair& pair, const ColumnNames* names);
  std::optional<uint16_t> ignoring_rule() const;
  bool accepted(uint32_t control, uint32_t candidate);
  std::optional<NamedTable> named_table(const Document& document, uint32_t object) const;
  void diff_named_table(uint32_t control, uint32_t candidate, ColumnNames& names);
  void diff_column_order(uint32_t control, uint32_t candidate);

  // Arrays.
  void diff_array(uint32_t control, uint32_t candidate, const ColumnNames* names);
  void diff_items(uint32_t control, uint32_t candidate);
  void collect_unequal(uint32_t control, uint32_t candidate, std::vector<Item>& a,
                       std::vector<Item>& b);
  Pairing pair_items(std::vector<Item> a, std::vector<Item> b, bool same_length);
  /// Whether any of some items of `a` stands elsewhere in `b`; when none does, most have changed.
  bool any_moved(const std::vector<Item>& a, const std::vector<Item>& b);
  void pair_by_hash(std::vector<Item>& a, std::vector<Item>& b, Pairing& out);
  void pair_unordered(std::vector<Item>& a, std::vector<Item>& b, Pairing& out);
  bool pair_by_key(const std::vector<std::string>& members, bool guessed, std::vector<Item>& a,
                   std::vector<Item>& b, Pairing& out);
  void pair_rest_by_key(const std::vector<Item>& all_a, const std::vector<Item>& all_b,
                        std::vector<Item>& a, std::vector<Item>& b, Pairing& out);
  std::vector<std::vector<std::string>> possible_keys(const Item& a) const;
  /// Where in rows that are arrays the members stand.
  std::vector<std::optional<uint64_t>> key_positions(const Document& document,
                                                     const std::vector<std::string>& members) const;
  uint64_t key_hash(const Document& document, uint32_t item,
                    const std::vector<std::string>& members,
                    const std::vector<std::optional<uint64_t>>& positions);
  uint64_t blocking_hash(const Document& document, uint32_t node, bool is_row);
  bool trial(const Item& control, const Item& candidate);
  void diff_pair(const ItemPair& pair);
  static void note_moves(std::vector<ItemPair>& same, Pairing& out);
  /// Looks into the pairs. True when those the rules accept, together with the equal ones, turn out
  /// to be in another order, which is then to be reported.
  bool diff_pairs(Pairing& pairing);
  /// Whether the rules accept every item as it stands, so that no order is needed to explain it.
  bool same_in_place(const Pairing& pairing);
  static void pair_in_order(std::vector<Item>& a, std::vector<Item>& b, Pairing& out);

  // Tables.
  bool is_table(uint32_t control, uint32_t candidate) const;
  bool are_rows(const Document& document, uint32_t array, NodeKind kind) const;
  void diff_table(uint32_t control, uint32_t candidate, const ColumnNames* names);
  void report_row_count(uint32_t control, uint32_t candidate, const Pairing& pairing);
  std::string shown_rows(bool of_control, uint32_t count, const std::vector<Item>& only);
  void judge_columns(uint32_t control, uint32_t candidate, const Pairing& pairing);
  void judge_presence();
  void judge_types(const Pairing& pairing);
  void report_column_type(size_t column, const ItemPair& row, uint32_t control, uint32_t candidate);
  void diff_row(const ItemPair& row);
  void diff_cell(size_t column, uint32_t control, uint32_t candidate);

  // Reporting.
  void hit(uint16_t rule);
  void ignored_by(uint16_t rule);
  bool stop() const { return work_.spent() || (trial_ && trial_failed_); }
  /// Counts a difference; true when it is to be recorded in full.
  bool reject();
  void report(Dimension dimension, uint32_t control, uint32_t candidate);
  void report_order(const Pairing& pairing, const NamedTable* table, bool rows);
  Difference& record(Dimension dimension);
  void offer(Difference& difference, std::optional<Rule> rule) const;
  std::string shown(const Document& document, uint32_t node);
  void show(const Document& document, uint32_t node, std::string& out);
  void show_object(const Document& document, uint32_t node, std::string& out);
  void show_row(const Document& document, uint32_t row, const NamedTable* table, std::string& out);

  const Document& a_;
  const Document& b_;
  const Rules& rules_;
  const ComparatorOptions& options_;
  const TableReading tables_;
  Place& place_;
  WorkBudget& work_;
  Comparison& out_;
  Sameness sameness_;
  uint64_t trials_left_;
  uint32_t array_depth_ = 0;
  Table* table_ = nullptr;  // being compared, at most one: what is in its cells is a tree
  bool trial_ = false;
  bool trial_failed_ = false;
};

}  // namespace understudy::compare
