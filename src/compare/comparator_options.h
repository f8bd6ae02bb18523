#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_node.h"
#include "base/result.h"
#include "compare/answer.h"

namespace understudy::compare {

/// The bounds of one comparison and what is compared besides the body. Every bound has a defined
/// end: differences beyond theirs are counted, values are cut, everything else makes the body
/// incomparable with a reason that names the bound.
struct ComparatorOptions {
  size_t differences_max = 50;           // recorded; the rest is counted as dropped
  size_t value_bytes_max = 256;          // of each value in a difference, cut at a UTF-8 boundary
  size_t path_bytes_max = 1024;          // of a path in a difference
  uint64_t body_bytes_max = 1 << 20;     // of each body as received
  uint64_t decoded_bytes_max = 8 << 20;  // of each body after gzip or deflate
  uint32_t json_depth_max = 128;         // nesting; at most kJsonDepthLimit
  uint32_t nodes_max = 4'000'000;        // values and keys in one body
  uint64_t work_max = 40'000'000;        // steps of one comparison, its only clock
  uint64_t pairing_trials_max = 20'000;  // trial comparisons while pairing unordered items
  uint32_t columns_max = 4096;           // of a table; wider rows are compared as trees
  uint64_t explain_ulps_max = 64;        // further apart is not called floating point noise
  std::vector<std::string> headers = {"content-type", "location"};  // compared, in lower case

  static constexpr uint32_t kJsonDepthLimit = 1024;

  /// Reads the `compare` section of a migration; its `rules` are left to Rules::parse, and its
  /// `noise_sample`, which does not concern one comparison, to whoever makes the calls.
  static base::Result<ComparatorOptions> parse(const base::ConfigNode& section);
};

/// "auto", "table", "json", "text", "bytes": the `compare` setting of a route.
base::Result<BodyKind> parse_body_kind(const base::ConfigNode& node);
base::Result<BodyKind> parse_body_kind(std::string_view word);
const char* name(BodyKind kind);

}  // namespace understudy::compare
