#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/value.h"
#include "store/segment/segment.h"
#include "store/tail/tail_block.h"

namespace understudy::store {

/// The SQL type a value of that type is stored as.
const char* sql_type(event::Type type);

/// Where the values of one logical column lie: an index into Schema::physical per event::Type, or
/// kAbsent. A row has a value in at most one of them.
inline constexpr int kAbsent = -1;
using PhysicalByType = std::array<int, 5>;
inline constexpr PhysicalByType kNowhere = {kAbsent, kAbsent, kAbsent, kAbsent, kAbsent};

/// The physical columns of a dataset: one per (name, type), called c0, c1, ... in SQL.
/// Immutable; a new column makes a new Schema.
struct Schema {
  std::vector<event::Type> physical;
  std::map<std::string, PhysicalByType, std::less<>> columns;

  PhysicalByType find(std::string_view name) const {
    const auto found = columns.find(name);
    return found == columns.end() ? kNowhere : found->second;
  }
};

/// What a query sees of one block of the tail: its first `rows` rows.
struct BlockView {
  std::shared_ptr<const TailBlock> block;
  std::size_t rows = 0;
  std::int64_t time_min_ns = 0;
  std::int64_t time_max_ns = 0;
};

/// What a query sees of a dataset: a moment, whatever is added, merged or removed meanwhile.
struct TableView {
  std::shared_ptr<const Schema> schema = std::make_shared<Schema>();
  std::vector<std::shared_ptr<const Segment>> segments;  // by claim
  std::vector<BlockView> blocks;                         // by claim; they follow the segments
  std::vector<bool> nan;  // by physical column: NaN may be among its values
  bool weighted = false;  // some event has a sample rate other than 1
  /// The number under which `tail_scan` gives the blocks' rows (tail_scan.h), and what keeps it.
  std::int64_t tail = 0;
  std::shared_ptr<const void> tail_kept = {};

  /// Also for columns that exist for one question, of which nothing is known.
  bool may_be_nan(int physical) const {
    const auto index = static_cast<std::size_t>(physical);
    return index >= nan.size() || nan[index];
  }
};

}  // namespace understudy::store
