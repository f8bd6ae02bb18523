#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy {

/// A result set in the neutral form that is compared: named columns, rows of typed cells. Filled by
/// a `lift` function. Rules address its cells like those of a JSON body
/// {"columns": [...], "rows": [[...]]}: `$.rows[*].revenue` or `$.rows[*][2]`.
/// Bounded: beyond `bytes_max` a row is not kept and `overflowed()` is true; the run then counts as
/// too_large. An unsigned number above 2^63-1 belongs in a string.
/// Ownership: owns its cells. Threads: a plain value.
class Table {
 public:
  using Cell = std::variant<std::monostate, bool, int64_t, double, std::string>;

  explicit Table(size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  /// Names the columns; call it once, before the first row.
  void set_columns(std::vector<std::string> names) {
    columns_ = std::move(names);
    for (const std::string& name : columns_) bytes_ += name.size() + sizeof(Cell);
  }
  /// Adds one row. Missing cells are null, cells beyond the columns are dropped.
  void add_row(std::vector<Cell> row) {
    size_t bytes = 0;
    for (const Cell& cell : row) {
      bytes += sizeof(Cell);
      if (const auto* text = std::get_if<std::string>(&cell)) bytes += text->size();
    }
    if (overflowed_ || bytes > bytes_max_ - std::min(bytes_, bytes_max_)) {
      overflowed_ = true;
      return;
    }
    bytes_ += bytes;
    rows_.push_back(std::move(row));
  }

  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  /// About the memory held by names and cells.
  size_t bytes() const { return bytes_; }
  bool overflowed() const { return overflowed_; }
  /// Gives the rows away.
  std::vector<std::vector<Cell>> take_rows() { return std::move(rows_); }

  static constexpr size_t kBytesMax = size_t{8} << 20;

 private:
  size_t bytes_max_;
  size_t bytes_ = 0;
  bool overflowed_ = false;
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace understudy
