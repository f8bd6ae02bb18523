#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/tree_diff.h"

namespace understudy::compare {

/// What a comparison knows of the two tables it is in: their columns, by name or by index, and
/// how to read a row of either as cells of those columns.
/// Lifetime: of one diff_table call; refers to its documents.
struct TreeDiff::Table {
  struct Column {
    Name name = {};
    uint32_t index = 0;       // in control's rows, else in candidate's
    bool in_control = false;  // some row, or the list of names, has it
    bool in_candidate = false;
    uint16_t control_types = 0;  // bits by ValueType, null left out
    uint16_t candidate_types = 0;
    bool types_differ = false;   // in at least one pair of cells
    uint32_t example = kAbsent;  // its first value in the rows of one side, for a one-sided one
    bool one_sided = false;      // reported (or accepted) as a column; its cells are not compared
    bool all_float = false;      // numbers, and floats among them, on both sides
    /// Set when it was reported as a column of another type: values that this accepts are not
    /// repeated cell by cell.
    std::optional<Rule> type_rule = std::nullopt;
  };
  struct Cell {
    size_t column;
    uint32_t control = kAbsent;
    uint32_t candidate = kAbsent;
  };

  Table(const Document& control, const Document& candidate, const ColumnNames* columns,
        NodeKind kind, uint32_t columns_max);

  /// The cells of a pair of rows, in control's order. False when a row is irregular (a name twice,
  /// too many columns) and is to be compared as a tree.
  bool read(uint32_t control, uint32_t candidate, std::vector<Cell>& out);
  /// Notes the columns and types of one row.
  void scan(bool of_control, uint32_t row);
  void enter_cell(Place& place, bool of_control, uint32_t index) const;
  /// Members of objects have no order, so they have no index either.
  void enter_cell(Place& place, const Column& column) const {
    place.enter_cell(column.name, row_kind == NodeKind::kObject ? Place::kNoIndex : column.index);
  }
  Name name(bool of_control, uint32_t index) const;
  /// Whether a column has values, and all are null. Not known where columns are declared, because
  /// the declaration is more than its values, and not where some rows are irregular.
  bool only_null(const Column& column) const {
    return names == nullptr && !irregular && (column.control_types | column.candidate_types) == 0;
  }
  /// The index of the column called `wanted` in the rows of one side, else `fallback`.
  std::optional<uint64_t> position(bool of_control, std::string_view wanted,
                                   std::optional<uint64_t> fallback) const;

  const Document& a;
  const Document& b;
  const ColumnNames* names = nullptr;
  NodeKind row_kind;
  uint32_t columns_max;
  bool same_names = true;
  bool irregular = false;  // a row could not be read as cells of columns
  size_t depth = 0;        // of the array's place
  std::vector<Column> columns;

 private:
  std::optional<size_t> column_of(bool of_control, uint32_t key, uint32_t index);
  template <class Visit>
  bool for_cells(bool of_control, uint32_t row, Visit visit);

  std::map<std::string_view, size_t> by_name_;
  static constexpr size_t kNoColumn = SIZE_MAX;

  std::vector<size_t> candidate_columns_;  // column of each index of candidate's rows
  std::vector<size_t> unnamed_columns_;    // of each index behind the names, or kNoColumn
  std::vector<uint64_t> control_seen_;     // by column: the row that had it last
  std::vector<uint64_t> candidate_seen_;
  std::vector<size_t> slot_;  // by column: its cell in the row being read
  uint64_t serial_ = 0;
};

}  // namespace understudy::compare
