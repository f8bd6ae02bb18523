#include "store/sql_process/sql_messages.h"

#include <gtest/gtest.h>

#include <limits>

namespace understudy::store {
namespace {

using event::Value;

SqlAnswer some_answer() {
  return {.columns = {{"a", "bigint"}, {"b", "varchar"}},
          .rows = {{Value(std::numeric_limits<int64_t>::min()), Value("text")},
                   {Value(-0.5), Value(true)},
                   {Value(), Value("")}},
          .truncated = true};
}

TEST(SqlMessages, AnAnswerIsReadBack) {
  const SqlAnswer answer = some_answer();
  const auto read = decode_sql_answer(encode(answer), 3);
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(read->rows, answer.rows);
  EXPECT_EQ(read->columns[1].name, "b");
  EXPECT_EQ(read->columns[1].type, "varchar");
  EXPECT_TRUE(read->truncated);
}

TEST(SqlMessages, ARequestAndAnErrorAreReadBack) {
  const auto request = decode_sql_request(encode(SqlRequest{
      .text = "SELECT 1", .rows_max = 7, .deadline_ns = 8, .folder = "f", .datasets = {"a", ""}}));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->datasets, (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(request->rows_max, 7U);
  const auto error = decode_sql_failure(encode(base::error(base::ErrorKind::kLimit, "too much")));
  EXPECT_EQ(error.kind, base::ErrorKind::kLimit);
  EXPECT_EQ(error.context, "too much");
}

TEST(SqlMessages, MoreRowsThanWereAskedForAreRefused) {
  EXPECT_FALSE(decode_sql_answer(encode(some_answer()), 2).ok());
}

TEST(SqlMessages, EveryPieceOfAMessageIsRefused) {
  const std::string bytes = encode(some_answer());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_sql_answer(bytes.substr(0, size), 3).ok()) << size;
  }
  EXPECT_FALSE(decode_sql_answer(bytes + "x", 3).ok());
}

TEST(SqlMessages, AChangedByteHurtsNobody) {
  const std::string bytes = encode(some_answer());
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int byte : {0x00, 0x05, 0x7f, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(byte);
      const auto read = decode_sql_answer(changed, 3);
      EXPECT_TRUE(read.ok() || read.error().kind == base::ErrorKind::kProtocol);
    }
  }
  EXPECT_EQ(decode_sql_failure("").kind, base::ErrorKind::kProtocol);
  EXPECT_EQ(decode_sql_failure(std::string(9, '\xff')).kind, base::ErrorKind::kProtocol);
}

}  // namespace
}  // namespace understudy::store
