#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace understudy::flags {

/// One JSON value: what a variation serves and what a context attribute holds.
/// Integers that fit 64 bits stay exact; every comparison of two numbers is by number, so 3 equals
/// 3.0. Members of an object keep their order and compare without it; of repeated names the last
/// one counts. Ownership: owns all it holds. Threads: const methods from any thread.
/// Cost: a copy copies the tree.
class Value {
 public:
  struct Member;
  using List = std::vector<Value>;
  using Object = std::vector<Member>;

  // Defined below, where Member is complete.
  Value();
  Value(std::nullptr_t);
  Value(bool value);
  Value(int value);
  Value(int64_t value);
  Value(double value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(List value);
  Value(Object value);
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<int64_t>(data_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(data_); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_list() const { return std::holds_alternative<List>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  /// The held value; of another type a neutral one (false, 0, empty), never a crash.
  bool as_bool() const;
  double as_number() const;
  /// The integer held, or the double held when it is a whole number of that range; else 0.
  int64_t as_integer() const;
  const std::string& as_string() const;
  const List& as_list() const;
  const Object& as_object() const;

  /// The member called `name` of an object, or null when there is none or this is no object.
  const Value* find(std::string_view name) const;
  /// Sets a member, making an object of whatever was there.
  void set(std::string_view name, Value value);

  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Object> data_;
};

struct Value::Member {
  std::string name;
  Value value;
};

inline Value::Value() = default;
inline Value::Value(std::nullptr_t) {}
inline Value::Value(bool value) : data_(value) {}
inline Value::Value(int value) : data_(static_cast<int64_t>(value)) {}
inline Value::Value(int64_t value) : data_(value) {}
inline Value::Value(double value) : data_(value) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(List value) : data_(std::move(value)) {}
inline Value::Value(Object value) : data_(std::move(value)) {}
inline Value::Value(const Value& other) = default;
inline Value::Value(Value&& other) noexcept = default;
inline Value& Value::operator=(const Value& other) = default;
inline Value& Value::operator=(Value&& other) noexcept = default;
inline Value::~Value() = default;

/// How deep a parsed value may nest; deeper text is refused.
inline constexpr int kJsonDepthMax = 64;
/// How long a parsed text may be, in bytes.
inline constexpr size_t kJsonBytesMax = 64U << 20;

/// Reads one JSON text (RFC 8259, valid UTF-8, nothing after it). Errors name the byte offset.
/// A number outside the range of a double is refused.
base::Result<Value> parse_json(std::string_view text, size_t bytes_max = kJsonBytesMax);

/// The shortest JSON text of a value, without white space. What is not valid UTF-8 is written as
/// U+FFFD, a number that is not finite as null, so that the result is always JSON.
std::string to_json(const Value& value);
void append_json(std::string& out, const Value& value);
void append_json_string(std::string& out, std::string_view text);

}  // namespace understudy::flags
