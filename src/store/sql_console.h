#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/value.h"
#include "store/cancellation.h"

namespace understudy::store {

/// Bytes of one SQL text.
inline constexpr std::size_t kSqlBytesMax = 100'000;
inline constexpr std::size_t kSqlRowsMax = 10'000;
inline constexpr std::size_t kSqlColumnsMax = 1'000;
inline constexpr std::size_t kSqlCellsMax = 1'000'000;      // of an answer
inline constexpr std::size_t kSqlCellBytesMax = 64U << 20;  // of all texts of an answer

struct SqlQuestion {
  std::string text;
  std::size_t rows_max = 1'000;
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);  // the engine may have a shorter one
};

struct SqlAnswer {
  struct Column {
    std::string name;
    std::string type;  // "bigint", "double", "varchar", "timestamp_ns", ...
  };
  std::vector<Column> columns;
  std::vector<std::vector<event::Value>> rows;
  bool truncated = false;  // there were more rows
};

/// Answers one SELECT of a person over the datasets, each a table of its name. It reads nothing
/// else and changes nothing.
/// Failure: kInvalid for what is no such SELECT or does not fit the tables, kTimeout, kLimit,
/// kCancelled, kUnavailable as EventStore::select. Threads: any.
class SqlConsole {
 public:
  virtual ~SqlConsole() = default;
  virtual base::Result<SqlAnswer> run(const SqlQuestion& question,
                                      const Cancellation& cancellation) = 0;
};

}  // namespace understudy::store
