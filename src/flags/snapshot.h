#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flags/flag.h"

namespace understudy::flags {

struct CompiledFlag;
struct CompiledSegment;

/// A flag found once in a snapshot, to be evaluated many times without looking it up again.
/// Lifetime: the snapshot it came from. An empty handle stands for a flag that does not exist.
class FlagHandle {
 public:
  FlagHandle() = default;
  explicit operator bool() const { return compiled_ != nullptr; }
  /// The flag as it was given. Only for a handle that is not empty.
  const Flag& flag() const;

 private:
  friend struct SnapshotInside;
  explicit FlagHandle(const CompiledFlag* compiled) : compiled_(compiled) {}
  const CompiledFlag* compiled_ = nullptr;
};

/// All flags and segments at one moment, prepared for evaluation: regular expressions, dates,
/// versions and attribute paths are parsed and target lists hashed while it is built.
/// Failure: building cannot fail; what a flag gets wrong (a bad expression, a variation that does
/// not exist) shows when it is evaluated, as in the official SDKs. Of repeated keys the highest
/// version counts.
/// Ownership: immutable and shared; `with` makes a new one that shares all that did not change.
/// Threads: any. Cost: lookups are one hash of the key.
class FlagSnapshot {
 public:
  static std::shared_ptr<const FlagSnapshot> make(std::vector<Flag> flags = {},
                                                  std::vector<Segment> segments = {},
                                                  uint64_t version = 0);
  ~FlagSnapshot();
  FlagSnapshot(const FlagSnapshot&) = delete;
  FlagSnapshot& operator=(const FlagSnapshot&) = delete;

  /// A snapshot with one flag or segment added or replaced, whatever its version.
  std::shared_ptr<const FlagSnapshot> with(Flag flag) const;
  std::shared_ptr<const FlagSnapshot> with(Segment segment) const;

  /// Empty when there is no such flag or it is deleted.
  FlagHandle find(std::string_view key) const;
  const Flag* find_flag(std::string_view key) const;
  const Segment* find_segment(std::string_view key) const;

  /// In the order of their keys, tombstones included.
  std::vector<const Flag*> flags() const;
  std::vector<const Segment*> segments() const;

  /// What the maker gave; grows with every change in the state store. For humans and ETags.
  uint64_t version() const { return version_; }

 private:
  friend struct SnapshotInside;
  struct Index;
  FlagSnapshot(std::unique_ptr<const Index> index, uint64_t version);

  std::unique_ptr<const Index> index_;
  uint64_t version_ = 0;
};

}  // namespace understudy::flags
