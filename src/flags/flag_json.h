#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_node.h"
#include "base/result.h"
#include "flags/flag.h"
#include "flags/snapshot.h"

/// LaunchDarkly's JSON shapes of flags and segments, as its streams and polls carry them.
///
/// Reading: every key but "key" may be missing or null; a key that is there must have its type
/// ("/rules/2/clauses/0/op is not a string"), whole numbers must be whole. Unknown keys are
/// ignored and not kept. Text is bounded (kFlagJsonBytesMax for one, kJsonBytesMax for a set) and
/// so is its depth (kJsonDepthMax).
/// Writing: all that the model holds; empty lists are written because some SDKs expect them,
/// absent optional values are left out. Reading what was written gives an equal flag.
namespace understudy::flags {

inline constexpr size_t kFlagJsonBytesMax = 8U << 20;

base::Result<Flag> parse_flag(std::string_view json);
base::Result<Flag> flag_from_json(const Value& json);
base::Result<Segment> parse_segment(std::string_view json);
base::Result<Segment> segment_from_json(const Value& json);

Value to_value(const Flag& flag);
Value to_value(const Segment& segment);
std::string to_json(const Flag& flag);
std::string to_json(const Segment& segment);

/// {"flags":{key:flag,...},"segments":{key:segment,...}}: the body of a poll and of "put".
/// Tombstones are left out.
std::string to_json(const FlagSnapshot& snapshot);
/// The same shape read; a key inside an entry must equal the name it stands under.
base::Result<std::shared_ptr<const FlagSnapshot>> parse_snapshot(std::string_view json,
                                                                 uint64_t version = 0);

/// A part of the configuration as a JSON value, for flags that carry it to other processes:
/// unquoted true, false, null and numbers become such, all other scalars strings.
Value value_of(const base::ConfigNode& node);

}  // namespace understudy::flags
