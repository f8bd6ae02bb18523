#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace understudy::event {

/// Distinct column names one process can hold; beyond it `intern` fails and the caller counts the
/// dropped field. Bounds what a client that invents names can make us remember (about 16 MiB).
inline constexpr std::size_t kColumnsInternedMax = 65'536;
/// Longest column name in bytes.
inline constexpr std::size_t kColumnNameBytesMax = 255;

/// A column's name as a four-byte handle, so that building an event copies no names.
/// The built-in columns (event/columns.h) have constant handles; other names get theirs from
/// `intern`, from a process-wide table that only grows: the same name always gives the same handle,
/// and a handle stays valid for the life of the process. Handles mean nothing to another process;
/// files store names (store/log).
/// Threads: every function may be called at once from any thread; `name()` takes no lock.
/// Cost: `intern` of a known name is one hash lookup under a shared lock.
class Column {
 public:
  explicit constexpr Column(std::uint32_t id) : id_(id) {}

  /// The handle of `name`, made if it is new. kInvalid for an empty, over-long or not UTF-8 name,
  /// kLimit when kColumnsInternedMax names are taken.
  static base::Result<Column> intern(std::string_view name);
  /// The handle of `name` if anyone interned it; never adds to the table.
  static std::optional<Column> find(std::string_view name);

  std::string_view name() const;
  constexpr std::uint32_t id() const { return id_; }

  friend constexpr bool operator==(Column, Column) = default;

 private:
  std::uint32_t id_;
};

}  // namespace understudy::event
