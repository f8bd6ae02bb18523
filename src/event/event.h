#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/column.h"
#include "event/value.h"

namespace understudy::event {

/// Most fields one event can have; further ones are dropped and counted in `dropped()`.
inline constexpr std::size_t kFieldsPerEventMax = 2'000;
/// Longest string value in bytes; a longer one is cut at a character and counted in `cut()`.
inline constexpr std::size_t kStringBytesMax = 65'535;
/// Most string bytes one event can hold; the string that would pass it is cut and counted.
inline constexpr std::size_t kEventBytesMax = 1'048'576;
/// Longest dataset name in bytes.
inline constexpr std::size_t kDatasetNameBytesMax = 128;

/// Times are kept within it on both sides of 1970, so that rounding one to a bucket cannot overflow
/// (years 1691 to 2248).
inline constexpr std::int64_t kTimeNsMax = 8'800'000'000'000'000'000;

inline constexpr std::string_view kEvaluations = "evaluations";
inline constexpr std::string_view kDifferences = "differences";
inline constexpr std::string_view kErrors = "errors";
inline constexpr std::string_view kNoise = "noise";

/// One field of an event, borrowed from it.
struct Field {
  Column column;
  ValueView value;
};

/// A wide event: a dataset, a time, a sample rate and up to kFieldsPerEventMax typed fields.
/// Fields are 16 bytes each; all string bytes lie in one buffer, so an event of 40 fields costs two
/// allocations, and none when the object is reused after `clear`. Strings are made valid UTF-8
/// (a broken sequence becomes U+FFFD), so every store sees the same text.
/// Ownership: owns everything; views taken from it last until the next change.
/// Threads: a plain value, one writer.
class Event {
 public:
  Event() = default;
  /// `sample_rate` r: this event stands for r events; 0 counts as 1.
  explicit Event(std::string_view dataset, std::int64_t time_unix_ns = 0,
                 std::uint32_t sample_rate = 1);

  const std::string& dataset() const { return dataset_; }
  std::int64_t time_unix_ns() const { return time_unix_ns_; }
  std::uint32_t sample_rate() const { return sample_rate_; }
  void set_time_unix_ns(std::int64_t time_unix_ns) {
    time_unix_ns_ = std::clamp(time_unix_ns, -kTimeNsMax, kTimeNsMax);
  }
  void set_sample_rate(std::uint32_t rate) { sample_rate_ = rate == 0 ? 1 : rate; }

  /// Room for that many fields and string bytes without a further allocation.
  void reserve(std::size_t fields, std::size_t string_bytes);
  /// Adds a field at the end. When a column is added twice, the last value is the one that counts.
  void add(Column column, ValueView value);
  /// Empties the fields and starts another event, keeping the memory.
  void clear(std::string_view dataset, std::int64_t time_unix_ns, std::uint32_t sample_rate = 1);

  std::size_t size() const { return fields_.size(); }
  /// Bytes of all its strings together.
  std::size_t string_bytes() const { return bytes_.size(); }
  Field field(std::size_t index) const { return read(fields_[index]); }
  /// The value of a column, the last one if it was added twice; null when absent.
  ValueView find(Column column) const;
  bool has(Column column) const;

  /// Fields lost at kFieldsPerEventMax.
  std::size_t dropped() const { return dropped_; }
  /// Strings shortened at kStringBytesMax or kEventBytesMax.
  std::size_t cut() const { return cut_; }

 private:
  struct Raw {
    std::uint32_t column;
    Type type;
    union {
      std::int64_t integer;
      double number;
      struct {
        std::uint32_t offset;
        std::uint32_t size;
      } string;
    };
  };
  static_assert(sizeof(Type) == 1);

  void append_text(std::string_view text);
  Field read(const Raw& raw) const {
    const Column column(raw.column);
    switch (raw.type) {
      case Type::kNull:
        return {column, ValueView()};
      case Type::kBool:
        return {column, ValueView(raw.integer != 0)};
      case Type::kInt:
        return {column, ValueView(raw.integer)};
      case Type::kDouble:
        return {column, ValueView(raw.number)};
      case Type::kString:
        return {column,
                ValueView(std::string_view(bytes_.data() + raw.string.offset, raw.string.size))};
    }
    return {column, ValueView()};
  }

  std::string dataset_;
  std::int64_t time_unix_ns_ = 0;
  std::uint32_t sample_rate_ = 1;
  std::uint32_t dropped_ = 0;
  std::uint32_t cut_ = 0;
  std::vector<Raw> fields_;
  std::string bytes_;
};

/// Whether `text` is well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text);
/// `text` with every ill-formed sequence replaced by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace understudy::event
