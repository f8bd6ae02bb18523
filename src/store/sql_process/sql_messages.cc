#include "store/sql_process/sql_messages.h"

#include <bit>
#include <cstring>

#include "base/text.h"

namespace understudy::store {
namespace {

using event::Type;
using event::Value;

constexpr std::size_t kErrorTextMax = 10'000;

class Writer {
 public:
  void number(std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof value);
  }
  void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// After the first thing that is not there everything is 0 or empty, and `ok` is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const std::string_view bytes = take(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::uint8_t byte() {
    const std::string_view bytes = take(1);
    return ok_ ? static_cast<std::uint8_t>(bytes[0]) : 0;
  }
  std::string_view text() { return take(number()); }
  /// A number of things of which each takes a byte or more.
  std::uint64_t count(std::uint64_t most) {
    const std::uint64_t value = number();
    ok_ = ok_ && value <= most && value <= left_.size();
    return ok_ ? value : 0;
  }
  bool ok() const { return ok_; }
  bool ended() const { return ok_ && left_.empty(); }

 private:
  std::string_view take(std::uint64_t bytes) {
    ok_ = ok_ && bytes <= left_.size();
    if (!ok_) return {};
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }

  std::string_view left_;
  bool ok_ = true;
};

base::Error broken(const char* what) {
  return base::error(base::ErrorKind::kProtocol,
                     base::cat("the process that ran the statement sent no ", what));
}

void write_cell(Writer& writer, const Value& value) {
  writer.byte(static_cast<std::uint8_t>(value.type()));
  switch (value.type()) {
    case Type::kNull:
      return;
    case Type::kBool:
      return writer.byte(value.as_bool() ? 1 : 0);
    case Type::kInt:
      return writer.number(static_cast<std::uint64_t>(value.as_int()));
    case Type::kDouble:
      return writer.number(std::bit_cast<std::uint64_t>(value.as_double()));
    case Type::kString:
      return writer.text(value.as_string());
  }
}

base::Result<Value> read_cell(Reader& reader) {
  switch (static_cast<Type>(reader.byte())) {
    case Type::kNull:
      return Value();
    case Type::kBool:
      return Value(reader.byte() != 0);
    case Type::kInt:
      return Value(static_cast<std::int64_t>(reader.number()));
    case Type::kDouble:
      return Value(std::bit_cast<double>(reader.number()));
    case Type::kString:
      return Value(reader.text());
  }
  return broken("answer");
}

}  // namespace

std::string sql_tail_path(int table) {
  return base::cat("/proc/self/fd/", kSqlTailDescriptor + table);
}

std::string encode(const SqlRequest& request) {
  Writer writer;
  writer.text(request.text);
  writer.number(request.rows_max);
  writer.number(static_cast<std::uint64_t>(request.deadline_ns));
  writer.number(request.memory_bytes_max);
  writer.text(request.folder);
  writer.number(request.datasets.size());
  for (const std::string& name : request.datasets) writer.text(name);
  return writer.take();
}

base::Result<SqlRequest> decode_sql_request(std::string_view bytes) {
  Reader reader(bytes);
  SqlRequest request;
  request.text = reader.text();
  request.rows_max = reader.number();
  request.deadline_ns = static_cast<std::int64_t>(reader.number());
  request.memory_bytes_max = reader.number();
  request.folder = reader.text();
  for (auto left = reader.count(kSqlRequestBytesMax); left > 0; --left) {
    request.datasets.emplace_back(reader.text());
  }
  if (!reader.ended()) return broken("request");
  return request;
}

std::string encode(const SqlAnswer& answer) {
  Writer writer;
  writer.byte(answer.truncated ? 1 : 0);
  writer.number(answer.columns.size());
  for (const SqlAnswer::Column& column : answer.columns) {
    writer.text(column.name);
    writer.text(column.type);
  }
  writer.number(answer.rows.size());
  for (const auto& row : answer.rows) {
    for (const Value& value : row) write_cell(writer, value);
  }
  return writer.take();
}

base::Result<SqlAnswer> decode_sql_answer(std::string_view bytes, std::size_t rows_max) {
  Reader reader(bytes);
  SqlAnswer answer;
  answer.truncated = reader.byte() != 0;
  for (auto left = reader.count(kSqlColumnsMax); left > 0; --left) {
    SqlAnswer::Column& column = answer.columns.emplace_back();
    column.name = reader.text();
    column.type = reader.text();
  }
  for (auto left = reader.count(rows_max); left > 0 && reader.ok(); --left) {
    auto& row = answer.rows.emplace_back();
    row.reserve(answer.columns.size());
    for (std::size_t i = 0; i < answer.columns.size() && reader.ok(); ++i) {
      TRY_ASSIGN(Value value, read_cell(reader));
      row.push_back(std::move(value));
    }
  }
  if (!reader.ended()) return broken("answer");
  return answer;
}

std::string encode(const base::Error& error) {
  Writer writer;
  writer.byte(static_cast<std::uint8_t>(error.kind));
  writer.text(std::string_view(error.context).substr(0, kErrorTextMax));
  return writer.take();
}

base::Error decode_sql_failure(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t kind = reader.byte();
  const std::string_view text = reader.text();
  if (!reader.ended() || kind > static_cast<std::uint8_t>(base::ErrorKind::kInternal) ||
      text.size() > kErrorTextMax) {
    return broken("error");
  }
  return base::error(static_cast<base::ErrorKind>(kind), std::string(text));
}

}  // namespace understudy::store
