#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::compare {

/// A result set in memory, for callers inside a process. Its cells are addressed like those of a
/// JSON body {"columns": [...], "rows": [[...]]}: `$.rows[*].revenue` or `$.rows[*][2]`.
/// Row-major; a value type. Threads: as a vector.
class Table {
 public:
  using Cell = std::variant<std::monostate, bool, int64_t, double, std::string>;

  Table() = default;
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  const std::vector<std::string>& columns() const { return columns_; }
  size_t column_count() const { return columns_.size(); }
  size_t row_count() const { return row_count_; }
  const Cell& at(size_t row, size_t column) const { return cells_[row * columns_.size() + column]; }
  const std::vector<Cell>& cells() const { return cells_; }

  void reserve_rows(size_t rows) { cells_.reserve(rows * columns_.size()); }
  /// A row shorter than the columns is filled with null; what is longer is cut off.
  void add_row(std::vector<Cell> row) {
    row.resize(columns_.size());
    for (Cell& cell : row) cells_.push_back(std::move(cell));
    ++row_count_;
  }

 private:
  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
  size_t row_count_ = 0;
};

}  // namespace understudy::compare
