#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/sql_console.h"

/// What the server and the process that runs one statement say to each other, each a frame of
/// FrameChannel. Both are the same executable, so the bytes have no versions; they are checked all
/// the same, as a process that ran a statement is not believed.
namespace understudy::store {

enum class SqlMessage : std::uint8_t {
  kRequest = 1,  // to the process: SqlRequest
  kNeed = 2,     // to the server: the name of a dataset
  kTable = 3,    // to the process: the SQL that makes its view; with the file of its tail, if any
  kAnswer = 4,   // to the server: SqlAnswer
  kFailure = 5,  // to the server, or instead of kTable: base::Error
};

/// Datasets of one statement. The file of the n-th one's tail is the descriptor
/// kSqlTailDescriptor + n of the process.
inline constexpr int kSqlTablesMax = 32;
inline constexpr int kSqlTailDescriptor = 64;
/// `/proc/self/fd/64` for 0.
std::string sql_tail_path(int table);

inline constexpr std::size_t kSqlRequestBytesMax = 64U << 20;
inline constexpr std::size_t kSqlAnswerBytesMax = kSqlCellBytesMax + (32U << 20);

struct SqlRequest {
  std::string text;
  std::uint64_t rows_max = 0;
  std::int64_t deadline_ns = 0;  // of the steady clock, which processes share
  std::uint64_t memory_bytes_max = 0;
  std::string folder;  // of the segments
  std::vector<std::string> datasets;
};

std::string encode(const SqlRequest& request);
base::Result<SqlRequest> decode_sql_request(std::string_view bytes);
std::string encode(const SqlAnswer& answer);
/// kProtocol for bytes that are none, or one of more than `rows_max` rows.
base::Result<SqlAnswer> decode_sql_answer(std::string_view bytes, std::size_t rows_max);
std::string encode(const base::Error& error);
base::Error decode_sql_failure(std::string_view bytes);

}  // namespace understudy::store
