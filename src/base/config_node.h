#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace understudy::base {

/// One node of a configuration file: a scalar, a list or a map, which knows where it stands, so
/// that every complaint names file, line and path: "understudy.yaml:12: workers: 0 is below 1".
/// Immutable once built; owns its children. The readers never guess: a value of another shape is
/// an Error.
class ConfigNode {
 public:
  enum class Kind { kNull, kScalar, kList, kMap };
  using Entry = std::pair<std::string, ConfigNode>;

  ConfigNode() = default;
  static ConfigNode scalar(std::string text);
  static ConfigNode list(std::vector<ConfigNode> items);
  static ConfigNode map(std::vector<Entry> entries);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_scalar() const { return kind_ == Kind::kScalar; }
  bool is_list() const { return kind_ == Kind::kList; }
  bool is_map() const { return kind_ == Kind::kMap; }
  const std::string& file() const { return file_; }
  int line() const { return line_; }
  /// "migrations[0].compare.rules[2].ulps"; empty at the root.
  const std::string& path() const { return path_; }
  /// True for a scalar written in quotes, which is text even when it looks like a number.
  bool quoted() const { return quoted_; }
  /// The text of a scalar as written; empty otherwise.
  const std::string& text() const { return text_; }

  /// The child under `key`, or null when this is no map or has no such key.
  const ConfigNode* find(std::string_view key) const;
  /// The child under `key`, or an Error that names the missing key.
  Result<const ConfigNode*> require(std::string_view key) const;
  /// Children of a map in file order; empty otherwise.
  const std::vector<Entry>& entries() const { return entries_; }
  /// Children of a list; empty otherwise.
  const std::vector<ConfigNode>& items() const { return items_; }

  Result<std::string> as_string() const;
  Result<bool> as_bool() const;  // true, false
  Result<int64_t> as_int(int64_t min = std::numeric_limits<int64_t>::min(),
                         int64_t max = std::numeric_limits<int64_t>::max()) const;
  Result<double> as_double() const;
  /// "250ms", "2s", "10m", "1h", "7d", "100us", "5ns"; never negative.
  Result<std::chrono::nanoseconds> as_duration() const;
  /// "512", "64KiB", "1MiB", "2GiB", "10kB", "5MB", "1GB".
  Result<uint64_t> as_bytes() const;
  /// "0.1%" is 0.001, "1.10" is 1.10.
  Result<double> as_fraction() const;

  /// An Error at the first key of this map that is not in `known`, naming the nearest known one;
  /// also when this is no map at all.
  Status only_keys(std::initializer_list<std::string_view> known) const;
  Status must_be_map() const;
  Status must_be_list() const;

  /// Where this node stands: "file:line: path".
  std::string where() const;
  /// An Error about this node: "file:line: path: message".
  Error error(std::string_view message) const;

  /// A copy in which the scalar at `keys` (map keys, list indices as text) says `text`; maps on the
  /// way are made when missing. Errors about it name `origin` in place of file and line.
  ConfigNode with_scalar(std::span<const std::string> keys, const std::string& text,
                         const std::string& origin) const;

  /// Sets where this tree stands and gives every node below its path.
  void place(const std::string& file, const std::string& path);
  void set_line(int line) { line_ = line; }
  void set_quoted(bool quoted) { quoted_ = quoted; }

 private:
  Kind kind_ = Kind::kNull;
  bool quoted_ = false;
  int line_ = 0;
  std::string file_;
  std::string path_;
  std::string text_;
  std::vector<Entry> entries_;
  std::vector<ConfigNode> items_;
};

const char* name(ConfigNode::Kind kind);

}  // namespace understudy::base
