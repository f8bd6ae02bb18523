#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::store::parquet {

/// Writes Thrift's compact protocol, in which Parquet keeps its headers and its footer
/// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
/// Fields of one struct are written in ascending order of their numbers. Appends to `out`.
/// Threads: one writer.
class ThriftWriter {
 public:
  explicit ThriftWriter(std::string& out) : out_(out) {}

  void begin_struct() { last_fields_.push_back(0); }  // of a list, or the outermost
  void begin_struct(int field);
  void end_struct();

  void boolean(int field, bool value);
  void i16(int field, std::int16_t value);
  void i32(int field, std::int32_t value);
  void i64(int field, std::int64_t value);
  void text(int field, std::string_view value);

  void begin_struct_list(int field, std::size_t count);
  void i32_list(int field, const std::vector<std::int32_t>& values);
  void text_list(int field, const std::vector<std::string_view>& values);

 private:
  void header(int field, int type);
  void list_header(int field, std::size_t count, int type);
  void bytes(std::string_view value);

  std::string& out_;
  std::vector<int> last_fields_;
};

}  // namespace understudy::store::parquet
