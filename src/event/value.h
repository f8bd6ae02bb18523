#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace understudy::event {

/// The types a field of an event can have. The numbers are part of the log's file format.
enum class Type : std::uint8_t {
  kNull = 0,    // present without a value
  kBool = 1,    // true or false
  kInt = 2,     // 64-bit signed integer
  kDouble = 3,  // IEEE 754 binary64, with NaN, infinities and negative zero
  kString = 4,  // UTF-8 text
};

/// The lower-case name of a type: "int".
const char* name(Type type);

/// One value of an event, borrowed: a string points into what it was taken from.
/// Trivially copyable, 24 bytes. Threads: a plain value.
class ValueView {
 public:
  constexpr ValueView() : type_(Type::kNull), int_(0) {}
  constexpr ValueView(bool value) : type_(Type::kBool), int_(value ? 1 : 0) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) constexpr ValueView(T value)
      : type_(Type::kInt), int_(static_cast<std::int64_t>(value)) {}
  constexpr ValueView(double value) : type_(Type::kDouble), double_(value) {}
  constexpr ValueView(std::string_view value)
      : type_(Type::kString), size_(value.size()), data_(value.data()) {}
  constexpr ValueView(const char* value) : ValueView(std::string_view(value)) {}
  ValueView(const std::string& value) : ValueView(std::string_view(value)) {}

  constexpr Type type() const { return type_; }
  constexpr bool is_null() const { return type_ == Type::kNull; }
  constexpr bool is_bool() const { return type_ == Type::kBool; }
  constexpr bool is_int() const { return type_ == Type::kInt; }
  constexpr bool is_double() const { return type_ == Type::kDouble; }
  constexpr bool is_number() const { return is_int() || is_double(); }
  constexpr bool is_string() const { return type_ == Type::kString; }

  /// Each reads the value of exactly that type; calling it on another type is a defect.
  constexpr bool as_bool() const { return int_ != 0; }
  constexpr std::int64_t as_int() const { return int_; }
  constexpr double as_double() const { return double_; }
  constexpr std::string_view as_string() const { return {data_, size_}; }
  /// An int or a double, as a double (integers beyond 2^53 are rounded).
  constexpr double as_number() const { return is_int() ? static_cast<double>(int_) : double_; }

  /// Same type and same value. NaN equals NaN, -0.0 equals 0.0, 5 does not equal 5.0 or "5".
  friend bool operator==(const ValueView& a, const ValueView& b);

 private:
  Type type_;
  std::size_t size_ = 0;
  union {
    std::int64_t int_;
    double double_;
    const char* data_;
  };
};

/// One value of an event, owned. What queries take as constants and give back as cells.
/// Threads: a plain value.
class Value {
 public:
  Value() = default;
  Value(bool value) : data_(value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T value) : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  explicit Value(const ValueView& view);

  Type type() const { return static_cast<Type>(data_.index()); }
  bool is_null() const { return type() == Type::kNull; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_int() const { return type() == Type::kInt; }
  bool is_double() const { return type() == Type::kDouble; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return type() == Type::kString; }

  /// Each reads the value of exactly that type; calling it on another type is a defect.
  bool as_bool() const { return *std::get_if<bool>(&data_); }
  std::int64_t as_int() const { return *std::get_if<std::int64_t>(&data_); }
  double as_double() const { return *std::get_if<double>(&data_); }
  const std::string& as_string() const { return *std::get_if<std::string>(&data_); }
  /// An int or a double, as a double (integers beyond 2^53 are rounded).
  double as_number() const { return is_int() ? static_cast<double>(as_int()) : as_double(); }

  /// Borrowed; valid while this value lives unchanged.
  ValueView view() const;

  /// As ValueView's.
  friend bool operator==(const Value& a, const Value& b) { return a.view() == b.view(); }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string> data_;
};

/// For logs and test failures: null, true, 5, 5.0, "text".
std::string to_string(const ValueView& value);
std::string to_string(const Value& value);

}  // namespace understudy::event
