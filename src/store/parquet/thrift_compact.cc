#include "store/parquet/thrift_compact.h"

#include "event/varint.h"

namespace understudy::store::parquet {
namespace {

// The protocol's numbers of the types.
constexpr int kTrue = 1;
constexpr int kFalse = 2;
constexpr int kI16 = 4;
constexpr int kI32 = 5;
constexpr int kI64 = 6;
constexpr int kBinary = 8;
constexpr int kList = 9;
constexpr int kStruct = 12;

}  // namespace

void ThriftWriter::header(int field, int type) {
  const int step = field - last_fields_.back();
  if (step > 0 && step < 16) {
    out_.push_back(static_cast<char>(step << 4 | type));
  } else {
    out_.push_back(static_cast<char>(type));
    event::append_varint(out_, event::zigzag(field));
  }
  last_fields_.back() = field;
}

void ThriftWriter::begin_struct(int field) {
  header(field, kStruct);
  begin_struct();
}

void ThriftWriter::end_struct() {
  out_.push_back(0);
  last_fields_.pop_back();
}

void ThriftWriter::boolean(int field, bool value) { header(field, value ? kTrue : kFalse); }

void ThriftWriter::i16(int field, std::int16_t value) {
  header(field, kI16);
  event::append_varint(out_, event::zigzag(value));
}

void ThriftWriter::i32(int field, std::int32_t value) {
  header(field, kI32);
  event::append_varint(out_, event::zigzag(value));
}

void ThriftWriter::i64(int field, std::int64_t value) {
  header(field, kI64);
  event::append_varint(out_, event::zigzag(value));
}

void ThriftWriter::text(int field, std::string_view value) {
  header(field, kBinary);
  bytes(value);
}

void ThriftWriter::begin_struct_list(int field, std::size_t count) {
  list_header(field, count, kStruct);
}

void ThriftWriter::i32_list(int field, const std::vector<std::int32_t>& values) {
  list_header(field, values.size(), kI32);
  for (const std::int32_t value : values) event::append_varint(out_, event::zigzag(value));
}

void ThriftWriter::text_list(int field, const std::vector<std::string_view>& values) {
  list_header(field, values.size(), kBinary);
  for (const std::string_view value : values) bytes(value);
}

void ThriftWriter::list_header(int field, std::size_t count, int type) {
  header(field, kList);
  if (count < 15) {
    out_.push_back(static_cast<char>(static_cast<int>(count) << 4 | type));
  } else {
    out_.push_back(static_cast<char>(0xF0 | type));
    event::append_varint(out_, count);
  }
}

void ThriftWriter::bytes(std::string_view value) {
  event::append_varint(out_, value.size());
  out_.append(value);
}

}  // namespace understudy::store::parquet
